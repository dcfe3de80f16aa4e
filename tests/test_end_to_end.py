"""The command as its user meets it: real processes, a real virtual GPU, real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from estimator.paths import HOME_VARIABLE, user_cache_folder
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "notebooks" / "models"
MODELS = Path(__file__).parent / "drystep" / "models"
GPUS = ("--gpu", "A100-SXM4-80GB", "--gpu", "T4")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's own folder, with the plug-in that is built already."""
    plugin_or_skip()
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "cache").symlink_to(user_cache_folder())
    return folder


def command(*words: object, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "estimator", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        cwd=ROOT,
        env={**os.environ, HOME_VARIABLE: str(home), "LC_ALL": "C.UTF-8", "COLUMNS": "200"},
    )


def answer(*words: object, home: Path) -> dict[str, Any]:
    done = command(*words, "--json", home=home)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_yaml_is_all_there_is_on_stdout(home: Path) -> None:
    done = command(SAMPLES / "resnet50.py", "--batch-size", 16, *GPUS, home=home)
    assert done.returncode == 0, done.stderr
    (job,) = yaml.safe_load_all(done.stdout)
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert "ResNet" in done.stderr
    assert "16 per device" in done.stderr


def test_the_document_answers_every_question(home: Path) -> None:
    told = answer(SAMPLES / "resnet50.py", "--batch-size", 16, *GPUS, home=home)
    memory = told["measurement"]
    assert memory["device"] == "virtual"
    assert sum(memory["breakdown_bytes"].values()) == memory["peak_allocated_bytes"]
    # 25,557,032 trainable parameters of torchvision's and Paddle's ResNet-50, and the running
    # mean and variance of 26,560 channels, which Paddle counts as parameters.
    assert told["model"]["parameters"] == 25_557_032 + 2 * 26_560
    by_name = {gpu["name"]: gpu for gpu in told["gpus"]}
    assert set(by_name) == {"A100-SXM4-80GB", "T4"}
    large, small = by_name["A100-SXM4-80GB"], by_name["T4"]
    assert large["max_per_device_batch_size"] > 4 * small["max_per_device_batch_size"]
    assert large["step_time_s"]["target"] < small["step_time_s"]["target"]
    for gpu in told["gpus"]:
        interval = gpu["device_memory_bytes"]
        assert interval["lower"] <= interval["target"] <= interval["upper"]
        assert gpu["fits"]
    advice = told["recommendation"]
    assert advice["per_device_batch_size"] == 16
    assert advice["global_batch_size"] == 16 * advice["gpu_count"]
    assert advice["reasons"]
    assert told["manifest"]


def test_a_precision_measured_beside_the_users_own_is_measured_alone(home: Path) -> None:
    """The first model's memory is gone before the second's is counted."""
    words = (SAMPLES / "resnet50.py", "--batch-size", 16, "--gpu", "T4")
    alone = answer(*words, "--amp", "O1", home=home)["measurement"]["peak_reserved_bytes"]
    beside = answer(*words, home=home)["plans"]
    taken = next(p for p in beside if p["precision"] != "fp32" and p["gpu_count"] == 1)
    context = next(g for g in answer(*words, home=home)["gpus"])["context_bytes"]["target"]
    held = taken["device_memory_bytes"]["target"] - context
    assert alone <= held <= 1.2 * alone  # scratch of convolutions comes on top


def test_the_largest_batch_really_is_the_largest(home: Path) -> None:
    """A batch of that size fits, and one beyond the smallest that failed does not."""
    words = (SAMPLES / "resnet50.py", "--gpu", "T4", "--amp", "off")
    largest = answer(*words, home=home)["gpus"][0]["max_per_device_batch_size"]
    assert answer(*words, "--batch-size", largest, home=home)["gpus"][0]["fits"]
    too_large = largest + largest // 32
    done = command(*words, "--batch-size", too_large, "--json", home=home)
    assert done.returncode == 3
    assert not json.loads(done.stdout)["gpus"][0]["fits"]


