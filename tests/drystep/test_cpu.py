"""Steps really computed on Paddle's CPU device, each in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.paddle

PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
import paddle
from estimator.drystep.child.cpu import measure_on_cpu
from estimator.drystep.cpu_scaling import CpuSteps, allocated_interval, extrapolate
F = paddle.nn.functional
"""
CONVOLUTIONAL = """
class Training:
    def __init__(self):
        nn = paddle.nn
        self.model = nn.Sequential(
            nn.Conv2D(3, 8, 3), nn.BatchNorm2D(8), nn.ReLU(),
            nn.Conv2DTranspose(8, 4, 2, stride=2), nn.Flatten(), nn.Linear(3136, 10))
        self.optimizer = paddle.optimizer.Adam(parameters=self.model.parameters())
    def make_batch(self, size):
        return paddle.randn([size, 3, 16, 16]), paddle.randint(0, 10, [size])
    def step(self, batch):
        F.cross_entropy(self.model(batch[0]), batch[1]).backward()
        self.optimizer.step()
        self.optimizer.clear_grad()
"""


def run(body):
    """Run a program in a fresh process; returns what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + body],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def convolutional():
    return run(
        CONVOLUTIONAL
        + """
steps = measure_on_cpu(Training, (2, 4, 6, 9)).steps
small = CpuSteps(steps[:3])
print(json.dumps({
    "computed": extrapolate(CpuSteps(steps), 9).peak_allocated_bytes,
    "extrapolated": extrapolate(small, 9).peak_allocated_bytes,
    "width": allocated_interval(small, 9).upper - allocated_interval(small, 9).lower,
    "allocator": steps[0].allocator_peak_bytes,
    "peak": extrapolate(small, 2).peak_allocated_bytes,
    "scratch": dict(steps[0].scratch_bytes),
    "batch": steps[0].batch_bytes,
    "parameters": extrapolate(small, 2).breakdown.parameters,
    "optimizer_state": extrapolate(small, 2).breakdown.optimizer_state,
}))
"""
    )


def test_extrapolation_meets_the_step_that_was_computed(convolutional):
    assert convolutional["extrapolated"] == convolutional["computed"]
    assert convolutional["width"] == 0


def test_batch_and_persistent_parts(convolutional):
    # 2*3*16*16 floats and two int64 labels.
    assert convolutional["batch"] == 2 * 3 * 256 * 4 + 16
    # Floats, each tensor rounded up to 256 bytes: convolution 216+8, norm 4*8 (its running
    # statistics are parameters without a gradient), transposed 128+4, linear 31360+10.
    tensors = (216, 8, 8, 8, 8, 8, 128, 4, 31360, 10)
    assert convolutional["parameters"] == sum(-(-4 * n // 256) * 256 for n in tensors)
    trained = (216, 8, 8, 8, 128, 4, 31360, 10)
    assert convolutional["optimizer_state"] == 2 * sum(-(-4 * n // 256) * 256 for n in trained)


def test_im2col_is_scratch(convolutional):
    # One picture: 3*3*3 values for each of 14*14 places.
    assert convolutional["scratch"]["conv2d"] == 27 * 196 * 4


def test_phases_and_recomputation():
    found = run("""
from paddle.distributed.fleet.utils import recompute
class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.layers = paddle.nn.LayerList([paddle.nn.Linear(256, 256) for _ in range(4)])
        self.again = False
    def forward(self, x):
        for layer in self.layers:
            x = recompute(lambda y, f=layer: F.gelu(F.gelu(f(y))), x) if self.again \\
                else F.gelu(F.gelu(layer(x)))
        return x.mean()
class Training:
    def __init__(self):
        self.model = Net()
        self.optimizer = paddle.optimizer.SGD(parameters=self.model.parameters())
    def make_batch(self, size):
        x = paddle.randn([size, 256]); x.stop_gradient = False
        return x
    def step(self, batch):
        self.model.again = batch.shape[0] == 1025
        self.model(batch).backward()
        self.optimizer.step()
        self.optimizer.clear_grad()
steps = CpuSteps(measure_on_cpu(Training, (1024, 1025)).steps)
print(json.dumps([
    [m.peak_phase, m.breakdown.activations, m.breakdown.temporary]
    for m in (extrapolate(steps, 1024), extrapolate(steps, 1025))]))
""")
    one = 1024 * 256 * 4
    plain, again = found
    # The batch, and of each layer the linear output before and after the bias is one tensor in
    # forward, gelu of it, gelu of that: four layers hold three each.
    assert plain[0] == "backward"
    assert plain[1] >= 12 * one
    # Recomputed, only the inputs of the four blocks are held; what is computed again inside the
    # backward pass counts as temporary.
    assert again[0] == "backward"
    assert again[1] < 7 * one
    assert again[2] > one


def test_sparse_gradients_and_a_saved_program(tmp_path):
    found = run(f"""
def save():
    net = paddle.nn.Sequential(
        paddle.nn.Conv2D(3, 4, 3), paddle.nn.Flatten(), paddle.nn.Linear(144, 5))
    spec = paddle.static.InputSpec([None, 3, 8, 8], "float32")
    paddle.jit.save(net, {str(tmp_path / "net")!r}, input_spec=[spec])
class Training:
    def __init__(self):
        save()
        self.program = paddle.jit.load({str(tmp_path / "net")!r})
        self.program.train()
        self.table = paddle.nn.Embedding(50, 5, sparse=True)
        self.model = paddle.nn.LayerList([self.program, self.table])
        self.optimizer = paddle.optimizer.SGD(parameters=self.model.parameters())
    def make_batch(self, size):
        return paddle.randn([size, 3, 8, 8]), paddle.randint(0, 50, [size])
    def step(self, batch):
        (self.program(batch[0]) * self.table(batch[1])).sum().backward()
        self.optimizer.step()
        self.optimizer.clear_grad()
steps = CpuSteps(measure_on_cpu(Training, (2, 4)).steps)
m = extrapolate(steps, 4)
print(json.dumps([m.peak_allocated_bytes, m.breakdown.parameters, steps.steps[0].scratch_bytes]))
""")
    # 4*3*3*3, 4, 144*5, 5 and 50*5 floats.
    sizes = (108, 4, 720, 5, 250)
    assert found[1] == sum(-(-4 * n // 256) * 256 for n in sizes)
    assert found[0] > found[1]
    assert found[2]["conv2d"] >= 27 * 36 * 4


def test_what_user_code_raises_passes_through():
    found = run(
        CONVOLUTIONAL
        + """
class Broken(Training):
    def step(self, batch):
        raise KeyError("label")
try:
    measure_on_cpu(Broken, (2,))
except KeyError as error:
    print(json.dumps(str(error)))
"""
    )
    assert found == "'label'"


def test_a_record_that_does_not_add_up_is_refused():
    found = run(
        CONVOLUTIONAL
        + """
held = paddle.ones([1000])
try:
    measure_on_cpu(Training, (2,))
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""
    )
    assert found[0] == "InternalError"
    assert "CPU allocator" in found[1]
