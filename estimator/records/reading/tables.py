"""Tables in files, as chunks of raw cells by column: CSV, JSON (lines or one array), Parquet.

A chunk is a frame of what was written: text, or for Parquet the type of the file. Beside it
stand the place of each row and a digest of all its cells, also of those nobody asked for.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.reading.json_values import json_values
from estimator.records.reading.lines import text_lines, unreadable
from estimator.records.reading.problems import Tally

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 50_000
"""Rows that are in memory at once."""

_DELIMITERS = ",\t;|"
_SEPARATOR = "\x1f"
"""Between the cells of a digest: the unit separator, which text does not have."""


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Some rows: raw cells by column, and for each row its place and the digest of all cells."""

    cells: pd.DataFrame
    places: Sequence[str]
    digests: Sequence[str]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file with a table. delimiter: of CSV, guessed from the first line if None."""

    path: Path
    delimiter: str | None = None
    encoding: str | None = None
    header: tuple[str, ...] | None = None


def read_table(file: TableFile, columns: Sequence[str], tally: Tally) -> Iterator[RawChunk]:
    """The table in chunks, by the ending of its name; without one that is known, as CSV.

    columns: those of interest. Raises BadInput where the file cannot be read or a column is not
    there. A row that cannot be read is skipped and counted.
    """
    endings = set(file.path.suffixes)
    if ".parquet" in endings:
        return _parquet(file.path, columns)
    if endings & {".jsonl", ".ndjson", ".json"}:
        return _json(file, columns, tally)
    return _csv(file, columns, tally)


def need_columns(path: Path, wanted: Iterable[str], there: Iterable[str]) -> None:
    """Raise BadInput for a wanted column that is not there, with the nearest that is."""
    from difflib import get_close_matches

    known = list(there)
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, 3, 0.5) or known[:12]
            raise BadInput(
                sentence("there is no column '{name}'", name=name),
                where=f"{path}:1",
                hint=sentence("one of these columns: {names}", names=tuple(near)),
            )


def digest_of(cells: Iterable[str]) -> str:
    """128 bits of hex that stand for the cells of a row; the same on every machine."""
    joined = _SEPARATOR.join(cells).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def _csv(file: TableFile, columns: Sequence[str], tally: Tally) -> Iterator[RawChunk]:
    header, numbered = _open_csv(file, tally)
    need_columns(file.path, columns, header)
    rows: list[tuple[int, list[str]]] = []
    for row in numbered:
        rows.append(row)
        if len(rows) >= CHUNK_ROWS:
            yield _csv_chunk(file.path, header, columns, rows)
            rows = []
    yield _csv_chunk(file.path, header, columns, rows)


def delimited_rows(file: TableFile, tally: Tally) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV file, each with its place and its cells by column."""
    header, numbered = _open_csv(file, tally)
    for line, row in numbered:
        yield f"{file.path.name}:{line}", dict(zip(header, row, strict=True))


def _open_csv(file: TableFile, tally: Tally) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    csv.field_size_limit(1 << 20)
    lines = _without_nul(text_lines(file.path, tally, file.encoding))
    if file.header is None:
        first = next(lines, None)
        if first is None:
            raise unreadable(file.path, "the file is empty")
        delimiter = file.delimiter or max(_DELIMITERS, key=first.count)
        header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    else:
        delimiter, header = file.delimiter or ",", list(file.header)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    return header, _csv_rows(file, reader, header, tally)


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    return (line.replace("\0", "") for line in lines)


def _csv_rows(
    file: TableFile, reader: Any, header: list[str], tally: Tally
) -> Iterator[tuple[int, list[str]]]:
    above = 0 if file.header is not None else 1
    while True:
        begins = reader.line_num + above + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise unreadable(file.path, f"this is not CSV: {error}", begins) from error
        if len(row) == len(header) and row != header:
            yield begins, row
        elif row:
            tally.skip(_why_not(row, header), f"{file.path.name}:{begins}")


def _why_not(row: list[str], header: list[str]) -> str:
    if row == header:
        return "the header again"
    return f"{len(row)} cells where the header has {len(header)}"


def _csv_chunk(
    path: Path, header: list[str], columns: Sequence[str], rows: list[tuple[int, list[str]]]
) -> RawChunk:
    import pandas as pd

    index = {name: header.index(name) for name in columns}
    cells = {name: [row[at] for _, row in rows] for name, at in index.items()}
    return RawChunk(
        cells=pd.DataFrame(cells, columns=list(columns), dtype=object),
        places=[f"{path.name}:{line}" for line, _ in rows],
        digests=[digest_of(row) for _, row in rows],
    )


def _json(file: TableFile, columns: Sequence[str], tally: Tally) -> Iterator[RawChunk]:
    rows: list[tuple[str, dict[str, Any]]] = []
    seen: set[str] = set()
    for place, value in json_values(file.path, tally, file.encoding):
        if not isinstance(value, dict):
            tally.skip("not a JSON object", place)
            continue
        rows.append((place, value))
        if len(rows) >= CHUNK_ROWS:
            yield _json_chunk(rows, columns, seen)
            rows = []
    yield _json_chunk(rows, columns, seen)
    if tally.read:
        need_columns(file.path, columns, seen)


def _json_chunk(
    rows: list[tuple[str, dict[str, Any]]], columns: Sequence[str], seen: set[str]
) -> RawChunk:
    import pandas as pd

    for _, value in rows[:100]:
        seen.update(value)
    seen.update(name for name in columns if any(_at(value, name) is not None for _, value in rows))
    cells = {name: [_cell(_at(value, name)) for _, value in rows] for name in columns}
    return RawChunk(
        cells=pd.DataFrame(cells, columns=list(columns), dtype=object),
        places=[place for place, _ in rows],
        digests=[digest_of([json.dumps(value, sort_keys=True)]) for _, value in rows],
    )


def _at(value: dict[str, Any], name: str) -> Any:
    """The value of a key, or of a path of keys with dots between them."""
    if name in value:
        return value[name]
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[RawChunk]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            need_columns(path, columns, file.schema_arrow.names)
            first = 1
            for batch in file.iter_batches(CHUNK_ROWS):
                whole = batch.to_pandas()
                yield _parquet_chunk(path, whole, columns, first)
                first += len(whole)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, f"this is no whole Parquet file: {error}") from error


def _parquet_chunk(path: Path, whole: pd.DataFrame, columns: Sequence[str], first: int) -> RawChunk:
    texts = [whole[name].map(str) for name in whole.columns]
    return RawChunk(
        cells=whole[list(columns)],
        places=[f"{path.name}: row {first + at}" for at in range(len(whole))],
        digests=[digest_of(row) for row in zip(*texts, strict=True)],
    )
