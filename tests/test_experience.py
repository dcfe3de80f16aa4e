"""What an answer learns from the own records, with and without a fitted model."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from estimator.experience import load_correction, model_path
from estimator.habits import past_jobs
from estimator.learning.fit import fit
from estimator.learning.model import save
from estimator.learning.state import Basis, Level
from estimator.paths import HOME_VARIABLE
from estimator.records.store import default_address, open_store
from estimator.records.types import Happened, JobFacts, JobRecord, Submitted, Target
from estimator.units import GIB

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))


def run_of(number, ended):
    facts = JobFacts("Net", "T4", "fp32", 8, template="ocr")
    happened = Happened(peak_memory_bytes=3 * GIB, status="succeeded", finished_at=ended)
    return JobRecord(
        f"{number:04}", ended, Submitted(facts, memory_bytes=8 * GIB), happened=happened
    )


def jobs_learnt():
    """Jobs of the template whose host memory was held against the request."""
    nodes = load_correction().state.parts(Target.HOST_MEMORY, Basis.REQUESTED, Level.MODEL, "net")
    return sum(node.count() for node in nodes.values())


def save_runs(*numbers, ended=NOW):
    with open_store() as store:
        for number in numbers:
            store.save(run_of(number, ended + timedelta(minutes=number)))


def test_without_a_store() -> None:
    assert (jobs_learnt(), load_correction().notes) == (0, ())


def estimate_of(number):
    """A job that was asked about and has not run."""
    return replace(run_of(number, NOW), happened=Happened())


def test_of_who_only_asks_nothing_is_read(monkeypatch) -> None:
    """pandas and ibis take the command longer than the dry step of a small model."""
    with open_store() as store:
        store.save(estimate_of(1))
    for library in ("ibis", "pandas"):
        monkeypatch.setitem(sys.modules, library, None)  # importing it fails
    assert (jobs_learnt(), load_correction().notes) == (0, ())
    assert past_jobs("Net").nearest(run_of(1, NOW).submitted.facts) == ()


def test_one_job_that_ran_is_found_among_estimates() -> None:
    with open_store() as store:
        store.save(estimate_of(1))
    save_runs(2)
    with open_store() as store:
        store.save(estimate_of(3))
    assert jobs_learnt() == 1
    assert past_jobs("Net").templates == {"ocr": 1}


def test_own_jobs_count_without_a_fit() -> None:
    save_runs(1, 2, 3)
    assert jobs_learnt() == 3


def test_only_the_newest_count_without_a_fit(monkeypatch) -> None:
    monkeypatch.setattr("estimator.experience.MOST_UNFITTED", 2)
    save_runs(1, 2, 3)
    assert jobs_learnt() == 2


def test_a_fit_and_the_jobs_since_count_once_each() -> None:
    save_runs(1, 2, 3)
    with open_store() as store:
        import pandas as pd

        from estimator.learning.frames import needed_columns

        model = fit(pd.concat(store.batches(needed_columns())))
    # A job that the fit knew changes afterwards (a note, a status); it must not count twice.
    save(
        replace(model, made=replace(model.made, made_at="2026-01-01T00:00:00+00:00")), model_path()
    )
    assert jobs_learnt() == 3
    save_runs(4, 5)
    assert jobs_learnt() == 5


def test_a_damaged_store_is_a_note() -> None:
    save_runs(1)
    with open(default_address(), "r+b") as file:
        file.write(b"no database, certainly")
    experience = load_correction()
    assert len(experience.notes) == 1
    assert experience.notes[0].startswith("your own job records were not used: ")
