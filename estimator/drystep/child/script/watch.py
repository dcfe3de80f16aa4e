"""Watches one run of the script: steps, batches, an evaluation; and ends it when it has seen them.

The run ends inside the script, wherever that stands, by reporting and leaving the process: nothing
is raised that its own code could catch.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.allocator import allocator_rule
from estimator.drystep.child.resident import peak_resident_bytes
from estimator.drystep.child.script.evaluation_seen import Evaluation
from estimator.drystep.child.script.hooks import LoaderInUse
from estimator.drystep.child.script.loaded import Batches
from estimator.drystep.child.script.model_seen import ModelSeen
from estimator.drystep.child.script.optimizers_seen import OptimizersSeen
from estimator.drystep.child.script.rank_seen import RankRecorder
from estimator.drystep.child.script.recorder import PeakFinder, Recorder
from estimator.drystep.child.script.refused import is_static, trains, trains_on_the_cpu
from estimator.drystep.child.script.seen import Probe, RunSeen, StepSeen
from estimator.drystep.child.script.sentences import on_idle_optimizers
from estimator.drystep.child.script.synthetic import SyntheticData
from estimator.drystep.child.unmodelled import (
    noted,
    on_sparse_gradients,
    sparse_layers,
    workspace_limit,
)
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import Phase
from estimator.errors import EstimatorError
from estimator.messages import sentence
from estimator.workload.types import Script

EVALUATION_BATCHES = 3
EXTRA_EPOCHS = 3
SECONDS_FOR_EVALUATION = 30.0
"""How much of an evaluation is watched, and how long it is waited for after the last step."""

Finish = Callable[[RunSeen | EstimatorError], NoReturn]


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
        self._evaluation: Evaluation | None = None
        self._optimizers = OptimizersSeen()
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
        if layer.training and paddle.is_grad_enabled():
            self._batches.called()

    def forward_done(self, layer: paddle.nn.Layer, outputs: Any) -> None:
        if self._evaluation is not None:
            self._evaluation.passed(layer, outputs)

    def backward(self) -> None:
        if self._evaluation is not None and self._evaluation.running:
            self._trained_after_all()
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
        if self._optimizers.updated(optimizer) != self._probe.lead:
            return
        if not self._steps and self._model.is_on_the_cpu:
            self._finish(trains_on_the_cpu(self._script))
        self._steps.append(self._batches.step(self._model.optimizers))
        self._recorder.step_done(self._batches.blocks, self._probe)
        statistics.restart_allocated_peak()
        if self._has_enough():
            self._enough()

    def made(self, optimizer: Any) -> None:
        self._optimizers.made(optimizer)

    def executed(self, program: Any) -> None:
        if trains(program):
            self._finish(is_static(self._script))

    def before_batch(self, loader: LoaderInUse) -> None:
        on_first, self._on_first_batch = self._on_first_batch, None
        if on_first is not None and (probe := on_first()) is not None:
            self.begin(probe)
        if self._probe.first_look:
            self._batches.time(loader, is_synthetic=self._is_synthetic(loader))
        if loader.number not in self._batches.trains:
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
        if self._probe.first_look and (self._shapes_vary() or any(self._optimizers.idle())):
            wanted = max(wanted, self._script.sampled_batches)
        needed = self._recorder.steps_needed(self._probe)
        return self.steps >= wanted and self._recorder.done >= needed

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
            return self._batches.current_loader not in self._batches.trains
        is_evaluating = not layer.training or not paddle.is_grad_enabled()
        return is_evaluating and self._model.is_trained(layer)

    def _evaluate(self, inputs: tuple[Any, ...]) -> None:
        if self._evaluation is None:
            self._recorder.stop()
            statistics.restart_allocated_peak()
            finder = PeakFinder(self._gpu, self._model) if self._probe.breakdown else None
            self._evaluation = Evaluation(self._batches.size_of(inputs), finder)
        self._evaluation.next_pass()
        if self._batches.train_loader is None:
            self._evaluation.batches += 1

    def _trained_after_all(self) -> None:
        """What looked like an evaluation is a training: each epoch has a loader of its own."""
        if self._evaluation is not None:
            self._evaluation.stop()
        self._evaluation = None
        self._recorder.again()
        self._extra_epochs += 1
        if self._has_enough() and self._extra_epochs > EXTRA_EPOCHS:
            self._report()

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
                loader=batches.loader,
                notes=self._all_notes(),
                workspace_limit_bytes=workspace_limit(),
                allocator=allocator_rule(),
                processor_seconds=time.process_time() - self._began,
                page_bytes=statistics.page_bytes(),
                host_peak_bytes=peak_resident_bytes(),
                rank=self._rank.seen(*batches.of_a_step) if self._rank else None,
                lead=self._optimizers.slowest(self._probe.lead),
            )
        )

    def _all_notes(self) -> tuple[str, ...]:
        return (
            *self._notes,
            *(self._synthetic.notes if self._synthetic else ()),
            *on_idle_optimizers(self._optimizers.idle(), self.steps),
            *on_sparse_gradients(sparse_layers(self._model.layers)),
            *noted(),
        )
