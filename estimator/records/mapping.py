"""A table of another system as facts of jobs: which column is which field, in which unit.

``--map FIELD=COLUMN[:UNIT]``: FIELD is a fact of ``columns.FACTS`` (its unit may be left out:
``duration``), UNIT what the column is written in: ``MiB``, ``ms``, or for dates a time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.columns import FACTS, Column, Kind, fact_column
from estimator.records.reading.cells import parse_cells
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import RawChunk, TableFile, read_table
from estimator.records.reading.units import is_unit, unit_names

if TYPE_CHECKING:
    import pandas as pd

ROW_COLUMNS = ("place", "digest", "problems")
"""Beside the facts in a mapped frame: file and line of the row, 128 bits of hex that stand for
all of its cells, and the values that were refused (text, one a line) or None."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Where one fact is found. unit: empty for the fact's own unit."""

    column: Column
    source: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where the facts are found; constants: facts that are the same for every row, as text."""

    fields: tuple[FieldMap, ...]
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the file that are needed, each once."""
        return tuple(dict.fromkeys(one.source for one in self.fields))


def parse_mapping(pairs: Iterable[str], constants: Iterable[str] = ()) -> ColumnMap:
    """The map that ``FIELD=COLUMN[:UNIT]`` and ``FIELD=VALUE`` words describe.

    Raises BadInput for a field that is not known or given twice, and for a word without ``=``.
    """
    fields = tuple(map(_field_map, pairs))
    fixed = dict(_constant(pair) for pair in constants)
    names = [*(one.column.name for one in fields), *fixed]
    for name in names:
        if names.count(name) > 1:
            what = sentence("the field '{name}' is mapped twice", name=name)
            raise BadInput(what, where="--map", hint=sentence("map it once"))
    return ColumnMap(fields, fixed)


def read_mapped(
    path: Path | TableFile, mapping: ColumnMap, tally: Tally | None = None
) -> Iterator[pd.DataFrame]:
    """The facts of a CSV, JSON or Parquet file, in frames of at most CHUNK_ROWS rows.

    Columns: the mapped facts in the types that ``columns`` documents, and ROW_COLUMNS.
    duration_s and finished_at are worked out where they are not mapped and the other times tell.
    A row that cannot be read is skipped, a value that cannot be true is missing; both are
    counted in ``tally``. Raises BadInput where the file cannot be read.
    """
    file = TableFile(path) if isinstance(path, Path) else path
    counts = tally if tally is not None else Tally()
    for chunk in read_table(file, mapping.sources, counts):
        frame = mapped(chunk, mapping, counts)
        counts.taken += len(frame)
        yield frame


def _field_map(pair: str) -> FieldMap:
    name, source = _split(pair, "FIELD=COLUMN[:UNIT]")
    column = _fact(name)
    before, colon, unit = source.rpartition(":")
    if colon and before and is_unit(unit, column.kind):
        return FieldMap(column, before, unit)
    if before and unit.isalpha() and len(unit) <= _LONGEST_UNIT and column.kind is not Kind.TEXT:
        what = sentence("'{unit}' is no unit of {field}", unit=unit, field=column.name)
        raise BadInput(what, where="--map", hint=unit_names(column.kind))
    return FieldMap(column, source)


_LONGEST_UNIT = 5
"""Letters behind a colon, up to this many, are meant as a unit; more belong to a column's name."""


def _constant(pair: str) -> tuple[str, str]:
    name, value = _split(pair, "FIELD=VALUE")
    return _fact(name).name, value


def _split(pair: str, form: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name.strip() or not value:
        what = sentence("'{pair}' is not {form}", pair=pair, form=form)
        raise BadInput(what, where="--map", hint="--map user=owner")
    return name.strip(), value


def _fact(name: str) -> Column:
    from difflib import get_close_matches

    column = fact_column(name)
    if column is None:
        near = get_close_matches(name, FACTS, 3, 0.5) or list(FACTS)
        what = sentence("'{name}' is no field of a record", name=name)
        hint = sentence("one of {names}", names=tuple(near))
        raise BadInput(what, where="--map", hint=hint)
    return column


def mapped(chunk: RawChunk, mapping: ColumnMap, tally: Tally) -> pd.DataFrame:
    """The facts of one chunk; what cannot be true is missing, counted and kept as text."""
    import pandas as pd

    cells = chunk.cells.reset_index(drop=True)
    refusals = Refusals(chunk.places, tally)
    frame = pd.DataFrame(index=cells.index)
    for one in mapping.fields:
        frame[one.column.name] = refusals.parsed(cells[one.source], one.column, one.unit)
    for name, value in mapping.constants.items():
        fixed = pd.Series([value] * len(cells), index=cells.index, dtype=object)
        frame[name] = refusals.parsed(fixed, FACTS[name], "")
    _relate_times(frame, refusals)
    frame["place"] = pd.Series(chunk.places, dtype=object)
    frame["digest"] = pd.Series(chunk.digests, dtype=object)
    frame["problems"] = refusals.by_row(len(frame))
    return _without_empty(frame, tally)


class Refusals:
    """The values of one chunk that were refused: counted, and kept with their row."""

    def __init__(self, places: Any, tally: Tally) -> None:
        self._places = places
        self._tally = tally
        self._of_row: dict[int, list[str]] = {}

    def parsed(self, raw: pd.Series[Any], column: Column, unit: str) -> pd.Series[Any]:
        """The values of a column, without those that are refused."""
        result = parse_cells(raw, column, unit)
        for row, reason in result.refused.to_dict().items():
            self.add(row, f"{column.name}: {reason}", f"{raw.at[row]}"[:80])
        return result.values

    def add(self, row: Any, reason: str, value: str) -> None:
        self._tally.doubt(reason, self._places[row])
        self._of_row.setdefault(row, []).append(f"{reason}: {value}")

    def by_row(self, count: int) -> pd.Series[Any]:
        import pandas as pd

        texts = [
            "\n".join(self._of_row[row]) if row in self._of_row else None for row in range(count)
        ]
        return pd.Series(texts, dtype=object)


def _relate_times(frame: pd.DataFrame, refusals: Refusals) -> None:
    """Refuse ends before beginnings; work out a duration or an end that the others tell."""
    import pandas as pd

    for later, earlier in (
        ("finished_at", "started_at"),
        ("finished_at", "submitted_at"),
        ("started_at", "submitted_at"),
    ):
        if later in frame and earlier in frame:
            wrong = frame[later] < frame[earlier]
            for row in frame.index[wrong]:
                refusals.add(row, f"{later}: before {earlier}", str(frame.at[row, later]))
            frame[later] = frame[later].mask(wrong)
    if "started_at" not in frame:
        return
    if "finished_at" in frame and "duration_s" not in frame:
        frame["duration_s"] = (frame["finished_at"] - frame["started_at"]).dt.total_seconds()
    elif "duration_s" in frame and "finished_at" not in frame:
        length = pd.to_timedelta(frame["duration_s"], unit="s")
        frame["finished_at"] = (frame["started_at"] + length).astype("datetime64[us, UTC]")


def _without_empty(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Rows that say something; the others are skipped and counted."""
    facts = [name for name in frame.columns if name not in ROW_COLUMNS]
    empty = frame[facts].isna().all(axis=1)
    for place in frame.loc[empty, "place"]:
        tally.skip("no field has a value", place)
    return frame[~empty].reset_index(drop=True)
