"""What a site's policy says of a number of cards, planned now or saved with an earlier estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf
from typing import NamedTuple

from estimator.gpus.types import GpuType
from estimator.plan.reasons import limits as reasons
from estimator.plan.types import SiteLimit, SiteMeasure


@dataclass(frozen=True, slots=True)
class Cards:
    """``gpu_count`` cards in all, on ``nodes`` nodes; ``names`` of their type, for people first."""

    names: Sequence[str]
    gpu_count: int
    nodes: int


class Breach(NamedTuple):
    """How far beyond a limit (0.1: a tenth more than allowed; infinite for a type), and why."""

    excess: float
    reason: str


def names_of(gpu: GpuType) -> tuple[str, ...]:
    """What a policy may call a type: its name, its node label, its other names."""
    return (gpu.name, gpu.product_label, *gpu.aliases)


def breach_of(cards: Cards, limit: SiteLimit) -> Breach | None:
    """Whether the cards are more, or others, than the limit allows."""
    if limit.measure is SiteMeasure.GPU_TYPES:
        if _is_allowed(cards.names, limit.allow):
            return None
        return Breach(inf, reasons.gpu_type_not_allowed(cards.names[0], limit))
    taken, most = _taken(cards, limit.measure), limit.at_most
    if most is None or taken <= most:
        return None
    return Breach(taken / most - 1, reasons.beyond_policy(limit.measure, taken, most, limit.who))


def _taken(cards: Cards, measure: SiteMeasure) -> int:
    amounts = {
        SiteMeasure.GPUS: cards.gpu_count,
        SiteMeasure.NODES: cards.nodes,
        SiteMeasure.GPUS_PER_NODE: -(-cards.gpu_count // cards.nodes),
    }
    return amounts[measure]


def _is_allowed(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """By any of the names; capitals do not count."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in names for pattern in patterns)
