"""The command line as a whole, with a pipeline that gives a known answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from estimator.cli import main
from estimator.errors import BadInput, NoFeasiblePlan, UserCodeFailed
from estimator.manifest.render import refused
from estimator.messages import message
from estimator.options import EstimateOptions
from estimator.paths import HOME_VARIABLE
from estimator.progress import Progress, Stage
from estimator.result import EstimateResult
from tests import builders

Answer = Callable[[EstimateOptions, Progress], EstimateResult]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "140")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """Make the pipeline, which is not under test here, give a known answer."""

    def install(answer: Answer) -> None:
        pipeline = ModuleType("estimator.pipeline")
        pipeline.estimate = lambda options, progress, where: answer(options, progress)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "estimator.pipeline", pipeline)
        monkeypatch.setattr("estimator.cli.estimate.environment_at_hand", lambda device: None)

    return install


@pytest.fixture
def fits(answering: Callable[[Answer], None]) -> None:
    answering(lambda options, progress: builders.result())


def raising(error: BaseException) -> Answer:
    def answer(options: EstimateOptions, progress: Progress) -> EstimateResult:
        raise error

    return answer


@pytest.mark.usefixtures("fits")
def test_yaml_alone_on_stdout_and_the_summary_on_stderr(capsys: Captured) -> None:
    assert main(["m.py"]) == 0
    out, err = capsys.readouterr()
    assert out == builders.YAML_TEXT
    assert yaml.safe_load(out)["kind"] == "Job"
    for shown in ("5.04 GiB", "A100-SXM4-80GB", "CHOSEN x2", "64 per device, 128 global"):
        assert shown in err
    assert "\x1b" not in err  # no colour where nobody watches


@pytest.mark.usefixtures("fits")
def test_one_json_document_on_stdout(capsys: Captured) -> None:
    assert main(["--json", "m.py"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["recommendation"]["gpu"] == "A100-SXM4-80GB"


@pytest.mark.usefixtures("fits")
def test_a_file_instead_of_stdout(capsys: Captured, tmp_path: Path) -> None:
    assert main(["m.py", "--out", str(tmp_path / "job.yaml")]) == 0
    assert (tmp_path / "job.yaml").read_text(encoding="utf-8") == builders.YAML_TEXT
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("fits")
def test_explain_gives_each_value_its_reason(capsys: Captured) -> None:
    assert main(["m.py", "--explain"]) == 0
    err = capsys.readouterr().err
    for reason in (
        "kernel record against the roofline",
        "--epochs not given",
        "batches in flight",
        "two GPUs are enough",
        "base/job.yaml:2",
        "within all limits",
    ):
        assert reason in err


@pytest.mark.parametrize(
    ("language", "note"),
    [
        ("en", f"no step time for 2 of 2 GPU types: {builders.NO_TIME.reason}"),
        ("zh", f"2 种 GPU 中有 2 种没有步时：{builders.NO_TIME.reason}"),
    ],
)
def test_without_step_times_the_table_has_dashes_and_one_line_says_why(
    language: str, note: str, capsys: Captured, answering: Callable[[Answer], None]
) -> None:
    answering(lambda options, progress: builders.without_times())
    assert main(["m.py", "--lang", language]) == 0
    out, err = capsys.readouterr()
    assert out == builders.YAML_TEXT
    assert err.count(builders.NO_TIME.reason) == 1
    assert note in err
    (chosen,) = (line for line in err.splitlines() if "A100-SXM4-80GB" in line and "896" in line)
    assert chosen.split().count("-") == 3  # step time, samples/s, and the interval of memory


@pytest.mark.usefixtures("fits")
def test_chinese(capsys: Captured) -> None:
    assert main(["m.py", "--lang", "zh", "--explain"]) == 0
    out, err = capsys.readouterr()
    assert out == builders.YAML_TEXT
    assert "每卡批大小 64，全局批大小 128" in err


@pytest.mark.usefixtures("fits")
def test_the_locale_chooses_the_language(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    main(["m.py"])
    assert "建议" in capsys.readouterr().err


def test_reasons_of_other_rooms_are_translated(
    capsys: Captured, answering: Callable[[Answer], None]
) -> None:
    from dataclasses import replace

    note = message("error.no_path", path="a")
    answering(lambda options, progress: replace(builders.result(), notes=(note,)))
    main(["m.py", "--lang", "zh", "--json"])
    out, err = capsys.readouterr()
    assert json.loads(out)["notes"] == ["'a' 不存在"]
    assert "'a' 不存在" in err


@pytest.mark.parametrize("width", ["20", "40", "60", "80", "100", "120", "200"])
@pytest.mark.usefixtures("fits")
def test_the_summary_is_never_wider_than_the_terminal(
    width: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    main(["m.py", "--explain"])
    assert max(map(len, capsys.readouterr().err.splitlines())) <= int(width)


def test_definitions_that_are_none_are_told_before_the_step(
    capsys: Captured, answering: Callable[[Answer], None], tmp_path: Path
) -> None:
    answering(raising(AssertionError("the step was run")))
    assert main(["m.py", "--crds", str(tmp_path)]) == 2
    assert "holds no CustomResourceDefinition" in capsys.readouterr().err


def test_nothing_fits_is_exit_code_3_without_yaml(
    capsys: Captured, answering: Callable[[Answer], None], tmp_path: Path
) -> None:
    answering(lambda options, progress: builders.nothing_fits())
    assert main(["m.py", "--out", str(tmp_path / "job.yaml")]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "Nothing fits" in err
    assert "short by 1.20 GiB [of 80 GiB]" in err
    assert not (tmp_path / "job.yaml").exists()


def test_nothing_fits_is_still_a_json_document(
    capsys: Captured, answering: Callable[[Answer], None]
) -> None:
    answering(lambda options, progress: builders.nothing_fits())
    assert main(["m.py", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["recommendation"]["nearest_miss"]


def test_a_refused_manifest_does_not_take_the_answer_away(
    capsys: Captured, answering: Callable[[Answer], None]
) -> None:
    from dataclasses import replace

    error = BadInput("no such queue", where="a.yaml:3", hint="--queue night")
    bare = replace(builders.result(), manifest=refused(error, ""))
    answering(lambda options, progress: bare)
    told = "error: a.yaml:3: there is no YAML to print: no such queue\n  try: --queue night\n"
    assert main(["m.py"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert builders.result().report.model.name in err
    assert err.endswith(told)
    assert main(["m.py", "--json"]) == 2
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["recommendation"]["gpu"]
    assert document["manifest"]["text"] is None
    assert document["manifest"]["reason"] == "a.yaml:3: no such queue; try: --queue night"
    assert err.endswith(told)


@pytest.mark.parametrize(
    ("error", "exit_code", "shown"),
    [
        (
            BadInput("SyntaxError: invalid syntax", where="m.py:3", hint="python m.py"),
            2,
            "error: m.py:3: SyntaxError: invalid syntax\n  try: python m.py\n",
        ),
        (NoFeasiblePlan("nothing fits"), 3, "error: nothing fits\n"),
        (UserCodeFailed("ValueError: no", where="m.py:7"), 4, "error: m.py:7: ValueError: no\n"),
    ],
)
def test_expected_errors(
    error: Exception,
    exit_code: int,
    shown: str,
    capsys: Captured,
    answering: Callable[[Answer], None],
    tmp_path: Path,
) -> None:
    answering(raising(error))
    assert main(["m.py", "--out", str(tmp_path / "x")]) == exit_code
    assert capsys.readouterr() == ("", shown)
    assert not (tmp_path / "x").exists()


def test_a_defect_is_one_line_and_a_saved_traceback(
    capsys: Captured, answering: Callable[[Answer], None], home: Path
) -> None:
    answering(raising(ZeroDivisionError("two\nlines")))
    assert main(["m.py"]) == 5
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first == "error: a defect of paddle-estimate: ZeroDivisionError: two lines"
    (saved,) = (home / "cache" / "tracebacks").iterdir()
    assert str(saved) in second
    assert "ZeroDivisionError" in saved.read_text(encoding="utf-8")


def test_a_traceback_is_saved_elsewhere_where_the_cache_cannot_be_written(
    capsys: Captured, answering: Callable[[Answer], None], home: Path
) -> None:
    home.write_text("a file where a folder should be")
    answering(raising(ZeroDivisionError()))
    assert main(["m.py"]) == 5
    saved = Path(capsys.readouterr().err.split()[-1])
    assert saved.is_file()
    saved.unlink()


def test_debug_shows_the_traceback(capsys: Captured, answering: Callable[[Answer], None]) -> None:
    answering(raising(ZeroDivisionError("why")))
    assert main(["m.py", "--debug"]) == 5
    err = capsys.readouterr().err
    assert err.startswith("Traceback")
    assert err.endswith("error: a defect of paddle-estimate: ZeroDivisionError: why\n")


def test_an_interrupt_is_130_without_a_word(
    capsys: Captured, answering: Callable[[Answer], None]
) -> None:
    answering(raising(KeyboardInterrupt()))
    assert main(["m.py"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "words",
    [
        "m.py --no-such-option",
        "m.py extra",
        "m.py --batch-size 0",
        "m.py --batch-size many",
        "m.py --amp O3",
        "m.py --max-gpus -1",
        "m.py --minimize money",
        "m.py --device tpu",
        "m.py --kind pod",
        "m.py --lang fr",
        "m.py -o",
        "m.py -o depth",
        "m.py --gpu",
        "m.py --out no/such/folder/job.yaml",
        "m.py --deadline tomorrow",
        "--batch-size 3",
        "doctor extra",
        "gpus --gpus-file absent.yaml",
        "",
    ],
)
@pytest.mark.usefixtures("fits")
def test_a_wrong_command_line_is_exit_code_2_and_one_error(words: str, capsys: Captured) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("error: ") == 1


@pytest.mark.usefixtures("fits")
def test_errors_speak_chinese(capsys: Captured) -> None:
    assert main(["m.py", "--deadline", "x", "--lang", "zh"]) == 2
    assert capsys.readouterr().err.startswith("错误：--deadline: 'x' 不是时间")
    assert main(["--lang=zh", "m.py", "--bad"]) == 2
    assert "可尝试：paddle-estimate estimate --help" in capsys.readouterr().err


def test_notes_of_the_pipeline_are_shown_and_stages_are_not_without_a_terminal(
    capsys: Captured, answering: Callable[[Answer], None]
) -> None:
    def answer(options: EstimateOptions, progress: Progress) -> EstimateResult:
        progress.stage(Stage.BUILD_DEVICE)
        progress.note("building the virtual GPU [once]")
        progress.detail("conv2d")
        progress.advance(1, 3)
        return builders.result()

    answering(answer)
    assert main(["m.py"]) == 0
    out, err = capsys.readouterr()
    assert out == builders.YAML_TEXT
    assert err.startswith("building the virtual GPU [once]\n")
    assert "1/3" not in err


@pytest.mark.usefixtures("fits")
def test_prints_of_the_pipeline_do_not_reach_a_document_file(
    capsys: Captured, tmp_path: Path
) -> None:
    target = tmp_path / "job.json"
    assert main(["m.py", "--json", "--out", str(target)]) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["schema_version"] == 1
    assert capsys.readouterr().out == ""


def test_gpus_as_table_and_as_json(capsys: Captured) -> None:
    assert main(["gpus"]) == 0
    assert "A100-SXM4-80GB" in capsys.readouterr().out
    assert main(["gpus", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["gpus"]) >= 30
    t4 = next(gpu for gpu in document["gpus"] if gpu["name"] == "T4")
    assert t4["bf16_flops"] is None
    assert t4["missing"]["bf16_flops"]
