"""Replay a trace: what each rule would have asked for, knowing only the jobs that had ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from estimator.learning.baselines import Rule
from estimator.learning.trace import Task, Trace


@dataclass(frozen=True, slots=True)
class Score:
    """How a rule did on one trace.

    tasks: of known peak. under: those that got less than their peak. allocated, requested and
    used: byte-seconds over those. retried: byte-seconds when each of ``under`` ran twice, the
    second time with its request or its peak, whichever is more.
    """

    name: str
    tasks: int
    under: int
    allocated: float
    requested: float
    used: float
    retried: float

    @property
    def under_rate(self) -> float:
        return self.under / self.tasks if self.tasks else 0.0

    @property
    def allocated_over_requested(self) -> float:
        return _share(self.allocated, self.requested)

    @property
    def retried_over_requested(self) -> float:
        return _share(self.retried, self.requested)

    @property
    def used_over_requested(self) -> float:
        return _share(self.used, self.requested)


def _share(part: float, whole: float) -> float:
    """Nothing of nothing is all of it: no saving where nothing was asked for."""
    return part / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """The scores of a rule on every trace, in their order."""

    scores: tuple[Score, ...]

    @property
    def under_rate(self) -> float:
        """Of all tasks together."""
        tasks = sum(score.tasks for score in self.scores)
        return sum(score.under for score in self.scores) / tasks if tasks else 0.0

    def mean(self, figure: Callable[[Score], float]) -> float:
        """The mean over traces, each counting the same."""
        return sum(map(figure, self.scores)) / len(self.scores)


def replay(traces: Sequence[Trace], rules: Mapping[str, Callable[[], Rule]]) -> dict[str, Replayed]:
    """Each rule on each trace, starting anew on every one."""
    return {
        name: Replayed(tuple(_score(trace, make()) for trace in traces))
        for name, make in rules.items()
    }


def allocations(tasks: Sequence[Task], rule: Rule) -> list[float]:
    """What a rule asks for at each submission, in bytes; tasks in the order of submission.

    A task is learnt from when it ended before the moment of the submission.
    """
    by_end = sorted(tasks, key=lambda task: task.finished)
    asked, ended = [], 0
    for task in tasks:
        while ended < len(by_end) and by_end[ended].finished < task.submitted:
            rule.learn(by_end[ended])
            ended += 1
        asked.append(rule.ask(task))
    return asked


def _score(trace: Trace, rule: Rule) -> Score:
    """A killed task is learnt from but not counted: its peak is not known."""
    asked = allocations(trace.tasks, rule)
    known = [(task, size) for task, size in zip(trace.tasks, asked, strict=True) if not task.killed]
    under = [(task, size) for task, size in known if size < task.peak]
    allocated = sum(size * task.seconds for task, size in known)
    again = sum(max(task.requested, task.peak) * task.seconds for task, _ in under)
    return Score(
        name=trace.name,
        tasks=len(known),
        under=len(under),
        allocated=allocated,
        requested=sum(task.requested * task.seconds for task, _ in known),
        used=sum(task.peak * task.seconds for task, _ in known),
        retried=allocated + again,
    )
