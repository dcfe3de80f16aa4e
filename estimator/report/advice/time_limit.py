"""Time limits: what nearly every job of a template stays below, so that a hung one ends soon."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from estimator.learning.frames import REQUESTED
from estimator.learning.node import Counted, Node
from estimator.learning.recommend import Recommender
from estimator.learning.state import Groups, Level, model_key
from estimator.learning.tail import UpperTail
from estimator.messages import sentence
from estimator.records.types import Status, Target
from estimator.report.advice.learning import templates
from estimator.report.advice.types import FEWEST, LEVELS, MATTERS, Change, Prices, confidence
from estimator.report.jobs import looked_up
from estimator.units import format_duration

if TYPE_CHECKING:
    import pandas as pd

_ASKED = REQUESTED[Target.DURATION]
_JOB = ("gpu", "hours", "gpus", "status")
_COVERED = 0.99
"""Share of the jobs that a limit is to be enough for."""
_STEP = 600
"""Seconds that limits are rounded up to."""
_HEADROOM = 1.25
"""A limit over the longest job that was seen."""
_LOWERED, _HOUR = 0.75, 3600
"""A limit is lowered to this share or less, and by an hour or more: a job that hangs for less
costs little."""
_RAISED = 2.0
"""A limit that jobs run into is raised to this times itself, or to what others took, at most: then
more is seen."""


def time_changes(frame: pd.DataFrame, prices: Prices, recommender: Recommender) -> Iterator[Change]:
    """Of the templates that held GPUs the longest."""
    held = frame["seconds"] * frame["gpus"].clip(lower=1.0)
    for key, part in templates(frame, _ASKED, _JOB, held):
        groups = Groups(key[0], model_key(key[1]) or None)
        found = recommender.finest(Target.DURATION, groups)
        if found is not None and found[1].count() >= FEWEST:
            yield from _time_change(key[0], part, prices, found)


def _time_change(
    template: str, part: pd.DataFrame, prices: Prices, found: tuple[Level, Node, UpperTail]
) -> Iterator[Change]:
    level, node, tail = found
    before = int(part[_ASKED].mode().iloc[0])
    late = part[part["status"] == Status.TIMEOUT]
    after = _limit(tail, before, hit=len(late) > 0)
    if after is None:
        return
    risk = float(tail.survival(math.log(after)))
    cost = late["hours"] * looked_up(late["gpu"], prices.gpu_hour)
    killed = node.count(Counted.KILLED)
    yield Change(
        template=template,
        target=Target.DURATION.value,
        before=before,
        after=after,
        jobs=node.count() + killed,
        affected=len(part),
        gib_hours=0.0,
        money=float(cost.sum()) if len(late) and cost.notna().any() else None,
        risk=risk,
        confidence=confidence(node.count(), risk),
        reasons=_reasons(level, node, tail, late),
        diff=f" job:\n-  activeDeadlineSeconds: {before}\n+  activeDeadlineSeconds: {after}",
        gpu_hours=float(late["hours"].fillna(0.0).sum()) if after > before else 0.0,
    )


def _limit(tail: UpperTail, before: int, *, hit: bool) -> int | None:
    """Seconds to ask for; None where the limit may stay. hit: whether jobs ran into it."""
    longest = math.exp(tail.highest)
    after = _rounded(max(longest * _HEADROOM, math.exp(tail.quantile(_COVERED))))
    if hit:
        after = min(max(after, before + _STEP), max(_rounded(longest), int(before * _RAISED)))
        return after if after > (1 + MATTERS) * before else None
    return after if after <= min(_LOWERED * before, before - _HOUR) else None


def _rounded(seconds: float) -> int:
    return math.ceil(seconds / _STEP) * _STEP


def _reasons(level: Level, node: Node, tail: UpperTail, late: pd.DataFrame) -> tuple[str, ...]:
    said: list[str] = [
        sentence(
            "{count} past jobs of the {level} took up to {longest}",
            count=node.count(),
            level=LEVELS.get(level.value, ""),
            longest=format_duration(math.exp(tail.highest)),
        )
    ]
    if len(late):
        said.append(sentence("{count} jobs of the window ran into the limit", count=len(late)))
    else:
        said.append(sentence("a job that hangs ends sooner, and a short one finds a gap"))
    return tuple(said)
