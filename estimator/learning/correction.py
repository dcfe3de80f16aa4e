"""A prediction, corrected by past jobs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from estimator.learning.boosting import Boost, features_of
from estimator.learning.calibration import Calibration
from estimator.learning.ending import ending_of
from estimator.learning.frames import ABSURD, LEARNT_FROM
from estimator.learning.predict import MISS_OF_PRIOR, Answer, Group, Predictor, Question
from estimator.learning.state import LEVEL_NAMES, Basis, Groups, Level, Outcome, State
from estimator.messages import sentence
from estimator.records.types import Correction, Evidence, JobFacts, ResidualSample, Target
from estimator.values import Bounded, Source

FEWEST = 5
"""Below this many jobs of a target the prior stays: it is early corrections that go wrong."""

_COVERED = 1 - MISS_OF_PRIOR / 2
"""Each side of an interval."""

WHAT = {
    Target.DEVICE_MEMORY: sentence("device memory"),
    Target.HOST_MEMORY: sentence("host memory"),
    Target.STEP_TIME: sentence("step time"),
    Target.DURATION: sentence("duration"),
}


@dataclass(frozen=True, slots=True)
class NoHistory:
    """The correction of someone who has no past jobs: none."""

    why: str = sentence("no past jobs to learn from")

    def correct(self, target: Target, facts: JobFacts, prior: Bounded[float]) -> Bounded[float]:
        """The prior, with a reason that says why it was not corrected."""
        return _uncorrected(prior, self.why)

    def evidence(self, target: Target, facts: JobFacts) -> tuple[Evidence, ...]:
        """Nothing."""
        return ()


class LearntCorrection:
    """What ``Predictor`` says, as a correction of predictions. The state must not change."""

    def __init__(
        self,
        state: State,
        calibration: Calibration | None = None,
        boosts: Mapping[Target, Boost] | None = None,
    ) -> None:
        self._predictor = Predictor(state)
        self._calibration = calibration or Calibration()
        self._boosts = boosts or {}
        self._answered: dict[Question, _Sides] = {}

    def correct(self, target: Target, facts: JobFacts, prior: Bounded[float]) -> Bounded[float]:
        """The prior moved by what jobs like this one were off, and the interval they support.

        The interval leaves out ``MISS_OF_PRIOR``, half on each side. Device memory never goes
        below the lower bound of the prior: the allocator was seen to take that much. Only what
        was predicted with ``LEARNT_FROM`` is corrected: a measured value needs no correction, and
        other ways to predict are off by other amounts.
        """
        if prior.source is not LEARNT_FROM:
            said = sentence(
                "past jobs say how far {source} predictions are off", source=LEARNT_FROM
            )
            return _uncorrected(prior, said)
        count = self._predictor.count(target, Basis.PREDICTED)
        if count < FEWEST:
            said = sentence(
                "{count} past jobs with {what}, {needed} are needed",
                count=count,
                what=WHAT[target],
                needed=FEWEST,
            )
            return _uncorrected(prior, said)
        if not 0 < prior.target < math.inf:
            return _uncorrected(prior, sentence("nothing to scale"))
        sides = self._sides(_question(target, facts, prior))
        boost = self._boosts.get(target)
        shift = boost.shift(features_of(facts, prior.target)) if boost else 0.0
        held = _HeldAgainst(count, _counted(sides.groups, facts), shift)
        return _moved(sides, target, prior, held)

    def evidence(self, target: Target, facts: JobFacts) -> tuple[Evidence, ...]:
        """The levels of past jobs behind a correction, finest first."""
        if self._predictor.count(target, Basis.PREDICTED) < FEWEST:
            return ()
        answer = self._predictor.ask(Question(target, Basis.PREDICTED, Groups.of(facts), 1.0))
        return tuple(
            Evidence(LEVEL_NAMES[group.level], group.count, group.killed, share)
            for group, share in zip(answer.groups, answer.given, strict=True)
        )

    def _sides(self, question: Question) -> _Sides:
        """The batch sizes of a GPU type mostly differ in what is expected alone."""
        if question not in self._answered:
            answer = self._predictor.ask(question)
            covered = self._calibration.asked_before_next_fit(question, answer, _COVERED)
            self._answered[question] = _Sides.of(answer, covered)
        return self._answered[question]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Logarithms of the corrected prediction and its bounds, over the prior."""

    groups: tuple[Group, ...]
    middle: float
    lower: float
    upper: float

    @classmethod
    def of(cls, answer: Answer, covered: float) -> _Sides:
        """The upper bound is the one that was missed or not; the lower one is stated as it is."""
        return cls(answer.groups, answer.middle, answer.lower(_COVERED), answer.upper(covered))


