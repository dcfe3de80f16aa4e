"""Questions to a store, asked through ibis: the same for every place that keeps records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from estimator.records.columns import BY_NAME, OUTCOME
from estimator.records.rows import to_micros
from estimator.records.stores.frames import in_kind

if TYPE_CHECKING:
    import pandas as pd

    from estimator.records.stores.base import Store


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records are meant. equal: values by column; since, before: of ``created_at``."""

    equal: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    before: datetime | None = None


EVERYTHING = Selection()


def encoded(column: Any, moment: datetime) -> Any:
    """A moment as this store keeps it: microseconds, or a timestamp."""
    import ibis

    if column.type().is_integer():
        return ibis.literal(to_micros(moment), type="int64")
    if column.type().timezone is None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return ibis.literal(moment, type=column.type())


def frames(
    store: Store, columns: Sequence[str], since: datetime | None = None
) -> Iterator[pd.DataFrame]:
    """Columns of all records in frames; only what changed at ``since`` or later."""
    table = store.table()
    if since is not None:
        table = table.filter(table.updated_at >= encoded(table.updated_at, since))
    for batch in store.read(table.select(*columns)):
        if batch.num_rows:
            yield conform(batch.to_pandas())


def conform(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every column of a record in the type that ``columns`` documents."""
    known = {
        str(name): in_kind(frame[name], BY_NAME[str(name)].kind)
        for name in frame.columns
        if name in BY_NAME
    }
    return frame.assign(**known)


def rows(store: Store, identifier: str | None = None) -> Iterator[dict[str, Any]]:
    """All rows, oldest first, or the one of an identifier."""
    table = store.table()
    if identifier is not None:
        table = table.filter(table.identifier == identifier)
    ordered = table.select(*BY_NAME).order_by("identifier")
    for batch in store.read(ordered):
        yield from batch.to_pylist()


def count(store: Store) -> int:
    """How many records there are."""
    table = store.table()
    return int(_frame(store, table.aggregate(records=table.count()))["records"].iloc[0])


def has_predictions(store: Store) -> bool:
    """Whether any record has a prediction."""
    table = store.table()
    found = table.aggregate(records=table.tool_version.count())
    return bool(_frame(store, found)["records"].iloc[0])


def _frame(store: Store, expression: Any) -> pd.DataFrame:
    """The answer to a question that has few rows."""
    import pandas as pd

    batches = [batch.to_pandas() for batch in store.read(expression)]
    if not batches:
        return pd.DataFrame(columns=list(expression.columns))
    joined: pd.DataFrame = pd.concat(batches, ignore_index=True)
    return joined


def chosen(table: Any, selection: Selection) -> Any:
    """The rows that a selection means. Values are literals to ibis, never part of a statement."""
    conditions = [table[name] == value for name, value in selection.equal.items()]
    if selection.since is not None:
        conditions.append(table.created_at >= encoded(table.created_at, selection.since))
    if selection.before is not None:
        conditions.append(table.created_at < encoded(table.created_at, selection.before))
    return table.filter(*conditions) if conditions else table


def newest(store: Store, selection: Selection, columns: Sequence[str], limit: int) -> pd.DataFrame:
    """The newest records of a selection, newest first."""
    import ibis

    ordered = chosen(store.table(), selection).order_by(ibis.desc("identifier"))
    return conform(_frame(store, ordered.limit(limit).select(*columns)))


def ran(store: Store, model: str, columns: Sequence[str], limit: int) -> pd.DataFrame:
    """The newest records of a model that say what happened to their job, newest first."""
    import ibis

    table = store.table()
    told = [table[name].notnull() for name in OUTCOME]
    happened = table.filter(table.model == model, ibis.or_(*told))
    ordered = happened.order_by(ibis.desc("identifier")).limit(limit)
    return conform(_frame(store, ordered.select(*columns)))


def identifiers(store: Store, selection: Selection) -> list[str]:
    """The identifiers of a selection."""
    found = chosen(store.table(), selection).select("identifier")
    return [str(one) for batch in store.read(found) for one in batch["identifier"].to_pylist()]


def statistics(store: Store, selection: Selection, by: str) -> pd.DataFrame:
    """One row for each value of a column, most GPU-hours (then records) first.

    Columns: the value; ``records``, ``predicted`` (with a prediction), ``with_outcome`` (with a
    status), ``out_of_memory``; ``gpu_hours`` (of records with duration and GPU count);
    ``memory_used``: mean of peak over requested host memory; ``first`` and ``last`` creation.
    """
    import ibis

    picked = chosen(store.table(), selection)
    used = picked.peak_memory_bytes / picked.requested_memory_bytes.nullif(0)
    summed = picked.group_by(by).agg(
        records=picked.count(),
        predicted=picked.tool_version.count(),
        with_outcome=picked.status.count(),
        out_of_memory=picked.count(where=(picked.status == "out_of_memory").fill_null(False)),
        gpu_hours=(picked.duration_s * picked.gpu_count / 3600.0).sum(),
        memory_used=used.mean(),
        first=picked.created_at.min(),
        last=picked.created_at.max(),
    )
    ordered = summed.order_by(
        [ibis.desc(summed.gpu_hours.fill_null(0.0)), ibis.desc("records"), by]
    )
    frame = _frame(store, ordered)
    kind = BY_NAME["created_at"].kind
    return frame.assign(first=in_kind(frame["first"], kind), last=in_kind(frame["last"], kind))
