"""Our own rule for memory: past peaks of the template, their tail, and the prices."""

from __future__ import annotations

import math
from collections import defaultdict

from estimator.learning.decision import UNSEEN_SHARE, Choice, Prices, cheapest
from estimator.learning.ending import Ending
from estimator.learning.node import Node, Usage
from estimator.learning.tail import DEFAULT_PRIOR, TailPrior
from estimator.learning.trace import Task

OOM_GROWTH = 1.2
"""After an out-of-memory at a limit, at least this times the limit is asked for, as the
Kubernetes Vertical Pod Autoscaler does (``oom-bump-up-ratio``)."""


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
            peak = max(peak, task.requested) * OOM_GROWTH
        node.add(math.log(peak), task.finished, killed=task.killed)
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
        return cheapest(tail, task.requested, self._size(node.usage, task), self._prices)

    def _size(self, own: Usage, task: Task) -> float:
        """Expected memory-time of the task at its request, in average jobs."""
        if not self._all.byte_milliseconds:
            return 1.0
        usual = self._all.milliseconds / self._all.timed
        expected = (own.milliseconds + usual) / (own.timed + 1)
        return task.requested * expected / (self._all.byte_milliseconds / self._all.sized)
