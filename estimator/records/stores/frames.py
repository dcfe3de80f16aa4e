"""Rows of a store as frames in the types that ``columns`` documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from estimator.records.columns import BY_NAME, Kind

if TYPE_CHECKING:
    import pandas as pd


def to_frame(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """A frame of rows of plain values; moments as int microseconds or as datetimes."""
    import pandas as pd

    cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
    series = {
        name: _series(values, BY_NAME[name].kind)
        for name, values in zip(columns, cells, strict=True)
    }
    return pd.DataFrame(series, columns=list(columns))


def _series(values: Sequence[Any], kind: Kind) -> pd.Series[Any]:
    """Values of a row store, None where not known."""
    import numpy as np
    import pandas as pd

    if kind is Kind.TEXT:
        return pd.Series(np.array(values, dtype=object), dtype=object)
    if kind is Kind.MOMENT:
        return in_kind(pd.Series(list(values), dtype=object), kind)
    return pd.Series(np.array(values, dtype="float64"))


def in_kind(values: pd.Series[Any], kind: Kind) -> pd.Series[Any]:
    """A column in the type of its kind."""
    import pandas as pd

    if kind is Kind.TEXT:
        return values.astype(object).where(values.notna(), None)
    if kind is not Kind.MOMENT:
        return values.astype("float64")
    if values.dtype == object:
        values = values.infer_objects()
    if values.dtype.kind in "iuf":
        return _in_utc(pd.to_datetime(values.astype("Int64"), unit="us", utc=True))
    return _in_utc(pd.to_datetime(values, utc=True))


def _in_utc(moments: pd.Series[Any]) -> pd.Series[Any]:
    in_utc: pd.Series[Any] = moments.astype("datetime64[us, UTC]")
    return in_utc
