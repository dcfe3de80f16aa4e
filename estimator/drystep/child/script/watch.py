"""Watches one run of the script: steps, batches, an evaluation; and ends it when it has seen them.

The run ends inside the script, wherever that stands, by reporting and leaving the process: nothing
is raised that its own code could catch.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.allocator import allocator_rule
from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.resident import peak_resident_bytes
from estimator.drystep.child.script.hooks import LoaderInUse
from estimator.drystep.child.script.loaded import Batches
from estimator.drystep.child.script.model_seen import ModelSeen
from estimator.drystep.child.script.rank_seen import RankRecorder
from estimator.drystep.child.script.recorder import PeakFinder, Recorder
from estimator.drystep.child.script.seen import EvaluationSeen, Probe, RunSeen, StepSeen
from estimator.drystep.child.script.synthetic import SyntheticData
from estimator.drystep.child.unmodelled import noted, workspace_limit
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import NOT_LOCATED, Phase
from estimator.drystep.places import is_user_file, place
from estimator.messages import sentence
from estimator.workload.types import Script

EVALUATION_BATCHES = 3
EXTRA_EPOCHS = 3
SECONDS_FOR_EVALUATION = 30.0
"""How much of an evaluation is watched, and how long it is waited for after the last step."""

Finish = Callable[[RunSeen], NoReturn]


class Watch:
    """Hears of everything one run does (:class:`.hooks.Listener`).

    ``on_first_batch`` is called before the first batch of any loader, and may give a new task.
    """

    def __init__(
        self,
        gpu: VirtualGpu,
        script: Script,
        finish: Finish,
        on_first_batch: Callable[[], Probe | None],
        rank: RankRecorder | None = None,
    ) -> None:
        self._gpu = gpu
        self._synthetic = SyntheticData(script.synthetic) if script.synthetic else None
        self._rank = rank
        self._script = script
        self._finish = finish
        self._probe = Probe()
        self._process = 0
        self._began = 0.0
        self._model = ModelSeen()
        self._batches = Batches()
        self._steps: list[StepSeen] = []
        self._recorder = Recorder(gpu, self._model, rank)
        self._evaluation: _Evaluation | None = None
        self._lead: Any = None
        self._extra_epochs = 0
        self._is_waiting = False
        self._notes: dict[str, None] = {}
        self._on_first_batch: Callable[[], Probe | None] | None = on_first_batch

    def begin(self, probe: Probe) -> None:
        """What this process has to find out."""
        self._probe = probe
        self._process = os.getpid()
        self._began = time.process_time()
        self._gpu.set_capacity(probe.capacity)
        self._gpu.set_workspace_limit(workspace_limit() if probe.workspace else 0)
        statistics.restart_allocated_peak()

    def replace_missing_data(self) -> None:
        """From now on data sets that are not there are replaced, if the user says what by."""
        if self._synthetic is not None:
            self._synthetic.watch_data_sets()

    def ended(self, why: str = "") -> None:
        """The script is over; reports if enough was seen, else returns."""
        if self._steps and (self._probe.first_look or self._has_enough()):
            if why:
                self._note(sentence("the script ended while it was watched: {why}", why=why))
            self._report()

    @property
    def is_elsewhere(self) -> bool:
        """Whether this is a process that the script forked by itself."""
        return os.getpid() != self._process

    @property
    def steps(self) -> int:
        return len(self._steps)

    # What the hooks tell.

    def forward(self, layer: paddle.nn.Layer, inputs: tuple[Any, ...]) -> None:
        if self._is_evaluation(layer):
            self._evaluate(inputs)
            return
        self._train()
        self._gpu.set_phase(Phase.FORWARD)
        self._model.called(layer)
        self._batches.direct(inputs)

    def forward_done(self, layer: paddle.nn.Layer, outputs: Any) -> None:
        evaluation = self._evaluation
        if evaluation is None or not evaluation.running or evaluation.keeps_gradients_at:
            return
        if paddle.is_grad_enabled() and layer.parameters() and _needs_gradient(outputs):
            evaluation.keeps_gradients_at = user_place()

    def backward(self) -> None:
        self._train()
        self._batches.trained()
        self._gpu.set_phase(Phase.BACKWARD)

    def update(self) -> None:
        self._recorder.claim_gradients()
        self._gpu.set_phase(Phase.OPTIMIZER)

    def pipeline(self, layer: paddle.nn.Layer, batch: Any) -> None:
        self._train()
        self._model.called(layer)
        self._batches.whole(batch)
        if self._rank is not None:
            self._rank.pipeline(layer)

    def updated(self, optimizer: Any) -> None:
        self._gpu.set_phase(Phase.FORWARD)
        self._model.stepped(optimizer)
        if self._rank is not None:
            self._rank.stepped(optimizer)
        self._lead = self._lead or optimizer
        if optimizer is not self._lead:
            return
        self._steps.append(self._batches.step())
        self._recorder.step_done(self._batches.blocks, self._probe)
        statistics.restart_allocated_peak()
        if self._has_enough():
            self._enough()

    def before_batch(self, loader: LoaderInUse) -> None:
        on_first, self._on_first_batch = self._on_first_batch, None
        if on_first is not None and (probe := on_first()) is not None:
            self.begin(probe)
        if self._probe.first_look:
            self._batches.time(loader, is_synthetic=self._is_synthetic(loader))
        if loader.number != self._batches.train_loader:
            if self._evaluation and self._evaluation.batches >= EVALUATION_BATCHES:
                self._evaluation.ended_early = True
                self._report()
            return
        self._train()
        if self._has_enough():
            self._end_epoch(loader)

    def batch(self, loader: LoaderInUse) -> Any:
        template, probe = self._probe.template, self._probe
        if template is not None and loader.number == probe.train_loader:
            size = probe.batch_size or template.batch_size
            batch = template.batch(size)
        else:
            size = None
            batch = self._loaded(loader)
        self._batches.loaded(loader, batch, size)
        if self._evaluation and self._evaluation.running:
            self._evaluation.batches += 1
        return batch

    def _loaded(self, loader: LoaderInUse) -> Any:
        synthetic = self._synthetic
        if synthetic is None or not self._is_synthetic(loader):
            return loader.load()
        if loader.given >= (loader.length or self._script.sampled_batches):
            raise StopIteration
        return synthetic.batch(loader.declared_batch_size)

    def _is_synthetic(self, loader: LoaderInUse) -> bool:
        return self._synthetic is not None and self._synthetic.stands_in_for(loader.loader)

    def shortened(self, length: int) -> int:
        enough = max(self._script.steps, self._script.sampled_batches)
        # A batch larger than the data set would leave none, but a template always gives one.
        return min(length, enough) if self._probe.template is None else enough

    # What follows from it.

    def _has_enough(self) -> bool:
        wanted = self._script.steps if self._probe.first_look else 2
        if self._probe.first_look and self._shapes_vary():
            wanted = max(wanted, self._script.sampled_batches)
        return self.steps >= max(wanted, self._recorder.steps_needed(self._probe))

    def _shapes_vary(self) -> bool:
        return len({step.shapes for step in self._steps}) > 1

    def _enough(self) -> None:
        if not self._probe.first_look:
            self._report()
        if not self._is_waiting:
            self._is_waiting = True
            waiting = threading.Timer(SECONDS_FOR_EVALUATION, self._waited)
            waiting.daemon = True
            waiting.start()
        if self._batches.train_loader is None:
            self._extra_epochs += 1
            if self._extra_epochs > self._script.sampled_batches:
                self._report()

    def _waited(self) -> None:
        if self._evaluation is None:
            self._note(
                sentence(
                    "no evaluation began within {seconds:g} s after the watched steps",
                    seconds=SECONDS_FOR_EVALUATION,
                )
            )
        else:
            self._evaluation.ended_early = True
        self._report()

    def _end_epoch(self, loader: LoaderInUse) -> None:
        """End the training loader early, so that what the script does after an epoch follows.

        A script that counts its batches begins the loader anew until it has them all; so the pass
        after that is let run as far as the loader's length is said to be.
        """
        if self._evaluation is not None or not self._probe.first_look:
            self._report()
        if self._extra_epochs == 1 and 0 < loader.given < loader.length:
            return
        self._note(
            sentence(
                "the training loader was ended after {count} steps, so that what follows an epoch "
                "comes sooner",
                count=self._script.steps,
            )
        )
        if loader.given:
            raise StopIteration
        self._extra_epochs += 1
        if self._extra_epochs > EXTRA_EPOCHS:
            self._report()

    def _is_evaluation(self, layer: paddle.nn.Layer) -> bool:
        """A forward pass of a model on another loader than the training's.

        Without loaders: of the trained model, in evaluation mode or without gradients.
        """
        if not self._steps or not layer.parameters():
            return False
        if self._batches.train_loader is not None:
            return self._batches.current_loader != self._batches.train_loader
        is_evaluating = not layer.training or not paddle.is_grad_enabled()
        return is_evaluating and self._model.is_trained(layer)

    def _evaluate(self, inputs: tuple[Any, ...]) -> None:
        if self._evaluation is None:
            self._recorder.stop()
            statistics.restart_allocated_peak()
            finder = PeakFinder(self._gpu, self._model) if self._probe.breakdown else None
            self._evaluation = _Evaluation(self._batches.size_of(inputs), finder)
        self._evaluation.next_pass()
        if self._batches.train_loader is None:
            self._evaluation.batches += 1

    def _train(self) -> None:
        """Training goes on: an evaluation, if there was one, is over."""
        if self._evaluation is not None and self._evaluation.running:
            self._evaluation.stop()
            if self._has_enough():
                self._report()
            statistics.restart_allocated_peak()

    def _note(self, sentence: str) -> None:
        self._notes[sentence] = None

    def _report(self) -> NoReturn:
        if self._evaluation is not None:
            self._evaluation.stop()
        batches = self._batches
        self._finish(
            RunSeen(
                steps=tuple(self._steps),
                record=self._recorder.record,
                breakdown=self._recorder.breakdown,
                peak_at=self._recorder.peak_at,
                timeline=self._recorder.timeline,
                evaluation=self._evaluation.seen() if self._evaluation else None,
                facts=self._model.facts(self._script.program),
                optimizer=self._model.optimizer_names,
                precision=self._model.precision,
                train_loader=batches.train_loader,
                template=batches.template,
                declared_batch_size=batches.declared,
                batches_per_step=max(1, round(batches.trained_on / max(1, self.steps))),
                loader=batches.loader,
                notes=(*self._notes, *(self._synthetic.notes if self._synthetic else ()), *noted()),
                workspace_limit_bytes=workspace_limit(),
                allocator=allocator_rule(),
                processor_seconds=time.process_time() - self._began,
                page_bytes=statistics.page_bytes(),
                host_peak_bytes=peak_resident_bytes(),
                rank=self._rank.seen(*batches.of_a_step) if self._rank else None,
            )
        )


class _Evaluation:
    """An evaluation pass while it runs."""

    def __init__(self, batch_size: int, finder: PeakFinder | None) -> None:
        self._batch_size = batch_size
        self._finder = finder
        self._peaks = (0, 0)
        self.running = True
        self.batches = 1
        self.keeps_gradients_at = ""
        self.ended_early = False

    def next_pass(self) -> None:
        """A model is about to be called once more."""
        if self._finder is not None and self.running:
            self._finder.next_pass()

    def stop(self) -> None:
        if self.running:
            self.running = False
            if self._finder is not None:
                self._finder.stop()
            self._peaks = statistics.peak_allocated_bytes(), statistics.peak_reserved_bytes()

    def seen(self) -> EvaluationSeen:
        allocated, reserved = self._peaks
        return EvaluationSeen(
            peak_allocated_bytes=allocated,
            peak_reserved_bytes=reserved,
            batch_size=self._batch_size,
            batches=self.batches,
            keeps_gradients_at=self.keeps_gradients_at,
            ended_early=self.ended_early,
            peak_at=self._finder.peak_at if self._finder else NOT_LOCATED,
        )


def _needs_gradient(outputs: Any) -> bool:
    return any(not tensor.stop_gradient for tensor in tensors_in(outputs))


def user_place() -> str:
    """``file:line`` of the innermost frame of the user's code that we are called from."""
    for frame, line in traceback.walk_stack(None):
        if is_user_file(frame.f_code.co_filename):
            return place(frame.f_code.co_filename, line)
    return ""
