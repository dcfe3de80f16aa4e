"""What is known of the DataLoader that feeds a training script: plain data, no Paddle."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.messages import sentence
from estimator.values import Missing


@dataclass(frozen=True, slots=True)
class SampleCost:
    """What making one sample takes, measured on the processor of this machine. Times in seconds.

    processor_seconds: of ``Dataset.__getitem__``, ``collate_fn`` and the copies by which a worker
    hands a batch over. waiting_seconds: what a worker
    waits beside that, for a disk or the network. samples, batches: that were timed.
    """

    processor_seconds: float
    waiting_seconds: float
    samples: int
    batches: int

    @property
    def worker_seconds(self) -> float:
        """How long one sample keeps a worker busy."""
        return self.processor_seconds + self.waiting_seconds


@dataclass(frozen=True, slots=True)
class LoaderSeen:
    """The training loader of a script.

    workers: the script's own ``num_workers``; with 0 the training process loads. prefetch_factor:
    batches in flight for each of them. shared_memory: whether they go through /dev/shm.
    """

    workers: int
    prefetch_factor: int
    shared_memory: bool
    cost: SampleCost | Missing


NO_LOADER = Missing(sentence("a model file loads no data"))
