"""What the comparison knows of one model, and when it is content. No Paddle here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimator.units import MIB

HERE = Path(__file__).parent
REFERENCE = HERE / "reference.json"
RECORDED = HERE / "recorded.json"
EXPLAINED = HERE / "explained.json"

TOLERANCE = 0.005
"""The largest error that needs no explanation (relative)."""

NOISE = 0.0001
"""By how much an error may grow over the recorded one before it counts as worse (relative)."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A difference whose cause is known; ``limit`` is the largest error it may make (relative)."""

    cause: str
    limit: float


@dataclass(frozen=True, slots=True)
class Row:
    """One model. Bytes; ``predicted`` is None where the step failed, ``failure`` then says how.

    ``misplaced``: the largest difference in any part of the breakdown at the peak.
    """

    name: str
    optimizer: str
    batch_size: int
    allocator: int
    measured: int
    predicted: int | None
    failure: str = ""
    misplaced: int = 0
    recorded: int | None = None
    explanation: Explanation | None = None

    @property
    def error(self) -> float | None:
        """Relative error of the prediction against the measurement without scratch."""
        return None if self.predicted is None else self.predicted / self.measured - 1

    @property
    def complaint(self) -> str:
        """Why this row is not good enough, or nothing."""
        if self.error is None:
            return f"failed: {self.failure}"
        limit = self.explanation.limit if self.explanation else TOLERANCE
        if abs(self.error) > limit:
            return f"off by {self.error:+.2%}, more than {limit:.2%}"
        if self.misplaced > limit * self.measured:
            return f"a part of the breakdown is off by {self.misplaced} bytes"
        if self.recorded is not None:
            before = self.recorded / self.measured - 1
            if abs(self.error) > abs(before) + NOISE:
                return f"was {before:+.3%}, is {self.error:+.3%}"
        return ""


def largest_difference(parts: Mapping[str, int], others: Mapping[str, int]) -> int:
    """The largest absolute difference of two breakdowns, in bytes."""
    return max(abs(parts[name] - others[name]) for name in parts)


def load(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is no file."""
    return json.loads(path.read_text()) if path.exists() else {}


def save(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n")


def explanations() -> dict[str, Explanation]:
    """Known differences by the name of the model."""
    return {
        name: Explanation(entry["cause"], entry["limit_percent"] / 100)
        for entry in load(EXPLAINED).get("differences", [])
        for name in entry["models"]
    }


def table(rows: list[Row]) -> str:
    """The comparison as fixed-width text."""
    head = (
        f"{'model':18}{'optimizer':20}{'batch':>6}{'predicted':>12}{'measured':>12}"
        f"{'no scratch':>12}{'error':>9}  explanation"
    )
    return "\n".join([head, *map(_line, rows)])


def _line(row: Row) -> str:
    predicted = "-" if row.predicted is None else f"{row.predicted / MIB:.3f}"
    error = "-" if row.error is None else f"{row.error:+.3%}"
    note = row.explanation.cause if row.explanation else ""
    note = f"!! {row.complaint}" if row.complaint else note
    return (
        f"{row.name:18}{row.optimizer:20}{row.batch_size:>6}{predicted:>12}"
        f"{row.allocator / MIB:>12.3f}{row.measured / MIB:>12.3f}{error:>9}  {note}"
    ).rstrip()


def summary(rows: list[Row]) -> str:
    """One line: how many are within the tolerance, and the worst."""
    errors = [abs(row.error) for row in rows if row.error is not None]
    good = sum(error <= TOLERANCE for error in errors)
    worst = f", worst {max(errors):.3%}" if errors else ""
    exact = sum(row.predicted is not None and row.misplaced == 0 for row in rows)
    return (
        f"{good} of {len(rows)} models within {TOLERANCE:.1%}{worst}; every part of the breakdown "
        f"equal to the byte in {exact} (MiB, second step)"
    )
