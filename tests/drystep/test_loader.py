"""What a script's own data pipeline takes, timed in the real child."""

from __future__ import annotations

import shutil

import pytest

from estimator.drystep.loader import LoaderSeen, SampleCost
from estimator.values import Missing
from estimator.workload.types import SyntheticTensor, TensorRequest
from tests.drystep.test_script import SCRIPTS, watched

pytestmark = pytest.mark.paddle


@pytest.fixture
def loader_of(tmp_path, monkeypatch):
    """What is seen of the training loader of one of the scripts."""

    def seen(command: str, **options) -> LoaderSeen | Missing:
        name = command.split()[0]
        shutil.copy(SCRIPTS / name, tmp_path)
        monkeypatch.chdir(tmp_path)
        return watched(f"python {command}", **options).loader

    return seen


def timed(loader: LoaderSeen | Missing) -> SampleCost:
    assert isinstance(loader, LoaderSeen), loader
    assert isinstance(loader.cost, SampleCost), loader.cost
    return loader.cost


def test_a_sample_costs_what_the_data_set_computes(loader_of):
    """Processor time is the same however busy the machine is."""
    loader = loader_of("costly.py --compute 0.003")
    cost = timed(loader)
    assert cost.processor_seconds == pytest.approx(0.003, rel=0.2)
    assert (loader.workers, loader.prefetch_factor, loader.shared_memory) == (0, 3, False)
    # 6 batches of 8 were made and the first one is left out
    assert (cost.batches, cost.samples) == (5, 40)


def test_waiting_is_told_from_computing(loader_of):
    loader = loader_of("costly.py --compute 0.001 --wait 0.01 --workers 2")
    cost = timed(loader)
    assert cost.processor_seconds == pytest.approx(0.001, rel=0.5)
    assert cost.waiting_seconds > 5 * cost.processor_seconds
    assert cost.worker_seconds == cost.processor_seconds + cost.waiting_seconds
    assert (loader.workers, loader.prefetch_factor, loader.shared_memory) == (2, 3, True)


def test_the_loader_that_feeds_the_training_counts(loader_of):
    """Another one, whose samples cost nothing and whose worker lives, is used before it."""
    loader = loader_of("costly.py --compute 0.003 --workers 1 --look_first")
    assert timed(loader).processor_seconds == pytest.approx(0.003, rel=0.2)


def test_synthetic_samples_cost_nobody_knows_what(loader_of):
    image = SyntheticTensor("", TensorRequest((3, 32, 32), "float32", None))
    label = SyntheticTensor("", TensorRequest((), "int64", 10))
    loader = loader_of("missing_data.py", synthetic=(image, label))
    assert loader.cost == Missing("its samples are synthetic")


def test_without_a_loader_there_is_nothing_to_time(loader_of):
    assert loader_of("no_loader.py") == Missing("the script takes its batches from no DataLoader")
