"""``paddle-estimate MODEL.py`` and ``run``: the dry step's process first, all else meanwhile.

Importing Paddle takes the child longer than anything that this process must do before it can say
what to measure, so the child is started before our own rooms are imported.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType

from estimator.cli.arguments import EstimateArguments, RunArguments
from estimator.cli.session import Session
from estimator.drystep.device.choose import environment_at_hand
from estimator.drystep.early import started_early
from estimator.drystep.launch import run_dry_step
from estimator.drystep.request import DeviceChoice
from estimator.drystep.where import HERE, Where
from estimator.workload.command import parse_command


def run(session: Session, arguments: EstimateArguments) -> int:
    """Answer one question; the exit code says whether something fits."""
    with _no_collector(), _where(arguments) as where:
        from estimator.cli.answer import answer
        from estimator.cli.parsing import to_options

        return answer(to_options(arguments, session.language), arguments, session, where)


def run_script(session: Session, arguments: RunArguments) -> int:
    """Answer one question about a training script."""
    own = parse_command(arguments.program).environment
    with _no_collector(), _early(arguments.device, own) as where:
        from estimator.cli.answer import answer
        from estimator.cli.parsing import to_script_options

        return answer(to_script_options(arguments, session.language), arguments, session, where)


@contextmanager
def _no_collector() -> Iterator[None]:
    """One answer and the process ends: searching its thousands of plans for garbage is waste."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _where(arguments: EstimateArguments) -> Iterator[Where]:
    """On a cluster where that is asked for, else here."""
    if arguments.dry_step_on is not None:
        from estimator.cli.elsewhere import where

        yield where(arguments)
        return
    with _early(arguments.device) as here:
        yield here


@contextmanager
def _early(device: str, own: Mapping[str, str] = MappingProxyType({})) -> Iterator[Where]:
    """Here: the first step runs in a child that imports Paddle from now on, with a script's own
    variables.
    """
    environment = environment_at_hand(DeviceChoice(device))
    if environment is None:  # the device must be built first
        yield HERE
        return
    with started_early({**own, **environment}) as start:
        yield Where(partial(run_dry_step, start=start))