def correction_of(
    state: State,
    calibration: Calibration | None = None,
    boosts: Mapping[Target, Boost] | None = None,
) -> Correction:
    """The correction that a state supports, and trees that were fitted with it."""
    return NoHistory() if state.is_empty else LearntCorrection(state, calibration, boosts)


def state_of(samples: Iterable[ResidualSample]) -> State:
    """Everything that these jobs teach."""
    state = State()
    for sample in samples:
        observe_sample(state, sample)
    return state


def observe_sample(state: State, sample: ResidualSample) -> None:
    """Count a job; one that is off by an absurd factor has a wrong unit somewhere."""
    if sample.prior.source is not LEARNT_FROM:
        return
    if abs(math.log(sample.actual / sample.prior.target)) > ABSURD:
        return
    state.observe(
        Outcome(
            sample.target,
            Basis.PREDICTED,
            Groups.of(sample.facts),
            sample.prior.target,
            sample.actual,
            sample.ended_at,
            ending_of(sample.status, sample.exit_reason),
            sample.limit,
            sample.seen_by_prior,
        )
    )


def _question(target: Target, facts: JobFacts, prior: Bounded[float]) -> Question:
    """About ratios to the prior: what it is does not matter, how wide it is does."""
    below = round(_width(prior.target, prior.lower), 6)
    above = round(_width(prior.upper, prior.target), 6)
    return Question(target, Basis.PREDICTED, Groups.of(facts), 1.0, below, above)


def _width(larger: float, smaller: float) -> float:
    """The logarithm of a ratio of at least 1; a bound of 0 is as far away as residuals go."""
    return min(ABSURD, math.log(larger / smaller)) if smaller > 0 else ABSURD


@dataclass(frozen=True, slots=True)
class _HeldAgainst:
    """How many past jobs there were, and of which kinds in plain words.

    shift: the logarithm that batch size, GPU count and size add.
    """

    count: int
    groups: tuple[str, ...]
    shift: float = 0.0

    def said(self, reason: str, change: float) -> str:
        told = self._held(reason, change)
        if not self.shift:
            return told
        return sentence(
            "{reason} ({shift:+.1%} of it for batch size, GPU count and size)",
            reason=told,
            shift=math.expm1(self.shift),
        )

    def _held(self, reason: str, change: float) -> str:
        if not self.groups:
            return sentence(
                "{reason}; held against {count} past jobs: {change:+.1%}",
                reason=reason,
                count=self.count,
                change=change,
            )
        return sentence(
            "{reason}; held against {count} past jobs, {groups}: {change:+.1%}",
            reason=reason,
            count=self.count,
            groups=self.groups,
            change=change,
        )


def _moved(
    sides: _Sides, target: Target, prior: Bounded[float], held: _HeldAgainst
) -> Bounded[float]:
    sizes = (sides.middle, sides.lower, sides.upper)
    centre, lower, upper = (prior.target * math.exp(size + held.shift) for size in sizes)
    if target is Target.DEVICE_MEMORY:
        centre = max(centre, prior.lower)
    return Bounded(
        target=centre,
        lower=min(lower, centre),
        upper=max(upper, centre),
        source=Source.REGRESSED,
        reason=held.said(prior.reason, centre / prior.target - 1),
    )


def _counted(groups: tuple[Group, ...], facts: JobFacts) -> tuple[str, ...]:
    """The groups of named jobs, in plain words."""
    return tuple(_said(group, facts) for group in groups if group.level is not Level.ALL)


def _said(group: Group, facts: JobFacts) -> str:
    count = _with_killed(group)
    if group.level is Level.SAME:
        return sentence("{count} of this job on this GPU type", count=count)
    if group.level is Level.TEMPLATE:
        return sentence("{count} of template {name}", count=count, name=facts.template)
    if group.level is Level.GPU:
        return sentence("{count} on {name}", count=count, name=facts.gpu)
    name = facts.model if group.level is Level.MODEL else facts.user
    return sentence("{count} of {name}", count=count, name=name)


def _with_killed(group: Group) -> int | str:
    if not group.killed:
        return group.count
    return sentence("{count} and {killed} killed", count=group.count, killed=group.killed)


def _uncorrected(prior: Bounded[float], why: str) -> Bounded[float]:
    said = sentence("{reason}; not corrected by history: {why}", reason=prior.reason, why=why)
    return replace(prior, reason=said)
