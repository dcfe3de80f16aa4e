"""What past jobs say about a prediction: how far off it was, and how sure one can be."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from estimator.records.types import JobFacts, Target
from estimator.values import Bounded, Source

FEWEST = 5
"""Below this many jobs of a target the prior stays: it is early corrections that go wrong."""

LEARNT_FROM = Source.VIRTUAL
"""The kind of prediction that past jobs are held against."""

_WHAT = {
    Target.DEVICE_MEMORY: "device memory",
    Target.HOST_MEMORY: "host memory",
    Target.STEP_TIME: "step time",
    Target.DURATION: "duration",
}


def model_key(name: str) -> str:
    """One spelling of a model's name: ``ResNet-50`` and ``resnet50`` are the same model."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


@dataclass(frozen=True, slots=True)
class Level:
    """What one model or GPU type adds to ln(actual / prior), and from how many jobs."""

    shift: float
    count: int


@dataclass(frozen=True, slots=True)
class TargetFit:
    """The fit of one target; all values but counts are natural logarithms of actual / prior.

    spread_known, spread_new: half width of the interval for a model that is in the history, and
    for one that is not; None where too few jobs support one. spread_of_model: half width by
    model, only for models with enough jobs of their own to stand alone. helped: the
    models whose own jobs, each left out in turn, come out nearer with the fit than without;
    helps_new: whether whole models left out do. The shifts are used for those alone.
    """

    count: int
    shift: float
    models: Mapping[str, Level]
    gpus: Mapping[str, Level]
    spread_known: float | None
    spread_new: float | None
    spread_of_model: Mapping[str, float]
    helped: frozenset[str] = frozenset()
    helps_new: bool = False

    def __post_init__(self) -> None:
        levels = (*self.models.values(), *self.gpus.values())
        shifts = (self.shift, *(level.shift for level in levels))
        spreads = (self.spread_known or 0.0, self.spread_new or 0.0, *self.spread_of_model.values())
        if not all(map(math.isfinite, (*shifts, *spreads))) or min(spreads) < 0:
            raise ValueError("a fit holds finite shifts, and spreads of at least 0")


@dataclass(frozen=True, slots=True)
class NoHistory:
    """The correction of someone who has no past jobs: none."""

    why: str = "no past jobs to learn from"

    def correct(self, target: Target, facts: JobFacts, prior: Bounded[float]) -> Bounded[float]:
        """The prior, with a reason that says why it was not corrected."""
        return _uncorrected(prior, self.why)


@dataclass(frozen=True, slots=True)
class FittedCorrection:
    """Residuals of past jobs, shrunk along model < GPU type < all; made by ``fit_correction``."""

    fits: Mapping[Target, TargetFit]

    def correct(self, target: Target, facts: JobFacts, prior: Bounded[float]) -> Bounded[float]:
        """The prior moved by what jobs like this one were off, and the interval they support.

        Device memory never goes below the lower bound of the prior: the allocator was seen to
        take that much. Only what was predicted with ``LEARNT_FROM`` is corrected: a measured
        value needs no correction, and other ways to predict are off by other amounts.
        """
        if prior.source is not LEARNT_FROM:
            return _uncorrected(prior, f"past jobs say how far {LEARNT_FROM} predictions are off")
        fit = self.fits.get(target)
        count = fit.count if fit else 0
        if fit is None or count < FEWEST:
            what = _WHAT[target]
            return _uncorrected(prior, f"{count} past jobs with {what}, {FEWEST} are needed")
        if not 0 < prior.target < math.inf:
            return _uncorrected(prior, "nothing to scale")
        return _moved(fit, target, facts, prior)

    def to_json(self) -> str:
        """The fit as plain numbers."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False, default=sorted)

    @classmethod
    def from_json(cls, text: str) -> FittedCorrection:
        """Read :meth:`to_json` back. Raises ValueError for anything else."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_json(text)


def _moved(
    fit: TargetFit, target: Target, facts: JobFacts, prior: Bounded[float]
) -> Bounded[float]:
    key = model_key(facts.model)
    model = fit.models.get(key, Level(0.0, 0))
    gpu = fit.gpus.get(facts.gpu, Level(0.0, 0))
    helps = key in fit.helped if key in fit.models else fit.helps_new
    centre = prior.target * (math.exp(fit.shift + model.shift + gpu.shift) if helps else 1.0)
    if target is Target.DEVICE_MEMORY:
        centre = max(centre, prior.lower)
    change = f"{centre / prior.target - 1:+.1%}" if helps else "no better than the prediction"
    below, above = _sides(fit, key, prior)
    return Bounded(
        target=centre,
        lower=centre * below,
        upper=centre * above,
        source=Source.REGRESSED,
        reason=f"{prior.reason}; {_evidence(fit, model, gpu, facts)}: {change}",
    )


def _sides(fit: TargetFit, key: str, prior: Bounded[float]) -> tuple[float, float]:
    """Lower and upper over target: the prior's own, wider or narrower as the past jobs say.

    Narrower only where jobs of this very model support it.
    """
    own = fit.spread_of_model.get(key)
    if own is not None:
        return math.exp(-own), math.exp(own)
    spread = (fit.spread_known if key in fit.models else fit.spread_new) or 0.0
    below, above = prior.lower / prior.target, prior.upper / prior.target
    return min(below, math.exp(-spread)), max(above, math.exp(spread))


def _evidence(fit: TargetFit, model: Level, gpu: Level, facts: JobFacts) -> str:
    return (
        f"held against {fit.count} past jobs, {model.count} of {facts.model}, "
        f"{gpu.count} on {facts.gpu}"
    )


def _uncorrected(prior: Bounded[float], why: str) -> Bounded[float]:
    return replace(prior, reason=f"{prior.reason}; not corrected by history: {why}")
