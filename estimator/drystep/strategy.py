"""How the GPUs of a job share the training of one model."""

from __future__ import annotations

from dataclasses import dataclass

DATA_PARALLEL = 0
"""The sharding stage of a job whose GPUs each keep the whole model."""


@dataclass(frozen=True, slots=True, order=True)
class Strategy:
    """Data parallel, and what it saves memory by.

    sharding_stage: what each GPU keeps a part of: 1 the optimizer's state, 2 the gradients as well,
    3 the parameters as well; 0 nothing. recompute: of the model's repeated blocks.
    """

    sharding_stage: int = DATA_PARALLEL
    recompute: bool = False

    def does_no_more_than(self, other: Strategy) -> bool:
        """Whether ``other`` does all that this one does to save memory, and so is no faster."""
        return self.sharding_stage <= other.sharding_stage and self.recompute <= other.recompute


PLAIN = Strategy()
"""Each GPU keeps the whole model, and nothing is recomputed."""


def strategies(*, recompute: bool) -> tuple[Strategy, ...]:
    """All there are, the fastest first; where the user recomputes anyway, those that do."""
    choices = (True,) if recompute else (False, True)
    return tuple(Strategy(stage, choice) for choice in choices for stage in range(4))
