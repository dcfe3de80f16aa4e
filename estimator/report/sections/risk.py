"""Section 6: jobs that got too little or almost did, and how good our predictions were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from estimator.messages import sentence
from estimator.records.columns import ACTUAL, prediction_column
from estimator.records.types import Status, Target
from estimator.report.data import Data
from estimator.report.sections.common import (
    LOST,
    estimated,
    group_sums,
    named,
    ranked,
    table,
    table_of_rows,
)
from estimator.report.statistics import proportion
from estimator.report.types import Column, Figure, Section, Table, Unit

if TYPE_CHECKING:
    import pandas as pd

NEAR = 0.95
"""A peak from this share of the request on is a near miss."""

_OPEN = ("", Status.PENDING, Status.RUNNING)
TARGETS = {
    Target.DEVICE_MEMORY: sentence("device memory"),
    Target.HOST_MEMORY: sentence("host memory"),
    Target.STEP_TIME: sentence("step time"),
    Target.DURATION: sentence("duration"),
}


def risk(data: Data) -> Section:
    """Out-of-memory and failure rates, near misses, calibration of predictions."""
    frame = data.frame
    ended = frame[~frame["status"].isin(_OPEN)]
    near = _near(frame)
    lacking: list[str] = []
    if not len(ended):
        lacking.append(sentence("failures: no job says how it ended"))
    if not near["known"].any():
        lacking.append(sentence("near misses: no job says both its request and its peak of memory"))
    calibration = calibrated(frame)
    if not calibration.rows:
        lacking.append(
            sentence("our own predictions: no job has both a prediction and what happened")
        )
    return Section(
        "risk",
        sentence("Risk"),
        sentence("Jobs that got too little or almost did, and how far our predictions held."),
        tuple(_figures(ended, near)),
        (_by_template(frame, near), calibration),
        lacking=tuple(lacking),
    )


def _near(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each job whether its memory is known, came close to the request, or went above."""
    import pandas as pd

    host = frame["peak_memory_bytes"] / frame["requested_memory_bytes"].where(
        frame["requested_memory_bytes"] > 0
    )
    device = frame["peak_device_bytes"] / frame["requested_gpu_memory_bytes"].where(
        frame["requested_gpu_memory_bytes"] > 0
    )
    worst = pd.concat([host, device], axis=1).max(axis=1)
    killed = frame["status"] == Status.OUT_OF_MEMORY
    return pd.DataFrame(
        {
            "known": worst.notna(),
            "near": worst.between(NEAR, 1.0) & ~killed,
            "above": (worst > 1.0) & ~killed,
            "killed": killed,
        }
    )


def _figures(ended: pd.DataFrame, near: pd.DataFrame) -> list[Figure]:
    status, found = ended["status"], []
    if len(ended):
        how = sentence("of jobs that say how they ended")
        for key, title, hits in (
            ("oom_rate", sentence("out of memory"), int((status == Status.OUT_OF_MEMORY).sum())),
            ("failure_rate", sentence("failed in any way"), int(status.isin(LOST).sum())),
        ):
            found.append(estimated(key, title, proportion(hits, len(ended)), Unit.SHARE, how))
    known = int(near["known"].sum())
    if known:
        how = sentence("peak of 95 % to 100 % of the request, of jobs that say both")
        rate = proportion(int(near["near"].sum()), known)
        found.append(estimated("near_misses", sentence("near misses"), rate, Unit.SHARE, how))
    return found


def _by_template(frame: pd.DataFrame, near: pd.DataFrame) -> Table:
    values = {str(name): near[name].astype(int).to_numpy() for name in near}
    ended = ~frame["status"].isin(_OPEN)
    values["ended"] = ended.astype(int).to_numpy()
    values["failed"] = frame["status"].isin(LOST).astype(int).to_numpy()
    summed = group_sums(frame, "template", values)
    summed["worst"] = summed["killed"] + summed["near"] + summed["above"]
    summed = summed[(summed["worst"] > 0) | (summed["failed"] > 0)]
    top, _ = ranked(summed, "worst", 1_000)
    rates = [
        proportion(int(hits), int(n)) for hits, n in zip(top["killed"], top["ended"], strict=True)
    ]
    return table(
        "risk_by_template",
        sentence("Failures and near misses by template"),
        (
            Column("template", sentence("template"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("failed", sentence("failed"), Unit.COUNT),
            Column("out_of_memory", sentence("out of memory"), Unit.COUNT),
            Column("rate", sentence("out of memory, share"), Unit.SHARE),
            Column("rate_upper", sentence("at most (95 %)"), Unit.SHARE),
            Column("near", sentence("near misses"), Unit.COUNT),
            Column("above", sentence("above their request"), Unit.COUNT),
        ),
        (
            named(top["name"]),
            top["jobs"],
            top["failed"],
            top["killed"],
            [rate.value for rate in rates],
            [rate.upper for rate in rates],
            top["near"],
            top["above"],
        ),
    )


def held_against(frame: pd.DataFrame, target: Target) -> pd.DataFrame:
    """Jobs that ended by themselves and have a prediction: target, lower, upper, actual."""
    import pandas as pd

    parts = {
        part: frame[prediction_column("predicted", target, part)]
        for part in ("target", "lower", "upper")
    }
    whole = pd.DataFrame({**parts, "actual": frame[ACTUAL[target]]})
    done = frame["status"].isin((Status.SUCCEEDED, ""))
    rows: pd.DataFrame = whole[done & whole.notna().all(axis=1)]
    return rows


def calibrated(frame: pd.DataFrame) -> Table:
    """Share of what happened that lay within, below and above the stated intervals."""
    rows: list[tuple[Any, ...]] = []
    for target, title in TARGETS.items():
        known = held_against(frame, target)
        if not len(known):
            continue
        within = (known["actual"] >= known["lower"]) & (known["actual"] <= known["upper"])
        share = proportion(int(within.sum()), len(known))
        over = float((known["actual"] > known["upper"]).mean())
        error = (known["actual"] / known["target"].where(known["target"] > 0) - 1).abs()
        rows.append(
            (title, len(known), share.value, share.lower, share.upper, over, error.median())
        )
    return table_of_rows(
        "calibration",
        sentence("Stated intervals against what happened"),
        (
            Column("what", sentence("what"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("within", sentence("within the interval"), Unit.SHARE),
            Column("within_lower", sentence("at least (95 %)"), Unit.SHARE),
            Column("within_upper", sentence("at most (95 %)"), Unit.SHARE),
            Column("above", sentence("above the interval"), Unit.SHARE),
            Column("error", sentence("median error"), Unit.SHARE),
        ),
        rows,
    )
