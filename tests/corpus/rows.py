"""One architecture of the corpus in figures, and when the corpus is content. No Paddle here."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from estimator.units import MIB
from tests.accuracy.rows import NOISE, TOLERANCE, Explanation, load, save
from tests.corpus.cases import Case

HERE = Path(__file__).parent
REFERENCE = HERE / "reference.json"
RECORDED = HERE / "recorded.json"
EXPLAINED = HERE / "explained.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One architecture. Bytes; what is None could not be had, and a failure says why.

    allocator: the CPU allocator's own peak. measured: without in-kernel scratch. explanation:
    the verified cause of a failure on either side or of an error above the tolerance.
    """

    suite: str
    name: str
    optimizer: str
    batch_size: int
    size: int
    parameters: int | None
    allocator: int | None
    measured: int | None
    predicted: int | None
    cpu_seconds: float | None
    virtual_seconds: float | None
    cpu_failure: str = ""
    failure: str = ""
    recorded: int | None = None
    explanation: Explanation | None = None

    @property
    def error(self) -> float | None:
        """Relative error of the prediction against the measurement without scratch."""
        if self.predicted is None or self.measured is None:
            return None
        return self.predicted / self.measured - 1

    @property
    def complaint(self) -> str:
        """Why this row is not good enough, or nothing."""
        if self.explanation is not None and self.error is None:
            return ""
        if self.cpu_failure:
            return f"failed on the CPU: {self.cpu_failure}"
        if self.error is None or self.measured is None:
            return f"failed: {self.failure}"
        limit = self.explanation.limit if self.explanation else TOLERANCE
        if abs(self.error) > limit:
            return f"off by {self.error:+.2%}, more than {limit:.2%}"
        if self.recorded is not None:
            before = self.recorded / self.measured - 1
            if abs(self.error) > abs(before) + max(NOISE, limit - TOLERANCE):
                return f"was {before:+.3%}, is {self.error:+.3%}"
        return ""


def reference_key(case: Case, conditions: dict[str, Any]) -> str:
    """What a step on the CPU is recorded under: all that it depends on."""
    return " | ".join(
        (case.key, case.configuration, conditions["suite_version"], conditions["paddle_version"])
    )


def keep(path: Path, key: str, value: Any) -> None:
    """Put one entry into a JSON file."""
    save(path, load(path) | {key: value})


def explanations() -> dict[str, Explanation]:
    """Verified causes by the key of the case."""
    return {
        key: Explanation(entry["cause"], entry.get("limit_percent", 0) / 100)
        for entry in load(EXPLAINED).get("differences", [])
        for key in entry["architectures"]
    }


def row(case: Case, reference: dict[str, Any], answer: dict[str, Any]) -> Row:
    return Row(
        suite=case.suite,
        name=case.name,
        optimizer=case.optimizer,
        batch_size=case.batch_size,
        size=case.size,
        parameters=answer.get("parameters") or reference.get("parameters"),
        allocator=reference.get("allocator_bytes"),
        measured=reference.get("peak_bytes"),
        predicted=answer.get("peak_bytes"),
        cpu_seconds=reference.get("seconds"),
        virtual_seconds=answer.get("seconds"),
        cpu_failure=reference.get("failure", ""),
        failure=answer.get("failure", ""),
        recorded=load(RECORDED).get(case.key),
        explanation=explanations().get(case.key),
    )


HEAD = (
    f"{'suite':16}{'architecture':42}{'M param':>9}{'predicted':>11}{'measured':>11}"
    f"{'no scratch':>11}{'error':>9}{'s cpu':>7}{'s virt':>7}  (MiB, second step)"
)


def line(row: Row) -> str:
    """One architecture as fixed-width text."""
    note = row.explanation.cause if row.explanation else ""
    note = f"!! {row.complaint}" if row.complaint else note
    return (
        f"{row.suite:16}{row.name:42}{_millions(row.parameters):>9}{_mib(row.predicted):>11}"
        f"{_mib(row.allocator):>11}{_mib(row.measured):>11}"
        f"{'-' if row.error is None else f'{row.error:+.3%}':>9}"
        f"{row.cpu_seconds or '-':>7}{row.virtual_seconds or '-':>7}  {note}"
    ).rstrip()


def _mib(size: int | None) -> str:
    return "-" if size is None else f"{size / MIB:.2f}"


def _millions(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e6:.2f}"


def percentile(errors: list[float], share: float) -> float:
    """The smallest of ``errors`` that at least ``share`` of them do not exceed."""
    return sorted(errors)[max(0, math.ceil(len(errors) * share) - 1)]


def summary(rows: list[Row]) -> str:
    """The corpus in one line."""
    trained = [row for row in rows if not row.cpu_failure]
    errors = [abs(row.error) for row in trained if row.error is not None]
    text = (
        f"{len(rows)} architectures, {len(trained)} train on the CPU, {len(errors)} of these on "
        f"the virtual GPU ({len(errors) / max(1, len(trained)):.1%})"
    )
    if not errors:
        return text
    return (
        f"{text}; error median {percentile(errors, 0.5):.3%}, 95th percentile "
        f"{percentile(errors, 0.95):.3%}, worst {max(errors):.3%}"
    )


def as_json(rows: list[Row]) -> str:
    """The table and its summary as a JSON document."""
    table = [asdict(row) | {"error": row.error, "complaint": row.complaint} for row in rows]
    return json.dumps({"summary": summary(rows), "architectures": table}, indent=1) + "\n"
