"""Fit the correction: ridge regression of ln(actual / prior), and its errors on jobs left out."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from estimator.records.fitted import (
    FEWEST,
    LEARNT_FROM,
    FittedCorrection,
    Level,
    NoHistory,
    TargetFit,
    model_key,
)
from estimator.records.types import Correction, ResidualSample, Target

__all__ = ["FittedCorrection", "NoHistory", "ResidualSample", "fit_correction", "load_or_fit"]

CACHE_FILE = "correction.json"

_MISS_RATE = 0.1
"""Share of jobs that may fall outside the interval."""
_MOST_SAMPLES = 2000
"""The newest jobs are used; more would cost time and say little more."""
_FEWEST_MODELS = 3
"""Below this many models nothing shows whether the fit holds for one more."""
_ABSURD = math.log(20.0)
"""A prediction off by more than this is a wrong unit or another job, not a residual."""
_SHRINKAGE = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 1000.0)
"""Values of k to choose from: n jobs of a group count n / (n + k); the last is no correction."""
_FORMAT = "2"
"""Part of the key of the cache: change it where the meaning of a cached fit changes."""


@dataclass(frozen=True, slots=True)
class _Residuals:
    """Jobs of one target, one entry each: ln(actual / prior), model, GPU type."""

    logs: tuple[float, ...]
    models: tuple[str, ...]
    gpus: tuple[str, ...]
    honest: tuple[bool, ...]


def fit_correction(samples: Sequence[ResidualSample]) -> FittedCorrection:
    """Learn from past jobs, oldest first; a target with too few of them stays uncorrected.

    ln(actual / prior) is regressed on indicators of the model and the GPU type and on a
    constant, with one ridge penalty k on all: a group of n jobs then counts n / (n + k). k is
    the one with the smallest leave-one-out error.
    """
    return FittedCorrection({target: _fit_target(samples, target) for target in Target})


def load_or_fit(samples: Sequence[ResidualSample], cache_folder: Path) -> Correction:
    """The correction of these samples, from the cache where it was fitted on the same ones.

    A cache that is damaged or of other samples is replaced; one that cannot be written is done
    without.
    """
    if not samples:
        return NoHistory()
    path, key = cache_folder / CACHE_FILE, _content_key(samples)
    cached = _read_cache(path, key)
    if cached is not None:
        return cached
    fitted = fit_correction(samples)
    with suppress(OSError):
        _write_cache(path, f"{key}\n{fitted.to_json()}")
    return fitted


def _fit_target(samples: Sequence[ResidualSample], target: Target) -> TargetFit:
    residuals = _residuals(samples, target)
    if len(residuals.logs) < FEWEST:
        return TargetFit(len(residuals.logs), 0.0, {}, {}, None, None, {})
    return _fit(residuals)


def _residuals(samples: Sequence[ResidualSample], target: Target) -> _Residuals:
    chosen = [
        (sample, log)
        for sample in samples
        if sample.target is target
        and sample.prior.source is LEARNT_FROM
        and abs(log := math.log(sample.actual / sample.prior.target)) <= _ABSURD
    ][-_MOST_SAMPLES:]
    return _Residuals(
        logs=tuple(log for _, log in chosen),
        models=tuple(model_key(sample.facts.model) for sample, _ in chosen),
        gpus=tuple(sample.facts.gpu for sample, _ in chosen),
        honest=tuple(not sample.seen_by_prior for sample, _ in chosen),
    )


def _fit(residuals: _Residuals) -> TargetFit:
    import numpy as np
    from sklearn.linear_model import RidgeCV

    models, gpus = Counter(residuals.models), Counter(residuals.gpus)
    indicators = np.column_stack(
        [
            np.ones(len(residuals.logs)),
            *(np.equal(residuals.models, name) for name in models),
            *(np.equal(residuals.gpus, name) for name in gpus),
        ]
    )
    logs = np.array(residuals.logs)
    ridge = RidgeCV(alphas=_SHRINKAGE, fit_intercept=False).fit(indicators, logs)
    shift, *shifts = map(float, ridge.coef_)
    left_out = _LeftOut.of(indicators, logs - ridge.predict(indicators), ridge.alpha_)
    each, plain = left_out.each(), residuals.logs
    helped = frozenset(
        model for model in models if _helps(*(_of(model, residuals, one) for one in (each, plain)))
    )
    known = [
        fitted if model in helped else prior
        for fitted, prior, model in zip(each, plain, residuals.models, strict=True)
    ]
    new = left_out.whole_groups(residuals.models)
    helps_new = len(models) >= _FEWEST_MODELS and _helps(new, plain)
    return TargetFit(
        count=len(logs),
        shift=shift,
        models=_levels(models, shifts[: len(models)]),
        gpus=_levels(gpus, shifts[len(models) :]),
        spread_known=_spread(known, residuals.honest),
        spread_new=_spread(new if helps_new else plain, residuals.honest),
        spread_of_model=_own_spreads(known, residuals),
        helped=helped,
        helps_new=helps_new,
    )


def _of(model: str, residuals: _Residuals, errors: Sequence[float]) -> list[float]:
    return [e for e, name in zip(errors, residuals.models, strict=True) if name == model]


def _helps(fitted: Sequence[float], plain: Sequence[float]) -> bool:
    return mean(map(abs, fitted)) < mean(map(abs, plain))


def _levels(counts: Mapping[str, int], shifts: Iterable[float]) -> dict[str, Level]:
    pairs = zip(counts.items(), shifts, strict=True)
    return {name: Level(shift, count) for (name, count), shift in pairs}


def _own_spreads(errors: Sequence[float], residuals: _Residuals) -> dict[str, float]:
    spreads = {}
    for model in set(residuals.models):
        mine = [
            honest and name == model
            for honest, name in zip(residuals.honest, residuals.models, strict=True)
        ]
        spread = _spread(errors, mine)
        if spread is not None:
            spreads[model] = spread
    return spreads


def _spread(errors: Sequence[float], counted: Sequence[bool]) -> float | None:
    """A bound that the magnitude of a new error keeps with probability 0.9.

    The ceil((n + 1) 0.9)-th smallest of n magnitudes (split conformal prediction, Vovk,
    Gammerman and Shafer 2005); None where n is below 9, too few to give one.
    """
    sizes = sorted(abs(error) for error, counts in zip(errors, counted, strict=True) if counts)
    rank = math.ceil((len(sizes) + 1) * (1 - _MISS_RATE))
    return sizes[rank - 1] if rank <= len(sizes) else None


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """Errors of a ridge regression on rows left out, without fitting it again.

    For a set B of rows, the errors are (I - H_BB)^-1 e_B, with H = X (X'X + kI)^-1 X' and e the
    errors of the full fit (Cook and Weisberg 1982, for least squares; the same algebra).
    """

    hat: Any
    errors: Any

    @classmethod
    def of(cls, indicators: Any, errors: Any, penalty: float) -> _LeftOut:
        import numpy as np

        gram = indicators.T @ indicators + penalty * np.eye(indicators.shape[1])
        return cls(indicators @ np.linalg.solve(gram, indicators.T), errors)

    def each(self) -> list[float]:
        """The error of each row by the fit without it."""
        return [float(error) for error in self.errors / (1 - self.hat.diagonal())]

    def whole_groups(self, groups: Sequence[str]) -> list[float]:
        """The error of each row by the fit without any row of its group."""
        import numpy as np

        left_out = np.empty(len(groups))
        for group in set(groups):
            rows = np.flatnonzero(np.equal(groups, group))
            block = np.eye(len(rows)) - self.hat[np.ix_(rows, rows)]
            left_out[rows] = np.linalg.solve(block, self.errors[rows])
        return [float(error) for error in left_out]


def _content_key(samples: Sequence[ResidualSample]) -> str:
    content = "\n".join([_FORMAT, *map(repr, samples)])
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def _read_cache(path: Path, key: str) -> FittedCorrection | None:
    with suppress(OSError, ValueError):
        cached_key, _, content = path.read_text("utf-8").partition("\n")
        if cached_key == key:
            return FittedCorrection.from_json(content)
    return None


def _write_cache(path: Path, content: str) -> None:
    """Write beside, then rename: another run sees the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
