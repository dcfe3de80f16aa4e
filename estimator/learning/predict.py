"""What the state says about one job."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from estimator.learning.mixture import (
    Part,
    Survival,
    interval_survival,
    quantile,
    shares,
    survival_of,
)
from estimator.learning.node import Counted, Node, together, total_of
from estimator.learning.ranks import Ranks, mirrored, ranks_of
from estimator.learning.sketch import log_of
from estimator.learning.state import SINGLE, Basis, Groups, Level, State, levels_of
from estimator.learning.tail import DEFAULT_PRIOR, TailPrior, Weighted
from estimator.records.types import Target

SHRINKAGE = 3.0
"""k: a group of n jobs (or, above single kinds of job, of n kinds) gets n / (n + k)."""

MOST_OF_ONE_KIND = 5.0
"""Where several kinds of job are taken together, none counts for more jobs than this: a new kind
is like the others, not like whichever of them ran most."""

FEWEST_KINDS = 3
"""Below this many kinds nothing shows what they have in common."""

PREDICTED_TAIL = TailPrior(shape=2.0, scale=0.15)
"""Residuals of a prediction scatter by some ten percent, where peaks of a template that was never
predicted scatter by anything: the prior's excess beyond 0.15 has probability 1/4, beyond 0.6 it
is 4 %."""

MISS_OF_PRIOR = 0.1
"""Share of jobs that the interval of a prediction is taken to leave out."""


_GROWTH = 1.25

_MANY = 64
"""From so many kinds of job on, a group's growth is measured in kinds."""


@dataclass(frozen=True, slots=True)
class Question:
    """One quantity of one job.

    expected: the prediction or the request. below, above: the interval of the prediction as
    logarithms of ratios to it, both at least 0. smooth: bounds between the bins, for those that
    are calibrated afterwards; else they are on the safe side.
    """

    target: Target
    basis: Basis
    groups: Groups
    expected: float
    below: float = 0.0
    above: float = 0.0
    smooth: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Past jobs of one level, summed up. kinds: how many kinds of job they are.

    count: jobs that ended by themselves, killed: that did not. weight: what the level counts for
    in the shrinkage; honest: the same without jobs that the prediction was fitted on, which say
    nothing about the spread. middle: median of the logarithms. upward, downward: None where nothing
    honest was counted, the second worked out when it is asked for. least: the largest lower
    bound of a job of this one kind, where one ran out of memory.
    """

    level: Level
    count: int
    killed: int
    kinds: int
    weight: float
    honest: float
    middle: float
    upward: Ranks | None
    downward: Callable[[], Ranks | None]
    least: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The distribution of ln(actual / expected) of one job.

    groups: the levels that were found, finest first, and ``given``: the share of each. middle: the
    groups' medians, shrunk; held against a request, of which groups are off by any factor, the
    median of the distribution.
    """

    groups: tuple[Group, ...]
    given: tuple[float, ...]
    middle: float
    above: Survival
    below: Callable[[], Survival]
    least: float | None

    def upper(self, probability: float) -> float:
        """The bound that the job stays below with this probability; at least what was refuted."""
        bound = max(self.middle, quantile(self.above, probability))
        return bound if self.least is None else max(bound, self.least)

    def lower(self, probability: float) -> float:
        """The bound that the job stays above with this probability."""
        return min(self.middle, -quantile(self.below(), probability))

    def risk(self, log: float) -> float:
        """P(ln(actual / expected) > log)."""
        return self.above(log)


