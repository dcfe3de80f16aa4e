"""From one dry-step report to what is known of each GPU type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from estimator.drystep.cluster import Communicator
from estimator.drystep.measurement import (
    CapacityTrial,
    DryStepReport,
    RankClass,
    StepMeasurement,
)
from estimator.gpus.types import GpuType
from estimator.memory.estimate import estimate_device_memory
from estimator.memory.types import MemoryEstimate
from estimator.messages import sentence
from estimator.plan.types import ClusterAnswer, GpuAnswer
from estimator.records.types import Correction, JobFacts, Target
from estimator.result import GpuRow, Learnt
from estimator.throughput.cluster_step import cluster_step
from estimator.throughput.profile import KernelProfile, profile_kernels
from estimator.throughput.step_time import estimate_step_time
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Bounded, Missing, Source

CapacityClasses = Mapping[int, tuple[GpuType, ...]]
"""GPU types by the allocator capacity they were tried at."""

ROUND_SIZES = 4
"""Round batch sizes that a plan chooses among on each GPU type, the largest that fit."""

REPEAT_SPREAD = 0.14
"""How far a measured step time may be from the next one. Published repeats of one and the same
training benchmark differ by 0.1 % to 14 %: the most of them, as what makes a repeat a good one is
not known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A report, the capacities its trials ran at, and what history has to say.

    ``measured_on`` is the catalogue's name of the real GPU that ran the steps, None where none
    did or the catalogue does not have it: measured step times count for that type alone.
    ``profiles`` keeps what was made of kernel records, for all who ask about this evidence.
    """

    report: DryStepReport
    classes: CapacityClasses
    correction: Correction
    measured_on: str | None = None
    profiles: dict[tuple[object, ...], KernelProfile] = field(
        default_factory=dict, compare=False, repr=False
    )


def gpu_rows(
    evidence: Evidence, gpus: Sequence[GpuType], answers: Iterable[GpuAnswer] = ()
) -> tuple[GpuRow, ...]:
    """Each GPU type at the asked batch size and the user's own precision, in the order given.

    answers: what :func:`gpu_answers` said of the same evidence, where it was asked already.
    """
    predict = Predictor(evidence)
    trials = _trial_of_each_type(evidence)
    first: dict[str, GpuAnswer] = {}
    for answer in answers:
        first.setdefault(answer.gpu, answer)
    return tuple(_row(predict, gpu, trials[gpu.name], first.get(gpu.name)) for gpu in gpus)


def gpu_answers(evidence: Evidence, gpus: Sequence[GpuType]) -> tuple[GpuAnswer, ...]:
    """Every precision and per-device batch size that ran, on each GPU type, the asked ones first.

    A type is asked about its own largest batch and the round batch sizes below it.
    """
    predict = Predictor(evidence)
    trials = _trial_of_each_type(evidence)
    return tuple(
        predict.answer(gpu, measurement)
        for gpu in gpus
        for measurement in _measurements_for(evidence.report, trials[gpu.name])
    )


def _row(predict: Predictor, gpu: GpuType, trial: CapacityTrial, known: GpuAnswer | None) -> GpuRow:
    measurement = _under_pressure(predict.asked, trial)
    answer = known or predict.answer(gpu, measurement)
    return GpuRow(
        gpu=gpu,
        precision=measurement.precision,
        memory=answer.memory,
        step_time=answer.step_time,
        max_per_device_batch_size=trial.max_per_device_batch_size,
        learnt=predict.learnt(gpu, measurement, answer),
    )


def _trial_of_each_type(evidence: Evidence) -> Mapping[str, CapacityTrial]:
    by_capacity = {trial.capacity_bytes: trial for trial in evidence.report.trials}
    return {
        gpu.name: by_capacity[capacity]
        for capacity, members in evidence.classes.items()
        for gpu in members
    }


def _measurements_for(report: DryStepReport, own: CapacityTrial) -> Iterator[StepMeasurement]:
    asked, *alternatives = report.measurements
    yield _under_pressure(asked, own)
    yield from alternatives
    seen = {asked.per_device_batch_size}
    fitting = [m for m in report.ladder if m.per_device_batch_size <= own.max_per_device_batch_size]
    largest = () if isinstance(own.measurement, Missing) else (own.measurement,)
    for measurement in (*fitting[-ROUND_SIZES:], *largest):
        if measurement.per_device_batch_size not in seen:
            seen.add(measurement.per_device_batch_size)
            yield _under_pressure(measurement, own)


def _under_pressure(asked: StepMeasurement, trial: CapacityTrial) -> StepMeasurement:
    """A batch on a device of this capacity.

    It was measured with room to spare. Where a batch as large ran on the capacity, the allocator
    makes do with that: it returns idle chunks instead of taking more.
    """
    if trial.max_per_device_batch_size < asked.per_device_batch_size:
        return asked
    room = asked.allocator.room(trial.capacity_bytes)
    reserved = min(asked.peak_reserved_bytes, room)
    pages = min(asked.page_bytes, room - reserved)
    return replace(
        asked,
        peak_reserved_bytes=reserved,
        page_bytes=pages,
        workspace_bytes=min(asked.workspace_bytes, room - reserved - pages),
    )


class Predictor:
    """Memory and step time of measurements on GPU types; each kernel record is read once."""

    def __init__(self, evidence: Evidence) -> None:
        self.asked = evidence.report.measurements[0]
        self._ranks = evidence.report.ranks
        self._gpu_count = self._ranks[0].seen.topology.world_size if self._ranks else 1
        self._groups = self._ranks[0].seen.communicators if self._ranks else ()
        self._model = evidence.report.model.name
        self._correction = evidence.correction
        self._measured_on = evidence.measured_on
        self._profiles = evidence.profiles

    def answer(self, gpu: GpuType, measurement: StepMeasurement) -> GpuAnswer:
        memory = self.memory(gpu, measurement, self._gpu_count, self._groups)
        if self._ranks:
            return self._cluster_answer(gpu, measurement, memory)
        return GpuAnswer(
            gpu=gpu.name,
            precision=measurement.precision,
            memory=memory,
            step_time=self._step_time(gpu, measurement),
            batches=measurement.batches,
        )

    def _cluster_answer(
        self, gpu: GpuType, measurement: StepMeasurement, memory: MemoryEstimate
    ) -> GpuAnswer:
        """Of a job that was run rank by rank; its times are those of its own batch size."""
        seen = self._ranks[0].seen
        own, asked = self._ranks[0].measurement, measurement.per_device_batch_size
        samples = seen.samples * asked // own.per_device_batch_size * seen.topology.copies
        if asked != own.per_device_batch_size:
            missing = Missing(sentence("only the command's own batch size was run on every rank"))
            return GpuAnswer(
                gpu.name,
                measurement.precision,
                memory,
                missing,
                ClusterAnswer(samples, missing),
            )
        step = cluster_step(self._ranks, gpu, lambda one: self._kernel_time(gpu, one))
        return GpuAnswer(
            gpu.name,
            measurement.precision,
            memory,
            step.estimate,
            ClusterAnswer(samples, step.efficiency),
        )

    def _kernel_time(self, gpu: GpuType, one: RankClass) -> StepTimeEstimate:
        key = (one.name, one.seen.rank)
        if key not in self._profiles:
            self._profiles[key] = profile_kernels(one.measurement.kernels)
        return estimate_step_time(self._profiles[key], gpu, one.measurement.per_device_batch_size)

    def learnt(
        self, gpu: GpuType, measurement: StepMeasurement, answer: GpuAnswer
    ) -> tuple[Learnt, ...]:
        """The predictions of an answer that past jobs corrected, beside what they were before."""
        facts = self._facts(gpu, measurement)
        return tuple(
            Learnt(target, plain, corrected, self._correction.evidence(target, facts))
            for target, plain, corrected in self._corrected(gpu, measurement, answer)
        )

    def _corrected(
        self, gpu: GpuType, measurement: StepMeasurement, answer: GpuAnswer
    ) -> Iterator[tuple[Target, Bounded[float], Bounded[float]]]:
        """What was predicted, before and after."""
        memory, step = answer.memory.device_memory, answer.step_time
        if memory.source is Source.REGRESSED:
            plain = self._plain_memory(gpu, measurement).device_memory
            yield Target.DEVICE_MEMORY, _as_floats(plain), _as_floats(memory)
        has_kernels = measurement.kernels and not self._ranks
        if isinstance(step, Missing) or not has_kernels:
            return
        if step.step_seconds.source is Source.REGRESSED:
            size = measurement.per_device_batch_size
            profile = self._profile(measurement, _of_one_gpu(measurement))
            prior = estimate_step_time(profile, gpu, size)
            yield Target.STEP_TIME, prior.step_seconds, step.step_seconds

    def _facts(self, gpu: GpuType, measurement: StepMeasurement) -> JobFacts:
        return JobFacts(
            model=self._model,
            gpu=gpu.name,
            precision=measurement.precision.label,
            per_device_batch_size=measurement.per_device_batch_size,
        )

    def _plain_memory(self, gpu: GpuType, measurement: StepMeasurement) -> MemoryEstimate:
        return estimate_device_memory(gpu, measurement, self._gpu_count, self._groups)

    def memory(
        self,
        gpu: GpuType,
        measurement: StepMeasurement,
        gpu_count: int,
        groups: tuple[Communicator, ...],
    ) -> MemoryEstimate:
        """What each of so many GPUs takes, as past jobs correct it."""
        prior = estimate_device_memory(gpu, measurement, gpu_count, groups)
        if measurement.allocator.preallocation is not None:
            return prior  # what past jobs took by need says nothing of it
        floor = prior.reserved_bytes
        corrected = self._correction.correct(
            Target.DEVICE_MEMORY, self._facts(gpu, measurement), _as_floats(prior.device_memory)
        )
        return replace(prior, device_memory=_as_bytes(corrected, floor))

    def kernels_time(
        self, gpu: GpuType, measurement: StepMeasurement, key: tuple[object, ...]
    ) -> StepTimeEstimate:
        """The step time by the kernel record of that key, as past jobs correct it."""
        size = measurement.per_device_batch_size
        prior = estimate_step_time(self._profile(measurement, key), gpu, size)
        facts = self._facts(gpu, measurement)
        step = self._correction.correct(Target.STEP_TIME, facts, prior.step_seconds)
        return _step_time(gpu, measurement, step, prior.share)

    def _step_time(self, gpu: GpuType, measurement: StepMeasurement) -> StepTimeEstimate | Missing:
        """Measured on this very type, else predicted from the kernel record, else not known."""
        seconds = measurement.step_seconds
        if not isinstance(seconds, Missing) and gpu.name == self._measured_on:
            return _step_time(gpu, measurement, _measured_interval(seconds, gpu), {})
        if not measurement.kernels:
            return seconds if isinstance(seconds, Missing) else _not_timed_on(self._measured_on)
        return self.kernels_time(gpu, measurement, _of_one_gpu(measurement))

    def _profile(self, measurement: StepMeasurement, key: tuple[object, ...]) -> KernelProfile:
        if key not in self._profiles:
            self._profiles[key] = profile_kernels(measurement.kernels)
        return self._profiles[key]


def _of_one_gpu(measurement: StepMeasurement) -> tuple[object, ...]:
    """What tells the kernel record of a run on one GPU from others."""
    return (measurement.precision.label, measurement.per_device_batch_size)


def _step_time(
    gpu: GpuType, measurement: StepMeasurement, step: Bounded[float], share: Mapping[str, float]
) -> StepTimeEstimate:
    size = measurement.samples
    return StepTimeEstimate(
        gpu=gpu.name,
        per_device_batch_size=measurement.per_device_batch_size,
        step_seconds=step,
        throughput=Bounded(
            size / step.target, size / step.upper, size / step.lower, step.source, step.reason
        ),
        share=share,
    )


def _measured_interval(seconds: float, gpu: GpuType) -> Bounded[float]:
    return Bounded(
        seconds,
        seconds / (1 + REPEAT_SPREAD),
        seconds * (1 + REPEAT_SPREAD),
        Source.MEASURED,
        sentence(
            "timed on {gpu}; published repeats of one benchmark differ by up to {spread:.0%}; "
            "loading of data is not counted",
            gpu=gpu.name,
            spread=REPEAT_SPREAD,
        ),
    )


def _not_timed_on(measured_on: str | None) -> Missing:
    where = measured_on or sentence("a GPU that the catalogue does not have")
    return Missing(
        sentence(
            "steps were timed on {where} alone, and their kernels are not recorded", where=where
        )
    )


def _as_floats(interval: Bounded[int]) -> Bounded[float]:
    return Bounded(
        float(interval.target),
        float(interval.lower),
        float(interval.upper),
        interval.source,
        interval.reason,
    )


def _as_bytes(interval: Bounded[float], floor: int) -> Bounded[int]:
    """Whole bytes, the target never below what the allocator was seen to hold."""
    target = max(floor, round(interval.target))
    return Bounded(
        target,
        min(target, round(interval.lower)),
        max(target, round(interval.upper)),
        interval.source,
        interval.reason,
    )
