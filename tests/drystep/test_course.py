"""The phases of a run on the virtual GPU, and the launch that sets the peak."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.drystep.virtual import on_cpu, on_virtual_gpu

pytestmark = pytest.mark.paddle

KIB = 1 << 10
_OBSERVE = """
from estimator.drystep.child.course import observe_run
from estimator.drystep.child.model_file import Program
from estimator.drystep.child.observe import StepQuestion
from estimator.drystep.child.training import build_training
from estimator.drystep.measurement import Precision
from estimator.workload.types import Workload
from dataclasses import asdict
path, batch = Path(sys.argv[1]), int(sys.argv[2])
training = build_training(Program(path, {}), Workload(path, **json.loads(sys.argv[3])), Precision())
run = observe_run(gpu, StepQuestion(training, Precision(), batch))
result["phases"] = {phase.name: asdict(phase) for phase in run.phases}
result["peak_at"] = asdict(run.peak_at)
result["measurement"] = {
    "allocated": run.measurement.peak_allocated_bytes,
    "reserved": run.measurement.peak_reserved_bytes,
    "largest_phase": run.measurement.largest_phase,
    "breakdown": asdict(run.measurement.breakdown),
}
result["counts"] = run.evaluation_counts
result["assumptions"] = training.assumptions
"""
_COMPUTE = """
from estimator.drystep.child.model_file import Program
from estimator.drystep.child.training import build_training
from estimator.drystep.measurement import Precision
from estimator.workload.types import Workload
path, batch = Path(sys.argv[1]), int(sys.argv[2])
workload = Workload(path, **json.loads(sys.argv[3]))
steps = measure_on_cpu(lambda: build_training(Program(path, {}), workload, Precision()), (batch,))
result["peak"] = measured_peak(steps.steps[0]).bytes
"""


@pytest.fixture
def net(tmp_path: Path) -> Any:
    """Writes a model file; line 1 of the source is line 1 of the file."""

    def write(source: str) -> Path:
        path = tmp_path / "net.py"
        path.write_text(textwrap.dedent(source).lstrip("\n"))
        return path

    return write


def observed(path: Path, batch: int, workload: str = "{}") -> dict[str, Any]:
    return on_virtual_gpu(_OBSERVE, str(path), str(batch), workload)


def line_of(path: Path, words: str) -> int:
    lines = path.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


LINEAR = """
    import paddle

    def build_model():
        return paddle.nn.Linear(256, 256, bias_attr=False)

    def example_batch(batch_size):
        return paddle.randn([batch_size, 256]), None

    def loss_fn(outputs, labels):
        return outputs.mean()

    def build_optimizer(parameters):
        return paddle.optimizer.SGD(parameters=parameters)
"""
WEIGHT = 256 * 256 * 4
ROW = 256 * 4  # one sample in, or out


def test_an_evaluation_with_a_larger_batch_sets_the_peak(net: Any) -> None:
    path = net(LINEAR)
    told = observed(path, 8, '{"eval_batch_size": 4096}')
    phases = told["phases"]
    assert list(phases) == ["train_first", "train", "eval"]
    # Weight and its gradient, which clear_grad() sets to zero, batch and outputs; SGD has no
    # state but the learning rate.
    assert phases["eval"]["peak_allocated_bytes"] == 2 * WEIGHT + 2 * 4096 * ROW + 256
    assert phases["eval"]["per_device_batch_size"] == 4096
    assert phases["eval"]["note"] == ""
    assert told["measurement"]["largest_phase"] == "eval"
    assert told["measurement"]["reserved"] >= phases["eval"]["peak_allocated_bytes"]
    assert told["measurement"]["allocated"] == phases["train"]["peak_allocated_bytes"]
    assert told["counts"]
    peak = told["peak_at"]
    assert (peak["phase"], peak["part"], peak["layer"], peak["operator"]) == (
        ("eval", "forward", "Linear", "matmul")
    )


def test_an_evaluation_that_keeps_gradients_is_warned_of(net: Any) -> None:
    path = net(
        LINEAR
        + """
    def eval_step(model, batch):
        inputs, _ = batch
        for _ in range(3):
            inputs = model(inputs) * 2
"""
    )
    told = observed(path, 512)
    note = told["phases"]["eval"]["note"]
    # Kept: the batch, and of each round the product and twice it; scale keeps no input. Without
    # gradients the batch, a round's input, product and output: 4 x 512 KiB + 512 KiB of weights.
    kept = told["phases"]["eval"]["peak_allocated_bytes"]
    assert kept == 2 * WEIGHT + 5 * 512 * ROW + 256
    assert note.startswith("warning: evaluation keeps what gradients need")
    assert "with paddle.no_grad() around it, its peak would be 2.5 MiB instead of" in note


def test_a_batch_of_its_own_for_evaluation(net: Any) -> None:
    path = net(
        LINEAR
        + """
    def example_eval_batch(batch_size):
        return paddle.randn([batch_size, 4, 256]), None
