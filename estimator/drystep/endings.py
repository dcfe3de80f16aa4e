"""How a child process can end without an answer, as one line for the user."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from estimator.errors import BadInput, EstimatorError, UserCodeFailed
from estimator.messages import sentence
from estimator.units import format_duration

_SIGNALS = {
    signal.SIGSEGV: sentence("a segmentation fault"),
    signal.SIGBUS: sentence("a bus error"),
    signal.SIGABRT: sentence("an abort in native code"),
    signal.SIGFPE: sentence("an arithmetic fault in native code"),
    signal.SIGILL: sentence("an instruction that this processor does not have"),
    signal.SIGKILL: sentence("killed, most likely because the machine ran out of memory"),
    signal.SIGALRM: sentence("an alarm that the user's code had set"),
    signal.SIGXCPU: sentence("a limit on processor time"),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """A child that said nothing more.

    exit_code: below 0 minus the signal, None when it was stopped at the time limit. doing: what
    it had said to be doing, empty if it never came as far as the model file. where: the last
    known place in the user's code, at least the model file. alone: it was one rank of many.
    """

    exit_code: int | None
    doing: str
    where: str
    alone: bool = False


def error_of(ending: Ending, seconds: float) -> EstimatorError:
    """What to tell the user of ``ending``; ``seconds`` is the time limit."""
    if not ending.doing:
        return BadInput(
            sentence("Paddle did not start: {how}", how=_how(ending, seconds)),
            hint='python -c "import paddle"',
        )
    return UserCodeFailed(
        sentence("{how} while {doing}", how=_how(ending, seconds), doing=ending.doing),
        where=ending.where,
        hint=_hint(ending),
    )


def _how(ending: Ending, seconds: float) -> str:
    if ending.exit_code is None:
        return sentence("still not done after {limit}, stopped", limit=format_duration(seconds))
    if ending.exit_code >= 0:
        return sentence("the process ended itself with exit code {code}", code=ending.exit_code)
    number = -ending.exit_code
    try:
        name = signal.Signals(number).name
    except ValueError:
        return sentence("the process died of signal {number}", number=number)
    known = _SIGNALS.get(signal.Signals(number), sentence("a signal"))
    return sentence("the process died of {name} ({meaning})", name=name, meaning=known)


def _hint(ending: Ending) -> str:
    if ending.exit_code is None and ending.alone:
        return sentence(
            "the rank runs alone: what waits for another one's file, socket or message waits for "
            "ever"
        )
    if ending.exit_code is None:
        return sentence("look for a loop that does not end, or give it more time")
    if ending.exit_code >= 0:
        return sentence("do not call os._exit in a model file")
    if ending.exit_code == -signal.SIGKILL:
        return sentence("a smaller --batch-size, or a machine with more memory")
    return ""
