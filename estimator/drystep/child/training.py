"""One model and one optimizer, ready to do training steps on Paddle's current device."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.assumptions import Assumptions
from estimator.drystep.child.batch_source import BatchSource, alone, batch_source, on_device
from estimator.drystep.child.batches import (
    batch_bytes,
    sample,
    tensors_in,
)
from estimator.drystep.child.evaluation import Evaluation
from estimator.drystep.child.losses import loss_of
from estimator.drystep.child.model_file import ModelSource, RunFile
from estimator.drystep.child.optimizers import NoOptimizer, new_optimizer, release
from estimator.drystep.child.recomputing import recompute_blocks
from estimator.drystep.child.steps import (
    InferenceStep,
    MicroBatches,
    PipelineStep,
    StandardStep,
    Step,
    UserStep,
    in_low_precision,
    mixed,
)
from estimator.drystep.child.user_code import user_code
from estimator.drystep.measurement import ModelFacts, Precision
from estimator.drystep.strategy import PLAIN
from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.workload.types import Workload


@dataclass(frozen=True, slots=True)
class _Recipe:
    """All that a training is made of, but for what a step changes.

    wrapper: the ``paddle.Model`` around the model, where the file has one.
    """

    file: RunFile
    model: paddle.nn.Layer
    wrapper: paddle.Model | None
    source: BatchSource
    workload: Workload
    precision: Precision
    assumptions: Assumptions

    @property
    def has_own_step(self) -> bool:
        """Whether the user's ``train_step`` is what runs."""
        return self.file.train_step is not None and not self.workload.inference

    @property
    def is_pipelined(self) -> bool:
        """Whether Fleet does the steps, on one stage of a pipeline."""
        strategy = self.workload.strategy
        return strategy is not None and strategy.pipeline_parallel_degree > 1

    def new_step(self) -> tuple[Any, Step]:
        """An optimizer without state, and a step that uses it."""
        if self.workload.inference:
            model = in_low_precision(self.model, self.precision)
            return NoOptimizer(), InferenceStep(model, self.precision)
        prepared = self.wrapper and self.wrapper._optimizer
        optimizer = new_optimizer(
            self.file, self.model, prepared, self.assumptions, self.workload.optimizer
        )
        if self.file.train_step is not None:
            model, optimizer, _ = self._as_rank(self.model, optimizer, None)
            return optimizer, UserStep(self.file.train_step, model, optimizer)
        model, optimizer, scaler = mixed(self.model, optimizer, self.precision)
        loss = loss_of(self.file, self.wrapper, self.assumptions)
        if self.is_pipelined:
            from estimator.drystep.child.parallel import with_loss

            model = with_loss(model, loss)
        model, optimizer, scaler = self._as_rank(model, optimizer, scaler)
        if self.is_pipelined:
            samples = model.micro_batch_size * model.accumulate_steps
            return optimizer, PipelineStep(model, optimizer, self.precision, scaler, samples)
        return optimizer, StandardStep(model, optimizer, loss, self.precision, scaler)

    def _as_rank(
        self, model: Any, optimizer: Any, scaler: paddle.amp.GradScaler | None
    ) -> tuple[Any, Any, paddle.amp.GradScaler | None]:
        """All three as those of one rank, where the workload is a job on several GPUs."""
        strategy = self.workload.strategy
        if strategy is None:
            return model, optimizer, scaler
        from estimator.drystep.child.parallel import wrapped

        return wrapped(model, optimizer, scaler, strategy)


