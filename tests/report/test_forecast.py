"""Forecasts: no look into the future, bands that hold what they say, and a real trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimator.report.forecast.backtest import CHOSEN, NOMINAL, _Past, forecast, horizon
from estimator.report.forecast.models import COMBINED, MODELS, NAIVE, continued
from estimator.report.forecast.series import series_of
from estimator.report.sections.forecast import forecasts
from tests.report.made import data, job, rows

PHILLY = Path(__file__).resolve().parents[3] / "shared/data/history/sia_philly/philly.csv"
PATTERN = np.array([100.0, 90, 80, 85, 95, 20, 10])


@pytest.mark.parametrize("name", MODELS)
def test_what_repeats_every_week_is_continued_exactly(name: str) -> None:
    logs = np.log1p(np.tile(PATTERN, 6))
    assert np.expm1(continued(logs, 14)[name]) == pytest.approx(np.tile(PATTERN, 2))


def test_a_series_of_nothing_is_continued_with_nothing() -> None:
    said = forecast(np.zeros(80), 4)
    assert said is not None
    assert said.target == said.upper == (0.0,) * 4


def test_a_short_series_gets_none() -> None:
    assert forecast(np.tile(PATTERN, 7), 4) is None


def test_the_horizon_is_a_third_of_the_history() -> None:
    assert [horizon(7 * weeks) for weeks in (8, 15, 30, 300)] == [4, 5, 10, 13]


def noisy(weeks: int, seed: int, steps: float = 0.1) -> np.ndarray:
    """A level that wanders by 10 % a week, and each day off by 10 %."""
    draw = np.random.default_rng(seed)
    level = np.exp(np.cumsum(draw.normal(0, steps, weeks)))
    days = np.repeat(level, 7) * np.tile(PATTERN, weeks)
    return days * np.exp(draw.normal(0, 0.1, len(days)))


def test_the_past_does_not_know_the_future() -> None:
    series, until = noisy(20, 1), 12 * 7
    one, other = (_Past(s, 4) for s in (series, np.concatenate([series[:until], noisy(8, 2)])))
    for origin in (each for each in one.origins if each <= until):
        assert one.choice(origin) == other.choice(origin)
        if origin >= 7 * 7:
            assert one.width(COMBINED, origin) == other.width(COMBINED, origin)
    assert one.width(COMBINED, 20 * 7) != other.width(COMBINED, 20 * 7)


def test_bands_hold_about_what_they_say_where_the_level_wanders() -> None:
    held = judged = 0.0
    for seed in range(3):
        said = forecast(noisy(60, seed), 8)
        assert said is not None
        assert said.model == COMBINED or said.trial(NAIVE).error <= said.trial(COMBINED).error
        trial = said.trial(CHOSEN)
        held, judged = held + trial.coverage * trial.judged, judged + trial.judged
        assert all(np.diff(np.array(said.upper) - np.array(said.lower)) > 0)
    # three series of 60 weeks, whose overlapping weeks ahead say as much as about 20 independent
    # ones: a standard error of 0.09
    assert held / judged == pytest.approx(NOMINAL, abs=0.18)


@pytest.mark.skipif(not PHILLY.exists(), reason="the traces are not part of the repository")
def test_arrivals_of_philly() -> None:
    jobs = pd.read_csv(PHILLY, parse_dates=["timestamp"])
    told = pd.DataFrame(
        {
            "submitted_at": jobs["timestamp"].dt.tz_localize("UTC").astype("datetime64[us, UTC]"),
            "duration_s": jobs["duration"],
            "gpu_count": jobs["num_gpus"].astype(float),
        }
    )
    from estimator.report.data import Data
    from estimator.report.jobs import jobs_of, span
    from estimator.report.types import Window
    from tests.report.made import NO_CLUSTER, ZoneInfo

    every = jobs_of([told])
    window = span(every, None, None)
    assert isinstance(window, Window)
    arrivals = next(series_of(Data(every, every, window, NO_CLUSTER, ZoneInfo("UTC"), "team")))
    # whole days from the first week with a tenth of the usual on; all their jobs are there
    counted = jobs.set_index("timestamp").resample("D").size()
    assert arrivals.daily.tolist() == counted.to_numpy()[-len(arrivals.daily) - 1 : -1].tolist()
    said = forecast(arrivals.daily, 4)
    assert said is not None
    chosen, naive = said.trial(CHOSEN), said.trial(NAIVE)
    assert chosen.coverage == pytest.approx(NOMINAL, abs=0.05)
    assert chosen.judged >= 40
    assert chosen.error < 0.9 * naive.error


def test_what_was_before_the_window_teaches_too() -> None:
    told = data(*(job(24 * day, 2, 4) for day in range(70)))
    last = replace(told, window=replace(told.window, start=told.window.end - timedelta(days=7)))
    both = [[one.daily.tolist() for one in series_of(each)] for each in (told, last)]
    assert both[0] == both[1]
    assert len(both[0][0]) >= 69


def test_the_section_says_what_it_cannot_forecast() -> None:
    section = forecasts(data(job(0, 2), job(24, 2)))
    assert "shorter than 8 weeks" in section.lacking[0]
    told = [job(24 * day, 2, 4, team="ab"[day % 2], gpu="T4") for day in range(70)]
    section = forecasts(data(*told))
    assert {row["week"] for row in rows(section, "weeks_ahead")} == {1, 2, 3, 4}
    names = {str(row["what"]) for row in rows(section, "weeks_ahead")}
    assert names == {
        "jobs submitted",
        "GPU-hours of all jobs",
        "GPU-hours of team a",
        "GPU-hours of team b",
    }
    week = next(row for row in rows(section, "weeks_ahead") if "all jobs" in str(row["what"]))
    assert week["target"] == pytest.approx(7 * 8)
