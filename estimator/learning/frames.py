"""Past jobs in frames of canonical columns, counted all at once."""

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
from estimator.learning.node import EPOCH_SECONDS, Counted
from estimator.learning.sketch import bins_of
from estimator.learning.state import (
    SINGLE,
    Basis,
    Groups,
    Key,
    Level,
    State,
    model_key,
)
from estimator.records.columns import ACTUAL, prediction_column
from estimator.records.types import Target
from estimator.units import MIB
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

    def groups(self, row: int) -> Groups:
        """Of one job."""
        named = (values[row] or None for values in (self.template, self.model, self.user, self.gpu))
        return Groups(*named)


def observe_frame(state: State, frame: pd.DataFrame) -> int:
    """Count every job of a frame that ended; how many comparisons that made."""
    kinds = kinds_of(frame)
    found = list(comparisons(frame))
    for compared in found:
        observe(state, compared, kinds)
    return sum(len(compared.rows) for compared in found)


def observe(state: State, compared: Compared, kinds: Kinds) -> None:
    """Count jobs at every level, grouped by name, part, epoch, bin and how they ended."""
    import numpy as np

    if not len(compared.rows):
        return
    epochs = (np.floor(compared.ended) // EPOCH_SECONDS).astype("int64")
    plain = bins_of(np.log(compared.least))
    ratio = bins_of(np.log(compared.least) - np.log(compared.expected))
    for level, names, parts, there in _levels(kinds, compared.rows):
        absolute = compared.basis is Basis.REQUESTED and level in SINGLE
        table = {
            "name": names[there],
            "part": parts[there],
            "epoch": epochs[there],
            "bin": (plain if absolute else ratio)[there],
            "killed": compared.killed[there],
        }
        _add_cells(state, compared, level, table)
        _add_sums(state, compared, level, table, there)


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


def _levels(kinds: Kinds, rows: Any) -> Iterator[tuple[Level, Any, Any, Any]]:
    """As ``state.levels_of``, for many jobs: level, names, parts, and which jobs have it."""
    import numpy as np

    kind, none = kinds.kind[rows], objects([""] * len(rows))
    template, model, user, gpu = (
        values[rows] for values in (kinds.template, kinds.model, kinds.user, kinds.gpu)
    )
    named = (template != "") | (model != "")
    yield Level.SAME, kind + "\x1f" + gpu, none, np.flatnonzero((gpu != "") & named)
    yield Level.TEMPLATE, kind, none, np.flatnonzero(template != "")
    yield Level.MODEL, model, none, np.flatnonzero(model != "")
    yield Level.USER, user, kind, np.flatnonzero(user != "")
    yield Level.GPU, gpu, kind, np.flatnonzero(gpu != "")
    yield Level.ALL, none, kind, np.arange(len(rows))


def _add_cells(state: State, compared: Compared, level: Level, table: Mapping[str, Any]) -> None:
    import pandas as pd

    frame = pd.DataFrame(dict(table))
    sizes = frame.groupby(list(table), sort=False).size().reset_index(name="count")
    for name, part, epoch, bin_, killed, count in sizes.itertuples(index=False, name=None):
        node = state.node(Key(compared.target, compared.basis, level, name, part))
        how = Counted.KILLED if killed else Counted.FINISHED
        node.add_bin(int(bin_), int(epoch), how, int(count))


def _add_sums(
    state: State, compared: Compared, level: Level, table: Mapping[str, Any], there: Any
) -> None:
    import numpy as np
    import pandas as pd

    seconds, timed = compared.seconds[there], ~np.isnan(compared.seconds[there])
    run = np.where(timed, seconds, 0.0)
    sized = timed & (compared.basis is Basis.REQUESTED)
    frame = pd.DataFrame(
        {
            "name": table["name"],
            "part": table["part"],
            "last": np.floor(compared.ended[there]).astype("int64"),
            "out": compared.out_of_memory[there].astype("int64"),
            "timed": timed.astype("int64"),
            "milliseconds": np.round(run * 1000).astype("int64"),
            "sized": sized.astype("int64"),
            "mib": np.round(np.where(sized, run * compared.expected[there] / MIB, 0.0)).astype(
                "int64"
            ),
        }
    )
    how = {"last": "max", **dict.fromkeys(("out", "timed", "milliseconds", "sized", "mib"), "sum")}
    sums = frame.groupby(["name", "part"], sort=False).agg(how)
    for (name, part), *values in sums.itertuples(name=None):
        last, out, *usage = map(int, values)
        node = state.node(Key(compared.target, compared.basis, level, name, part))
        node.out_of_memory += out
        node.usage.add_all(*usage)
        node.seen(last)
