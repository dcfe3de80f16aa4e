"""Whether bounds reached their level: exactly, in each template, and beyond what chance explains.

Outcomes are recorded in units, times mostly in whole seconds. A bound b and b rounded down to the
unit hold for the same jobs, so that is what b says, and a job that took just that much met it
exactly. No bound on such outcomes holds for a share that was asked for to the point; the best there
is has P(actual < bound) <= level <= P(actual <= bound), as every quantile of a discrete quantity.
The share strictly below is what bounds lower by one unit would have held for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estimator.learning.calibration import LEVELS
from estimator.learning.judged import Judged
from estimator.records.types import Target
from estimator.units import KIB, MIB

FEWEST_OF_A_KIND = 100
"""Coverage of a single template is reported from this many jobs on."""

POINT = 0.01

UNITS: Mapping[Target, tuple[float, ...]] = {
    Target.DURATION: (1.0, 0.1, 0.01, 0.001),
    Target.STEP_TIME: (1.0, 0.1, 0.01, 0.001),
    Target.HOST_MEMORY: (MIB, 4 * KIB, KIB, 1),
    Target.DEVICE_MEMORY: (MIB, 4 * KIB, KIB, 1),
}
"""What clocks and meters count in, the largest first: a template's outcomes are recorded in the
first of them that they all are whole multiples of. Nothing larger is taken for a unit: that a
hundred jobs took one minute each does not mean that minutes are counted."""

_WHOLE = 1e-6
"""A quotient this near to a whole number is one; by chance 2 of a million are."""
_SAME = 1e-9
"""Logarithms that differ by less are the same."""
_MISS_OF_INTERVAL = 0.05


@dataclass(frozen=True, slots=True)
class Share:
    """Of some jobs, those that a bound of one level held for.

    held: actual <= bound. below: actual < bound, in the unit of the outcomes. lower, upper: the
    interval of ``held`` by chance alone (95 %; Clopper and Pearson 1934).
    """

    level: float
    held: float
    below: float
    lower: float
    upper: float

    @property
    def met_exactly(self) -> float:
        """The share that took exactly what the bound said."""
        return self.held - self.below

    @property
    def is_short(self) -> bool:
        """Whether it held for more than a point too few."""
        return self.held < self.level - POINT

    @property
    def is_over(self) -> bool:
        """Whether it held for more than a point too many."""
        return self.held > self.level + POINT

    @property
    def is_within_a_point(self) -> bool:
        """Whether the level is between ``below`` and ``held``, or at most a point outside."""
        return self.below - POINT <= self.level <= self.held + POINT

    @property
    def is_short_beyond_chance(self) -> bool:
        """Whether a bound that holds for its level would have held for as few in 1 of 40 cases."""
        return self.upper < self.level


@dataclass(frozen=True, slots=True)
class OfTemplate:
    """How the bounds of one kind of job came out, by level. unit: of its outcomes, 0 for none."""

    kind: str
    jobs: int
    unit: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How bounds came out. shares: of all jobs, by level. width: median bound / actual, by level.

    templates: kinds of job with at least ``FEWEST_OF_A_KIND`` jobs, those that held least first.
    """

    jobs: int
    shares: tuple[Share, ...]
    width: dict[float, float]
    templates: tuple[OfTemplate, ...]

    @property
    def reached(self) -> dict[float, float]:
        """Share held, by level."""
        return {share.level: share.held for share in self.shares}

    @property
    def short(self) -> dict[float, int]:
        """Templates that are short by a point, by level."""
        return self.count("is_short")

    @property
    def worst(self) -> dict[float, float]:
        """The least share held of a template, by level; of no templates nothing is said."""
        by_level = zip(*(one.shares for one in self.templates), strict=True)
        return {shares[0].level: min(share.held for share in shares) for shares in by_level}

    def count(self, what: str) -> dict[float, int]:
        """Templates of which a property of ``Share`` is true, by level."""
        return {
            level: sum(getattr(one.shares[place], what) for one in self.templates)
            for place, level in enumerate(LEVELS)
        }


def coverage(judged: Sequence[Judged], target: Target) -> Coverage:
    """Sum up; of no jobs nothing is said."""
    import numpy as np

    if not judged:
        return Coverage(0, (), {}, ())
    ratio = _over_actual(judged)
    held = ratio >= -_SAME
    below = np.zeros_like(held)
    found: list[OfTemplate] = []
    for kind, places in _by_kind(judged).items():
        took = np.array([judged[place].took for place in places])
        unit = unit_of(took, target)
        below[places] = held[places] & ~_met(took[:, None], ratio[places], unit)
        if len(places) >= FEWEST_OF_A_KIND:
            found.append(OfTemplate(kind, len(places), unit, _shares(held[places], below[places])))
    width = np.exp(np.median(ratio, axis=0))
    return Coverage(
        len(judged),
        _shares(held, below),
        dict(zip(LEVELS, width.tolist(), strict=True)),
        tuple(sorted(found, key=lambda one: one.shares[0].held)),
    )


def shares_held(judged: Sequence[Judged]) -> dict[float, float]:
    """The share of all that each bound held for, by level."""
    return dict(zip(LEVELS, held_by(judged).mean(axis=0).tolist(), strict=True))


def held_by(judged: Sequence[Judged]) -> Any:
    """Whether each bound held, a row for each job and a column for each level."""
    return _over_actual(judged) >= -_SAME


def _over_actual(judged: Sequence[Judged]) -> Any:
    """Logarithms of bound over actual, a row for each job."""
    import numpy as np

    bounds = np.array([one.bounds for one in judged])
    return bounds - np.array([one.actual for one in judged])[:, None]


def unit_of(took: Any, target: Target) -> float:
    """The unit that outcomes are recorded in, of ``UNITS``; 0 where they are multiples of none."""
    import numpy as np

    for unit in UNITS[target]:
        counted = took / unit
        if np.all(np.abs(counted - np.round(counted)) < _WHOLE):
            return float(unit)
    return 0.0


def _met(took: Any, ratio: Any, unit: float) -> Any:
    """Whether a bound that is not below says no more than what the job took.

    ratio: logarithm of the bound over what it took.
    """
    import numpy as np

    if not unit:
        return ratio <= _SAME
    bound = took * np.exp(np.minimum(ratio, 1.0))  # what is far above is not met, whatever it is
    return (ratio <= _SAME) | (np.floor(bound / unit + _WHOLE) <= np.round(took / unit))


def _by_kind(judged: Sequence[Judged]) -> dict[str, list[int]]:
    of_kind: dict[str, list[int]] = {}
    for place, one in enumerate(judged):
        of_kind.setdefault(one.kind, []).append(place)
    return of_kind


def _shares(held: Any, below: Any) -> tuple[Share, ...]:
    """By level, from arrays with a row for each job and a column for each level."""
    return tuple(
        Share(level, float(how.mean()), float(less.mean()), *interval(int(how.sum()), len(how)))
        for level, how, less in zip(LEVELS, held.T, below.T, strict=True)
    )


def interval(held: int, jobs: int) -> tuple[float, float]:
    """The shares that ``held`` of ``jobs`` are no surprise for, if jobs are independent."""
    from scipy.special import betaincinv

    half = _MISS_OF_INTERVAL / 2
    lower = betaincinv(held, jobs - held + 1, half) if held else 0.0
    upper = betaincinv(held + 1, jobs - held, 1 - half) if held < jobs else 1.0
    return float(lower), float(upper)
