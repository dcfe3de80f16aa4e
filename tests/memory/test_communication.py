from dataclasses import replace

import pytest

from estimator.drystep.cluster import Communicator
from estimator.memory.communication import communication_buffers
from estimator.units import MIB
from estimator.values import Source
from tests.gpus import shipped_catalogue

CATALOGUE = shipped_catalogue()
A100 = CATALOGUE.find("A100-SXM4-80GB")
PAIR = Communicator(2, connections=2, has_rings=False)


@pytest.mark.parametrize(("count", "mib"), [(1, 0), (2, 342), (4, 392), (8, 392), (16, 392)])
def test_rings(count, mib):
    buffers = communication_buffers(CATALOGUE.find("T4"), [Communicator(count)])
    assert buffers.target == mib * MIB
    assert buffers.source is Source.PUBLISHED


@pytest.mark.parametrize(("count", "published_mib"), [(2, 544), (4, 688)])
def test_published_communicators_are_inside_the_interval(count, published_mib):
    buffers = communication_buffers(A100, [Communicator(count)])
    assert buffers.lower <= published_mib * MIB <= buffers.upper


def test_the_published_all_to_all_of_eight_h100():
    """NVIDIA/nccl#1685: 32 channels to each of 7 peers, 2 and 10 MiB; in all 3.28 GB more."""
    h100 = CATALOGUE.find("H100-SXM")
    rings, all_to_all = (
        communication_buffers(h100, [Communicator(8, connections=count)]) for count in (0, 14)
    )
    assert all_to_all.target - rings.target == 7 * 32 * (2 + 10) * MIB
    assert all_to_all.upper - rings.target > 3.28e9
    assert "14 direct connections" in all_to_all.reason


@pytest.mark.parametrize(
    ("gpu", "channels"),
    [
        ("A100-SXM4-80GB", 32),  # 12 links, two channels each: 24, and the next power of two
        ("A800-SXM4-80GB", 16),  # 8 links
        ("H100-SXM", 32),  # 18 links: the most
        ("V100-SXM2-32GB", 4),  # 2 links between two of a cube mesh
        ("T4", 2),  # PCIe
    ],
)
def test_a_neighbour_in_a_pipeline(gpu, channels):
    buffers = communication_buffers(CATALOGUE.find(gpu), [PAIR])
    assert buffers.target == channels * 12 * MIB
    assert buffers.lower == 0  # through host memory
    # NCCL before 2.22 has the rings of two GPUs too.
    assert buffers.upper == buffers.target + 342 * MIB


def test_a_neighbour_on_another_node():
    away = communication_buffers(A100, [replace(PAIR, spans_nodes=True)])
    assert away.target == 2 * 12 * MIB


def test_several_communicators_add_up():
    both = communication_buffers(A100, [Communicator(8), PAIR])
    assert both.target == (392 + 32 * 12) * MIB
    assert both.upper == both.target + (975 - 392 + 342) * MIB
    assert "2 groups among 8 GPUs" in both.reason
