from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.records.produce_residuals import main, published_residuals
from estimator.records.samples import RESIDUALS_FILE, published_samples, store_samples
from estimator.records.store import new_identifier, open_store
from estimator.records.types import Happened, JobRecord, Predicted, Target
from estimator.units import GIB
from estimator.values import Bounded, Source
from tests.records.jobs import BARE, FULL

CHECKOUT = Path(__file__).parents[2]
HISTORY = CHECKOUT / "history"
RUNS = CHECKOUT / "tests" / "throughput" / "data"


def ended(status: str, peak_gib: int | None) -> JobRecord:
    peak = None if peak_gib is None else peak_gib * GIB
    happened = Happened(peak_device_bytes=peak, status=status)
    return replace(FULL, identifier=new_identifier(), happened=happened)


def test_the_shipped_samples_are_what_the_tool_predicts_now() -> None:
    # Fails after the step-time coefficients change: run produce_residuals again.
    shipped = published_samples(HISTORY)
    now = tuple(published_residuals(RUNS))
    assert len(shipped) == len(now) == 23
    for one, other in zip(shipped, now, strict=True):
        assert (one.facts, one.source, one.seen_by_prior) == (
            other.facts,
            other.source,
            other.seen_by_prior,
        )
        assert one.actual == pytest.approx(other.actual, rel=1e-5)
        for side in ("target", "lower", "upper"):
            expected = getattr(other.prior, side)
            assert getattr(one.prior, side) == pytest.approx(expected, rel=1e-5)


def test_a_published_rate_becomes_the_seconds_of_a_step() -> None:
    first = published_samples(HISTORY)[0]
    assert (first.facts.model, first.facts.gpu) == ("ResNet-50", "V100-SXM2-32GB")
    assert first.actual == pytest.approx(256 / 393.561, rel=1e-5)


def test_the_command_writes_what_it_reads(tmp_path: Path) -> None:
    assert main([str(RUNS), str(tmp_path)]) == 0
    assert (tmp_path / RESIDUALS_FILE).read_bytes() == (HISTORY / RESIDUALS_FILE).read_bytes()
    assert main([]) == 2


@pytest.mark.parametrize("number", ["-1", "nan", "", "abc", "1e99"])
def test_a_damaged_line_is_named(tmp_path: Path, number: str) -> None:
    text = (HISTORY / RESIDUALS_FILE).read_text("utf-8")
    line = text.splitlines()[1]
    cells = line.split(",")
    cells[9] = number  # actual
    (tmp_path / RESIDUALS_FILE).write_text(text.replace(line, ",".join(cells)), "utf-8")
    with pytest.raises(BadInput) as raised:
        published_samples(tmp_path)
    assert raised.value.where.endswith("published_residuals.csv:2")


def test_own_jobs_with_prediction_and_outcome_are_samples(tmp_path: Path) -> None:
    with open_store(tmp_path / "records.sqlite3") as store:
        for record in (FULL, BARE, replace(BARE, identifier="3", predicted=FULL.predicted)):
            store.save(record)
        memory, step = store_samples(store)
    assert (memory.target, memory.actual) == (Target.DEVICE_MEMORY, 21 * GIB)
    assert (step.target, step.actual) == (Target.STEP_TIME, 0.65)
    assert step.prior == FULL.predicted.prior_step_time_s  # type: ignore[union-attr]


def test_a_prediction_without_its_prior_is_no_sample(tmp_path: Path) -> None:
    corrected = Bounded(0.6, 0.5, 0.8, Source.REGRESSED, "corrected")
    with open_store(tmp_path / "records.sqlite3") as store:
        store.save(replace(FULL, predicted=Predicted("0.1.0", step_time_s=corrected)))
        assert store_samples(store) == ()


@pytest.mark.parametrize(
    ("status", "peak_gib", "used"),
    [("succeeded", 10, True), ("succeeded", None, False), ("OOMKilled", 10, True)],
)
def test_how_a_job_ended_goes_with_its_sample(
    tmp_path: Path, status: str, peak_gib: int | None, used: bool
) -> None:
    with open_store(tmp_path / "records.sqlite3") as store:
        store.save(ended(status, peak_gib))
        samples = store_samples(store)
    assert [sample.status for sample in samples] == [status] * used
