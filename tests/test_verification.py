"""``--verify``: the verdict on two measurements, and the whole way through two real children."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from estimator.cli import main
from estimator.drystep.measurement import (
    ComputedStep,
    Device,
    KernelUse,
    MemoryBreakdown,
    Phase,
    Precision,
    StepMeasurement,
    TensorSpec,
)
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.errors import BadInput
from estimator.messages import Language, translate
from estimator.units import GIB, MIB
from estimator.values import Missing
from estimator.verification import ALLOWANCE_BYTES, Verification, check_host_memory, compare, verify
from estimator.workload.types import Script, Workload
from tests.drystep.virtual import plugin_or_skip

MODELS = Path(__file__).parent / "drystep" / "models"


def measured(
    device: Device, activations: int, kernels: tuple[str, ...] = ("matmul",), dtype: str = "float32"
) -> StepMeasurement:
    """A step that holds 1 MiB of parameters and some activations at its peak."""
    peak = MIB + activations
    use = [KernelUse(name, Phase.FORWARD, (), (TensorSpec((2, 2), dtype),)) for name in kernels]
    return StepMeasurement(
        device=device,
        precision=Precision(),
        per_device_batch_size=2,
        peak_allocated_bytes=peak,
        peak_reserved_bytes=peak,
        breakdown=MemoryBreakdown(MIB, 0, 0, 0, activations, 0),
        peak_phase=Phase.BACKWARD,
        kernels=tuple(use) if device is Device.VIRTUAL else (),
        batch_bytes=8,
        step_seconds=Missing("no time"),
        computed=None if device is Device.VIRTUAL else ComputedStep(peak + 64, {}, list(kernels)),
    )


def verdict(virtual: StepMeasurement, computed: StepMeasurement) -> Verification:
    found = compare(virtual, computed)
    assert isinstance(found, Verification)
    return found


def test_equal_figures_agree_and_both_are_kept() -> None:
    found = verdict(measured(Device.VIRTUAL, MIB), measured(Device.CPU, MIB))
    assert found.agrees
    assert (found.virtual_bytes, found.cpu_bytes) == (2 * MIB, 2 * MIB)
    assert found.allocator_bytes == 2 * MIB + 64
    assert (found.difference_bytes, found.relative_difference) == (0, 0.0)


@pytest.mark.parametrize(("difference", "agrees"), [(10_485, True), (10_486, False)])
def test_half_a_percent_is_allowed(difference: int, agrees: bool) -> None:
    """0.005 x 2 MiB = 10,485.76 bytes."""
    found = verdict(measured(Device.VIRTUAL, MIB + difference), measured(Device.CPU, MIB))
    assert found.agrees is agrees


def test_a_few_scalars_are_allowed_on_a_tiny_model() -> None:
    """512 bytes of 1,048,576 + 0 are within 0.5 %; of a model of 4 KiB they would be 12 %."""
    tiny = replace(measured(Device.CPU, 0), peak_allocated_bytes=4096)
    close = replace(measured(Device.VIRTUAL, 0), peak_allocated_bytes=4096 + ALLOWANCE_BYTES)
    assert verdict(close, tiny).agrees
    far = replace(close, peak_allocated_bytes=4096 + ALLOWANCE_BYTES + 1)
    assert not verdict(far, tiny).agrees


def test_a_disagreement_names_the_kind_and_the_kernels() -> None:
    found = verdict(
        measured(Device.VIRTUAL, MIB, ("flash_attn", "matmul")),
        measured(Device.CPU, 9 * MIB, ("softmax", "matmul")),
    )
    assert not found.agrees
    assert found.reason == (
        "they disagree, most in activations: 1.0 MiB on the virtual GPU, 9.0 MiB computed; "
        "kernels on the virtual GPU alone: flash_attn; on the CPU alone: softmax"
    )
    assert "激活" in translate(found.reason, Language.ZH)


def test_low_precision_is_not_compared() -> None:
    found = compare(measured(Device.VIRTUAL, MIB, dtype="bfloat16"), measured(Device.CPU, MIB))
    assert isinstance(found, Missing)
    assert "bfloat16" in found.reason


def test_a_step_that_was_not_computed_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="computed on the CPU"):
        compare(measured(Device.VIRTUAL, 0), measured(Device.VIRTUAL, 0))


def test_a_step_larger_than_the_host_is_not_tried() -> None:
    with pytest.raises(BadInput, match=r"it takes 2.0 MiB of host memory, of which 1.0 MiB"):
        check_host_memory(measured(Device.VIRTUAL, MIB), MIB)
    check_host_memory(measured(Device.VIRTUAL, MIB), GIB)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (DryStepRequest(Workload(Path("m.py"), script=Script(("python",), "m.py")), 2), "script"),
        (DryStepRequest(Workload(Path("m.py")), 2, device=DeviceChoice.CPU), "was not used"),
    ],
)
def test_what_cannot_be_verified_says_why(request_: DryStepRequest, why: str) -> None:
    found = verify(request_, measured(Device.VIRTUAL, 0), Limits(), print)
    assert isinstance(found, Missing)
    assert why in found.reason


ATTENTION = """
import paddle

class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.project = paddle.nn.Linear(32, 96)

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = self.project(x).reshape([batch, length, 3, 2, 16]).unbind(2)
        return paddle.nn.functional.scaled_dot_product_attention(q, k, v).mean()

def example_batch(batch_size):
    return paddle.randn([batch_size, 256, 32]), None

def loss_fn(outputs, labels):
    return outputs
"""


@pytest.mark.paddle
def test_the_command_computes_the_step(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """On a GPU no scores are kept, on a CPU they are: compared is what a CPU does."""
    plugin_or_skip()
    (tmp_path / "net.py").write_text(ATTENTION)
    words = [str(tmp_path / "net.py"), "--batch-size", "8", "--gpu", "T4", "--verify", "--json"]
    assert main(words) == 0
    captured = capfdbinary.readouterr()
    told = json.loads(captured.out)["measurement"]["verification"]
    assert told["agrees"], told
    # The scores of 2 samples, 2 heads and 256 x 256 positions, and the softmax of them.
    assert told["cpu_bytes"] >= 2 * 2 * 2 * 256 * 256 * 4
    assert sum(told["virtual_breakdown"].values()) == told["virtual_bytes"]
    assert "memory_efficient_attention" in told["unchecked"]
    assert b"verified at batch 2" in captured.err


@pytest.mark.paddle
def test_user_code_that_fails_on_the_cpu_leaves_the_estimate(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    plugin_or_skip()
    source = (MODELS / "tiny.py").read_text()
    source += "\nassert paddle.get_device() != 'cpu', 'only on a GPU'\n"
    (tmp_path / "net.py").write_text(source)
    words = [str(tmp_path / "net.py"), "--batch-size", "8", "--gpu", "T4", "--verify", "--json"]
    assert main(words) == 0
    told = json.loads(capfdbinary.readouterr().out)["measurement"]["verification"]
    assert told["agrees"] is None
    assert "only on a GPU" in told["reason"]