class Training:
    """A model in training mode with its optimizer, its batches and its step at one precision.

    A batch is ``(inputs, labels)``, each nested tuples, lists and dicts of tensors; for the user's
    own ``train_step`` it is whatever their ``example_batch`` makes.
    """

    def __init__(self, recipe: _Recipe) -> None:
        self._recipe = recipe
        self._source = recipe.source
        self.file = recipe.file
        self.model = recipe.model
        self.optimizer, self._step = recipe.new_step()

    def renewed(self) -> Training:
        """Start anew with the same model, but no gradients and a new optimizer; returns itself.

        What the optimizer had gathered is freed. State that a ``train_step`` keeps elsewhere, such
        as a second optimizer, stays.
        """
        old = self.optimizer
        self.model.clear_gradients(set_to_zero=False)
        self.optimizer, self._step = self._recipe.new_step()
        if self.optimizer is not old:  # a file may hand out the same one again
            release(old)
        return self

    @property
    def optimizer_name(self) -> str:
        """Such as ``AdamW``."""
        if isinstance(self.optimizer, NoOptimizer):
            return "none"
        return type(self.optimizer).__name__

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was filled in for the user; complete after the first step."""
        return self._recipe.assumptions.as_tuple()

    @property
    def has_own_step(self) -> bool:
        """Whether the user's ``train_step`` is what a step is."""
        return self._recipe.has_own_step

    def make_batch(self, batch_size: int) -> Any:
        """A batch of ``batch_size`` samples per device, on the current device.

        Raises UserCodeFailed, MemoryError, and BadInput for something that is not a batch.
        """
        workload = self._recipe.workload
        parts = (workload.strategy or PLAIN).micro_batches(batch_size, workload.accumulate)
        if self._recipe.is_pipelined:
            return self._batch(-(-batch_size // parts) * parts)
        if parts == 1 or self._recipe.has_own_step:
            return self._batch(batch_size)
        # Rounded up where it does not divide; one batch serves for all, as only one is there at
        # a time.
        return MicroBatches([self._batch(-(-batch_size // parts))] * parts)

    def _batch(self, batch_size: int) -> Any:
        source = self._source
        if source.example_batch is None:
            inputs = tuple(sample(request, batch_size) for request in source.inputs)
            labels = tuple(sample(request, batch_size) for request in source.labels)
            return alone(inputs), alone(labels)
        batch = on_device(source.example_batch(batch_size))
        if self.workload.strategy is not None:
            from estimator.drystep.child.parallel import sendable

            batch = sendable(batch)
        self._check_batch(batch, batch_size, source.example_batch.where)
        return batch

    def evaluation(self) -> Evaluation:
        """How this model is evaluated."""
        hook = self.file.example_eval_batch
        return Evaluation(
            file=self.file,
            model=self.model,
            precision=self._recipe.precision,
            fixed_batch_size=self._recipe.workload.eval_batch_size,
            micro_batches=1 if self.has_own_step else self._recipe.workload.accumulate,
            make_batch=(lambda size: on_device(hook(size))) if hook else self._batch,
        )

    def assume(self, sentence: str) -> None:
        """Note something that the user should know."""
        self._recipe.assumptions.add(sentence)

    @property
    def workload(self) -> Workload:
        """What was asked for."""
        return self._recipe.workload

    def step(self, batch: Any) -> None:
        """One training step, update included. Raises UserCodeFailed and MemoryError."""
        with user_code(self.file.path, self._source.hint):
            self._step(batch)

    def batch_bytes(self, batch: Any) -> int:
        """Bytes of all tensors of ``batch``."""
        return batch_bytes(batch)

    def facts(self) -> ModelFacts:
        """What the model is. Counts the elements of each parameter once."""
        parameters = self.model.parameters()
        kind = type(self.model)
        return ModelFacts(
            name=self.file.path.stem if _is_paddles(kind) else kind.__name__,
            parameters=sum(p.size for p in parameters),
            trainable_parameters=sum(p.size for p in parameters if not p.stop_gradient),
            source=f"{self.file.source} of {self.file.path.name}",
            layer_types=Counter(
                type(layer).__name__
                for layer in self.model.sublayers(include_self=True)
                if _is_paddles(type(layer))
            ),
        )

    def _check_batch(self, batch: Any, batch_size: int, where: str) -> None:
        if not self._recipe.has_own_step and not (
            isinstance(batch, (tuple, list)) and len(batch) == 2
        ):
            what = sentence(
                "example_batch must return (inputs, labels), not {what}", what=_described(batch)
            )
            hint = sentence("return inputs, None where there are no labels")
            raise BadInput(what, where=where, hint=hint)
        sizes = {t.shape[0] for t in tensors_in(batch) if t.ndim}
        if batch_size not in sizes:
            self._recipe.assumptions.add(
                sentence(
                    "example_batch({batch}) made no tensor whose first size is {batch}; the batch "
                    "size is taken to be right all the same",
                    batch=batch_size,
                )
            )


def build_training(program: ModelSource, workload: Workload, precision: Precision) -> Training:
    """Run the model file and make a training of it at ``precision``, on the current device.

    What the file does not define comes from ``workload`` or is a stated assumption. Raises
    UserCodeFailed, MemoryError, and BadInput where something is missing that cannot be assumed.
    """
    assumptions = Assumptions()
    file = program.run()
    built = file.new_model()
    wrapper = built if isinstance(built, paddle.Model) else None
    model = built.network if isinstance(built, paddle.Model) else built
    _set_mode(model, file, workload, assumptions)
    source = batch_source(file, model, wrapper, workload, assumptions)
    recipe = _Recipe(file, model, wrapper, source, workload, precision, assumptions)
    if recipe.has_own_step:
        _say_what_is_not_applied(workload, precision, assumptions)
    return Training(recipe)


def fresh_training(program: ModelSource, workload: Workload, precision: Precision) -> Training:
    """:func:`build_training` after whatever the file made before is gone, and its peaks with it."""
    program.forget()  # before memory is counted: the model before would still hold its own
    statistics.restart_reserved_peak()
    return build_training(program, workload, precision)


def _set_mode(
    model: paddle.nn.Layer, file: RunFile, workload: Workload, assumptions: Assumptions
) -> None:
    """Training or evaluation mode, and recompute where it is asked for."""
    if workload.inference:
        model.eval()
        return
    model.train()
    if workload.recompute:
        assumptions.add(recompute_blocks(model, str(file.path)))


def _say_what_is_not_applied(
    workload: Workload, precision: Precision, assumptions: Assumptions
) -> None:
    if precision.amp_level != "off":
        assumptions.add(
            sentence(
                "train_step sets its own precision; {precision} is not applied",
                precision=precision.label,
            )
        )
    if workload.accumulate > 1:
        assumptions.add(
            sentence("train_step does its own accumulation; --accumulate is not applied")
        )


def _is_paddles(kind: type) -> bool:
    return kind.__module__.startswith(("paddle.nn.", "paddle.jit."))


def _described(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return sentence("{count} values", count=len(value))
    return sentence("a {kind}", kind=type(value).__name__)
