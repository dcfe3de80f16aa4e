"""What the past jobs of the window teach about requests, and which templates are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from estimator.learning.counting import observe
from estimator.learning.frames import REQUESTED, comparisons, kinds_of
from estimator.learning.state import Basis, State
from estimator.records.types import Target
from estimator.report.advice.types import FEWEST
from estimator.report.jobs import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

MOST_LEARNT = 200_000
"""Jobs that advice is learnt from, the latest ones."""
MOST_TEMPLATES = 500
"""Templates that advice is given for, those with the most to save or lose."""
ASKED = (Target.HOST_MEMORY, Target.DEVICE_MEMORY, Target.DURATION)


def tells(frame: pd.DataFrame) -> Any:
    """Which jobs say what they asked for, of anything that advice is learnt about."""
    return frame[[REQUESTED[target] for target in ASKED]].notna().any(axis=1)


def learnt(frame: pd.DataFrame) -> State:
    """What the latest jobs teach, of those that say what they asked for."""
    state = State()
    part = frame[tells(frame)].sort_values("submitted", kind="stable").tail(MOST_LEARNT)
    part = part.reset_index(drop=True)
    if not len(part):
        return state
    kinds = kinds_of(part)
    for compared in comparisons(part):
        if compared.basis is Basis.REQUESTED and compared.target in ASKED:
            observe(state, compared, kinds)
    return state


def templates(
    frame: pd.DataFrame, column: str, more: Sequence[str], weight: Any
) -> Iterator[tuple[tuple[str, str], Any]]:
    """The templates (with their model) of most weight, and those of their jobs with a column.

    more: further columns of the jobs that are wanted.
    """
    known = (frame[column] > 0) & (frame["template"] != UNKNOWN)
    columns = list(dict.fromkeys(("template", "model", column, *more)))
    part = frame.loc[known, columns].assign(weight=weight[known].fillna(0.0))
    grouped = part.groupby(["template", "model"], observed=True)
    sizes = grouped.agg(jobs=("weight", "size"), weight=("weight", "sum"))
    sizes = sizes[sizes["jobs"] >= FEWEST].sort_values("weight", ascending=False)
    for key in sizes.head(MOST_TEMPLATES).index:
        yield (str(key[0]), str(key[1])), grouped.get_group(key)
