"""What a script's own data pipeline takes, timed where nothing else runs."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle.io.dataloader import worker
from paddle.io.dataloader.collate import default_collate_fn

from estimator.drystep.child.beside import beside
from estimator.drystep.loader import SampleCost
from estimator.messages import sentence
from estimator.values import Missing

SECONDS, BATCHES = 2.0, 6
"""Timing stops after so long or so many batches; one sample is always made."""

MOST_SECONDS = 30.0
"""What takes longer for its first sample is not waited for."""


_SCHEDULE, _THREADS = Path("/proc/self/schedstat"), Path("/proc/self/task")


@dataclass(frozen=True, slots=True)
class BatchTime:
    """What making one batch took, in seconds; waiting for a free core is not in them."""

    samples: int
    processor_seconds: float
    waiting_seconds: float


@dataclass(frozen=True, slots=True)
class Moment:
    """Processor time of this thread and of the process with all of its ``threads``, and
    time on the wall without that spent waiting for a core.
    """

    thread: float
    process: float
    threads: int
    elapsed: float

    @classmethod
    def now(cls) -> Moment:
        """Linux counts what other processes take of a busy machine (Documentation/scheduler/
        sched-stats.rst, second figure, ns); where it does not say, that counts as waiting.
        """
        try:
            delayed = int(_SCHEDULE.read_text().split()[1]) / 1e9
            threads = len(os.listdir(_THREADS))
        except (OSError, IndexError):
            delayed, threads = 0.0, 2
        elapsed = time.perf_counter() - delayed
        return cls(time.thread_time(), time.process_time(), threads, elapsed)

    def to(self, end: Moment, samples: int) -> BatchTime:
        """The clock of a process goes in steps of 4 ms where its processor time is limited, that of
        a thread never: it is taken where there is no other thread, such as those of OpenCV.
        """
        alone = end.threads == 1
        processor = end.thread - self.thread if alone else end.process - self.process
        return BatchTime(samples, processor, max(0.0, end.elapsed - self.elapsed - processor))


def sample_cost(loader: paddle.io.DataLoader) -> SampleCost | Missing:
    """What a sample of a loader that has given no batch yet takes to make.

    A copy of this process does what a worker of the loader does, and no step: neither what the
    script's own workers do at the same time counts, nor does the run see anything of it.
    """
    if not loader.auto_collate_batch:
        return Missing(sentence("its data set makes whole batches"))
    timed = beside(lambda: _timed_or_not(loader), MOST_SECONDS)()
    if timed is None:
        return Missing(
            sentence(
                "making its samples failed, or the first took over {seconds:g} s",
                seconds=MOST_SECONDS,
            )
        )
    return cost_of(timed) if timed else Missing(sentence("it has no batches"))


def cost_of(batches: Sequence[BatchTime]) -> SampleCost:
    """The cost of a sample, without that of a first batch that others follow.

    That one loads modules and opens files.
    """
    warm = batches[1:] or batches
    samples = sum(batch.samples for batch in warm)
    return SampleCost(
        processor_seconds=sum(batch.processor_seconds for batch in warm) / samples,
        waiting_seconds=sum(batch.waiting_seconds for batch in warm) / samples,
        samples=samples,
        batches=len(warm),
    )


def _timed_or_not(loader: paddle.io.DataLoader) -> list[BatchTime] | None:
    try:
        return _timed(loader)
    except Exception:  # the script's own run meets it too, and says so
        return None


def _timed(loader: paddle.io.DataLoader) -> list[BatchTime]:
    """In the copy. A batch that time cuts short counts only if there is no other."""
    batches: list[BatchTime] = []
    with _as_in_a_worker(loader):
        collate = loader.collate_fn or default_collate_fn
        fetcher = worker._DatasetKind.create_fetcher(
            loader.dataset_kind, loader.dataset, True, collate, loader.drop_last
        )
        until = time.perf_counter() + SECONDS
        for indices in islice(loader.batch_sampler, BATCHES):
            stop = _Stop(until)
            began = Moment.now()
            try:
                batch = fetcher.fetch(indices, stop)
            except StopIteration:  # of an IterableDataset
                break
            _hand_over(batch)
            if batch is not None or not batches:
                batches.append(began.to(Moment.now(), stop.samples))
            if time.perf_counter() >= until:
                break
    return batches


def _hand_over(batch: Any) -> None:
    """Copy a batch twice, as a worker does: into tensors, and into memory that it shares.

    For images of 0.6 MB that is a quarter of what a worker of Paddle 3.3 takes for a sample. The
    copies are made as well for a script without workers, because the answer may be to have some.
    """
    for leaf in paddle.utils.flatten(batch):
        array = leaf.numpy() if isinstance(leaf, paddle.Tensor) else leaf
        if isinstance(array, np.ndarray) and array.nbytes:
            paddle.to_tensor(array, place=paddle.CPUPlace())
            shared = mmap.mmap(-1, array.nbytes)
            np.frombuffer(shared, array.dtype)[:] = array.reshape(-1)


class _Stop:
    """What Paddle asks before each sample whether to stop; counts those that it does not."""

    def __init__(self, until: float) -> None:
        self._until = until
        self.samples = 0

    def is_set(self) -> bool:
        if self.samples and time.perf_counter() >= self._until:
            return True
        self.samples += 1
        return False


@contextmanager
def _as_in_a_worker(loader: paddle.io.DataLoader) -> Iterator[None]:
    """What Paddle sets up in the first worker of a loader that has some."""
    if not loader.num_workers:
        yield
        return
    worker._worker_info = worker.WorkerInfo(
        id=0, num_workers=loader.num_workers, dataset=loader.dataset, seed=0
    )
    if loader.worker_init_fn is not None:
        loader.worker_init_fn(0)
    with paddle.base.dygraph.guard(place=paddle.CPUPlace()):
        yield
