"""The child process from its first line to its last."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from estimator.drystep.child.allocator import auto_growth_for_paddle
from estimator.drystep.child.limits import apply_limits, lift_host_memory_limit, report_faults
from estimator.drystep.child.readers import watch_threads
from estimator.drystep.child.replies import Replies
from estimator.drystep.child.user_code import internal, one_line, where_in_user_code
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.protocol import WARM, Order, decode_order
from estimator.drystep.request import DryStepRequest
from estimator.errors import BadInput, EstimatorError, UserCodeFailed
from estimator.messages import sentence
from estimator.units import format_bytes

if TYPE_CHECKING:
    from estimator.drystep.child.model_file import ModelSource

Measure = Callable[["ModelSource", DryStepRequest, Replies], DryStepReport]
"""Does all the dry steps that a request asks for."""


def _measure(program: ModelSource, request: DryStepRequest, replies: Replies) -> DryStepReport:
    from estimator.drystep.child.measure import measure  # needs Paddle imported

    return measure(program, request, replies)


def main(measure: Measure = _measure) -> NoReturn:
    """Read an order from standard input, carry it out, and answer on the reply pipe.

    The command line is ``[--warm] REPLY_FD FAULTS_FD``; ``--warm`` imports everything before the
    order is read. Leaves without running exit handlers or waiting for threads, because those are
    the user's.
    """
    replies, faults = Replies(int(sys.argv[-2])), int(sys.argv[-1])
    if WARM in sys.argv:
        _warm_up()
    document = sys.stdin.buffer.read()
    if not document:  # nobody needs a warm one any more
        os._exit(0)
    order = decode_order(document)
    try:
        replies.report(_carry_out(order, faults, replies, measure))
    except BaseException as error:
        lift_host_memory_limit()
        replies.error(_as_one_of_ours(error, order))
    finally:
        os._exit(0)


def _carry_out(order: Order, faults: int, replies: Replies, measure: Measure) -> DryStepReport:
    request = order.request
    _close_standard_input()
    apply_limits(order.host_memory_bytes, order.parent_pid)
    _import_paddle()
    gc.freeze()  # Paddle's own objects stay; looking through them again and again takes time
    report_faults(faults)
    watch_threads(lambda raised: replies.aside(f"a thread has ended: {one_line(raised)}"))
    model_file = request.workload.model_file
    sys.dont_write_bytecode = True  # leave nothing in the user's folder
    replies.progress(f"running {model_file.name}")
    if request.workload.script is not None:
        from estimator.drystep.child.script.measure import measure_script

        return measure_script(request, replies, faults)
    from estimator.drystep.child.saved import add_way_out, model_source

    sys.argv[:] = [str(model_file)]
    sys.path.insert(0, str(model_file.absolute().parent))
    program = model_source(request.workload)
    try:
        return measure(program, request, replies)
    except UserCodeFailed as error:
        add_way_out(error, program)
        raise


def _warm_up() -> None:
    """Import what every order needs; what cannot be imported is told of to the one who orders."""
    with suppress(BadInput, ImportError):
        _import_paddle()
        import estimator.drystep.child.measure
        import estimator.drystep.child.saved  # noqa: F401


def _close_standard_input() -> None:
    """The order has been read: user code that asks for input finds the end of the file."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _import_paddle() -> None:
    """Import Paddle without the warnings that are about its own installation."""
    try:
        with warnings.catch_warnings(), auto_growth_for_paddle():
            warnings.simplefilter("ignore")
            import paddle  # noqa: F401
    except ImportError as error:
        what = sentence("Paddle cannot be imported: {why}", why=str(error))
        raise BadInput(what, hint="pip install paddlepaddle") from error


def _as_one_of_ours(error: BaseException, order: Order) -> EstimatorError:
    """The error to send. One that user code raised has come as UserCodeFailed already."""
    if isinstance(error, EstimatorError):
        return error
    if isinstance(error, MemoryError):
        return UserCodeFailed(
            _memory_of(error, order),
            where=where_in_user_code(error, order.request.workload.model_file),
            hint=sentence("a smaller --batch-size, or a machine with more memory"),
        )
    return internal(error)


def _memory_of(error: MemoryError, order: Order) -> str:
    why = one_line(error)
    if "Out of memory error on" in str(error):  # Paddle's words for a device
        return sentence("out of device memory: {why}", why=why)
    return sentence(
        "out of host memory, of which {room} were to spare: {why}",
        room=format_bytes(order.host_memory_bytes),
        why=why,
    )