def test_nothing_fits_and_the_nearest_miss_is_told(home: Path) -> None:
    words = (SAMPLES / "llama_7b.py", "--batch-size", 1, "--gpu", "T4", "--amp", "O2")
    done = command(*words, home=home)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "T4" in done.stderr


def test_a_policy_that_refuses_the_yaml_leaves_the_answer(home: Path, tmp_path: Path) -> None:
    """And once its cause is mended, the YAML comes without running the model again."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "policy.yaml").write_text("namespaces: {allow: [vision], by: platform team}\n")
    words = (MODELS / "tiny.py", *GPUS, "--templates", site, "--json")
    done = command(*words, "--lang", "zh", home=home)
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["recommendation"]["gpu"]
    assert told["manifest"]["text"] is None
    assert "只允许：vision" in told["manifest"]["reason"]
    assert done.stderr.splitlines()[-2].startswith("错误：--namespace: 没有可输出的 YAML：未设置")
    assert done.stderr.splitlines()[-1] == "  可尝试：--namespace vision"
    assert command("render", told["identifier"], home=home).returncode == 2
    (site / "policy.yaml").write_text("max_gpus: 64\n")
    again = command("render", told["identifier"], home=home)
    assert again.returncode == 0, again.stderr
    (job,) = yaml.safe_load_all(again.stdout)
    assert job["kind"] == "Job"


def test_estimates_are_remembered(home: Path) -> None:
    from estimator.records.store import open_store

    told = answer(MODELS / "tiny.py", *GPUS, home=home)
    with open_store(home / "data" / "records.sqlite3") as store:
        (record,) = store.all()
    assert record.identifier == told["identifier"]


def test_a_corrupt_database_costs_a_note_and_not_the_answer(home: Path) -> None:
    store = home / "data" / "records.sqlite3"
    store.parent.mkdir()
    store.write_bytes(b"not a database" * 100)
    done = command(MODELS / "tiny.py", *GPUS, home=home)
    assert done.returncode == 0, done.stderr
    assert "records.sqlite3" in done.stderr or "database" in done.stderr
    assert store.read_bytes() == b"not a database" * 100


def test_a_step_on_the_cpu_gives_memory_and_no_time(home: Path) -> None:
    told = answer(MODELS / "tiny.py", "--device", "cpu", *GPUS, home=home)
    assert told["measurement"]["device"] == "cpu"
    assert told["gpus"][0]["step_time_s"]["target"] is None
    assert told["gpus"][0]["step_time_s"]["reason"]
    assert told["recommendation"]["gpu_count"] == 1
    assert told["manifest"]


def test_without_a_compiler_auto_falls_back_and_says_why(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "estimator", str(MODELS / "tiny.py"), *GPUS, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        cwd=ROOT,
        env={**os.environ, HOME_VARIABLE: str(tmp_path), "CXX": "no-such-compiler"},
    )
    assert done.returncode == 0, done.stderr
    assert "no C++ compiler" in json.loads(done.stdout)["measurement"]["fallback_reason"]


BAD_INPUT = {
    "missing file": (2, ("nowhere.py",)),
    "syntax error": (2, ("bad/syntax_error.txt",)),
    "not UTF-8": (2, ("bad/not_utf8.txt",)),
    "no model": (2, ("bad/no_model.py",)),
    "two candidates": (2, ("bad/two_candidates.py",)),
    "unknown GPU": (2, ("tiny.py", "--gpu", "A1000")),
    "unknown key": (2, ("tiny.py", "-o", "hiden=3")),
    "unknown template": (2, ("tiny.py", "--template", "no-such-template")),
    "exception in forward": (4, ("bad/forward_raises.py",)),
    "wrong shapes": (4, ("bad/wrong_shapes.py",)),
    "endless loop": (4, ("bad/endless.py", "--time-limit", "4s")),
    "sys.exit": (4, ("bad/exits.py",)),
    "os._exit": (4, ("bad/os_exit.py",)),
    "segmentation fault": (4, ("bad/segfault.py",)),
    "100 GB of host memory": (4, ("bad/host_memory.py",)),
}


@pytest.mark.parametrize("kind", BAD_INPUT)
def test_bad_input_is_one_clear_line(kind: str, home: Path, tmp_path: Path) -> None:
    code, (model, *words) = BAD_INPUT[kind]
    out = tmp_path / "job.yaml"
    done = command(MODELS / model, *words, "--out", out, home=home)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert not out.exists()
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Traceback" not in done.stderr


def test_variables_before_the_command_are_there_when_python_and_paddle_start(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "ours.py").write_text("SIZE = 16\n")
    (tmp_path / "train.py").write_text(
        "import paddle, ours\n"
        "name = 'FLAGS_max_inplace_grad_add'\n"
        "assert paddle.get_flags(name)[name] == 7\n"
        "net = paddle.nn.Linear(ours.SIZE, ours.SIZE)\n"
        "optimizer = paddle.optimizer.SGD(parameters=net.parameters())\n"
        "for _ in range(9):\n"
        "    net(paddle.ones([4, ours.SIZE])).mean().backward()\n"
        "    optimizer.step()\n"
    )
    variables = (f"PYTHONPATH={tmp_path / 'lib'}", "FLAGS_max_inplace_grad_add=7")
    words = (*variables, "python", tmp_path / "train.py")
    done = command("run", "--gpu", "T4", "--json", "--", *words, home=home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"]["parameters"] == 16 * 16 + 16


def test_what_user_code_prints_does_not_reach_the_yaml(home: Path) -> None:
    done = command(MODELS / "chatty.py", *GPUS, home=home)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["kind"] == "Job"
    assert "Secret" not in done.stdout + done.stderr


def test_what_the_virtual_gpu_leaves_to_the_cpu_is_said(home: Path) -> None:
    model = SAMPLES.parents[1] / "tests" / "drystep" / "models" / "sparse_words.py"
    told = answer(model, "--batch-size", 4, "--gpu", "T4", "--amp", "off", home=home)
    (line,) = [line for line in told["workload"]["assumptions"] if "sparse" in line]
    assert line.startswith("layers with sparse gradients: 1;")


def test_a_search_runs_plans_on_several_gpus(home: Path) -> None:
    decoder = (SAMPLES / "llama_7b.py", "-o", "layers=4", "hidden=512", "heads=8", "length=256")
    asked = ("--gpu", "T4", "--batch-size", 8, "--max-gpus", 4, "--amp", "O1")
    told = answer(*decoder, *asked, "--search", home=home)
    several = [plan for plan in told["plans"] if plan["gpu_count"] > 1]
    run = [plan for plan in several if plan["was_run"]]
    # It fits without anything, on any number of GPUs: one run of each, and what saves the most.
    assert {plan["gpu_count"] for plan in run} == {2, 3, 4}
    plain = [p for p in run if p["sharding_stage"] == 0 and not p["recompute"]]
    assert {plan["gpu_count"] for plan in plain} == {2, 3, 4}
    assert all(plan["precision"] == "amp-O1-float16" for plan in run)
    for plan in plain:
        memory = plan["device_memory_bytes"]
        assert (memory["source"], "run as rank 0" in memory["reason"]) == ("virtual", True)
    # What was run takes the place of what would have been computed.
    computed = [plan for plan in several if not plan["was_run"]]
    assert not {(p["gpu_count"], p["per_device_batch_size"]) for p in computed} & {
        (p["gpu_count"], p["per_device_batch_size"]) for p in plain
    }
    (note,) = [note for note in told["notes"] if note.startswith("plans on several GPUs:")]
    assert f"{len(run)} run" in note


def test_what_fits_on_no_gpu_alone_is_found_by_a_search(home: Path) -> None:
    # 16 bytes a parameter: 1.1 billion take 17.6 GB, and a T4 has 16 GB; a half of it in stage 3.
    decoder = (SAMPLES / "llama_7b.py", "-o", "layers=20", "hidden=2048", "heads=16", "length=128")
    asked = ("--gpu", "T4", "--batch-size", 1, "--gpus", 4)
    done = command(*decoder, *asked, "--json", home=home)
    assert done.returncode == 3
    told = answer(*decoder, *asked, "--search", home=home)
    plan = told["recommendation"]["plan"]
    assert (plan["gpu_count"], plan["was_run"], plan["feasible"]) == (4, True, True)
    assert plan["sharding_stage"] > 0
    assert any("sharding stage" in why for why in told["recommendation"]["reasons"])


def test_a_search_splits_a_model_that_offers_it(home: Path) -> None:
    # 16 bytes of each of 1.1 billion parameters do not fit on a T4; two GPUs hold a half each.
    decoder = (SAMPLES / "llama_parallel.py", "-o", "layers=20", "hidden=2048", "heads=16")
    asked = ("length=128", "--gpu", "T4", "--batch-size", 2, "--gpus", 4, "--amp", "off")
    told = answer(*decoder, *asked, "--search", home=home)
    split = [plan for plan in told["plans"] if plan["tensor_parallel_degree"] == 2]
    plain = next(p for p in split if not p["sharding_stage"] and not p["recompute"])
    assert plain["was_run"]
    assert plain["feasible"]
    piped = [plan for plan in told["plans"] if plan["pipeline_parallel_degree"] > 1]
    assert {(p["per_device_batch_size"], p["micro_batches"]) for p in piped} == {(2, 2)}
    # Two copies of the model on four GPUs.
    assert (plain["per_device_batch_size"], plain["global_batch_size"]) == (2, 4)


def test_a_degree_that_is_given_is_that_of_every_plan(home: Path) -> None:
    decoder = (SAMPLES / "llama_parallel.py", "-o", "layers=2", "hidden=256", "length=64")
    asked = ("--gpu", "T4", "--batch-size", 2, "--gpus", 4, "--amp", "off", "--search")
    told = answer(*decoder, "heads=8", "tensor_parallel_degree=2", *asked, home=home)
    assert told["recommendation"]["plan"]["tensor_parallel_degree"] == 2
    run = [plan for plan in told["plans"] if plan["was_run"]]
    assert {plan["tensor_parallel_degree"] for plan in run} == {2}
    computed = [plan for plan in told["plans"] if not plan["was_run"]]
    assert not any(plan["feasible"] for plan in computed)
    assert all("tensor_parallel_degree=2 is asked for" in plan["reason"] for plan in computed)
    assert any("the whole model" in note for note in told["notes"])
    done = command(*decoder, "heads=1", "tensor_parallel_degree=2", *asked, home=home)
    assert done.returncode == 4
    assert "1 heads cannot be shared by 2 GPUs" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((SAMPLES / "resnet50.py", "--search", "--device", "cpu"), "--search runs on the virtual"),
        (
            (SAMPLES / "llama_parallel.py", "-o", "tensor_parallel_degree=2"),
            "without --search it is run on one",
        ),
        ((SAMPLES / "resnet50.py", "--search", "--inference"), "--search"),
        ((SAMPLES / "decoder_fleet.py", "--search"), "--search"),
    ],
)
def test_a_search_that_cannot_be(words: tuple[object, ...], said: str, home: Path) -> None:
    done = command(*words, home=home)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_search_without_anything_to_search_says_so(home: Path) -> None:
    sample = (SAMPLES / "resnet50.py", "--batch-size", 2, "--gpu", "T4")
    told = answer(*sample, "--max-gpus", 1, "--search", home=home)
    assert any("nothing was searched" in note for note in told["notes"])
