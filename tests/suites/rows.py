"""What became of one training script, and when that is good enough. No Paddle here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from estimator.units import MIB

SAME_MEMORY = 0.001
"""By how much a peak may differ from the recorded one (relative)."""

FEWER = 0.02
"""By how much the largest batch may fall below the recorded one (relative)."""

WATCHED_STEPS = 3
PHASES = ("train_first", "train", "eval")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is recorded of a run. Memory in bytes; ``peak_at`` is ``phase, part, place``."""

    suite: str
    paddle: str
    steps: int
    peak_allocated: int
    peak_at: str
    largest_batch: int | None
    kinds: tuple[str, ...]
    phases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One script. ``found`` None: there was no answer, ``failure`` says why."""

    suite: str
    script: str
    version: str
    exit_code: int
    seconds: float
    found: Figures | None = None
    failure: str = ""
    recorded: Figures | None = None

    @property
    def complaint(self) -> str:
        """Why this row is not good enough, or nothing."""
        if self.found is None:
            return f"exit code {self.exit_code}: {self.failure}"
        if self.found.steps < WATCHED_STEPS:
            return f"{self.found.steps} steps were seen"
        if missing := [name for name in PHASES if name not in self.found.phases]:
            return f"not seen: {', '.join(missing)}"
        if self.found.kinds != ("Job",):
            return f"the YAML has {', '.join(self.found.kinds) or 'nothing'}"
        return "" if self.recorded is None else worse(self.found, self.recorded)


def worse(found: Figures, before: Figures) -> str:
    """What is not as it was, or nothing; other versions are not compared."""
    if (found.suite, found.paddle) != (before.suite, before.paddle):
        return ""
    change = found.peak_allocated / before.peak_allocated - 1
    if abs(change) > SAME_MEMORY:
        return f"peak allocated {change:+.2%} against the recorded {before.peak_allocated:,}"
    if (found.largest_batch or 0) < (before.largest_batch or 0) * (1 - FEWER):
        return f"the largest batch was {before.largest_batch}, is {found.largest_batch}"
    return ""


def figures(version: str, document: dict[str, Any], kinds: tuple[str, ...]) -> Figures:
    """What the JSON document of ``paddle-estimate run`` says; ``kinds`` of its YAML."""
    measured = document["measurement"]
    at = measured["peak_at"]
    return Figures(
        suite=version,
        paddle=measured["paddle_version"],
        steps=measured["batches"]["looked_at"],
        peak_allocated=max(phase["peak_allocated_bytes"] for phase in measured["phases"]),
        peak_at=f"{at['phase']}, {at['part']}, {at['file']}:{at['line']}",
        largest_batch=document["gpus"][0]["max_per_device_batch_size"],
        kinds=kinds,
        phases=tuple(phase["name"] for phase in measured["phases"]),
    )


def from_record(record: dict[str, Any]) -> Figures:
    """A recorded entry."""
    return Figures(**record | {name: tuple(record[name]) for name in ("kinds", "phases")})


HEAD = (
    f"{'suite':17}{'version':22}{'script':18}{'exit':>5}{'steps':>6}{'peak MiB':>11}"
    f"{'largest':>8}  {'YAML':6}{'s':>6}  where the peak is"
)


def line(row: Row) -> str:
    """One script as fixed-width text."""
    start = f"{row.suite:17}{row.version:22}{row.script:18}{row.exit_code:>5}"
    found, note = row.found, f"  !! {row.complaint}" if row.complaint else ""
    if found is None:
        return f"{start}{note}"
    return (
        f"{start}{found.steps:>6}{found.peak_allocated / MIB:>11.2f}{found.largest_batch or '-':>8}"
        f"  {','.join(found.kinds):6}{row.seconds:>6.0f}  {found.peak_at}{note}"
    )


def record(row: Row) -> dict[str, Any]:
    """What is kept of a row that has an answer."""
    return {} if row.found is None else asdict(row.found)
