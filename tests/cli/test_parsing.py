from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from estimator.cli.app import create_app
from estimator.cli.arguments import EstimateArguments, RunArguments
from estimator.cli.argv import normalise
from estimator.cli.parsing import parse_precision, to_options, to_script_options
from estimator.drystep.measurement import Precision
from estimator.drystep.request import DeviceChoice, Limits
from estimator.errors import BadInput
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.types import Override
from estimator.messages import Language, speaker
from estimator.options import EstimateOptions, ManifestOptions
from estimator.plan.types import Objective, Question
from estimator.workload.types import TensorRequest, Workload

PLAIN = EstimateArguments(model=Path("m.py"))


def read(words: str, monkeypatch: pytest.MonkeyPatch) -> EstimateOptions:
    """The options that ``estimate`` is called with, through typer itself."""
    seen: list[EstimateOptions] = []

    def run(session: object, arguments: EstimateArguments) -> int:
        seen.append(to_options(arguments, Language.EN))
        return 0

    monkeypatch.setattr("estimator.cli.estimate.run", run)
    app = create_app(speaker(Language.EN))
    done = CliRunner().invoke(app, normalise(words.split()))
    assert done.exit_code == 0, done.output
    return seen[0]


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read("m.py", monkeypatch) == EstimateOptions(
        workload=Workload(Path("m.py")),
        question=Question(max_gpus=8, objective=None),
        device=DeviceChoice.AUTO,
        time_limit_seconds=Limits().seconds,
    )


def test_every_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gpus.yaml").touch()
    words = (
        "m.py --eval-batch-size 256 --accumulate 4 --recompute --checkpoint "
        "-o a=1 b.c=2 -o d=x --batch-size 64 --input 3x8:float32 --input 4 --label 1:int64:10 "
        "--amp o2 --amp-dtype bfloat16 --gpu A100 --gpu T4 --max-gpus 16 --dataset-size 1000 "
        "--epochs 3 --deadline 1d6h --minimize time --template ocr --kind flat --device cpu "
        f"--gpus-file {tmp_path}/gpus.yaml --templates {tmp_path} --command run --time-limit 90s "
        "--set job.backoffLimit=3 --env A=b=c --namespace n --queue q --data-claim d"
    )
    assert read(words, monkeypatch) == EstimateOptions(
        workload=Workload(
            model_file=Path("m.py"),
            eval_batch_size=256,
            accumulate=4,
            recompute=True,
            checkpoint=True,
            options={"a": 1, "b": {"c": 2}, "d": "x"},
            per_device_batch_size=64,
            inputs=(TensorRequest((3, 8), "float32"), TensorRequest((4,), "float32")),
            labels=(TensorRequest((1,), "int64", 10),),
            precision=Precision("O2", "bfloat16"),
        ),
        question=Question(
            max_gpus=16,
            objective=Objective.TIME,
            dataset_size=1000,
            epochs=3,
            deadline_seconds=108_000.0,  # 30 h
            pinned_batch_size=64,
        ),
        gpus=("A100", "T4"),
        gpus_file=tmp_path / "gpus.yaml",
        device=DeviceChoice.CPU,
        time_limit_seconds=90.0,
        manifest=ManifestOptions(
            kind=ManifestKind.FLAT,
            template="ocr",
            templates_folders=(tmp_path,),
            command="run",
            settings=(
                Override("metadata.namespace", "n", "command line (--namespace)"),
                Override("training.queue", "q", "command line (--queue)"),
                Override(
                    "pod.volumes[data].persistentVolumeClaim.claimName",
                    "d",
                    "command line (--data-claim)",
                ),
                Override("pod.containers[paddle].env[A].value", "b=c", "command line (--env A)"),
                Override("job.backoffLimit", 3, "command line (--set job.backoffLimit)"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("", Question(8, None)),
        ("--gpus 4", Question(4, None, pinned_gpus=4, pinned_nodes=1)),
        ("--gpus 8 --nodes 4", Question(32, None, pinned_gpus=8, pinned_nodes=4)),
        ("--nodes 4", Question(32, None, pinned_nodes=4)),
        ("--nodes 2 --max-gpus 6", Question(6, None, pinned_nodes=2)),
    ],
)
def test_gpus_and_nodes_that_are_decided(
    words: str, meant: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(f"m.py {words}", monkeypatch).question == meant


@pytest.mark.parametrize("more", [{"gpus": 9}, {"gpus": 2, "nodes": 5}, {"nodes": 9}])
def test_more_gpus_than_the_limit(more: dict[str, int]) -> None:
    with pytest.raises(BadInput, match="8 allowed") as caught:
        to_options(replace(PLAIN, max_gpus=8, **more), Language.EN)
    assert caught.value.hint.startswith("--max-gpus")


@pytest.mark.parametrize(
    ("amp", "dtype", "meant"),
    [
        (None, None, None),
        ("off", None, Precision()),
        ("O1", None, Precision("O1", "float16")),
        ("O2", "bfloat16", Precision("O2", "bfloat16")),
    ],
)
def test_precision(amp: str | None, dtype: str | None, meant: Precision | None) -> None:
    assert parse_precision(amp, dtype) == meant


@pytest.mark.parametrize("amp", [None, "off"])
def test_a_dtype_without_mixed_precision_is_refused(amp: str | None) -> None:
    with pytest.raises(BadInput) as caught:
        parse_precision(amp, "bfloat16")
    assert caught.value.hint == "--amp O1"


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (replace(PLAIN, deadline="soon"), "--deadline"),
        (replace(PLAIN, deadline="0h"), "--deadline"),
        (replace(PLAIN, deadline=""), "--deadline"),
        (replace(PLAIN, time_limit="-3s"), "--time-limit"),
        (replace(PLAIN, time_limit="0s"), "--time-limit"),
        (replace(PLAIN, gpus_file=Path("absent.yaml")), "--gpus-file"),
        (replace(PLAIN, templates=[Path("absent")]), "--templates"),
        (replace(PLAIN, option=["a"]), "-o"),
        (replace(PLAIN, input=["a"]), "--input"),
        (replace(PLAIN, label=["a"]), "--label"),
    ],
)
def test_a_refusal_names_the_flag(arguments: EstimateArguments, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        to_options(arguments, Language.EN)
    assert caught.value.where == where


@pytest.mark.parametrize("language", Language)
def test_help_is_complete_in_each_language(language: Language) -> None:
    app = create_app(speaker(language))
    for command in ("estimate", "submit", "gpus", "doctor", "templates", "templates show"):
        done = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*command.split(), "--help"])
        assert done.exit_code == 0
        assert "…" not in done.stdout  # nothing is cut off
        assert re.search(r"\b(help|panel)\.\w", done.stdout) is None  # no key instead of its text


def test_the_application_is_made_anew_for_each_language() -> None:
    assert isinstance(create_app(speaker(Language.ZH)), typer.Typer)


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"accumulate": 2}, "--accumulate"),
        ({"recompute": True}, "--recompute"),
        ({"checkpoint": True}, "--checkpoint"),
        ({"eval_batch_size": 8}, "--eval-batch-size"),
    ],
)
def test_inference_trains_nothing(changes: dict[str, Any], flag: str) -> None:
    with pytest.raises(BadInput, match=f"nothing is trained, so {flag} has no meaning"):
        to_options(replace(PLAIN, inference=True, **changes), Language.EN)


def test_a_script_keeps_its_own_precision() -> None:
    with pytest.raises(BadInput, match="sets its own precision") as caught:
        to_script_options(RunArguments(program=["python", "train.py"], amp="O1"), Language.EN)
    assert "AMP.level" in caught.value.hint
