"""What every store of job records does, whatever keeps them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.rows import from_row
from estimator.records.types import JobRecord

if TYPE_CHECKING:
    import pandas as pd

    from estimator.records.stage import Stage

TABLE = "jobs"
BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of adding records to those that were there."""

    added: int
    changed: int
    unchanged: int


class Store(ABC):
    """The job records of one place; made by ``open_store``, closed by ``with``.

    Every method raises BadInput, with the address, where the place cannot be used. What a method
    writes is there whole once it returns, or else not at all.
    """

    address: str

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go of the place."""

    @abstractmethod
    def save(self, record: JobRecord) -> None:
        """Write what is known of a job into its record, or make one.

        Of a record that is there, values that ``record`` does not know are kept, and so are
        ``created_at`` and ``origin``.
        """

    @abstractmethod
    def merge(self, stage: Stage) -> Merged:
        """``save`` for every row of a stage, in one step: all of them or none."""

    @abstractmethod
    def remove(self, identifiers: Sequence[str]) -> int:
        """Remove the records of these identifiers; how many there were."""

    @abstractmethod
    def table(self) -> Any:
        """The records as a table of ibis, one row each, columns as in ``columns``.

        Moments are int64 microseconds in UTC or timestamps; ``query.encoded`` knows which.
        """

    def read(self, expression: Any) -> Iterator[Any]:
        """The answer to an ibis expression on ``table``, in record batches of pyarrow."""
        yield from expression.to_pyarrow_batches(chunk_size=BATCH_ROWS)

    def rows(self, identifier: str | None = None) -> Iterator[dict[str, Any]]:
        """The rows of all records, oldest first, or of one."""
        from estimator.records.stores import query

        return query.rows(self, identifier)

    def count(self) -> int:
        """How many records there are."""
        from estimator.records.stores import query

        return query.count(self)

    def may_have_outcomes(self) -> bool:
        """False where it is quickly known that no record says what happened to its job."""
        return True

    def batches(
        self, columns: Sequence[str], since: datetime | None = None
    ) -> Iterator[pd.DataFrame]:
        """These columns of all records in frames of at most BATCH_ROWS rows, in no order.

        since: only records that the store changed at that moment or later. Types as
        ``columns`` documents them; a store without records gives no frame.
        """
        from estimator.records.stores.query import frames

        return frames(self, columns, since)

    def all(self) -> tuple[JobRecord, ...]:
        """Every record, oldest first."""
        return tuple(self.records())

    def records(self) -> Iterator[JobRecord]:
        """Every record, oldest first, one at a time."""
        return map(self._record, self.rows())

    def get(self, identifier: str) -> JobRecord | None:
        """The record of this identifier, None where there is none."""
        return next(map(self._record, self.rows(identifier)), None)

    def _record(self, row: dict[str, Any]) -> JobRecord:
        try:
            return from_row(row)
        except (TypeError, ValueError) as error:
            raise BadInput(
                sentence(
                    "the job record {name} is damaged: {why}",
                    name=row["identifier"],
                    why=str(error),
                ),
                where=self.address,
                hint=f"paddle-estimate history prune --id {row['identifier']}",
            ) from error


def now() -> datetime:
    """The moment that a change is dated with."""
    return datetime.now(UTC)


def unusable(address: str, problem: str, hint: str) -> BadInput:
    """The error of a store that cannot be used; one line."""
    said = " ".join(problem.split())
    what = sentence("the job records cannot be used: {why}", why=said)
    return BadInput(what, where=address, hint=hint)
