"""What is offered to Python beside the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

import estimator
from estimator.charts import Axis, AxisKind, Chart, Shape
from estimator.errors import BadInput
from estimator.plan.types import Recommendation
from tests.drystep.virtual import plugin_or_skip

DECODER = Path(__file__).parents[1] / "notebooks" / "models" / "decoder_fleet.py"


@pytest.mark.paddle
def test_a_script_runs_on_a_virtual_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin_or_skip()
    monkeypatch.setenv("PADDLE_ESTIMATE_STORE", str(tmp_path / "records.sqlite3"))
    words = "model=llama tp=2 layers=1 hidden=64 heads=2 words=1000 length=32"
    result = estimator.estimate_script(f"python {DECODER} {words}", gpus=2, gpu=["A10"])
    (kind,) = result.report.ranks  # both ranks are alike
    assert kind.ranks == (0, 1)
    # halves: words 1000 x 64, attention 4 x 64 x 64, feed-forward 3 x 64 x 256, head 64 x 1000;
    # whole: three norms of 64
    assert kind.parameters == (64_000 + 16_384 + 49_152 + 64_000) // 2 + 192
    assert isinstance(result.outcome, Recommendation)
    assert result.outcome.plan.gpu_count == 2


MODEL = """
import paddle


def build_model():
    return paddle.nn.Linear(4, 8)


def example_batch(batch_size):
    return paddle.rand([batch_size, 4]), paddle.rand([batch_size, 8])


def loss_fn(outputs, labels):
    return paddle.nn.functional.mse_loss(outputs, labels)
"""


@pytest.mark.paddle
def test_an_answer_is_told_again_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin_or_skip()
    monkeypatch.setenv("PADDLE_ESTIMATE_STORE", str(tmp_path / "records.sqlite3"))
    assert estimator.past_jobs().empty
    model = tmp_path / "small.py"
    model.write_text(MODEL)
    left, right = (estimator.estimate(model, gpu=["T4"], batch_size=size) for size in (8, 16))
    assert set(estimator.past_jobs()["identifier"]) == {left.identifier, right.identifier}
    [group] = estimator.past_statistics(by="origin").to_dict("records")
    assert (group["origin"], group["records"]) == ("estimate", 2)
    with pytest.raises(BadInput, match="there is no column 'colour'") as caught:
        estimator.past_statistics(by="colour")
    assert "template" in caught.value.hint
    found = estimator.compare(left, right)
    assert list(found.loc["workload.per_device_batch_size"]) == [8, 16, True]
    # a Linear of 4 inputs and 8 outputs
    assert list(found.loc["model.parameters"]) == [40, 40, False]
    volcano = estimator.manifest_of(left.identifier, kind="volcano")
    assert volcano.kind == "volcano"
    changes = estimator.changes_of(left.identifier)
    assert "+        nvidia.com/gpu.product: Tesla-T4" in changes.text.splitlines()


def test_what_is_known_of_gpus_and_templates(tmp_path: Path) -> None:
    assert estimator.gpu_types().find("T4").name == "T4"
    own = tmp_path / "project"
    own.mkdir()
    (own / "mine.yaml").write_text("extends: ocr\njob: {backoffLimit: 7}\n")
    assert "mine" in {one.name for one in estimator.templates([tmp_path])}
    view = estimator.template("mine", [tmp_path])
    [limit] = [one for one in view.origins if one.path == "job.backoffLimit"]
    assert (limit.value, limit.origin.rpartition("/")[2]) == (7, "mine.yaml:2")


@pytest.mark.parametrize("command", ["bash train.sh", ["python"], ""])
def test_a_command_that_starts_no_python_program_is_bad_input(command: str | list[str]) -> None:
    with pytest.raises(BadInput):
        estimator.estimate_script(command)


def test_an_unknown_option_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="gpu_count"):
        estimator.estimate_script("python train.py", gpu_count=8)


def test_the_package_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="estimate_cluster"):
        estimator.estimate_cluster  # noqa: B018


def test_a_picture_is_drawn() -> None:
    axes = (Axis("gib", "memory (GiB)"), Axis("gpu", "", AxisKind.NAME))
    picture = estimator.Picture(Chart(Shape.BARS, "Memory", ({"gib": 2.0, "gpu": "A10"},), *axes))
    drawn = picture._repr_svg_()
    assert drawn.startswith("<svg")
    assert "A10" in drawn
