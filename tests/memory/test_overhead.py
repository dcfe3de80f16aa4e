from dataclasses import replace

import pytest

from estimator.drystep.cluster import Communicator
from estimator.memory.overhead import device_overhead
from estimator.units import MIB
from estimator.values import Missing, Source
from tests.gpus import shipped_catalogue

CATALOGUE = shipped_catalogue()


def test_h100_context_is_the_published_551_mb():
    # NVIDIA aiconfigurator's first figure: 551 MiB. Ours: 132 SMs x 3.0 + 128 + 32 = 556 MiB.
    context = device_overhead(CATALOGUE.find("H100-SXM"), 1).context
    assert context.target == 556 * MIB
    assert context.lower < 551 * MIB < context.upper
    assert context.source is Source.PUBLISHED


@pytest.mark.parametrize(
    ("name", "cuda", "published_mib"),
    [
        ("T4", (10, 1), 691),  # PaddlePaddle/Paddle#57943
        ("RTX-2080-Ti", (10, 0), 680),  # 713 MB, PaddlePaddle/Paddle#24753
        ("RTX-3090", (11, 1), 1609),  # 1,687 MB, pytorch/pytorch#55277
        ("RTX-3090", (12, 8), 256),  # invoke-ai/InvokeAI#9413, context alone
        ("RTX-6000-Ada", (13, 0), 426),  # unslothai/unsloth-zoo#1053, context alone
    ],
)
def test_published_contexts_are_inside_the_interval(name, cuda, published_mib):
    context = device_overhead(CATALOGUE.find(name), 1, cuda).context
    assert context.lower <= published_mib * MIB <= context.upper


def test_paddle_on_t4_with_all_kernels_loaded():
    # 40 SMs x 3.0 + 571 + 4 = 695 MiB against 691 measured
    assert device_overhead(CATALOGUE.find("T4"), 1, (10, 1)).context.target == 695 * MIB


def test_loading_all_kernels_takes_more():
    t4 = CATALOGUE.find("T4")
    lazy, eager = (device_overhead(t4, 1, cuda).context for cuda in ((11, 7), (11, 6)))
    assert lazy.target < eager.target
    assert "when first used" in lazy.reason
    assert "at start" in eager.reason


def test_hopper_has_the_larger_cublas_workspace():
    # same multiprocessors: only the workspace differs, 32 against 4 MiB
    ampere = CATALOGUE.find("A100-SXM4-80GB")
    hopper = replace(ampere, compute_capability=(9, 0))
    contexts = [device_overhead(gpu, 1).context.target for gpu in (ampere, hopper)]
    assert contexts[1] - contexts[0] == 28 * MIB


def test_unknown_multiprocessors_widen_the_interval():
    known = CATALOGUE.find("A100-SXM4-80GB")
    unknown = replace(known, multiprocessors=Missing("not said"))
    wide, narrow = (device_overhead(gpu, 1).context for gpu in (unknown, known))
    assert wide.lower < narrow.lower
    assert wide.upper > narrow.upper
    assert "not known" in wide.reason


@pytest.mark.parametrize("count", [0, -1])
def test_no_gpu_is_refused(count):
    with pytest.raises(ValueError, match="at least one GPU"):
        device_overhead(CATALOGUE.find("T4"), count)


def test_each_group_has_buffers_of_its_own():
    a100 = CATALOGUE.find("A100-SXM4-80GB")
    one = device_overhead(a100, 8).communication
    groups = tuple(map(Communicator, (8, 2, 1, 4)))
    several = device_overhead(a100, 8, groups=groups).communication
    assert several.target == (392 + 342 + 392) * MIB
    # The most of one group, and what is likely of the others.
    assert several.upper == (975 + 342 + 392) * MIB
    assert several.lower == 3 * one.lower
