"""Our own rule for memory: past peaks of the template, their tail, and the prices."""

from __future__ import annotations

import math
from collections import defaultdict

from estimator.learning.decision import UNSEEN_SHARE, Choice, Prices, cheapest
from estimator.learning.ending import Ending
from estimator.learning.node import Counted, Node, Usage
from estimator.learning.recommend import above_refuted, job_size
from estimator.learning.tail import DEFAULT_PRIOR, TailPrior
from estimator.learning.trace import Task


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
        size = job_size(node.usage, self._all, task.requested)
        return cheapest(above_refuted(node, tail), task.requested, size, self._prices)
