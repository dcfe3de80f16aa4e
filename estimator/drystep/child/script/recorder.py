"""What a watched step launched, what was alive at its peak, and which launch set that."""

from __future__ import annotations

from contextlib import ExitStack

from estimator.drystep.child import statistics
from estimator.drystep.child.blocks import Blocks
from estimator.drystep.child.locate import Search
from estimator.drystep.child.observe import breakdown
from estimator.drystep.child.script.model_seen import ModelSeen
from estimator.drystep.child.script.rank_seen import RankRecorder
from estimator.drystep.child.script.seen import Probe
from estimator.drystep.child.virtual import StepRecord, VirtualGpu
from estimator.drystep.measurement import (
    NOT_LOCATED,
    MemoryBreakdown,
    PeakAt,
    Phase,
    Timeline,
)
from estimator.drystep.timeline import timeline_of
from estimator.messages import sentence
from estimator.values import Missing

_RECORDED, _LOOKED_AT, _LINE_BY_LINE = 2, 3, 4
"""What the second, third and fourth step of a run are for."""

_TOO_SHORT = Missing(sentence("the evaluation had too few batches to look for its peak"))


class Recorder:
    """Records the second step, and at the third what is alive where the second had its peak.

    A fourth is run line by line where that alone tells the user's line.
    """

    def __init__(self, gpu: VirtualGpu, model: ModelSeen, rank: RankRecorder | None = None) -> None:
        self._gpu = gpu
        self._model = model
        self._rank = rank
        self._recording = ExitStack()
        self._is_recording = False
        self._done = 0
        self._peak = 0
        self._search: Search | None = None
        self._lines: Search | None = None
        self.record: StepRecord | None = None
        self.breakdown: MemoryBreakdown | None = None
        self.timeline: Timeline | None = None

    def steps_needed(self, probe: Probe) -> int:
        """How many steps the run must have for what it has to find out."""
        if not probe.breakdown:
            return _RECORDED
        return _LINE_BY_LINE if self._search and self._search.needs_lines else _LOOKED_AT

    @property
    def done(self) -> int:
        """The steps that it has followed without a break."""
        return self._done

    def again(self) -> None:
        """It was stopped within a step that went on; what it has not recorded yet comes later."""
        if self.record is None:
            self._done = 0

    @property
    def peak_at(self) -> PeakAt | Missing:
        """Where the steady step has its peak."""
        if self._search is None:
            return NOT_LOCATED
        return self._search.peak_at("train", self._lines)

    def claim_gradients(self) -> None:
        if self._is_recording:
            self._gpu.claim_gradients(self._model.gradient_addresses())

    def step_done(self, batch: Blocks, probe: Probe) -> None:
        """A step has ended; its peak still stands."""
        self._done += 1
        self.stop()
        if self._done == 1:
            self._start()
            if self._rank is not None:
                self._rank.begin()
        elif self._done == _RECORDED:
            self.record = self._gpu.record()
            if self._rank is not None:
                self._rank.end()
            self._peak = statistics.peak_allocated_bytes()
            if probe.breakdown:
                self._search = self._look_again(self.record, follow=probe.timeline)
        elif self._done == _LOOKED_AT and probe.breakdown:
            self._looked(batch, probe)

    def stop(self) -> None:
        """Record no more."""
        self._recording.close()
        self._is_recording = False

    def _looked(self, batch: Blocks, probe: Probe) -> None:
        lasting = self._model.lasting_blocks(batch)
        self.breakdown = breakdown(lasting, self._gpu.snapshot(), self._peak)
        if probe.timeline:
            self.timeline = timeline_of(self._gpu.followed(), lasting)
        if self.record is not None and self._search is not None and self._search.needs_lines:
            self._lines = self._look_again(self.record)
            self._recording.enter_context(self._lines.line_by_line())

    def _look_again(self, record: StepRecord, *, follow: bool = False) -> Search:
        """Watch the next step for the launch that set the peak."""
        if follow:
            self._recording.enter_context(self._gpu.following())
        self._start(record.peak_launch)
        search = Search(self._gpu, self._model.layer_names(), record.peak_phase)
        self._recording.enter_context(search.watching())
        return search

    def _start(self, snapshot_at: int = -1) -> None:
        self._recording.enter_context(self._gpu.recording(snapshot_at))
        self._is_recording = True
        self.claim_gradients()


class PeakFinder:
    """Finds the launch that sets the peak of an evaluation, from three passes of its model.

    The first pass is recorded, the second watched for the launch that had the most.
    """

    def __init__(self, gpu: VirtualGpu, model: ModelSeen) -> None:
        self._gpu = gpu
        self._model = model
        self._recording = ExitStack()
        self._passes = 0
        self._search: Search | None = None

    def next_pass(self) -> None:
        """The model is about to be called once more."""
        self._passes += 1
        self._recording.close()
        if self._passes == 1:
            self._gpu.set_phase(Phase.FORWARD)
            self._recording.enter_context(self._gpu.recording())
        elif self._passes == 2:
            record = self._gpu.record()
            self._recording.enter_context(self._gpu.recording(record.peak_launch))
            self._search = Search(self._gpu, self._model.layer_names(), Phase.FORWARD)
            self._recording.enter_context(self._search.watching())

    def stop(self) -> None:
        """The evaluation is over."""
        self._recording.close()

    @property
    def peak_at(self) -> PeakAt | Missing:
        return _TOO_SHORT if self._search is None else self._search.peak_at("eval")
