from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.measurement import BatchesSeen
from estimator.errors import InternalError
from estimator.throughput.coefficients import ScalingCoefficients
from estimator.throughput.multi_gpu import (
    DataParallelJob,
    Waits,
    all_reduce_seconds,
    predict_efficiency,
    scaling_efficiency,
    waits_of,
)
from tests.builders import report
from tests.throughput.conftest import make_gpu

NUMBERS = ScalingCoefficients(
    imbalance=0.02,
    pictures=0.03,
    unequal_batches=0.01,
    node_imbalance=0.04,
    synchronisation_seconds=1e-4,
    link_efficiency=0.5,
    network_bandwidth=10e9,
    overlap=0.5,
    points_below=0.05,
    points_above=0.04,
    points_per_node=0.01,
)


def test_one_gpu_scales_perfectly() -> None:
    assert scaling_efficiency(DataParallelJob(0.1, 10**9, make_gpu(), 1)).lower == 1.0


def test_all_reduce_inside_a_node_uses_nvlink() -> None:
    # 8 GPUs: 2 * 7/8 * 600 MB over 300 GB/s * 0.5.
    job = DataParallelJob(0.1, 600_000_000, make_gpu(), 8)
    assert all_reduce_seconds(job, NUMBERS) == pytest.approx(1.75 * 0.6 / 150)


def test_all_reduce_without_nvlink_uses_pcie_and_between_nodes_the_network() -> None:
    pcie = DataParallelJob(0.1, 10**9, make_gpu(nvlink_bandwidth=0.0), 2)
    assert all_reduce_seconds(pcie, NUMBERS) == pytest.approx(1.0 / (32 * 0.5))
    network = DataParallelJob(0.1, 10**9, make_gpu(), 16, 2)
    assert all_reduce_seconds(network, NUMBERS) == pytest.approx(2 * 15 / 16 / (10 * 0.5))


def test_efficiency_adds_waiting_and_the_exposed_exchange() -> None:
    # Waiting 3 doublings * 2 %; exchange 7 ms, half of it exposed, on steps of 0.1 s.
    job = DataParallelJob(0.1, 600_000_000, make_gpu(), 8)
    result = predict_efficiency(job, NUMBERS)
    assert result.target == pytest.approx(1 / (1 + 0.06 + 0.035))
    assert result.lower == pytest.approx(result.target - 0.05)
    assert result.upper == pytest.approx(result.target + 0.04)
    assert "6.0%" in result.reason
    assert "3.5%" in result.reason


def test_what_else_is_waited_for() -> None:
    # 16 GPUs are 3 doublings in each of 2 nodes: 3 * (2 + 3 + 1) % + 4 %; 100 collectives of 0.1 ms
    # on a step of 0.1 s: 10 %.
    waits = Waits(reads_pictures=True, has_unequal_batches=True, synchronised=100)
    result = predict_efficiency(DataParallelJob(0.1, 0, make_gpu(), 16, 2, waits), NUMBERS)
    assert result.target == pytest.approx(1 / (1 + 0.22 + 0.1))
    assert "22.0%" in result.reason
    assert "100 collectives of synchronised layers 10.0%" in result.reason


@pytest.mark.parametrize(
    ("layers", "waits"),
    [
        ({"Linear": 4}, Waits()),
        ({"Conv2D": 1, "BatchNorm2D": 1}, Waits(reads_pictures=True)),
        ({"Conv3D": 1, "SyncBatchNorm": 3}, Waits(reads_pictures=True, synchronised=6)),
        ({"Conv1D": 1}, Waits()),
    ],
)
def test_what_a_model_waits_for_is_seen_by_its_layers(layers, waits) -> None:
    told = report()
    assert waits_of(replace(told, model=replace(told.model, layer_types=layers))) == waits


def test_a_script_with_batches_of_several_shapes_has_unequal_ones() -> None:
    told = replace(report(), batches=BatchesSeen(3, 2, ((8, 30),), 240, 200, 1, 1))
    assert waits_of(told).has_unequal_batches
    assert not waits_of(report()).has_unequal_batches


@given(
    step=st.floats(1e-4, 1e3),
    gradient=st.integers(0, 10**12),
    per_node=st.integers(1, 16),
    nodes=st.integers(1, 64),
)
def test_efficiency_is_a_share(step: float, gradient: int, per_node: int, nodes: int) -> None:
    job = DataParallelJob(step, gradient, make_gpu(), per_node * nodes, nodes)
    result = scaling_efficiency(job)
    assert 0 < result.lower <= result.target <= result.upper <= 1


def test_more_gpus_never_scale_better() -> None:
    jobs = [DataParallelJob(0.2, 10**9, make_gpu(), n) for n in (1, 2, 4, 8)]
    targets = [scaling_efficiency(job).target for job in jobs]
    assert targets == sorted(targets, reverse=True)


@pytest.mark.parametrize(
    ("step", "gradient", "count", "nodes"),
    [
        (0.0, 1, 8, 1),
        (-1.0, 1, 8, 1),
        (0.1, -1, 8, 1),
        (0.1, 1, 0, 1),
        (0.1, 1, 8, 0),
        (0.1, 1, 9, 2),
    ],
)
def test_impossible_jobs_are_refused(step: float, gradient: int, count: int, nodes: int) -> None:
    with pytest.raises(InternalError, match="no scaling"):
        DataParallelJob(step, gradient, make_gpu(), count, nodes)
