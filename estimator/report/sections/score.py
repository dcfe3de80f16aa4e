"""Section 11: our own past advice against what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from estimator.messages import sentence
from estimator.records.types import Status, Target
from estimator.report.data import Data
from estimator.report.jobs import UNKNOWN
from estimator.report.sections.common import estimated, named, table_of_rows
from estimator.report.sections.risk import TARGETS, held_against
from estimator.report.statistics import proportion, quantile
from estimator.report.types import Column, Figure, Section, Table, Unit
from estimator.units import GIB

if TYPE_CHECKING:
    import pandas as pd


def score(data: Data) -> Section:
    """Predictions, under-allocations, realised savings and regret of the jobs that we advised.

    A job was advised where its record has a prediction of ours.
    """
    advised = data.frame[data.frame["tool_version"] != ""]
    title = sentence("Score of our own advice")
    about = sentence(
        "Jobs whose request came from this tool: what was predicted against what happened."
    )
    if not len(advised):
        lacking = sentence("no job of the window has a prediction of this tool in its record")
        return Section("score", title, about, lacking=(lacking,))
    return Section(
        "score",
        title,
        about,
        tuple(_figures(data, advised)),
        (_errors(advised), _savings(data, advised)),
        lacking=_lacking(advised),
    )


def _asked(frame: pd.DataFrame) -> pd.DataFrame:
    """Jobs whose host memory is known on both sides and that ran."""
    known = frame["requested_memory_bytes"].notna() & frame["peak_memory_bytes"].notna()
    ran: pd.DataFrame = frame[known & (frame["seconds"] > 0)]
    return ran


def _under(frame: pd.DataFrame) -> Any:
    out = frame["status"] == Status.OUT_OF_MEMORY
    return out | (frame["peak_memory_bytes"] > frame["requested_memory_bytes"])


def _gib_hours(frame: pd.DataFrame, amount: Any) -> Any:
    return amount / GIB * frame["seconds"] / 3600 * frame["node_count"].fillna(1.0)


def _figures(data: Data, advised: pd.DataFrame) -> list[Figure]:
    found = [
        Figure(
            "advised",
            sentence("jobs that we advised"),
            len(advised),
            Unit.COUNT,
            len(data.frame),
            sentence("jobs with a prediction of ours in their record"),
        )
    ]
    known = _asked(advised)
    if not len(known):
        return found
    under, how = _under(known), sentence("peak above the request, or out of memory")
    rate = proportion(int(under.sum()), len(known))
    title = sentence("got too little host memory")
    found.append(estimated("under_allocated", title, rate, Unit.SHARE, how))
    spare = known["requested_memory_bytes"] - known["peak_memory_bytes"]
    # who got too little ran in vain: all of it is to be regretted
    cost = spare.where(~under, known["requested_memory_bytes"])
    found.append(
        Figure(
            "regret",
            sentence("regret"),
            float(_gib_hours(known, cost).sum()),
            Unit.GIB_HOURS,
            len(known),
            sentence(
                "host memory asked for and not needed, and all of it where the job got too little: "
                "what a request that knew the peak would have saved"
            ),
        )
    )
    return found


def _errors(advised: pd.DataFrame) -> Table:
    rows = []
    for target, title in TARGETS.items():
        known = held_against(advised, target)
        known = known[known["target"] > 0]
        if len(known):
            rows.append((title, *_error(known)))
    return table_of_rows(
        "predictions",
        sentence("Predicted against what happened"),
        (
            Column("what", sentence("what"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("ratio", sentence("happened over predicted, median"), Unit.RATIO),
            Column("ratio_lower", sentence("at least (95 %)"), Unit.RATIO),
            Column("ratio_upper", sentence("at most (95 %)"), Unit.RATIO),
            Column("within", sentence("within the interval"), Unit.SHARE),
            Column("above", sentence("above the interval"), Unit.SHARE),
        ),
        rows,
    )


def _error(known: pd.DataFrame) -> tuple[Any, ...]:
    ratio = quantile(known["actual"] / known["target"], 0.5)
    within = (known["actual"] >= known["lower"]) & (known["actual"] <= known["upper"])
    above = known["actual"] > known["upper"]
    return len(known), ratio.value, ratio.lower, ratio.upper, within.mean(), above.mean()


def _savings(data: Data, advised: pd.DataFrame) -> Table:
    """What advised jobs held against what the same template used to ask for on its own."""
    others = data.every.frame
    named_ = others["template"] != UNKNOWN
    others = others[named_ & (others["tool_version"] == "")]
    usual = others.groupby("template", observed=True)["requested_memory_bytes"]
    before = usual.median().to_dict()
    counts = usual.count().to_dict()
    known = advised[advised["requested_memory_bytes"].notna() & (advised["seconds"] > 0)]
    rows = []
    for template, part in known.groupby("template", observed=True):
        if before.get(template, 0) > 0:
            saved = before[template] - part["requested_memory_bytes"]
            rows.append(
                (
                    *named([template]),
                    len(part),
                    int(counts[template]),
                    before[template],
                    float(part["requested_memory_bytes"].median()),
                    float(_gib_hours(part, saved).sum()),
                )
            )
    rows.sort(key=lambda row: -row[5])
    return table_of_rows(
        "savings",
        sentence("Realised savings of host memory"),
        (
            Column("template", sentence("template"), Unit.TEXT),
            Column("jobs", sentence("jobs that we advised"), Unit.COUNT),
            Column("others", sentence("jobs that asked by themselves"), Unit.COUNT),
            Column("before", sentence("they asked for, median"), Unit.BYTES),
            Column("after", sentence("we asked for, median"), Unit.BYTES),
            Column("saved", sentence("GiB-hours saved"), Unit.GIB_HOURS),
        ),
        rows,
    )


def _lacking(advised: pd.DataFrame) -> tuple[str, ...]:
    said: list[str] = []
    if not len(_asked(advised)):
        said.append(
            sentence("under-allocations and regret: no advised job says its peak of host memory")
        )
    missing = tuple(
        title for target, title in TARGETS.items() if not len(held_against(advised, Target(target)))
    )
    if missing:
        said.append(sentence("no advised job says what happened to its {what}", what=missing))
    return tuple(said)
