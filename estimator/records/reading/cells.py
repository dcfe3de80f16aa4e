"""Raw cells as values of a column: numbers in the column's own unit, moments in UTC, text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from estimator.records.columns import Column, Kind
from estimator.records.reading.units import factor, zone_of
from estimator.records.statuses import status_of
from estimator.units import parse_bytes, parse_duration

if TYPE_CHECKING:
    import pandas as pd

ABSENT = ("", "-", "--", "none", "null", "nan", "n/a", "na", "nil", "unknown", "<na>", "nat", "\\n")
"""How systems write that a value is not known; compared without case."""

_DECADE = 10 * 365 * 86_400
_LARGEST = {
    Kind.BYTES: float(1 << 50),
    Kind.COUNT: 1e9,
    Kind.SECONDS: float(_DECADE),
    Kind.NUMBER: 1e15,
}
"""No job has a pebibyte of memory, nor runs for ten years; such a value is a mistake."""

_CLOCK = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)")
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"
_LONGEST_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values of one column, and for the rows whose value was refused the reason."""

    values: pd.Series[Any]
    refused: pd.Series[Any]


def parse_cells(raw: pd.Series[Any], column: Column, unit: str = "") -> Parsed:
    """Values of a column in its own unit; what cannot be read or be true is missing.

    ``refused`` holds, by row, why; rows that are fine or were empty are not in it.
    """
    if column.name == "status":
        return _statuses(raw)
    if column.kind is Kind.TEXT:
        return _texts(raw)
    if column.kind is Kind.MOMENT:
        return _moments(raw, unit)
    return _numbers(raw, column.kind, unit)


def _texts(raw: pd.Series[Any]) -> Parsed:
    text = _stripped(raw)
    return Parsed(text.where(text.notna(), None).str.slice(0, _LONGEST_TEXT), _none(raw))


def _statuses(raw: pd.Series[Any]) -> Parsed:
    words = _stripped(raw)
    known = {word: status_of(word) for word in words.dropna().unique()}
    values = words.map(known).astype(object)
    values = values.where(values.notna(), None)
    unknown = words.notna() & values.isna()
    return Parsed(values, unknown[unknown].map(lambda _: "no status that is known").astype(object))


def _stripped(raw: pd.Series[Any]) -> pd.Series[Any]:
    """Trimmed text, missing where the cell says that it has no value."""
    text = raw.where(raw.notna(), "").astype(str).str.strip().astype(object)
    return text.mask(text.str.lower().isin(ABSENT))


def _none(raw: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series([], index=raw.index[:0], dtype=object)


def _numbers(raw: pd.Series[Any], kind: Kind, unit: str) -> Parsed:
    import pandas as pd

    text = raw if pd.api.types.is_numeric_dtype(raw.dtype) else _stripped(raw)
    values = pd.to_numeric(text, errors="coerce").astype("float64") * factor(unit, kind)
    worded = text.notna() & values.isna()
    if worded.any():
        known = {word: _in_words(word, kind) for word in text[worded].unique()}
        values = values.where(~worded, text.map(known).astype("float64"))
    return _checked(values, text, kind)


def _in_words(word: str, kind: Kind) -> float | None:
    """The number of text with a unit of its own: ``16Gi``, ``1-02:03:04``, ``2h``, ``40 %``."""
    try:
        if kind is Kind.BYTES:
            return float(parse_bytes(word))
        if kind is Kind.SECONDS:
            return _clock(word)
        return float(word.removesuffix("%")) / 100 if word.endswith("%") else None
    except ValueError:
        return None


def _clock(word: str) -> float:
    match = _CLOCK.fullmatch(word)
    if match is None:
        return parse_duration(word)
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _checked(values: pd.Series[Any], text: pd.Series[Any], kind: Kind) -> Parsed:
    import pandas as pd

    refused = pd.Series(None, index=values.index, dtype=object)
    refused[text.notna() & values.isna()] = f"not {_AN[kind]}"
    refused[values > _LARGEST[kind]] = "absurdly large"
    refused[values < 0] = "negative"
    return Parsed(values.where(refused.isna()), refused.dropna())


_AN = {
    Kind.BYTES: "an amount of memory",
    Kind.COUNT: "a count",
    Kind.SECONDS: "a length of time",
    Kind.NUMBER: "a number",
}


def _moments(raw: pd.Series[Any], unit: str) -> Parsed:
    import pandas as pd

    if isinstance(raw.dtype, pd.DatetimeTZDtype) or raw.dtype.kind == "M":
        return _plausible(_in_utc(raw, unit), raw)
    text = raw if pd.api.types.is_numeric_dtype(raw.dtype) else _stripped(raw)
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    micros = (numbers * (factor(unit, Kind.MOMENT) * 1e6)).round()
    whole = micros.where(micros.abs() < _FURTHEST).astype("Int64")
    values = pd.to_datetime(whole, unit="us", utc=True).astype("datetime64[us, UTC]")
    written = text.notna() & numbers.isna()
    if written.any():
        values = values.copy()
        values[written] = _dates(text[written], unit)
    return _plausible(values, text)


_FURTHEST = 253_370_764_800e6
"""The year 9999 in microseconds: later ones are no dates to pandas."""


def _dates(text: pd.Series[Any], unit: str) -> pd.Series[Any]:
    """ISO 8601 dates; those without an offset are of the zone that ``unit`` names."""
    import pandas as pd

    aware = text.str.contains(_OFFSET)
    read = pd.to_datetime(text[aware], errors="coerce", format="ISO8601", utc=True)
    plain = pd.to_datetime(text[~aware], errors="coerce", format="ISO8601")
    parts = [_in_utc(part, unit) for part in (read, plain) if len(part)]
    joined: pd.Series[Any] = pd.concat(parts).sort_index()
    return joined


def _in_utc(moments: pd.Series[Any], unit: str) -> pd.Series[Any]:
    """Moments without a zone are of the zone that ``unit`` names, or else UTC."""
    if moments.dt.tz is None:
        zone = zone_of(unit) or UTC
        moments = moments.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
    in_utc: pd.Series[Any] = moments.dt.tz_convert(UTC).astype("datetime64[us, UTC]")
    return in_utc


def _plausible(values: pd.Series[Any], text: pd.Series[Any]) -> Parsed:
    import pandas as pd

    refused = pd.Series(None, index=values.index, dtype=object)
    refused[text.notna() & values.isna()] = "not a date, or one of another unit"
    refused[values > pd.Timestamp(datetime.now(UTC) + timedelta(days=1))] = "in the future"
    refused[values < pd.Timestamp(0, tz=UTC)] = "before 1970"
    return Parsed(values.where(refused.isna()), refused.dropna())