"""
    )
    told = observed(path, 128)
    eval_peak = told["phases"]["eval"]["peak_allocated_bytes"]
    assert eval_peak == 2 * WEIGHT + 2 * 4 * 128 * ROW + 256
    assert told["counts"]


def test_an_evaluation_that_fails_unasked_is_an_assumption(net: Any) -> None:
    path = net(
        """
        import paddle

        class Net(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                self.part = paddle.nn.Linear(4, 4)

            def forward(self, inputs):
                if not self.training:
                    raise ValueError("evaluation takes a list")
                return self.part(inputs)

        def example_batch(batch_size):
            return paddle.randn([batch_size, 4]), None
        """
    )
    told = observed(path, 8)
    assert "eval" not in told["phases"]
    assert any("evaluation takes a list" in sentence for sentence in told["assumptions"])


PEAKS = """
    import paddle
    import paddle.nn.functional as F

    class Block(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.one = paddle.nn.Linear(64, 64)
            self.two = paddle.nn.Linear(64, 64)

        def forward(self, inputs):
            x = F.relu(self.one(inputs))
            x = F.gelu(self.two(x))
            wide = paddle.concat([x] * WIDTH, axis=-1)
            wide = F.softmax(wide)
            return wide.reshape([x.shape[0], WIDTH, 64]).sum(1)

    class Net(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.blocks = paddle.nn.LayerList([Block(), Block(), Block()])

        def forward(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return inputs

    def build_model():
        return Net()

    def example_batch(batch_size):
        return paddle.randn([batch_size, 64]), None

    def loss_fn(outputs, labels):
        wide = paddle.concat([outputs] * LOSS, axis=-1)
        wide = F.softmax(wide)
        return wide.mean()
"""


def test_the_backward_pass_of_a_line_in_a_block(net: Any) -> None:
    """Softmax of the last block: all three blocks' activations live, and its gradient beside."""
    path = net(PEAKS.replace("WIDTH", "8").replace("LOSS", "1"))
    told = observed(path, 100)
    peak = told["peak_at"]
    assert (peak["part"], peak["layer"], peak["operator"]) == (
        ("backward", "blocks.2", "softmax_grad")
    )
    assert peak["line"] == line_of(path, "wide = F.softmax(wide)")
    assert peak["file"].endswith("net.py")


def test_the_backward_pass_of_a_line_in_the_loss(net: Any) -> None:
    path = net(PEAKS.replace("WIDTH", "1").replace("LOSS", "200"))
    told = observed(path, 100)
    peak = told["peak_at"]
    assert (peak["part"], peak["operator"]) == ("backward", "softmax_grad")
    assert peak["layer"] == {"reason": "outside of the model's layers, such as in the loss"}
    assert peak["line"] == max(
        number for number, line in enumerate(path.read_text().splitlines(), 1) if "softmax" in line
    )


def test_the_forward_pass_of_a_layer(net: Any) -> None:
    """A very wide layer behind detach: its output is the peak and no gradient follows."""
    path = net(
        """
        import paddle

        class Net(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                self.encoder = paddle.nn.Sequential(
                    paddle.nn.Linear(8, 8), paddle.nn.Linear(8, 4096, bias_attr=False)
                )
                self.head = paddle.nn.Linear(8, 8)

            def forward(self, inputs):
                with paddle.no_grad():
                    count = self.encoder(
                        inputs
                    ).shape[0]
                return self.head(inputs) * count

        def example_batch(batch_size):
            return paddle.randn([batch_size, 8]), None
        """
    )
    peak = observed(path, 4096)["peak_at"]
    assert (peak["part"], peak["layer"], peak["operator"]) == ("forward", "encoder.1", "matmul")
    assert line_of(path, "count = self") <= peak["line"] <= line_of(path, ").shape[0]")


def test_the_optimizer(net: Any) -> None:
    """One sample and a large weight: Adam's temporaries are more than any activation."""
    path = net(LINEAR.replace("SGD", "Adam"))
    told = observed(path, 1)
    assert told["peak_at"]["part"] in ("optimizer", "backward")


@pytest.mark.parametrize("workload", ['{"accumulate": 4}', '{"recompute": true}', "{}"])
def test_as_the_cpu_allocator_counts(net: Any, workload: str) -> None:
    """Micro-batches and recompute, against the step really computed on the CPU."""
    path = net(PEAKS.replace("WIDTH", "8").replace("LOSS", "1"))
    told = observed(path, 100, workload)
    computed = on_cpu(_COMPUTE, str(path), "100", workload)
    assert told["measurement"]["allocated"] == computed["peak"]


def test_micro_batches_and_recompute_take_less(net: Any) -> None:
    path = net(PEAKS.replace("WIDTH", "8").replace("LOSS", "1"))
    plain, split, recomputed = (
        observed(path, 100, workload)
        for workload in ("{}", '{"accumulate": 4}', '{"recompute": true}')
    )
    assert "accumulate" in split["phases"]
    assert "recompute" in recomputed["phases"]
    assert split["measurement"]["allocated"] < plain["measurement"]["allocated"]
    assert recomputed["measurement"]["allocated"] < plain["measurement"]["allocated"]
    assert any(
        "recompute is applied to 3 blocks of class Block: blocks.0, blocks.1, blocks.2" in sentence
        for sentence in recomputed["assumptions"]
    )
    # The forward pass inside of the backward pass: the layer being run is what counts.
    assert recomputed["peak_at"]["layer"].startswith("blocks.")


def test_inference_keeps_nothing(net: Any) -> None:
    told = observed(net(LINEAR), 1024, '{"inference": true}')
    assert list(told["phases"]) == ["inference"]
    assert told["measurement"]["allocated"] == WEIGHT + 2 * 1024 * ROW
    assert told["measurement"]["breakdown"]["gradients"] == 0
    assert told["measurement"]["breakdown"]["optimizer_state"] == 0


def test_a_checkpoint_copies_the_states_to_the_host(net: Any) -> None:
    told = observed(net(LINEAR.replace("SGD", "Adam")), 8, '{"checkpoint": true}')
    note = told["phases"]["checkpoint"]["note"]
    # The weight and Adam's two moments of 256 KiB each, and scalars.
    assert "paddle.save of 768.0 KiB took" in note
    assert note.endswith("device memory does not grow")


SAVE = """
    import sys
    import paddle

    class Net(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.wide = paddle.nn.Linear(64, 512)
            self.norm = paddle.nn.LayerNorm(512)
            self.head = paddle.nn.Linear(512, 10)

        def forward(self, inputs):
            x = paddle.nn.functional.relu(self.norm(self.wide(inputs)))
            return self.head(x)

    def build_model():
        return DECORATED(Net())

    def example_batch(batch_size):
        return paddle.randn([batch_size, 64]), None

    if __name__ == "__main__":
        spec = [paddle.static.InputSpec([None, 64], "float32", "inputs")]
        paddle.jit.save(Net(), sys.argv[1], input_spec=spec)
"""


@pytest.fixture
def saved(net: Any, tmp_path: Path) -> Path:
    """What ``paddle.jit.load`` takes, written by Paddle itself."""
    return _save(net(SAVE.replace("DECORATED", "")), tmp_path / "program")


def _save(script: Path, program: Path, **variables: str) -> Path:
    command = [sys.executable, "-W", "ignore", str(script), str(program)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | variables)
    return program


def of_saved(code: str) -> str:
    return code.replace("model_file import Program", "saved import SavedProgram as Program")


def test_a_saved_program_takes_what_its_model_takes_on_the_cpu(saved: Path) -> None:
    """Run eagerly there: on the CPU the executor runs operators side by side, at no fixed peak."""
    told = on_virtual_gpu(of_saved(_OBSERVE), str(saved), "256", "{}")
    computed = on_cpu(_COMPUTE, str(saved.with_name("net.py")), "256", "{}")
    assert told["measurement"]["allocated"] == pytest.approx(computed["peak"], rel=0.01)
    assert told["measurement"]["breakdown"]["gradients"] > 0
    assert told["phases"]["eval"]["note"] == ""


def test_a_program_of_paddle_2_takes_for_inference_what_one_of_paddle_3_takes(
    net: Any, saved: Path, tmp_path: Path
) -> None:
    script = net(SAVE.replace("DECORATED", ""))
    old = _save(script, tmp_path / "old", FLAGS_enable_pir_api="0")
    assert old.with_suffix(".pdmodel").exists()
    first, second = (
        on_virtual_gpu(of_saved(_OBSERVE), str(path), "256", '{"inference": true}')["measurement"]
        for path in (old, saved)
    )
    assert first["allocated"] == pytest.approx(second["allocated"], rel=0.01)


def test_a_saved_program_for_inference(saved: Path) -> None:
    told = on_virtual_gpu(of_saved(_OBSERVE), str(saved), "256", '{"inference": true}')
    assert list(told["phases"]) == ["inference"]
    assert told["measurement"]["breakdown"]["gradients"] == 0


def test_a_model_turned_static_is_trained_as_on_the_cpu(net: Any) -> None:
    path = net(SAVE.replace("DECORATED", "paddle.jit.to_static"))
    told = observed(path, 256)
    computed = on_cpu(_COMPUTE, str(path), "256", "{}")
    assert told["measurement"]["allocated"] == pytest.approx(computed["peak"], rel=0.005)
    assert told["measurement"]["breakdown"]["activations"] > 256 * 512 * 4
