"""Bytes, times and Kubernetes quantities: the one place that formats and rounds them."""

from __future__ import annotations

import re
from decimal import Decimal

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

_BINARY = {"": 1, "Ki": KIB, "Mi": MIB, "Gi": GIB, "Ti": 1 << 40, "Pi": 1 << 50}
_DECIMAL = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_SPELLINGS = {
    **_BINARY,
    **_DECIMAL,
    **{unit + "B": size for unit, size in _BINARY.items() if unit},
    **{unit + "B": size for unit, size in _DECIMAL.items()},
    "B": 1,
    "KB": 10**3,
}
_BYTES = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]*)\s*")
_DURATION = re.compile(r"\s*(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?\s*")
_SECONDS = (86_400, 3_600, 60, 1)


def parse_bytes(text: str) -> int:
    """Bytes of ``16Gi``, ``80GB``, ``512 MiB`` or ``1024``; a fraction of a byte is dropped.

    Binary units (Ki, Mi ...) and decimal units (k, M, G ...) as Kubernetes reads them; both may
    end in B. Raises ValueError naming the accepted forms.
    """
    match = _BYTES.fullmatch(text)
    if match is None or match["unit"] not in _SPELLINGS:
        raise ValueError(f"'{text}' is not an amount of memory; write it like 16Gi, 80GB or 512MiB")
    return int(Decimal(match["number"]) * _SPELLINGS[match["unit"]])


def format_bytes(amount: int) -> str:
    """Bytes for people: ``20.58 GiB``, ``944.0 MiB``, ``-512 B``."""
    size = abs(amount)
    sign = "-" if amount < 0 else ""
    if size >= GIB:
        return f"{sign}{size / GIB:.2f} GiB"
    if size >= MIB:
        return f"{sign}{size / MIB:.1f} MiB"
    if size >= KIB:
        return f"{sign}{size / KIB:.1f} KiB"
    return f"{sign}{size} B"


def format_number(number: float) -> str:
    """A number for people: whole from a hundred on, three digits below: ``1,320``, ``35.2``."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.3g}"


def to_quantity(amount: int) -> str:
    """The Kubernetes quantity of at least ``amount`` bytes, in whole Gi above 8 Gi, else Mi.

    Rounds up, so that what is granted is never below what was asked for.
    """
    if amount < 0:
        raise ValueError(f"a quantity of memory cannot be negative: {amount}")
    unit, suffix = (GIB, "Gi") if amount > 8 * GIB or amount % GIB == 0 else (MIB, "Mi")
    return f"{-(-amount // unit)}{suffix}"


def parse_duration(text: str) -> float:
    """Seconds of ``12h``, ``1d6h``, ``90m`` or ``1h 30m``. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"'{text}' is not a time; write it like 12h, 90m or 1d6h")
    return float(sum(int(n) * s for n, s in zip(match.groups("0"), _SECONDS, strict=True)))


def format_duration(seconds: float) -> str:
    """Seconds for people: ``84 ms``, ``12.3 s``, ``1h 05m``, ``3d 4h``."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h {minutes:02d}m"
    return f"{hours // 24}d {hours % 24}h"
