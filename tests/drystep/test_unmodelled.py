"""What the virtual GPU does not do as a card does: followed where it can be, said where not."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import DryStepReport, Precision
from estimator.drystep.request import CudaCard, DeviceChoice, DryStepRequest
from estimator.errors import BadInput
from estimator.memory.estimate import estimate_device_memory
from estimator.messages import Language, translate
from estimator.units import GIB, MIB
from estimator.workload.types import Workload
from tests import builders
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle

MODELS = Path(__file__).parent / "models"
CONVOLUTION = """
import paddle

def build_model():
    {flags}
    return paddle.nn.Sequential(
        paddle.nn.Conv2D(3, 64, 3, padding=1), paddle.nn.Conv2D(64, 3, 3, padding=1))

def example_batch(batch_size):
    return paddle.randn([batch_size, 3, 224, 224]), None

def loss_fn(outputs, labels):
    return outputs.mean()

def build_optimizer(parameters):
    return paddle.optimizer.SGD(parameters=parameters)
"""
SPARSE = """
import paddle

class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.head = paddle.nn.Linear(64, 8)

    def forward(self, x):
        kept = x.to_sparse_coo(2).to_dense()
        return self.head(x + 0.0 * kept)

def example_batch(batch_size):
    return paddle.ones([batch_size, 64]), None

def loss_fn(outputs, labels):
    return outputs.mean()
"""
FUSED = """
import paddle

def build_model():
    return paddle.incubate.nn.FusedFeedForward(64, 256)

def example_batch(batch_size):
    return paddle.randn([batch_size, 16, 64]), None

def loss_fn(outputs, labels):
    return outputs.mean()
"""
ATTENTION = """
import paddle

class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.project = paddle.nn.Linear(64, 192)

    def forward(self, x):
        q, k, v = self.project(x).reshape([-1, 128, 3, 4, 16]).unbind(2)
        return paddle.nn.functional.scaled_dot_product_attention(q, k, v).mean()

def example_batch(batch_size):
    return paddle.randn([batch_size, 128, 64]), None

def loss_fn(outputs, labels):
    return outputs
