"""Jobs as an importer finds them, one mapping of texts each, and frames of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from estimator.records.columns import BY_NAME
from estimator.records.mapping import ColumnMap, FieldMap, mapped
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import CHUNK_ROWS, RawChunk, digest_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FoundJob:
    """One job: where it stands, and its facts by column, as text in any unit of the column."""

    place: str
    facts: Mapping[str, str | None]


def frames_of(jobs: Iterable[FoundJob], tally: Tally) -> Iterator[pd.DataFrame]:
    """The jobs in frames as ``read_mapped`` gives them; refused values are counted."""
    import pandas as pd

    rest = iter(jobs)
    while chunk := list(islice(rest, CHUNK_ROWS)):
        names = list(dict.fromkeys(name for job in chunk for name in job.facts))
        rows = [[job.facts.get(name) for name in names] for job in chunk]
        mapping = ColumnMap(tuple(FieldMap(BY_NAME[name], name) for name in names))
        raw = RawChunk(
            cells=pd.DataFrame(rows, columns=names, dtype=object),
            places=[job.place for job in chunk],
            digests=[digest_of(f"{n}={v}" for n, v in sorted(job.facts.items())) for job in chunk],
        )
        frame = mapped(raw, mapping, tally)
        tally.taken += len(frame)
        yield frame