class Predictor:
    """Answers from one state; sums a group up when it is asked for, and again when it changed.

    A group of several kinds of job is summed up again only when it has grown by ``_GROWTH``: one
    job more does not change what hundreds of kinds have in common, and costs time for each.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._groups: dict[tuple[Target, Basis, Level, str], tuple[float, Group | None]] = {}

    def count(self, target: Target, basis: Basis) -> int:
        """Jobs that were counted for a target, however they ended."""
        nodes = self._state.parts(target, basis, Level.ALL, "").values()
        return sum(node.count(how) for node in nodes for how in Counted)

    def ask(self, question: Question) -> Answer:
        """The distribution; where no group is found, that of the question's own interval."""
        found = tuple(self._found(question))
        given = tuple(shares([group.weight for group in found], SHRINKAGE))
        shift = math.log(question.expected) if question.basis is Basis.REQUESTED else 0.0
        offsets = [shift if group.level in SINGLE else 0.0 for group in found]
        shrunk = sum(
            share * (group.middle - offset)
            for share, group, offset in zip(given, found, offsets, strict=True)
            if group.level in SINGLE or group.kinds >= FEWEST_KINDS
        )
        least = max(
            (
                group.least - offset
                for group, offset in zip(found, offsets, strict=True)
                if group.level is found[0].level and group.least is not None
            ),
            default=None,
        )
        own = interval_survival(question.below, question.above, MISS_OF_PRIOR)
        opposite = interval_survival(question.above, question.below, MISS_OF_PRIOR)
        ups = [
            _shifted(group.upward, offset, question)
            for group, offset in zip(found, offsets, strict=True)
        ]
        spread = shares([group.honest for group in found], SHRINKAGE)

        def below() -> Survival:
            downs = [
                _shifted(group.downward(), -offset, question)
                for group, offset in zip(found, offsets, strict=True)
            ]
            return _mixed(spread, downs, _around(opposite, -shrunk))

        above = _mixed(spread, ups, _around(own, shrunk))
        plain = question.basis is Basis.PREDICTED or not found
        return Answer(
            found,
            given,
            shrunk if plain else quantile(above, 0.5),
            above,
            below,
            least,
        )

    def _found(self, question: Question) -> Iterator[Group]:
        for level, name in levels_of(question.groups):
            group = self._summed((question.target, question.basis, level, name))
            if group is not None:
                yield group

    def _summed(self, key: tuple[Target, Basis, Level, str]) -> Group | None:
        parts = self._state.parts(*key)
        size = sum(node.changes for node in parts.values()) if len(parts) < _MANY else len(parts)
        valid_until, group = self._groups.get(key, (-1.0, None))
        if size > valid_until:
            tail = PREDICTED_TAIL if key[1] is Basis.PREDICTED else DEFAULT_PRIOR
            group = _group(key[2], parts, tail)
            self._groups[key] = (size if key[2] in SINGLE else size * _GROWTH, group)
        return group


def _around(survival: Survival, middle: float) -> Survival:
    return lambda log: survival(log - middle)


def _shifted(ranks: Ranks | None, offset: float, question: Question) -> Survival | None:
    if ranks is None:
        return None
    survival = ranks.smooth_survival if question.smooth else ranks.survival
    return lambda log: survival(log + offset)


def _mixed(
    given: Sequence[float], survivals: Sequence[Survival | None], last: Survival
) -> Survival:
    """What groups cannot say, for want of honest jobs, is left to the last resort."""
    parts = [
        Part(share, survival)
        for share, survival in zip(given, survivals, strict=True)
        if survival is not None
    ]
    rest = max(0.0, 1.0 - sum(part.share for part in parts))
    return survival_of([*parts, Part(rest, last)])


def _group(level: Level, parts: dict[str, Node], tail: TailPrior) -> Group | None:
    nodes = [node for node in parts.values() if not node.is_empty]
    if not nodes:
        return None
    most = math.inf if level in SINGLE else MOST_OF_ONE_KIND
    finished = together(nodes, most, Counted.FINISHED)
    killed = together(nodes, most, Counted.KILLED)
    seen = any(node.counted[Counted.SEEN] for node in nodes)
    every = (together(nodes, most, Counted.FINISHED, Counted.SEEN) if seen else finished) or killed
    honest_nodes = [node for node in nodes if node.count() or node.count(Counted.KILLED)]
    single = level in SINGLE
    refuted = single and killed and any(node.out_of_memory for node in nodes)
    return Group(
        level=level,
        count=sum(node.count() + node.count(Counted.SEEN) for node in nodes),
        killed=sum(node.count(Counted.KILLED) for node in nodes),
        kinds=len(nodes),
        weight=total_of(every) if single else float(len(nodes)),
        honest=total_of(finished) + total_of(killed) if single else float(len(honest_nodes)),
        middle=_median(every),
        upward=ranks_of(finished, killed, tail),
        downward=cache(lambda: ranks_of(mirrored(_join(finished, killed)), (), tail)),
        least=log_of(killed[-1][0]) if refuted else None,
    )


def _join(one: Weighted, two: Weighted) -> Weighted:
    weights = dict(one)
    for bin_, weight in two:
        weights[bin_] = weights.get(bin_, 0.0) + weight
    return sorted(weights.items())


def _median(values: Weighted) -> float:
    """Half of the weight is below and half above; between two bins their mean."""
    half, passed = total_of(values) / 2, 0.0
    reached: list[int] = []
    for bin_, weight in values:
        passed += weight
        if passed >= half * (1 - 1e-12):
            reached.append(bin_)
        if passed > half * (1 + 1e-12):
            break
    return (log_of(reached[0]) + log_of(reached[-1]) - log_of(1)) / 2 if reached else 0.0
