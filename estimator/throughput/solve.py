"""Fit the step-time coefficients on published training runs, from priors."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

from estimator.throughput.coefficients import Coefficients, parse_coefficients
from estimator.throughput.multi_gpu import predict_efficiency
from estimator.throughput.published import Published, PublishedRun, ScalingRun
from estimator.throughput.roofline import device_seconds

PRIORS_FILE = Path(__file__).with_name("priors.yaml")
_TAIL_COVERAGE = 0.95
"""Share of rows that stay on the right side of each end of the interval: 0.9 for both ends."""
_SCALING_SPREAD = 0.05
"""Standard deviation of a published scaling efficiency that the fit allows for."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted coefficients, and ln(measured / predicted) by run of fits that did not see its
    model, its chip, either, or its stack. unseen_scaling: the same of scaling efficiencies without
    the model, measured less predicted.
    """

    document: Document
    unseen_model: Mapping[str, float]
    unseen_chip: Mapping[str, float]
    unseen_both: Mapping[str, float]
    unseen_stack: Mapping[str, float]
    unseen_scaling: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Priors:
    """Coefficients before the fit, and how far the fit may move which of them."""

    document: Document
    spreads: Mapping[str, float]

    def moved(self, logs: Sequence[float]) -> Coefficients:
        """The coefficients with each fitted one multiplied by exp(log)."""
        return parse_coefficients(self.document_moved(logs))

    def document_moved(self, logs: Sequence[float]) -> Document:
        """The same as plain data."""
        document = copy.deepcopy(self.document)
        for path, log in zip(self.spreads, logs, strict=True):
            *outer, last = path.split(".")
            place = document
            for key in outer:
                place = place[key]
            place[last] = place[last] * math.exp(log)
        return document

    def only(self, wanted: Callable[[str], bool]) -> Priors:
        """The same priors with fewer fitted coefficients."""
        return Priors(self.document, {k: v for k, v in self.spreads.items() if wanted(k)})


def read_priors(path: Path = PRIORS_FILE) -> Priors:
    """Priors of the file that ships with the package."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Priors(raw["coefficients"], raw["fitted"])


def predicted_seconds(run: PublishedRun, coefficients: Coefficients) -> float:
    """Device time of the published workload with its stack; every published row is bound by the
    device.
    """
    seconds = sum(device_seconds(run.profile, run.gpu, coefficients).values())
    return seconds * coefficients.stacks.get(run.stack, 1.0)


def log_error(run: PublishedRun, coefficients: Coefficients) -> float:
    """ln(measured / predicted) step time: positive where the prediction is too fast."""
    return math.log(run.step_seconds / predicted_seconds(run, coefficients))


def solve(priors: Priors, residuals: Callable[[Coefficients], list[float]]) -> list[float]:
    """Most probable logs: least squares of the residuals and of the way from the priors."""
    from scipy.optimize import least_squares

    spreads = list(priors.spreads.values())

    def objective(logs: Sequence[float]) -> list[float]:
        away = [log / spread for log, spread in zip(logs, spreads, strict=True)]
        return away + residuals(priors.moved(logs))

    start = [0.0] * len(spreads)
    return list(least_squares(objective, start, loss="soft_l1", f_scale=2.0).x)


def fit_single(priors: Priors, runs: Sequence[PublishedRun]) -> list[float]:
    """Logs of the single-GPU coefficients over their priors."""
    return solve(priors, lambda numbers: [log_error(run, numbers) / run.spread for run in runs])


def fit_scaling(priors: Priors, runs: Sequence[ScalingRun]) -> list[float]:
    """Logs of the scaling coefficients over their priors."""
    return solve(
        priors, lambda numbers: [scaling_error(run, numbers) / _SCALING_SPREAD for run in runs]
    )


def scaling_error(run: ScalingRun, coefficients: Coefficients) -> float:
    """Measured less predicted scaling efficiency."""
    return run.efficiency - predict_efficiency(run.job, coefficients.scaling).target


Run = TypeVar("Run", PublishedRun, ScalingRun)


@dataclass(frozen=True, slots=True)
class Way(Generic[Run]):
    """How runs of one kind are fitted, and the error of one by a fit."""

    fit: Callable[[Priors, Sequence[Run]], list[float]]
    error: Callable[[Run, Coefficients], float]


_SINGLE = Way(fit_single, log_error)
_SCALING = Way(fit_scaling, scaling_error)


