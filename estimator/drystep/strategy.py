"""How the GPUs of a job share the training of one model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

DATA_PARALLEL = 0
"""The sharding stage of a job whose GPUs each keep the whole model."""

PARAMETERS = 3
"""The sharding stage in which each GPU keeps a part of the parameters alone."""

TENSOR_PARALLEL = "tensor_parallel_degree"
PIPELINE_PARALLEL = "pipeline_parallel_degree"
"""The keywords by which ``build_model`` offers tensor and pipeline parallel; PaddleNLP's names."""

OFFERED = frozenset({TENSOR_PARALLEL, PIPELINE_PARALLEL})
"""All such keywords."""

MICRO_BATCHES_PER_STAGE = 4
"""Of a pipeline, where nobody says how many: the bubble then adds at most a quarter to the step."""

FLEETS_STAGE = 1
"""The sharding stage that Fleet's own wrappers bring about; a pipeline bears no other."""


@dataclass(frozen=True, slots=True, order=True)
class Strategy:
    """Data parallel, and what it saves memory by.

    sharding_stage: what each GPU keeps a part of: 1 the optimizer's state, 2 the gradients as well,
    3 the parameters as well; 0 nothing. recompute: of the model's repeated blocks.
    tensor_parallel_degree: GPUs that share each layer, and so each sample.
    pipeline_parallel_degree: stages that the layers are dealt out to, each on GPUs of its own.
    sharding_groups: in how many groups of GPUs something is sharded, data parallel between them.
    """

    sharding_stage: int = DATA_PARALLEL
    recompute: bool = False
    tensor_parallel_degree: int = 1
    pipeline_parallel_degree: int = 1
    sharding_groups: int = 1

    def does_no_more_than(self, other: Strategy) -> bool:
        """Whether ``other`` does all that this one does to save memory, and so is no faster."""
        shards = self.sharding_stage != DATA_PARALLEL
        return (
            self.sharding_stage <= other.sharding_stage
            and (not shards or self.sharding_groups >= other.sharding_groups)
            and self.recompute <= other.recompute
            and self.tensor_parallel_degree <= other.tensor_parallel_degree
            and self.pipeline_parallel_degree <= other.pipeline_parallel_degree
        )

    @property
    def split(self) -> int:
        """GPUs that hold one copy of the model together."""
        return self.tensor_parallel_degree * self.pipeline_parallel_degree

    def suits(self, gpu_count: int) -> bool:
        """Whether so many GPUs can be shared out like this, with something left for every part."""
        among, rest = divmod(gpu_count, self.split * self.sharding_groups)
        return not rest and (self.sharding_stage == DATA_PARALLEL or among > 1)

    def hybrid_configs(self, gpu_count: int) -> Mapping[str, int]:
        """The degrees as Fleet's ``DistributedStrategy.hybrid_configs`` takes them."""
        copies = gpu_count // self.split
        shards = 1 if self.sharding_stage == DATA_PARALLEL else copies // self.sharding_groups
        return {
            "dp_degree": copies // shards,
            "mp_degree": self.tensor_parallel_degree,
            "pp_degree": self.pipeline_parallel_degree,
            "sharding_degree": shards,
        }

    def micro_batches(self, batch_size: int, accumulate: int) -> int:
        """How many micro-batches an update of so many samples is made of: what the user says, else
        those of a pipeline, of equal size.
        """
        stages = self.pipeline_parallel_degree
        if stages == 1 or accumulate > 1:
            return min(accumulate, batch_size)
        most = min(batch_size, MICRO_BATCHES_PER_STAGE * stages)
        return next(count for count in range(most, 0, -1) if batch_size % count == 0)

    def micro_batches_to_run(self, count: int) -> int:
        """How many of an update's micro-batches tell of all: as many as fill a pipeline, and divide
        their number. With them as much is in flight, and the others are the same again.
        """
        stages = self.pipeline_parallel_degree
        if stages == 1:
            return count
        return next(n for n in range(min(stages, count), count + 1) if count % n == 0)

    @property
    def split_alone(self) -> Strategy:
        """The model split as here, and nothing else done to save memory."""
        return replace(self, sharding_stage=DATA_PARALLEL, recompute=False, sharding_groups=1)

    def degree(self, name: str) -> int:
        """The degree that ``build_model`` is given under this keyword."""
        return self.model_options.get(name, 1)

    @property
    def model_options(self) -> Mapping[str, int]:
        """The keywords that the functions of the model file are given."""
        degrees = {
            TENSOR_PARALLEL: self.tensor_parallel_degree,
            PIPELINE_PARALLEL: self.pipeline_parallel_degree,
        }
        return {name: degree for name, degree in degrees.items() if degree > 1}


PLAIN = Strategy()
"""Each GPU keeps the whole model, and nothing is recomputed."""


def strategies(*, recompute: bool) -> tuple[Strategy, ...]:
    """All that any model can be run with, the fastest first; where the user recomputes anyway,
    those that do.
    """
    choices = (True,) if recompute else (False, True)
    return tuple(Strategy(stage, choice) for choice in choices for stage in range(4))


def with_degrees(
    known: Sequence[Strategy],
    offered: Collection[str],
    gpus_per_node: int,
    gpus: int,
    pinned: Mapping[str, int] = MappingProxyType({}),
) -> tuple[Strategy, ...]:
    """The strategies, and each of them at every degree that a model offers, lowest degrees first.

    Degrees are powers of two, but for one that is ``pinned``. Tensor parallel communicates within
    every layer, and so stays within a node; the stages of a pipeline may be on all ``gpus``.
    """

    def degrees(name: str, most: int) -> list[int]:
        return [pinned[name]] if name in pinned else _powers_of_two(most if name in offered else 1)

    tensor, pipeline = degrees(TENSOR_PARALLEL, gpus_per_node), degrees(PIPELINE_PARALLEL, gpus)
    return tuple(
        replace(one, tensor_parallel_degree=degree, pipeline_parallel_degree=stages)
        for stages in pipeline
        for degree in tensor
        for one in known
        if stages == 1 or one.sharding_stage <= FLEETS_STAGE
    )


def with_groups(known: Iterable[Strategy], groups: Iterable[int]) -> tuple[Strategy, ...]:
    """The strategies, and before each that shards the same one in so many groups."""
    several = sorted(groups, reverse=True)
    return tuple(
        replace(one, sharding_groups=count)
        for one in known
        for count in ((*several, 1) if one.sharding_stage != DATA_PARALLEL else (1,))
    )


def _powers_of_two(limit: int) -> list[int]:
    return [1 << exponent for exponent in range(limit.bit_length())]
