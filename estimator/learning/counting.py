"""Past jobs counted in the nodes of every kind that they are.

Millions of jobs come from thousands of kinds: which nodes count a job is worked out once for all
jobs of the same names, its bins for all jobs at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from estimator.learning.frames import Compared, Kinds, comparisons, kinds_of
from estimator.learning.node import EPOCH_SECONDS, Counted, Node
from estimator.learning.sketch import LAST_BIN, bins_of
from estimator.learning.state import Basis, Groups, Key, Level, State, is_plain, keys_of
from estimator.units import MIB

if TYPE_CHECKING:
    import pandas as pd


def observe_frame(state: State, frame: pd.DataFrame) -> int:
    """Count every job of a frame that ended; how many comparisons that made."""
    kinds = kinds_of(frame)
    found = list(comparisons(frame))
    for compared in found:
        observe(state, compared, kinds)
    return sum(len(compared.rows) for compared in found)


def observe(state: State, compared: Compared, kinds: Kinds) -> None:
    """Count jobs at every level: one addition for each node, epoch, bin and way to end."""
    import numpy as np

    if not len(compared.rows):
        return
    countable = _countable(compared, kinds)
    sums = _sums_of(compared)
    for level, keys, number_of in _levels(compared, countable.names):
        number = number_of[countable.same]
        there = np.flatnonzero(number >= 0)
        nodes = [state.node(key) for key in keys]
        bins = countable.plain if is_plain(compared.basis, level) else countable.ratio
        _add_cells(nodes, number[there], bins[there], countable.only(there))
        _add_sums(nodes, number[there], {name: values[there] for name, values in sums.items()})


class OneByOne:
    """Counts the jobs of one comparison as ``State.observe`` would, a few at a time."""

    def __init__(self, state: State, compared: Compared, kinds: Kinds) -> None:
        self._state = state
        self._compared = compared
        self._countable = _countable(compared, kinds)
        self._nodes: list[list[tuple[bool, Node]]] = [[] for _ in self._countable.names]

    def count(self, places: Any) -> None:
        """Count those at these places of the arrays."""
        for same, plain, ratio, second, killed, out in self._countable.only(places).rows():
            how = Counted.KILLED if killed else Counted.FINISHED
            for takes_plain, node in self._nodes[same] or self._found(same):
                node.add_at(plain if takes_plain else ratio, second, how)
                node.out_of_memory += out

    def _found(self, same: int) -> list[tuple[bool, Node]]:
        target, basis = self._compared.target, self._compared.basis
        counting = self._state.counting(target, basis, self._countable.names[same])
        self._nodes[same] = [(is_plain(basis, level), node) for level, node in counting]
        return self._nodes[same]


@dataclass(frozen=True, slots=True)
class _Countable:
    """Jobs ready to be counted: arrays of one entry each, whole numbers.

    same: which of ``names`` it has. plain, ratio: the bin of what it took, and of that over what
    was expected. second: the end, since 1970.
    """

    names: list[Groups]
    same: Any
    plain: Any
    ratio: Any
    second: Any
    killed: Any
    out_of_memory: Any

    def only(self, places: Any) -> _Countable:
        """Some of these jobs, by their place in the arrays."""
        return _Countable(self.names, *(column[places] for column in self._columns()))

    def rows(self) -> Iterator[tuple[int, int, int, int, bool, bool]]:
        """Job by job."""
        return zip(*(column.tolist() for column in self._columns()), strict=True)

    def _columns(self) -> tuple[Any, ...]:
        killed = (self.killed, self.out_of_memory)
        return (self.same, self.plain, self.ratio, self.second, *killed)


def _countable(compared: Compared, kinds: Kinds) -> _Countable:
    import numpy as np

    names, same = kinds.distinct(compared.rows)
    logs = np.log(compared.least)
    return _Countable(
        names,
        same,
        bins_of(logs),
        bins_of(logs - np.log(compared.expected)),
        np.floor(compared.ended).astype("int64"),
        compared.killed,
        compared.out_of_memory,
    )


def _levels(compared: Compared, names: list[Groups]) -> Iterator[tuple[Level, list[Key], Any]]:
    """Level, the keys of its nodes, and which of them counts the jobs of each of these names:
    -1 where there is none.
    """
    import numpy as np

    keys: dict[Level, dict[Key, int]] = {level: {} for level in Level}
    number_of = {level: np.full(len(names), -1) for level in Level}
    for place, groups in enumerate(names):
        for level, key in keys_of(compared.target, compared.basis, groups):
            number_of[level][place] = keys[level].setdefault(key, len(keys[level]))
    for level in Level:
        yield level, list(keys[level]), number_of[level]


def _add_cells(nodes: list[Node], number: Any, bins: Any, jobs: _Countable) -> None:
    """number: of the node of each job, bins: its bin."""
    import numpy as np

    epochs, epoch = np.unique(jobs.second // EPOCH_SECONDS, return_inverse=True)
    width = 2 * LAST_BIN + 1
    cell = ((number * len(epochs) + epoch) * 2 + jobs.killed) * width + bins + LAST_BIN
    cells, counts = np.unique(cell, return_counts=True)
    rest, bin_ = np.divmod(cells, width)
    rest, killed = np.divmod(rest, 2)
    owner, epoch = np.divmod(rest, len(epochs))
    columns = (owner, bin_ - LAST_BIN, epochs[epoch], killed, counts)
    for node, at, when, was_killed, count in zip(*(c.tolist() for c in columns), strict=True):
        how = Counted.KILLED if was_killed else Counted.FINISHED
        nodes[node].add_bin(at, when, how, count)


def _sums_of(compared: Compared) -> Mapping[str, Any]:
    """By name what is summed up of each job, in whole numbers; of ``last`` the largest counts."""
    import numpy as np

    timed = ~np.isnan(compared.seconds)
    run = np.where(timed, compared.seconds, 0.0)
    sized = timed & (compared.basis is Basis.REQUESTED)
    mib = np.round(np.where(sized, run * compared.expected / MIB, 0.0))
    sums = {
        "last": np.floor(compared.ended),
        "out": compared.out_of_memory,
        "timed": timed,
        "milliseconds": np.round(run * 1000),
        "sized": sized,
        "mib": mib,
    }
    return {name: values.astype("int64") for name, values in sums.items()}


def _add_sums(nodes: list[Node], number: Any, sums: Mapping[str, Any]) -> None:
    import numpy as np

    order = np.argsort(number, kind="stable")
    owners, starts = np.unique(number[order], return_index=True)
    columns = [
        (np.maximum if name == "last" else np.add).reduceat(values[order], starts).tolist()
        for name, values in sums.items()
    ]
    for node, last, out, *usage in zip(owners.tolist(), *columns, strict=True):
        nodes[node].out_of_memory += out
        nodes[node].usage.add_all(*usage)
        nodes[node].seen(last)
