"""The models of the comparison, by name."""

from tests.accuracy.models import dense, detection, samples, sequence, vision
from tests.accuracy.models.task import Case, Task

CASES: dict[str, Case] = {
    case.name: case
    for case in (*vision.CASES, *sequence.CASES, *dense.CASES, *detection.CASES, *samples.CASES)
}

__all__ = ["CASES", "Case", "Task"]
