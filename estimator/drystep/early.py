"""A child that imports Paddle before it is known what it shall measure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

from estimator.drystep.child_process import ChildProcess, Spawn, hand_over, pipe, spawned
from estimator.drystep.launch import CHILD, QUIET, Start, child_of
from estimator.drystep.protocol import WARM, Order, encode_order
from estimator.drystep.request import DryStepRequest


@contextmanager
def started_early(
    environment: Mapping[str, str], command: Sequence[str] = CHILD
) -> Iterator[Start]:
    """Start a child now; the first request with the same environment is given to it.

    Any other request starts a child of its own. Leaves no process behind.
    """
    with ExitStack() as stack:
        reader, writer = pipe(stack)
        variables = os.environ | QUIET | dict(environment)
        child = stack.enter_context(spawned(Spawn((*command, WARM), reader, variables)))
        reader.close()
        yield _EarlyChild(child, writer, dict(environment), child_of(command)).start


@dataclass(frozen=True, slots=True)
class _EarlyChild:
    child: ChildProcess
    orders: IO[bytes]
    environment: Mapping[str, str]
    otherwise: Start

    @contextmanager
    def start(self, request: DryStepRequest, host_memory_bytes: int) -> Iterator[ChildProcess]:
        if self.orders.closed or request.environment != self.environment:
            self._give_up()
            with self.otherwise(request, host_memory_bytes) as another:
                yield another
            return
        hand_over(self.orders, encode_order(Order(request, host_memory_bytes, os.getpid())))
        yield self.child

    def _give_up(self) -> None:
        """Importing Paddle for nobody would slow those down that run; one at work goes on."""
        if not self.orders.closed:
            self.orders.close()
            self.child.stop()
