"""Section 9: what will be needed in the weeks ahead, and how good such forecasts were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.report.data import Data
from estimator.report.forecast.backtest import (
    CHOSEN,
    FEWEST_WEEKS,
    NOMINAL,
    Forecast,
    forecast,
    horizon,
)
from estimator.report.forecast.models import COMBINED, NAIVE, WEEK, one_thread
from estimator.report.forecast.series import Series, series_of
from estimator.report.sections.common import table_of_rows
from estimator.report.types import Column, Figure, Section, Table, Unit
from estimator.values import Missing, Source

MODELS = {
    NAIVE: sentence("naive: the last week again"),
    "average": sentence("mean of the last four weeks"),
    "smoothing": sentence("exponential smoothing"),
    COMBINED: sentence("mean of the three"),
    CHOSEN: sentence("as chosen here"),
}
_SHORT_BY = 0.05
"""Coverage below the nominal one by more than this is said."""
_KINDS = {"jobs": sentence("jobs submitted"), "all": sentence("GPU-hours of all jobs")}


@dataclass(frozen=True, slots=True)
class _Told:
    """A series with its forecast."""

    series: Series
    said: Forecast

    @property
    def name(self) -> str:
        if self.series.kind in _KINDS:
            return _KINDS[self.series.kind]
        if self.series.kind == "team":
            return sentence("GPU-hours of team {name}", name=self.series.name)
        return sentence("GPU-hours on {name}", name=self.series.name)

    @property
    def end(self) -> datetime:
        return self.series.first + timedelta(days=len(self.series.daily))


def forecasts(data: Data) -> Section:
    """Weeks ahead by team and GPU type with bands, and the back-test beside them."""
    title = sentence("Forecast")
    about = sentence("What will be needed in the weeks ahead, if things go on as they did.")
    told, short = _told(data)
    lacking: list[str] = []
    if short or not told:
        lacking.append(
            sentence(
                "series that are shorter than {weeks} weeks and get no forecast: {count}",
                weeks=FEWEST_WEEKS,
                count=short,
            )
        )
    if not told:
        return Section("forecast", title, about, lacking=tuple(lacking))
    return Section(
        "forecast",
        title,
        about,
        tuple(_figures(told)),
        (_ahead(data, told), _trials(told)),
        tuple(_chart(data, one) for one in told if one.series.kind in _KINDS),
        _notes(told),
        tuple(lacking),
    )


def _told(data: Data) -> tuple[list[_Told], int]:
    """Every series with its forecast, and how many are too short for one."""
    found = list(series_of(data))
    with one_thread():
        said = [forecast(one.daily, horizon(len(one.daily))) for one in found]
    pairs = zip(found, said, strict=True)
    told = [_Told(series, forecast) for series, forecast in pairs if forecast is not None]
    return told, len(found) - len(told)


def _figures(told: list[_Told]) -> list[Figure]:
    found = []
    for one in told:
        if one.series.kind not in _KINDS:
            continue
        unit = Unit.COUNT if one.series.kind == "jobs" else Unit.GPU_HOURS
        weeks = min(4, len(one.said.target))
        trial = one.said.trial(CHOSEN)
        found.append(
            Figure(
                f"{one.series.kind}_next_week",
                sentence("{what}, next week", what=one.name),
                one.said.target[0],
                unit,
                len(one.series.daily),
                sentence("80 % band; days behind it"),
                one.said.lower[0],
                one.said.upper[0],
                Source.REGRESSED,
                confidence=NOMINAL,
            )
        )
        found.append(
            Figure(
                f"{one.series.kind}_coverage",
                sentence("{what}: weeks that the bands held in the back-test", what=one.name),
                trial.coverage if trial.judged else Missing(sentence("too few weeks")),
                Unit.SHARE,
                trial.judged,
                sentence("meant to be 80 %, over {weeks} weeks ahead", weeks=weeks),
            )
        )
    return found


def _notes(told: list[_Told]) -> tuple[str, ...]:
    gave_way = tuple(one.name for one in told if one.said.model == NAIVE)
    narrow = tuple(
        one.name for one in told if one.said.trial(CHOSEN).coverage < NOMINAL - _SHORT_BY
    )
    said = [sentence("the naive forecast was beaten on every series")]
    if gave_way:
        said = [
            sentence(
                "the naive forecast was not beaten, so it is what is shown, for: {names}",
                names=gave_way,
            )
        ]
    if narrow:
        said.append(
            sentence(
                "in the back-test fewer weeks than meant lay within the bands; take these as too "
                "narrow: {names}",
                names=narrow,
            )
        )
    return tuple(said)


def _ahead(data: Data, told: list[_Told]) -> Table:
    rows = [
        (
            one.name,
            at + 1,
            (one.end + timedelta(days=WEEK * at)).astimezone(data.zone),
            one.said.target[at],
            one.said.lower[at],
            one.said.upper[at],
            MODELS[one.said.model],
        )
        for one in told
        for at in range(len(one.said.target))
    ]
    return table_of_rows(
        "weeks_ahead",
        sentence("Weeks ahead"),
        (
            Column("what", sentence("what"), Unit.TEXT),
            Column("week", sentence("week"), Unit.COUNT),
            Column("begins", sentence("begins"), Unit.MOMENT),
            Column("target", sentence("forecast"), Unit.COUNT),
            Column("lower", sentence("band, lower"), Unit.COUNT),
            Column("upper", sentence("band, upper"), Unit.COUNT),
            Column("model", sentence("by"), Unit.TEXT),
        ),
        rows,
        note=sentence("bands are meant to hold {share} of the weeks", share=f"{NOMINAL:.0%}"),
    )


def _trials(told: list[_Told]) -> Table:
    rows: list[tuple[Any, ...]] = []
    for one in told:
        naive = one.said.trial(NAIVE).error
        for trial in one.said.trials:
            rows.append(
                (
                    one.name,
                    MODELS[trial.model],
                    trial.weeks,
                    trial.error,
                    trial.error / naive if naive else None,
                    trial.coverage,
                    trial.judged,
                )
            )
    return table_of_rows(
        "backtest",
        sentence("Back-test: each model at many moments of the past, knowing only what was before"),
        (
            Column("what", sentence("what"), Unit.TEXT),
            Column("model", sentence("by"), Unit.TEXT),
            Column("weeks", sentence("weeks forecast"), Unit.COUNT),
            Column("error", sentence("error over truth"), Unit.SHARE),
            Column("of_naive", sentence("error over that of the naive one"), Unit.RATIO),
            Column("coverage", sentence("weeks within the band"), Unit.SHARE),
            Column("judged", sentence("weeks with a band"), Unit.COUNT),
        ),
        rows,
    )


def _chart(data: Data, one: _Told) -> Chart:
    daily, weeks = one.series.daily, len(one.series.daily) // WEEK
    skipped = len(daily) - weeks * WEEK
    start = one.series.first + timedelta(days=skipped)
    rows: list[dict[str, object]] = []
    for at in range(weeks):
        value = float(daily[skipped + at * WEEK : skipped + (at + 1) * WEEK].sum())
        rows.append({"at": _day(data, start, at), "value": value, "low": value, "high": value})
    for at, value in enumerate(one.said.target):
        band = {"low": one.said.lower[at], "high": one.said.upper[at]}
        rows.append({"at": _day(data, one.end, at), "value": value, **band})
    return Chart(
        Shape.LINES,
        sentence("{what} by week, and the weeks ahead with their band", what=one.name),
        tuple(rows),
        Axis("at", "", AxisKind.TIME, format="%m-%d"),
        Axis("value", one.name, format="~s"),
        band=("low", "high"),
    )


def _day(data: Data, start: datetime, weeks: int) -> str:
    return f"{(start + timedelta(days=WEEK * weeks)).astimezone(data.zone):%Y-%m-%d}"
