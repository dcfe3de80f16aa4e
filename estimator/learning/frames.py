"""Past jobs in frames of canonical columns, held against what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from estimator.learning.arrays import (
    moments_of_end,
    moments_of_submission,
    numbers,
    objects,
    text,
)
from estimator.learning.ending import Ending, ending_of
from estimator.learning.state import Basis, Groups, model_key
from estimator.records.columns import ACTUAL, prediction_column
from estimator.records.types import Target
from estimator.values import Source

if TYPE_CHECKING:
    import pandas as pd

REQUESTED: Mapping[Target, str] = {
    Target.HOST_MEMORY: "requested_memory_bytes",
    Target.DEVICE_MEMORY: "requested_gpu_memory_bytes",
    Target.DURATION: "requested_duration_s",
}
"""The column that holds what was asked for; nobody asks for a step time."""

LEARNT_FROM = Source.VIRTUAL
"""The kind of prediction that past jobs are held against: others are off by other amounts."""

ABSURD = math.log(20.0)
"""A prediction off by more than this is a wrong unit or another job, not a residual."""

_TEXTS = ("template", "model", "user", "gpu", "status", "exit_reason")
_MOMENTS = ("submitted_at", "created_at", "finished_at")


def needed_columns() -> tuple[str, ...]:
    """The columns that learning reads."""
    priors = (
        prediction_column("prior", target, part)
        for target in Target
        for part in ("target", "lower", "upper", "source")
    )
    return (
        *_TEXTS,
        *_MOMENTS,
        *ACTUAL.values(),
        *REQUESTED.values(),
        *priors,
        "per_device_batch_size",
        "gpu_count",
        "precision",
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """Jobs of one target and basis: arrays of one entry each, in the order of the frame.

    rows: their place in the frame. submitted, ended: seconds since 1970. expected, least: in the
    unit of the target; least is what the job took, or at least took where ``killed``. seconds: of
    running, NaN where not known. below, above: the interval of the prediction as logarithms of
    ratios.
    """

    target: Target
    basis: Basis
    rows: Any
    submitted: Any
    expected: Any
    least: Any
    ended: Any
    killed: Any
    out_of_memory: Any
    seconds: Any
    below: Any
    above: Any

    def only(self, places: Any) -> Compared:
        """Some of these jobs, by their place in the arrays."""
        arrays = [field.name for field in fields(self) if field.name not in ("target", "basis")]
        return replace(self, **{name: getattr(self, name)[places] for name in arrays})


@dataclass(frozen=True, slots=True)
class Kinds:
    """Names of every job of a frame, as arrays of text; empty where not known."""

    template: Any
    model: Any
    user: Any
    gpu: Any

    @property
    def kind(self) -> Any:
        """As ``state.kind_of``."""
        return self.template + "\x1f" + self.model

    def kind_of(self, row: int) -> str:
        """Of one job."""
        return f"{self.template[row]}\x1f{self.model[row]}"

    def distinct(self, rows: Any) -> tuple[list[Groups], Any]:
        """The different names of some jobs, in order of appearance, and which of them each has."""
        import numpy as np
        import pandas as pd

        same = np.zeros(len(rows), dtype="int64")
        for values in (self.template, self.model, self.user, self.gpu):
            codes, found = pd.factorize(values[rows])
            same = pd.factorize(same * (len(found) + 1) + codes)[0]
        first = np.unique(same, return_index=True)[1]
        return [self.groups(int(row)) for row in rows[first]], same

    def groups(self, row: int) -> Groups:
        """Of one job."""
        named = (values[row] or None for values in (self.template, self.model, self.user, self.gpu))
        return Groups(*named)


def kinds_of(frame: pd.DataFrame) -> Kinds:
    """Who ran what where."""
    models = text(frame, "model")
    spelled = {name: model_key(name) for name in set(models)}
    return Kinds(
        text(frame, "template"),
        objects([spelled[name] for name in models]),
        text(frame, "user"),
        text(frame, "gpu"),
    )


def comparisons(frame: pd.DataFrame) -> Iterator[Compared]:
    """What can be held against a prediction or a request, target by target."""
    endings = _endings(frame)
    for target, actual in ACTUAL.items():
        if actual not in frame:
            continue
        for basis, column in (
            (Basis.PREDICTED, prediction_column("prior", target, "target")),
            (Basis.REQUESTED, REQUESTED.get(target, "")),
        ):
            if column in frame:
                yield _compared(frame, target, basis, column, endings)


def _compared(
    frame: pd.DataFrame, target: Target, basis: Basis, column: str, endings: Any
) -> Compared:
    import numpy as np

    actual = frame[ACTUAL[target]].to_numpy("float64")
    expected = frame[column].to_numpy("float64")
    limit = numbers(frame, REQUESTED.get(target, ""))
    out = (endings == Ending.OUT_OF_MEMORY) & (target in _MEMORIES)
    with np.errstate(invalid="ignore", divide="ignore"):
        least = np.where(out, np.fmax(actual, limit), actual)
        ended = moments_of_end(frame)
        known = (least > 0) & (expected > 0) & np.isfinite(least) & np.isfinite(expected)
        known &= np.isfinite(ended)
        if basis is Basis.PREDICTED:
            known &= np.abs(np.log(least / expected)) <= ABSURD
            known &= text(frame, prediction_column("prior", target, "source")) == LEARNT_FROM.value
    rows = np.flatnonzero(known)
    below, above = _interval(frame, target, basis, expected)
    return Compared(
        target,
        basis,
        rows,
        np.fmin(moments_of_submission(frame), ended)[rows],
        expected[rows],
        least[rows],
        ended[rows],
        (endings != Ending.BY_ITSELF)[rows],
        out[rows],
        numbers(frame, "duration_s")[rows],
        below[rows],
        above[rows],
    )


_MEMORIES = (Target.DEVICE_MEMORY, Target.HOST_MEMORY)


def _interval(frame: pd.DataFrame, target: Target, basis: Basis, expected: Any) -> tuple[Any, Any]:
    import numpy as np

    if basis is Basis.REQUESTED:
        return np.zeros(len(frame)), np.zeros(len(frame))
    sides = []
    for part, sign in (("lower", -1.0), ("upper", 1.0)):
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = numbers(frame, prediction_column("prior", target, part)) / expected
            width = sign * np.log(ratio)
        sides.append(np.clip(np.nan_to_num(width, nan=0.0, posinf=ABSURD), 0.0, ABSURD))
    return sides[0], sides[1]


def _endings(frame: pd.DataFrame) -> Any:
    pairs = list(zip(text(frame, "status"), text(frame, "exit_reason"), strict=True))
    meant = {pair: ending_of(*pair) for pair in set(pairs)}
    return objects([meant[pair] for pair in pairs])
