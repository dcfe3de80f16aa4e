"""Host and device memory: the amount whose expected cost is least."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estimator.learning.frames import REQUESTED
from estimator.learning.recommend import Advice, Recommender
from estimator.learning.state import Groups, model_key
from estimator.messages import sentence
from estimator.records.types import Status, Target
from estimator.report.advice.learning import templates
from estimator.report.advice.types import (
    CONTAINER,
    FEWEST,
    LEVELS,
    MATTERS,
    Change,
    Prices,
    confidence,
)
from estimator.units import GIB, MIB, to_quantity

if TYPE_CHECKING:
    import pandas as pd

_JOB = ("seconds", "node_count", "status")


def memory_changes(
    frame: pd.DataFrame, prices: Prices, recommender: Recommender
) -> Iterator[Change]:
    """Of the templates that held most memory-time."""
    for target in (Target.HOST_MEMORY, Target.DEVICE_MEMORY):
        held = frame[REQUESTED[target]] * frame["seconds"].fillna(0.0)
        for key, part in templates(frame, REQUESTED[target], _JOB, held):
            change = _memory_change(target, key, part, recommender, prices)
            if change is not None:
                yield change


def _memory_change(
    target: Target,
    key: tuple[str, str],
    part: pd.DataFrame,
    recommender: Recommender,
    prices: Prices,
) -> Change | None:
    asked = part[REQUESTED[target]]
    before = int(asked.mode().iloc[0])
    groups = Groups(key[0], model_key(key[1]) or None)
    advice = recommender.advise(target, groups, before)
    after = -(-advice.amount // MIB) * MIB
    if advice.level is None or advice.count < FEWEST or abs(after - before) < MATTERS * before:
        return None
    hours, nodes = part["seconds"].fillna(0.0) / 3600, part["node_count"].fillna(1.0)
    gib_hours = float(((asked - after) / GIB * hours * nodes).sum())
    host = target is Target.HOST_MEMORY
    return Change(
        template=key[0],
        target=target.value,
        before=before,
        after=after,
        jobs=advice.count + advice.killed,
        affected=len(part),
        gib_hours=gib_hours,
        money=gib_hours * prices.gib_hour if host and prices.gib_hour is not None else None,
        risk=advice.risk,
        confidence=confidence(advice.count, advice.risk),
        reasons=_reasons(advice, part),
        diff=_host_diff(before, after) if host else _device_diff(before, after),
    )


def _reasons(advice: Advice, part: pd.DataFrame) -> tuple[str, ...]:
    out = int((part["status"] == Status.OUT_OF_MEMORY).sum())
    said: list[str] = [
        sentence(
            "{count} past jobs of the {level}, {killed} of them killed (lower bounds)",
            count=advice.count + advice.killed,
            level=LEVELS.get(advice.level.value if advice.level else "", ""),
            killed=advice.killed,
        )
    ]
    if out:
        said.append(sentence("{count} jobs of the window ran out of memory", count=out))
    return tuple(said)


def _host_diff(before: int, after: int) -> str:
    pair = [f"-          memory: {to_quantity(before)}", f"+          memory: {to_quantity(after)}"]
    return "\n".join([*CONTAINER, "         requests:", *pair, "         limits:", *pair])


def _device_diff(before: int, after: int) -> str:
    lines = [
        f"-          nvidia.com/gpumem: {-(-before // MIB)}",
        f"+          nvidia.com/gpumem: {-(-after // MIB)}",
    ]
    return "\n".join([" training:", "   sharing: hami", *CONTAINER, "         limits:", *lines])
