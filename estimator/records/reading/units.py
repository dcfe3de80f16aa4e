"""Units that a cell may be written in, and what one of them is in the column's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from estimator.records.columns import Kind

_BINARY = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
_DECIMAL = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_BYTES = {
    "B": 1.0,
    "bytes": 1.0,
    **{f"{letter}i": float(size) for letter, size in _BINARY.items() if letter},
    **{f"{letter}iB": float(size) for letter, size in _BINARY.items() if letter},
    **{f"{letter}B": float(size) for letter, size in _DECIMAL.items()},
    **{letter: float(size) for letter, size in _DECIMAL.items()},
    "KB": 1e3,
}
_TIME = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_FACTORS: Mapping[Kind, Mapping[str, float]] = {
    Kind.BYTES: _BYTES,
    Kind.SECONDS: _TIME,
    Kind.MOMENT: {name: _TIME[name] for name in ("ns", "us", "ms", "s")},
    Kind.COUNT: {"1": 1.0, "milli": 1e-3, "%": 0.01},
    Kind.NUMBER: {"1": 1.0, "milli": 1e-3, "%": 0.01},
    Kind.TEXT: {},
}


def is_unit(unit: str, kind: Kind) -> bool:
    """Whether a column of this kind can be written in this unit, or for moments in this zone."""
    return unit in _FACTORS[kind] or (kind is Kind.MOMENT and zone_of(unit) is not None)


def unit_names(kind: Kind) -> str:
    """The units of a kind, for people."""
    names = ", ".join(_FACTORS[kind])
    return f"{names}, or a time zone such as Asia/Shanghai" if kind is Kind.MOMENT else names


def factor(unit: str, kind: Kind) -> float:
    """What one of the unit is in bytes, seconds, or ones; 1 for a time zone or no unit."""
    return _FACTORS[kind].get(unit, 1.0)


def zone_of(unit: str) -> ZoneInfo | None:
    """The time zone of this name, None where there is none."""
    try:
        return ZoneInfo(unit) if "/" in unit or unit == "UTC" else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
