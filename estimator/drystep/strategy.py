"""How the GPUs of a job share the training of one model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

DATA_PARALLEL = 0
"""The sharding stage of a job whose GPUs each keep the whole model."""

PARAMETERS = 3
"""The sharding stage in which each GPU keeps a part of the parameters alone."""

TENSOR_PARALLEL = "tensor_parallel_degree"
"""The keyword by which ``build_model`` offers tensor parallel; PaddleNLP's name of it."""

OFFERED = frozenset({TENSOR_PARALLEL})
"""All such keywords."""


@dataclass(frozen=True, slots=True, order=True)
class Strategy:
    """Data parallel, and what it saves memory by.

    sharding_stage: what each GPU keeps a part of: 1 the optimizer's state, 2 the gradients as well,
    3 the parameters as well; 0 nothing. recompute: of the model's repeated blocks.
    tensor_parallel_degree: GPUs that share each layer, and so each sample.
    """

    sharding_stage: int = DATA_PARALLEL
    recompute: bool = False
    tensor_parallel_degree: int = 1

    def does_no_more_than(self, other: Strategy) -> bool:
        """Whether ``other`` does all that this one does to save memory, and so is no faster."""
        return (
            self.sharding_stage <= other.sharding_stage
            and self.recompute <= other.recompute
            and self.tensor_parallel_degree <= other.tensor_parallel_degree
        )

    def suits(self, gpu_count: int) -> bool:
        """Whether so many GPUs can be shared out like this, with something left for every part."""
        replicas, rest = divmod(gpu_count, self.tensor_parallel_degree)
        return not rest and (self.sharding_stage == DATA_PARALLEL or replicas > 1)

    def hybrid_configs(self, gpu_count: int) -> Mapping[str, int]:
        """The degrees as Fleet's ``DistributedStrategy.hybrid_configs`` takes them."""
        replicas = gpu_count // self.tensor_parallel_degree
        shards = 1 if self.sharding_stage == DATA_PARALLEL else replicas
        return {
            "dp_degree": replicas // shards,
            "mp_degree": self.tensor_parallel_degree,
            "pp_degree": 1,
            "sharding_degree": shards,
        }

    @property
    def split_alone(self) -> Strategy:
        """The model split as here, and nothing else done to save memory."""
        return Strategy(tensor_parallel_degree=self.tensor_parallel_degree)

    @property
    def model_options(self) -> Mapping[str, int]:
        """The keywords that the functions of the model file are given."""
        degree = self.tensor_parallel_degree
        return {TENSOR_PARALLEL: degree} if degree > 1 else {}


PLAIN = Strategy()
"""Each GPU keeps the whole model, and nothing is recomputed."""


def strategies(*, recompute: bool) -> tuple[Strategy, ...]:
    """All that any model can be run with, the fastest first; where the user recomputes anyway,
    those that do.
    """
    choices = (True,) if recompute else (False, True)
    return tuple(Strategy(stage, choice) for choice in choices for stage in range(4))


def with_degrees(
    known: Iterable[Strategy], offered: Iterable[str], most_tensor_parallel: int
) -> tuple[Strategy, ...]:
    """The strategies, and each of them at every degree that a model offers, lowest degrees first.

    Degrees are powers of two. Tensor parallel communicates within every layer, and so stays
    within a node of ``most_tensor_parallel`` GPUs.
    """
    tensor = _powers_of_two(most_tensor_parallel if TENSOR_PARALLEL in offered else 1)
    return tuple(
        replace(one, tensor_parallel_degree=degree) for degree in tensor for one in tuple(known)
    )


def _powers_of_two(limit: int) -> list[int]:
    return [1 << exponent for exponent in range(limit.bit_length())]
