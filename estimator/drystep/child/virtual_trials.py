"""Steps at other batch sizes and capacities on the virtual GPU."""

from __future__ import annotations

from dataclasses import replace

from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.beside import Begin, in_turn
from estimator.drystep.child.observe import StepQuestion, try_step
from estimator.drystep.child.trials import Exploration, explore
from estimator.drystep.child.unmodelled import workspace_limit
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import StepMeasurement
from estimator.drystep.request import DryStepRequest
from estimator.errors import UserCodeFailed
from estimator.messages import sentence


def with_workspace(
    gpu: VirtualGpu, question: StepQuestion, measurement: StepMeasurement
) -> StepMeasurement:
    """The step without scratch, and what the scratch of convolutions adds to the reserved."""
    if not measurement.has_convolution:
        return measurement
    limit = workspace_limit()
    gpu.set_workspace_limit(limit)
    question.training.renewed()
    statistics.restart_reserved_peak()
    _, _, reserved = try_step(gpu, question)
    gpu.set_workspace_limit(0)
    return replace(
        measurement,
        workspace_bytes=max(0, reserved - measurement.peak_reserved_bytes),
        workspace_limit_bytes=limit,
    )


class _Steps:
    """Two steps of a training on the virtual GPU, each time renewed, with a new optimizer."""

    def __init__(self, gpu: VirtualGpu, asked: StepMeasurement, question: StepQuestion) -> None:
        self._gpu = gpu
        self._asked = asked
        self._question = question
        self._may_have_leaked = False
        self._at_start = 0

    def run(self, batch_size: int, capacity: int) -> StepMeasurement | None:
        """The steps at a batch size and a capacity; None where there is no room."""
        self.start_anew()
        self._gpu.set_capacity(capacity + statistics.leaked_bytes())
        question = replace(self._question, batch_size=batch_size)
        try:
            record, allocated, reserved = try_step(self._gpu, question)
        except MemoryError as error:
            self._may_have_leaked = error.__cause__ is not None
            _check_room(error)
            return None
        except UserCodeFailed:
            self._may_have_leaked = True  # such as more than 2^31 elements for a kernel
            raise
        finally:
            self._gpu.set_capacity(virtual.BOUNDLESS)
        return replace(
            self._asked,
            per_device_batch_size=batch_size,
            peak_allocated_bytes=allocated,
            peak_reserved_bytes=reserved,
            page_bytes=statistics.page_bytes(),
            peak_phase=record.peak_phase,
            kernels=record.kernels,
            workspace_bytes=0,
        )

    def start_anew(self) -> None:
        """A renewed training, and what a failed run has leaked set apart."""
        self._question.training.renewed()
        statistics.restart_reserved_peak()
        if self._may_have_leaked:
            leaked = statistics.allocated_bytes() - self._at_start
            statistics.count_as_leaked(max(0, leaked))
            self._may_have_leaked = False
        self._at_start = statistics.allocated_bytes()


def explore_steps(
    gpu: VirtualGpu,
    asked: StepMeasurement,
    question: StepQuestion,
    request: DryStepRequest,
    begin: Begin = in_turn,
) -> Exploration:
    """:func:`explore` with the training of ``question``; scratch of convolutions is taken."""
    steps = _Steps(gpu, asked, question)
    gpu.set_workspace_limit(workspace_limit())
    found = explore(asked, steps.run, request, begin=begin)
    steps.start_anew()
    gpu.set_workspace_limit(0)
    return found


def _check_room(error: MemoryError) -> None:
    """Returns for the device's own out-of-memory; anything else is the user's host memory."""
    if virtual.is_device_out_of_memory(error):
        return
    raise UserCodeFailed(
        sentence(
            "the host has too little memory to make a batch while looking for the largest one"
        ),
        hint=sentence("--batch-size N, which measures that batch alone"),
    ) from error
