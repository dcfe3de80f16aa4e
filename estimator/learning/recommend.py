"""What a job should ask for, from a fitted model, with its reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from estimator.learning.calibration import Calibration
from estimator.learning.decision import OOM_GROWTH, UNSEEN_SHARE, Prices, cheapest
from estimator.learning.node import Counted, Node, Usage
from estimator.learning.predict import Predictor, Question
from estimator.learning.state import LEVEL_NAMES, SINGLE, Basis, Groups, Level, State, levels_of
from estimator.learning.tail import UpperTail
from estimator.messages import sentence
from estimator.records.types import Target
from estimator.units import MIB, format_bytes


@dataclass(frozen=True, slots=True)
class Advice:
    """What to ask for. amount, requested, lower, upper in bytes; the interval holds 90 % of jobs.

    level: the past jobs it rests on, None where there are none like it. count, killed: how many.
    risk: chance that the job takes more than ``amount``. reasons: plain sentences.
    """

    amount: int
    requested: int
    risk: float
    level: Level | None
    count: int
    killed: int
    lower: int
    upper: int
    reasons: tuple[str, ...]


class Recommender:
    """Advice from one state, which must not change."""

    def __init__(
        self,
        state: State,
        prices: Prices | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._state = state
        self._prices = prices or Prices()
        self._calibration = calibration or Calibration()
        self._predictor = Predictor(state)
        self._all: dict[Target, Usage] = {}

    def advise(self, target: Target, groups: Groups, requested: int) -> Advice:
        """Memory to ask for instead of ``requested``."""
        found = self.finest(target, groups)
        lower, upper = self._interval(Question(target, Basis.REQUESTED, groups, float(requested)))
        if found is None:
            share = math.ceil(requested * UNSEEN_SHARE)
            reason = sentence(
                "no job like this has run: {share:.0%} of the request", share=UNSEEN_SHARE
            )
            return Advice(
                share, requested, 0.0, None, 0, 0, int(lower), math.ceil(upper), (reason,)
            )
        level, node, tail = found
        size = self._size(target, node.usage, requested)
        choice = cheapest(tail, float(requested), size, self._prices)
        count, killed = node.count(), node.count(Counted.KILLED)
        return Advice(
            math.ceil(choice.amount),
            requested,
            choice.risk,
            level,
            count,
            killed,
            int(lower),
            math.ceil(upper),
            tuple(_reasons(level, node, tail, size, self._prices)),
        )

    def _interval(self, question: Question) -> tuple[float, float]:
        """What half a tenth of the jobs stay below, and above; the upper one is calibrated."""
        answer = self._predictor.ask(question)
        covered = self._calibration.asked_before_next_fit(question, answer, 0.95)
        sides = (answer.lower(0.95), answer.upper(covered))
        lower, upper = (question.expected * math.exp(side) for side in sides)
        return lower, upper

    def finest(self, target: Target, groups: Groups) -> tuple[Level, Node, UpperTail] | None:
        """The closest past jobs that there are, with how far the next may go above them."""
        for level, name in levels_of(groups):
            node = self._state.parts(target, Basis.REQUESTED, level, name).get("")
            tail = node.tail() if node is not None and level in SINGLE else None
            if node is not None and tail is not None:
                return level, node, above_refuted(node, tail)
        return None

    def _size(self, target: Target, own: Usage, requested: int) -> float:
        if target not in self._all:
            self._all[target] = Usage()
            for node in self._state.parts(target, Basis.REQUESTED, Level.ALL, "").values():
                self._all[target].merge(node.usage)
        return job_size(own, self._all[target], float(requested))


def job_size(own: Usage, every: Usage, requested: float) -> float:
    """Expected memory-time of a job at its request, in average jobs; 1 where nothing is known."""
    if not every.mib_seconds:
        return 1.0
    usual = every.milliseconds / every.timed
    expected = (own.milliseconds + usual) / (own.timed + 1)
    return requested / MIB * expected / 1000 / (every.mib_seconds / every.sized)


def above_refuted(node: Node, tail: UpperTail) -> UpperTail:
    """The same tail, from where an out-of-memory has shown that there is need of more."""
    refuted = node.refuted()
    if refuted is None or not node.out_of_memory:
        return tail
    return replace(tail, highest=max(tail.highest, refuted + math.log(OOM_GROWTH)))


def _reasons(level: Level, node: Node, tail: UpperTail, size: float, prices: Prices) -> list[str]:
    highest = format_bytes(round(math.exp(tail.highest)))
    killed = node.count(Counted.KILLED)
    reasons: list[str] = [
        sentence(
            "{count} past jobs of the {level} took up to {highest}",
            count=node.count(),
            level=LEVEL_NAMES[level],
            highest=highest,
        ),
        sentence(
            "such a job takes as much memory-time as {size:.3g} average jobs, an out-of-memory "
            "costs as much as {price:.3g}",
            size=size,
            price=prices.out_of_memory / prices.waste,
        ),
    ]
    if killed:
        reasons.append(
            sentence(
                "{killed} more were killed, {out_of_memory} of them for want of memory: they count "
                "as lower bounds",
                killed=killed,
                out_of_memory=node.out_of_memory,
            )
        )
    return reasons