"""


def report_of(tmp_path: Path, source: str, **request: object) -> DryStepReport:
    plugin = plugin_or_skip()
    (tmp_path / "net.py").write_text(source)
    return run_dry_step(
        DryStepRequest(
            **{
                "workload": Workload(tmp_path / "net.py"),
                "per_device_batch_size": 8,
                "device": DeviceChoice.VIRTUAL,
                "plugin": plugin.library,
                "environment": plugin.environment(),
                **request,
            }
        )
    )


def workspace(report: DryStepReport) -> tuple[int, int]:
    (measured,) = report.measurements
    return measured.workspace_bytes, measured.workspace_limit_bytes


def test_the_limit_of_workspaces_is_the_users(tmp_path: Path) -> None:
    usual = report_of(tmp_path, CONVOLUTION.format(flags="pass"))
    assert workspace(usual)[1] == 512 * MIB
    assert not [said for said in usual.assumptions if "FLAGS" in said]
    small = report_of(
        tmp_path,
        CONVOLUTION.format(flags='paddle.set_flags({"FLAGS_conv_workspace_size_limit": 8})'),
    )
    scratch, limit = workspace(small)
    assert limit == 8 * MIB
    assert scratch <= 8 * MIB < workspace(usual)[0]
    (said,) = (said for said in small.assumptions if "FLAGS_conv_workspace_size_limit=8" in said)
    assert "卷积" in translate(said, Language.ZH)
    gpu = builders.gpu("T4")
    assert (
        estimate_device_memory(gpu, small.measurements[0], 1).device_memory.upper
        < estimate_device_memory(gpu, usual.measurements[0], 1).device_memory.upper
    )


def test_a_limit_below_zero_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAGS_conv_workspace_size_limit", "-1")
    assert workspace(report_of(tmp_path, CONVOLUTION.format(flags="pass")))[1] > 512 * GIB


def test_flags_that_are_not_modelled_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLAGS_allocator_strategy", "thread_local")
    monkeypatch.setenv("FLAGS_cudnn_exhaustive_search", "1")
    monkeypatch.setenv("FLAGS_use_cuda_managed_memory", "1")
    said = " ".join(report_of(tmp_path, CONVOLUTION.format(flags="pass")).assumptions)
    assert "FLAGS_allocator_strategy=thread_local is not modelled" in said
    assert "FLAGS_cudnn_exhaustive_search" in said
    assert "FLAGS_use_cuda_managed_memory is not modelled" in said


@pytest.mark.parametrize("by", ["environment", "set_flags"])
def test_naive_best_fit_is_measured_by_need_and_tried_in_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """The largest batch is that of a device with the share for its capacity."""
    usual = report_of(tmp_path, CONVOLUTION.format(flags="pass"), capacities=(874 * MIB,))
    code = "pass"
    if by == "environment":
        monkeypatch.setenv("FLAGS_allocator_strategy", "naive_best_fit")
        monkeypatch.setenv("FLAGS_fraction_of_gpu_memory_to_use", "0.46")
    else:
        code = (
            'paddle.set_flags({"FLAGS_allocator_strategy": "naive_best_fit", '
            '"FLAGS_fraction_of_gpu_memory_to_use": 0.46})'
        )
    # 0.46 x 0.95 x 2,000 MiB = 874 MiB
    naive = report_of(tmp_path, CONVOLUTION.format(flags=code), capacities=(2000 * MIB,))
    (asked,), (before,) = naive.measurements, usual.measurements
    assert asked.allocator.room(2000 * MIB) // MIB in (873, 874)
    assert asked.peak_allocated_bytes == before.peak_allocated_bytes
    assert asked.peak_reserved_bytes == before.peak_reserved_bytes
    largest, largest_before = (r.trials[0].max_per_device_batch_size for r in (naive, usual))
    assert largest == largest_before > 8
    assert naive.trials[0].capacity_bytes == 2000 * MIB
    assert not [said for said in naive.assumptions if "FLAGS" in said]


def test_naive_best_fit_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Extrapolated from small batches, for the same share: 0.46 x 0.95 x 2,000 MiB."""
    usual = report_of(
        tmp_path,
        CONVOLUTION.format(flags="pass"),
        capacities=(874 * MIB,),
        device=DeviceChoice.CPU,
    )
    monkeypatch.setenv("FLAGS_allocator_strategy", "naive_best_fit")
    monkeypatch.setenv("FLAGS_fraction_of_gpu_memory_to_use", "0.46")
    naive = report_of(
        tmp_path,
        CONVOLUTION.format(flags="pass"),
        capacities=(2000 * MIB,),
        device=DeviceChoice.CPU,
    )
    assert naive.measurements[0].allocator.preallocation is not None
    assert (
        naive.trials[0].max_per_device_batch_size == usual.trials[0].max_per_device_batch_size > 8
    )


def test_a_limit_of_memory_is_kept_to(tmp_path: Path) -> None:
    code = 'paddle.set_flags({"FLAGS_gpu_memory_limit_mb": 400})'
    limited = report_of(tmp_path, CONVOLUTION.format(flags=code), capacities=(GIB,))
    usual = report_of(tmp_path, CONVOLUTION.format(flags="pass"), capacities=(400 * MIB,))
    (trial,), (same,) = limited.trials, usual.trials
    assert trial.max_per_device_batch_size == same.max_per_device_batch_size


@pytest.mark.parametrize(
    ("source", "words"), [(SPARSE, "sparse tensors (COO, CSR)"), (FUSED, "fused_feedforward runs")]
)
def test_what_runs_another_way_is_said_once(tmp_path: Path, source: str, words: str) -> None:
    assert len([a for a in report_of(tmp_path, source).assumptions if words in a]) == 1


def test_sparse_gradients_in_mixed_precision_are_refused_with_a_way_out() -> None:
    plugin = plugin_or_skip()
    request = DryStepRequest(
        Workload(MODELS / "sparse_words.py"),
        per_device_batch_size=8,
        precisions=(Precision("O1", "float16"),),
        device=DeviceChoice.VIRTUAL,
        plugin=plugin.library,
        environment=plugin.environment(),
    )
    with pytest.raises(BadInput, match="do not run in amp-O1-float16") as caught:
        run_dry_step(request)
    assert "sparse=False" in caught.value.hint


@pytest.mark.parametrize(
    ("capability", "kernel"), [((7, 5), "memory_efficient_attention"), ((8, 0), "flash_attn")]
)
def test_a_model_file_is_told_of_the_card_that_is_asked_about(
    tmp_path: Path, capability: tuple[int, int], kernel: str
) -> None:
    report = report_of(
        tmp_path,
        ATTENTION,
        card=CudaCard("a card", capability, 16 * GIB, 40),
        precisions=(Precision("O2", "float16"),),
    )
    assert kernel in {use.name for use in report.measurements[0].kernels}
