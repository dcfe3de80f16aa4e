"""Our own rule for memory: past peaks of the template, their tail, and the prices."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

from estimator.learning.decision import OOM_GROWTH, UNSEEN_SHARE, Choice, Prices, cheapest
from estimator.learning.ending import Ending
from estimator.learning.node import Counted, Node, Usage
from estimator.learning.tail import DEFAULT_PRIOR, TailPrior, UpperTail
from estimator.learning.trace import Task
from estimator.units import MIB


class Advisor:
    """Learns from tasks that ended, one by one, and asks for memory."""

    def __init__(self, prices: Prices | None = None, prior: TailPrior = DEFAULT_PRIOR) -> None:
        self._prices = prices or Prices()
        self._prior = prior
        self._templates: dict[str, Node] = defaultdict(Node)
        self._all = Usage()

    def learn(self, task: Task) -> None:
        """Take in a task that ended."""
        node, peak = self._templates[task.template], task.peak
        if task.ending is Ending.OUT_OF_MEMORY:
            node.out_of_memory += 1
            peak = max(peak, task.requested)
        how = Counted.KILLED if task.killed else Counted.FINISHED
        node.add(math.log(peak), task.finished, how)
        node.usage.add(task.seconds, task.requested)
        self._all.add(task.seconds, task.requested)

    def ask(self, task: Task) -> float:
        """Bytes to ask for."""
        return self.choose(task).amount

    def choose(self, task: Task) -> Choice:
        """Bytes to ask for, and the chance that the job takes more."""
        node = self._templates.get(task.template)
        tail = node.tail(self._prior) if node else None
        if node is None or tail is None:
            return Choice(task.requested * UNSEEN_SHARE, 0.0)
        return cheapest(
            _above_refuted(node, tail), task.requested, self._size(node.usage, task), self._prices
        )

    def _size(self, own: Usage, task: Task) -> float:
        """Expected memory-time of the task at its request, in average jobs."""
        if not self._all.mib_seconds:
            return 1.0
        usual = self._all.milliseconds / self._all.timed
        expected = (own.milliseconds + usual) / (own.timed + 1)
        average = self._all.mib_seconds / self._all.sized
        return task.requested / MIB * expected / 1000 / average


def _above_refuted(node: Node, tail: UpperTail) -> UpperTail:
    """The same tail, from where an out-of-memory has shown that there is need of more."""
    refuted = node.refuted()
    if refuted is None or not node.out_of_memory:
        return tail
    return replace(tail, highest=max(tail.highest, refuted + math.log(OOM_GROWTH)))
