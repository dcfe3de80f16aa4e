"""Where past jobs to learn from come from, as one frame of canonical columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from estimator.errors import BadInput
from estimator.learning.frames import needed_columns
from estimator.messages import sentence
from estimator.records.mapping import ColumnMap, read_mapped
from estimator.records.reading.problems import Tally

if TYPE_CHECKING:
    import pandas as pd


def frame_of_files(paths: Sequence[Path], mapping: ColumnMap, tally: Tally) -> pd.DataFrame:
    """The jobs of files with tables. Raises BadInput where one cannot be read or all are empty."""
    import pandas as pd

    wanted = set(needed_columns())
    parts = []
    for path in paths:
        for frame in read_mapped(path, mapping, tally):
            parts.append(frame[[name for name in frame.columns if name in wanted]])
    if not any(len(part) for part in parts):
        raise BadInput(
            sentence("there is no job in these files"),
            where=", ".join(map(str, paths)),
            hint="paddle-estimate history import --help",
        )
    return pd.concat(parts, ignore_index=True)
