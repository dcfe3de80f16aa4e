"""Kubernetes quantities, read to compare them."""

from __future__ import annotations

import re
from decimal import Decimal

from estimator.messages import sentence

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))"
    r"(?P<unit>[eE][+-]?\d+|[KMGTPE]i|[numkMGTPE]?)",
    re.ASCII,
)
_UNITS: dict[str, Decimal] = {
    "": Decimal(1),
    **{f"{letter}i": Decimal(1 << 10 * (i + 1)) for i, letter in enumerate("KMGTPE")},
    **{letter: Decimal(10) ** (3 * (i + 1)) for i, letter in enumerate("kMGTPE")},
    **{letter: Decimal(10) ** (-3 * (i + 1)) for i, letter in enumerate("mun")},
}


def parse_quantity(value: object) -> Decimal:
    """The number that ``16Gi``, ``500m``, ``1e3`` or ``2`` stands for. Raises ValueError.

    The grammar is that of k8s.io/apimachinery/pkg/api/resource.
    """
    match = _QUANTITY.fullmatch(str(value)) if not isinstance(value, bool) else None
    if match is None:
        what = sentence("'{value}' is not a quantity; write it like 16Gi, 500m or 2", value=value)
        raise ValueError(what)
    unit = match["unit"]
    if unit[:1] in ("e", "E") and len(unit) > 1 and unit != "Ei":
        return Decimal(f"{match['number']}{unit}")
    return Decimal(match["number"]) * _UNITS[unit]
