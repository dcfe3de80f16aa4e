"""What past jobs say beyond their kind: how predictions are off by batch size, GPU count and size.

Shrinkage knows templates, models, users and GPU types. Trees are boosted on what it leaves over, a
mean with a monotonic constraint: neither a larger batch nor a larger prediction gets a smaller
correction, so that a plan with more never seems to need less. (A quantile would break the
constraint in silence.) They are kept only where they lower the error on later jobs, as plain
numbers, never as a pickle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estimator.records.types import JobFacts

FEWEST_JOBS = 500
"""Below this there is not enough data for more than means."""
HELD_BACK = 0.2
"""Share of the jobs, the latest, that decides whether the trees are kept."""
BETTER = 0.95
"""The median error must fall to this share of what it was, or less."""
_LARGEST = 1.0
"""Remainders beyond a factor of e are cut: they are other jobs, not a trend."""
_MONOTONE = (1, 0, 1, 0)
"""Of ``features_of``, in its order: 1 where the correction may only grow."""
_SETTINGS = {
    "learning_rate": 0.1,
    "max_iter": 60,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 40,
    "l2_regularization": 1.0,
    "early_stopping": False,
    "random_state": 0,
}


@dataclass(frozen=True, slots=True)
class Example:
    """One past job: its features, and the logarithm that shrinkage left over."""

    features: tuple[float, ...]
    remainder: float


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by number, the root first: left and right are numbers of nodes, 0 at a leaf.

    A value at or below the threshold goes left, a missing one where ``missing_left`` says.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    missing_left: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]

    def at(self, features: Sequence[float]) -> float:
        """The value of the leaf that these features lead to."""
        node = 0
        while self.left[node]:
            value = features[self.feature[node]]
            goes_left = (
                self.missing_left[node] if math.isnan(value) else value <= self.threshold[node]
            )
            node = self.left[node] if goes_left else self.right[node]
        return self.value[node]


@dataclass(frozen=True, slots=True)
class Forest:
    """Boosted trees, whose values add up to the base."""

    base: float
    trees: tuple[Tree, ...]

    def at(self, features: Sequence[float]) -> float:
        """The value of these features."""
        return self.base + sum(tree.at(features) for tree in self.trees)


@dataclass(frozen=True, slots=True)
class Boost:
    """Trees that help. before, after: median error on ``jobs`` later jobs without and with them."""

    forest: Forest
    before: float
    after: float
    jobs: int

    def shift(self, features: Sequence[float]) -> float:
        """The logarithm to add to what shrinkage says."""
        return self.forest.at(features)


def features_of(facts: JobFacts, expected: float) -> tuple[float, ...]:
    """Logarithms of batch size, GPU count and what was expected, and whether it trains in half
    precision; NaN where not known.
    """
    half = math.nan if facts.precision is None else float(facts.precision != "fp32")
    return (_log(facts.per_device_batch_size), _log(facts.gpu_count), _log(expected), half)


def boosted(examples: Sequence[Example]) -> Boost | None:
    """Trees fitted on jobs in order of time; None where they do not help on the latest."""
    if len(examples) < FEWEST_JOBS:
        return None
    cut = int(len(examples) * (1 - HELD_BACK))
    tried = _fit(examples[:cut])
    later = examples[cut:]
    before = _median([abs(one.remainder) for one in later])
    after = _median([abs(one.remainder - tried.at(one.features)) for one in later])
    if after > BETTER * before:
        return None
    return Boost(_fit(examples), before, after, len(later))


def _fit(examples: Sequence[Example]) -> Forest:
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    features = np.array([one.features for one in examples])
    features[:, np.isnan(features).all(axis=0)] = 0.0  # scikit-learn has no bins for nothing
    remainders = np.clip([one.remainder for one in examples], -_LARGEST, _LARGEST)
    model = HistGradientBoostingRegressor(monotonic_cst=list(_MONOTONE), **_SETTINGS)
    with threadpool_limits(1):  # a few thousand rows: threads that wait for each other cost more
        model.fit(features, remainders)
    trees = tuple(_tree(stage[0].nodes) for stage in model._predictors)
    return Forest(float(model._baseline_prediction.ravel()[0]), trees)


def _tree(nodes: Any) -> Tree:
    """A tree of scikit-learn, whose leaves have children 0."""
    return Tree(
        tuple(map(int, nodes["feature_idx"])),
        tuple(float(value) if math.isfinite(value) else 0.0 for value in nodes["num_threshold"]),
        tuple(map(int, nodes["missing_go_to_left"])),
        tuple(map(int, nodes["left"])),
        tuple(map(int, nodes["right"])),
        tuple(map(float, nodes["value"])),
    )


def to_plain(boosts: Mapping[Any, Boost]) -> dict[str, Any]:
    """As JSON can carry them, by the name of the target."""
    return {
        str(target): {
            "base": one.forest.base,
            "before": one.before,
            "after": one.after,
            "jobs": one.jobs,
            "trees": [
                [list(getattr(tree, name)) for name in _COLUMNS] for tree in one.forest.trees
            ],
        }
        for target, one in sorted(boosts.items())
    }


def from_plain(plain: Mapping[str, Any]) -> dict[str, Boost]:
    """Read ``to_plain`` back. Raises ValueError for trees that lead nowhere or in circles."""
    return {
        name: Boost(_forest(one), float(one["before"]), float(one["after"]), int(one["jobs"]))
        for name, one in plain.items()
    }


def _forest(plain: Mapping[str, Any]) -> Forest:
    trees = tuple(_checked(Tree(*map(tuple, columns))) for columns in plain["trees"])
    return Forest(float(plain["base"]), trees)


_COLUMNS = tuple(Tree.__dataclass_fields__)


def _checked(tree: Tree) -> Tree:
    count = len(tree.left)
    if not count or any(len(getattr(tree, name)) != count for name in _COLUMNS):
        raise ValueError("a tree's columns are not of one length")
    for node, (left, right) in enumerate(zip(tree.left, tree.right, strict=True)):
        is_leaf = left == right == 0
        if not is_leaf and not (node < left < count and node < right < count):
            raise ValueError("a tree leads nowhere")
        if not is_leaf and not 0 <= tree.feature[node] < len(_MONOTONE):
            raise ValueError("a tree asks for a feature that is not there")
    return tree


def _log(value: float | None) -> float:
    return math.log(value) if value is not None and value > 0 else math.nan


def _median(values: Sequence[float]) -> float:
    import numpy as np

    return float(np.median(values))