def leave_out(
    way: Way[Run], priors: Priors, runs: Sequence[Run], related: Callable[[Run, Run], bool]
) -> dict[str, float]:
    """The error of every run by a fit that saw no run related to it."""
    errors: dict[str, float] = {}
    fits: dict[tuple[str, ...], Coefficients] = {}
    for run in runs:
        rest = [other for other in runs if not related(run, other)]
        key = tuple(other.label for other in rest)
        if key not in fits:
            fits[key] = priors.moved(way.fit(priors, rest))
        errors[run.label] = way.error(run, fits[key])
    return errors


def quantile(errors: Iterable[float]) -> float:
    """A bound that a new error of the same kind stays below with probability 0.95, at least 0.

    The ceil(0.95 (n + 1))-th smallest of n errors (split conformal prediction, Vovk, Gammerman
    and Shafer 2005), the largest where n is too small for that.
    """
    ordered = sorted(errors)
    rank = min(len(ordered), math.ceil(_TAIL_COVERAGE * (len(ordered) + 1)))
    return max(0.0, ordered[rank - 1])


def fit_all(priors: Priors, published: Published) -> Fit:
    """Fit everything and measure what the fit gets wrong on rows it did not see."""
    runs = published.of("fit")
    single = priors.only(lambda path: not path.startswith("scaling."))
    chip_of = parse_coefficients(priors.document).chip_of
    document = single.document_moved(fit_single(single, runs))
    unseen = partial(leave_out, _SINGLE, single, runs)
    several = [run for run in published.scaling if run.use == "fit"]
    fit = Fit(
        document=document,
        unseen_model=unseen(lambda a, b: a.model == b.model),
        unseen_chip=unseen(lambda a, b: chip_of(a.gpu) == chip_of(b.gpu)),
        unseen_both=unseen(lambda a, b: a.model == b.model or chip_of(a.gpu) == chip_of(b.gpu)),
        unseen_stack=unseen(lambda a, b: a.stack == b.stack),
        unseen_scaling=leave_out(
            _SCALING, _of_scaling(priors), several, lambda a, b: a.model == b.model
        ),
    )
    interval = document["interval"] | _interval(fit, published)
    scaling = _scaling(priors, published.scaling)
    return replace(fit, document=document | {"interval": interval, "scaling": scaling})


def paddle_errors(fit: Fit, published: Published) -> list[float]:
    """Errors on every Paddle row, by a fit that did not see its model."""
    numbers = parse_coefficients(fit.document)
    checked = [log_error(run, numbers) for run in published.of("check")]
    return [*fit.unseen_model.values(), *checked]


def _interval(fit: Fit, published: Published) -> Document:
    """Spreads from errors on rows that the fit did not see."""
    numbers = parse_coefficients(fit.document)
    seen = _spread(paddle_errors(fit, published))
    torch = [log_error(run, numbers) for run in published.of("torch")]
    unseen = _spread([*fit.unseen_both.values(), *torch])
    runs = published.of("fit")
    return {
        "seen": seen,
        "unseen": {side: max(seen[side], unseen[side]) for side in seen},
        "seen_chips": sorted({numbers.chip_of(run.gpu) for run in runs}),
        "covered_classes": sorted(_covered(runs, numbers)),
    }


def _spread(errors: Sequence[float]) -> dict[str, float]:
    return {"faster": quantile(-error for error in errors), "slower": quantile(errors)}


def coverage(errors: Sequence[float]) -> float:
    """Share of the errors that lie inside the interval made from all the others."""
    hits = 0
    for index, error in enumerate(errors):
        others = _spread([*errors[:index], *errors[index + 1 :]])
        hits += -others["faster"] <= error <= others["slower"]
    return hits / len(errors)


def _covered(runs: Iterable[PublishedRun], numbers: Coefficients) -> set[str]:
    """Kernel classes that take at least a hundredth of some published step."""
    covered = set()
    for run in runs:
        seconds = device_seconds(run.profile, run.gpu, numbers)
        total = sum(seconds.values())
        covered |= {kind.value for kind, time in seconds.items() if time >= total / 100}
    return covered


def _of_scaling(priors: Priors) -> Priors:
    return priors.only(lambda path: path.startswith("scaling."))


def _scaling(priors: Priors, runs: Sequence[ScalingRun]) -> Document:
    """The fitted scaling numbers, with an interval from the rows on one node."""
    scaling = _of_scaling(priors)
    numbers = scaling.moved(fit_scaling(scaling, [run for run in runs if run.use == "fit"]))
    errors = [scaling_error(run, numbers) for run in runs if run.job.nodes == 1]
    sides = {"points_below": quantile(-e for e in errors), "points_above": quantile(errors)}
    return asdict(numbers.scaling) | sides
