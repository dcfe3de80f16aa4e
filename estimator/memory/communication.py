"""Device memory of NCCL: what a rank holds for each communicator, outside Paddle's allocator.

Rings and trees among all ranks of a communicator: published figures, see ``_TWO_GPUS_MIB``.

Direct connections, of sends, receives and all-to-alls: from NCCL's source (p2p.cc and paths.cc,
v2.8.4 and v2.30.7 alike). Each has a buffer of its own for each channel, in pieces of 2 MiB: 2 at
the end that sends and 10 at the one that receives (0.5 for the protocol LL, 4.7 for LL128, 4 for
Simple), or 6 and 6 where the receiver reads the sender's, as on A100 with NVLink. Buffers of 2 and
10 MiB are in the log of NVIDIA/nccl#1685, where the first all-to-all of 8 H100 took 3.3 GB of each:
7 x 32 channels x 12 MiB are 2.8 GB.
"""

from __future__ import annotations

from collections.abc import Sequence

from estimator.drystep.cluster import Communicator
from estimator.gpus.types import GpuType
from estimator.messages import sentence
from estimator.units import MIB, format_bytes
from estimator.values import Bounded, Source

_TWO_GPUS_MIB = (64.0, 342.0, 544.0)
_MORE_GPUS_MIB = (64.0, 392.0, 975.0)
"""Targets: NVIDIA aiconfigurator systems files, measured by its authors. Two upper ends: 544 MB for
2 GPUs, 688 MB for 4, on A100 with NVLink (NVIDIA/nccl#964); 975 MiB is the 1.6 GB that Paddle
developers saw after the first all-reduce (NVIDIA/nccl#864) less a context of 551 MB. Lower: memory
follows the number of channels, few over PCIe (NVIDIA/nccl#986), at 2 x 4 MiB buffers a channel."""

_CHANNEL_MIB = 6.0
"""Of a connection in one direction: the mean of both ends."""
_FEWEST_CHANNELS = 2
"""Over PCIe, and to another node; then so many to every rank of the communicator."""
_MOST_CHANNELS = 32
_LINK_BANDWIDTH = 50e9
"""Bytes/s of one NVLink of an A100 or H100, both directions together."""
_SWITCHED_SINCE = (8, 0)
_LINKS_OF_A_PAIR = 2
"""NVLinks between two GPUs that no switch joins, as V100 in a cube mesh: at most."""


def communication_buffers(gpu: GpuType, groups: Sequence[Communicator]) -> Bounded[int]:
    """Bytes that NCCL holds on a GPU for its communicators of more than one rank.

    The upper end is that of one and the targets of the others (no figure is known of several at
    their most), with rings where they are not used too: NCCL before 2.22 makes them at once.
    """
    several = sorted((one for one in groups if one.ranks > 1), key=lambda one: -one.ranks)
    if not several:
        alone = sentence("one GPU needs no communication buffers")
        return Bounded.exact(0, Source.PUBLISHED, alone)
    needs = [_need(gpu, one) for one in several]
    target = sum(target for _, target, _ in needs)
    lower = sum(lower for lower, _, _ in needs)
    spread = max(upper - target for _, target, upper in needs)
    unused = sum(_rings(one)[1] for one in several if not one.has_rings)
    lower, target, upper = (round(mib * MIB) for mib in (lower, target, target + spread + unused))
    return Bounded(target, lower, upper, Source.PUBLISHED, _why(several, target))


def _need(gpu: GpuType, one: Communicator) -> tuple[float, float, float]:
    """Lower end, target and upper end in MiB; what goes through host memory takes nothing."""
    direct = one.connections * _channels(gpu, one) * _CHANNEL_MIB
    if not one.has_rings:
        return 0.0, direct, direct
    lower, target, upper = _rings(one)
    return lower, target + direct, upper + direct


def _rings(one: Communicator) -> tuple[float, float, float]:
    return _TWO_GPUS_MIB if one.ranks == 2 else _MORE_GPUS_MIB


def _channels(gpu: GpuType, one: Communicator) -> int:
    """Channels of a direct connection: two for each NVLink, rounded up to a power of two."""
    if one.spans_nodes or not gpu.nvlink_bandwidth:
        return _FEWEST_CHANNELS
    links = int(gpu.nvlink_bandwidth / _LINK_BANDWIDTH)
    if gpu.compute_capability < _SWITCHED_SINCE:
        links = min(links, _LINKS_OF_A_PAIR)
    wanted = _FEWEST_CHANNELS * max(1, links)
    return min(_MOST_CHANNELS, 1 << (wanted - 1).bit_length())


def _why(several: Sequence[Communicator], target: int) -> str:
    size, most = format_bytes(target), several[0].ranks
    if directly := sum(one.connections for one in several):
        return sentence(
            "NCCL buffers of {groups} groups among {most} GPUs at most, {directly} direct "
            "connections: {size}",
            groups=len(several),
            most=most,
            directly=directly,
            size=size,
        )
    if len(several) == 1:
        return sentence("NCCL buffers among {count} GPUs: {size}", count=most, size=size)
    return sentence(
        "NCCL buffers of {groups} groups among {most} GPUs at most: {size}",
        groups=len(several),
        most=most,
        size=size,
    )
