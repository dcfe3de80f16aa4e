"""Has the world changed? Recent jobs of each kind against the earlier ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from estimator.learning.frames import Compared, Kinds
from estimator.learning.state import Basis
from estimator.records.types import Target

RECENT_SHARE = 0.25
"""The last quarter of a kind's jobs is held against the rest."""
FEWEST = 20
"""Kinds with fewer jobs are not tested: a quarter of them shows nothing."""
FALSE_ALARMS = 0.05
"""Share of false alarms among alarms (Benjamini and Hochberg 1995), over all kinds tested."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One kind of job whose recent jobs differ from its earlier ones.

    change: median of the recent over that of the earlier. recent, earlier: jobs. p: two-sided
    Mann-Whitney probability of a difference as large by chance. since: when the recent ones
    begin, seconds since 1970.
    """

    target: Target
    basis: Basis
    template: str
    model: str
    change: float
    recent: int
    earlier: int
    p: float
    since: float


def find_drift(compared: Compared, kinds: Kinds) -> tuple[int, tuple[Drift, ...]]:
    """How many kinds were tested, and those that changed, the largest change first."""
    tested = list(_tested(compared, kinds))
    changed = _significant(tested)
    return len(tested), tuple(sorted(changed, key=lambda one: -abs(one.change - 1)))


def _tested(compared: Compared, kinds: Kinds) -> Iterator[Drift]:
    import numpy as np

    rows = compared.rows
    names = kinds.kind[rows]
    by_name = np.lexsort((compared.ended, names.astype(str))).tolist()
    order = [place for place in by_name if not compared.killed[place] and names[place] != "\x1f"]
    start = 0
    for place in range(1, len(order) + 1):
        if place == len(order) or names[order[place]] != names[order[start]]:
            if place - start >= FEWEST:
                yield _compare(compared, kinds, order[start:place])
            start = place


def _compare(compared: Compared, kinds: Kinds, places: Sequence[int]) -> Drift:
    import numpy as np
    from scipy.stats import mannwhitneyu

    values = np.log(compared.least[places])
    if compared.basis is Basis.PREDICTED:
        values = values - np.log(compared.expected[places])
    cut = len(places) - max(1, round(len(places) * RECENT_SHARE))
    earlier, recent = values[:cut], values[cut:]
    p = 1.0 if np.ptp(values) == 0 else float(mannwhitneyu(recent, earlier).pvalue)
    row = int(compared.rows[places[0]])
    return Drift(
        compared.target,
        compared.basis,
        str(kinds.template[row]),
        str(kinds.model[row]),
        float(np.exp(np.median(recent) - np.median(earlier))),
        len(recent),
        len(earlier),
        p,
        float(compared.ended[places[cut]]),
    )


def _significant(tested: Sequence[Drift]) -> list[Drift]:
    """Benjamini and Hochberg: the largest rank k with p_(k) <= k / m of the rate allowed."""
    ordered = sorted(tested, key=lambda one: one.p)
    allowed: Any = [
        place
        for place, one in enumerate(ordered, 1)
        if one.p <= FALSE_ALARMS * place / len(ordered)
    ]
    return ordered[: max(allowed, default=0)]
