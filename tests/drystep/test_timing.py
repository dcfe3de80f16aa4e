"""The timing of a data pipeline, by itself: real loaders of Paddle, in a copy of this process."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from estimator.drystep.loader import SampleCost
from estimator.values import Missing

paddle = pytest.importorskip("paddle")
timing = pytest.importorskip("estimator.drystep.child.script.timing")

pytestmark = pytest.mark.paddle


def busy(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


class Samples(paddle.io.Dataset):
    def __init__(self, seconds=0.0, length=100):
        self.seconds, self.length = seconds, length
        self.made = 0

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        self.made += 1
        busy(self.seconds)
        return np.ones([2], "float32")


class Stream(paddle.io.IterableDataset):
    """As many samples as its worker is told of workers; one without workers."""

    def __iter__(self):
        info = paddle.io.get_worker_info()
        for _ in range(20 if info is None else 20 * info.num_workers):
            yield np.ones([2], "float32")


class Broken(paddle.io.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        raise OSError("no such file")


def cost_of(dataset, **options) -> SampleCost | Missing:
    return timing.sample_cost(paddle.io.DataLoader(dataset, **options))


def test_the_cost_of_a_sample_leaves_the_first_batch_out():
    # 2 ms for two samples of the first batch; then 4 ms of processor for 4 samples, 8 ms waited
    batches = [timing.BatchTime(2, 1.0, 1.0)] + [timing.BatchTime(2, 0.002, 0.004)] * 2
    assert timing.cost_of(batches) == SampleCost(0.001, 0.002, samples=4, batches=2)
    assert timing.cost_of(batches[:1]) == SampleCost(0.5, 0.5, samples=2, batches=1)


def test_the_collate_function_is_part_of_it_and_the_data_set_stays_as_it_was():
    def collate(samples):
        busy(0.008)
        return np.stack(samples)

    dataset = Samples(0.001)
    cost = cost_of(dataset, batch_size=4, collate_fn=collate)
    assert cost.processor_seconds == pytest.approx(0.001 + 0.008 / 4, rel=0.2)
    assert dataset.made == 0


class Large(paddle.io.Dataset):
    """The same 16 MiB for each sample, made once."""

    data = np.ones([4 << 20], "float32")

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return self.data


@pytest.mark.parametrize("as_tensor", [False, True])
def test_handing_a_batch_over_is_part_of_it(as_tensor):
    """Two copies of samples that themselves cost nothing take longer than one copy."""
    began = time.process_time()
    for _ in range(5):
        Large.data.copy()
    one_copy = (time.process_time() - began) / 5
    first = Large.data if not as_tensor else paddle.to_tensor(Large.data, place=paddle.CPUPlace())
    cost = cost_of(Large(), batch_size=1, collate_fn=lambda samples: {"image": [first, "name"]})
    assert cost.processor_seconds > one_copy


def test_a_batch_that_takes_too_long_is_cut_short(monkeypatch):
    """64 samples of 10 ms where 50 ms may go by: about five of them, however slow the machine."""
    monkeypatch.setattr(timing, "SECONDS", 0.05)
    cost = cost_of(Samples(0.01), batch_size=64)
    assert cost.batches == 1
    assert 1 <= cost.samples < 64
    assert cost.processor_seconds == pytest.approx(0.01, rel=0.2)


class Threaded(Samples):
    """Computes in another thread, as OpenCV does."""

    def __getitem__(self, index):
        thread = threading.Thread(target=busy, args=(0.004,))
        thread.start()
        thread.join()
        self.kept = threading.Thread(target=time.sleep, args=(60,), daemon=True)
        self.kept.start()
        return np.ones([2], "float32")


def test_what_other_threads_compute_counts():
    assert cost_of(Threaded(), batch_size=4).processor_seconds > 0.003


@pytest.mark.parametrize(
    ("threads", "took"),
    [(1, timing.BatchTime(8, 0.003, 0.001)), (2, timing.BatchTime(8, 0.004, 0.0))],
)
def test_the_clock_of_the_process_counts_only_where_others_compute(threads, took):
    """With a limit on processor time Linux moves that clock at ticks of 4 ms alone."""
    began = timing.Moment(thread=1.000, process=2.000, threads=1, elapsed=5.000)
    ended = timing.Moment(thread=1.003, process=2.004, threads=threads, elapsed=5.004)
    found = began.to(ended, samples=8)
    assert found.samples == took.samples
    assert found.processor_seconds == pytest.approx(took.processor_seconds)
    assert found.waiting_seconds == pytest.approx(took.waiting_seconds)


def test_a_short_data_set_is_timed_as_far_as_it_goes():
    cost = cost_of(Samples(length=10), batch_size=4)
    assert (cost.batches, cost.samples) == (2, 4 + 2)  # of 4, 4 and 2


@pytest.mark.parametrize("workers", [0, 3])
def test_a_stream_is_told_what_a_worker_is_told(workers):
    """20 or 60 samples in batches of 10: all but the first, and no more than six."""
    cost = cost_of(Stream(), batch_size=10, num_workers=workers)
    assert cost.batches == (5 if workers else 1)


@pytest.mark.parametrize(
    ("dataset", "options", "why"),
    [
        (Samples(), {"batch_size": None}, "its data set makes whole batches"),
        (Samples(length=2), {"batch_size": 4, "drop_last": True}, "it has no batches"),
        (Broken(), {}, "making its samples failed, or the first took over 30 s"),
    ],
)
def test_what_cannot_be_timed_says_why(dataset, options, why):
    assert cost_of(dataset, **options) == Missing(why)
