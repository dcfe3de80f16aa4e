"""Unmodified training scripts, each run by the real child."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import DryStepReport, Phase, Precision
from estimator.drystep.request import CudaCard, DeviceChoice, DryStepRequest, Limits
from estimator.errors import BadInput, EstimatorError, UserCodeFailed
from estimator.units import GIB, MIB
from estimator.workload.command import parse_command
from estimator.workload.types import Script, SyntheticTensor, TensorRequest, Workload
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle

SCRIPTS = Path(__file__).parent / "scripts"
CARD = CudaCard("NVIDIA A100-SXM4-80GB", (8, 0), 79 * GIB, 108)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project of the user's with all the scripts in it, as the current folder."""
    shutil.copytree(SCRIPTS, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path / "project")
    before = contents()
    yield tmp_path / "project"
    assert contents() == before, "the script's writes have reached the user's folder"


def contents():
    return {str(p): p.read_bytes() for p in sorted(Path().rglob("*")) if p.is_file()}


def watched(
    command: str,
    capacities=(),
    batch_arg: str = "",
    seconds: float = 120.0,
    timeline=False,
    synthetic=(),
    **workload,
) -> DryStepReport:
    plugin = plugin_or_skip()
    words = tuple(command.split())
    program = parse_command(words)
    script = Script(
        command=words,
        program=program.program,
        is_module=program.is_module,
        arguments=program.arguments,
        environment=program.environment,
        batch_argument=tuple(batch_arg.split()),
        synthetic=tuple(synthetic),
    )
    request = DryStepRequest(
        Workload(program.file, script=script, **workload),
        per_device_batch_size=1,
        device=DeviceChoice.VIRTUAL,
        capacities=tuple(capacities),
        plugin=plugin.library,
        environment=plugin.environment(),
        seconds=seconds,
        card=CARD,
        timeline=timeline,
    )
    return run_dry_step(request, Limits(seconds))


def peaks(report: DryStepReport) -> dict[str, int]:
    return {phase.name: phase.peak_allocated_bytes for phase in report.phases}


LINES = """
import paddle

class Block(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.wide = paddle.nn.Linear(64, 4096)
        self.narrow = paddle.nn.Linear(4096, 64)

    def forward(self, x):
        x = self.wide(x)
        x = x * x
        return self.narrow(x)

net = paddle.nn.Sequential(Block(), paddle.nn.Linear(64, 1))
optimizer = paddle.optimizer.SGD(parameters=net.parameters())
for step in range(100):
    loss = net(paddle.ones([512, 64])).mean()
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
"""


def test_the_launch_that_sets_the_peak_of_a_steady_step(here, tmp_path):
    (tmp_path / "lines.py").write_text(LINES)
    at = watched(f"python {tmp_path}/lines.py", timeline=True)
    place = at.peak_at
    # Beside x and the gradient of x * x: those of both factors, all of 8 MiB.
    assert (place.phase, place.part, place.operator) == ("train", Phase.BACKWARD, "multiply_grad")
    assert place.layer == "0"
    assert Path(place.file).name == "lines.py"
    assert LINES.splitlines()[place.line - 1].strip() == "x = x * x"
    totals = [sum(held) for held in zip(*at.timeline.bytes_by_kind.values(), strict=True)]
    assert max(totals) == at.measurements[0].peak_allocated_bytes
    most = totals.index(max(totals))
    assert {kind: held[most] for kind, held in at.timeline.bytes_by_kind.items()} == asdict(
        at.measurements[0].breakdown
    )


def test_the_launch_that_sets_the_peak_of_an_evaluation(here):
    """Four times the training batch, and gradients are kept: the evaluation has the peak."""
    place = watched("python plain.py --batch_size 4").peak_at
    assert (place.phase, place.part) == ("eval", Phase.FORWARD)
    # The outputs of conv, batch norm and relu; then batch norm's goes, as relu keeps its own alone.
    assert (place.layer, place.operator) == ("2", "relu")
    assert Path(place.file).name == "plain.py"
    assert "model(image)" in Path("plain.py").read_text().splitlines()[place.line - 1]


def test_an_evaluation_of_one_batch_is_too_short_to_look_again(here):
    assert "too few batches" in watched("python plain.py --batch_size 16").peak_at.reason


def test_a_plain_loop_with_evaluation(here):
    report = watched("python plain.py --batch_size 16", capacities=(64 * MIB,))
    (asked,) = report.measurements
    assert report.model.name == "Sequential"
    # Conv 3x16x3x3 + 16, batch norm 4 x 16, linear 16384 x 10 + 10.
    assert report.model.parameters == 448 + 64 + 163_850
    assert report.optimizer == "Momentum"
    assert asked.per_device_batch_size == 16
    assert asked.precision == Precision()
    assert asked.breakdown.total == asked.peak_allocated_bytes
    by_name = {phase.name: phase for phase in report.phases}
    assert list(by_name) == ["train_first", "train", "eval"]
    assert by_name["train"].peak_allocated_bytes == asked.peak_allocated_bytes
    # Momentum's state, one float32 for each trained parameter, is there from the second step on;
    # the gradients that the first step made are there as well.
    state = 4 * (448 + 32 + 163_850)
    assert by_name["train"].peak_allocated_bytes >= by_name["train_first"].peak_allocated_bytes
    assert asked.breakdown.optimizer_state == pytest.approx(state, abs=6 * 256)
    assert by_name["eval"].per_device_batch_size == 64
    assert by_name["eval"].peak_allocated_bytes > asked.peak_allocated_bytes
    assert "no paddle.no_grad() around plain.py:6" in by_name["eval"].note
    (trial,) = report.trials
    assert trial.max_per_device_batch_size > 16
    assert trial.measurement.peak_reserved_bytes <= 64 * MIB
    assert any("3 optimizer steps" in sentence for sentence in report.assumptions)
    assert report.batches.looked_at == 3
    assert report.batches.distinct_shapes == 1
    assert report.batches.largest_shapes == ((16, 3, 32, 32), (16,))


def test_what_copies_of_a_batch_need_is_what_the_scripts_own_batches_need(here):
    """The template stands in for the loader, whose reader keeps batches ahead in host memory."""
    report = watched("python plain.py --amp --workers 2")
    (asked,) = report.measurements
    assert asked.precision == Precision("O1", "float16")
    assert asked.peak_allocated_bytes == report.batches.largest_peak_allocated_bytes


def test_a_script_needs_what_the_same_model_needs_as_a_model_file(here, tmp_path):
    plugin = plugin_or_skip()
    model_file = tmp_path / "model.py"
    model_file.write_text(
        "import paddle\n"
        "def build_model():\n"
        "    return paddle.nn.Linear(100, 10)\n"
        "def example_batch(n):\n"
        "    return paddle.randn([n, 100]), None\n"
        "def loss_fn(out, label):\n"
        "    return out.mean()\n"
        "def build_optimizer(parameters):\n"
        "    return paddle.optimizer.SGD(parameters=parameters)\n"
    )
    request = DryStepRequest(
        Workload(model_file),
        per_device_batch_size=8,
        device=DeviceChoice.VIRTUAL,
        plugin=plugin.library,
        environment=plugin.environment(),
    )
    of_file = run_dry_step(request).measurements[0]
    of_script = watched("no_loader.py").measurements[0]
    # The variables of the loop still hold the loss (256 bytes) and the outputs (8 x 10 x 4) of one
    # step when the next makes its own.
    held = of_script.peak_allocated_bytes - of_file.peak_allocated_bytes
    assert 0 <= held <= 256 + 512
    assert of_script.breakdown.parameters == of_file.breakdown.parameters


def test_model_fit(here):
    report = watched("fit.py")
    assert report.model.name == "Sequential"
    assert report.measurements[0].per_device_batch_size == 16
    assert set(peaks(report)) == {"train_first", "train", "eval"}
    assert [p.note for p in report.phases] == ["", "", ""]  # hapi evaluates without gradients


def test_an_epoch_that_is_counted_and_not_ended_by_the_loader(here):
    """The loader is ended early, but the script begins it anew until it has its ten batches."""
    report = watched("indexed.py")
    assert set(peaks(report)) == {"train_first", "train", "eval"}
    assert report.batches.looked_at == 10


def test_what_stands_in_for_a_batch_is_not_sent_around(here):
    """With 2 GiB for the labels of the batch in use and of the next, all 2 MiB a sample, the
    largest batch has labels of some 1,000 MiB; only the copies that run it hold them.
    """
    report = watched("masks.py", capacities=(2 * GIB,))
    assert report.trials[0].max_per_device_batch_size > 400
    assert report.host_peak_bytes < GIB


SYNTHETIC = (
    SyntheticTensor("", TensorRequest((3, 32, 32), "float32")),
    SyntheticTensor("", TensorRequest((), "int64", 10)),
)


def test_a_data_set_that_is_not_there(here):
    """Its constructor finds no file; the other one, of the evaluation, is empty."""
    report = watched(
        "missing_data.py --batch_size 16", capacities=(256 * MIB,), synthetic=SYNTHETIC
    )
    assert set(peaks(report)) == {"train_first", "train", "eval"}
    assert report.batches.largest_shapes == ((16, 3, 32, 32), (16,))
    assert {phase.name: phase.per_device_batch_size for phase in report.phases}["eval"] == 8
    assert report.trials[0].max_per_device_batch_size > 16
    (first, second) = (text for text in report.assumptions if "synthetic" in text)
    assert "the data set Pictures is not there" in first
    assert "FileNotFoundError" in first
    assert "no/such/train.txt" in first
    assert "the data set Listed is not there (it has no samples)" in second


def test_synthetic_data_take_what_the_real_ones_take(here):
    """Of the training; an evaluation also holds what the real reader has left of the training."""
    there = watched("missing_data.py --batch_size 16 --list list.txt", synthetic=SYNTHETIC)
    missing = watched("missing_data.py --batch_size 16", synthetic=SYNTHETIC)
    for phase in ("train_first", "train"):
        assert peaks(missing)[phase] == peaks(there)[phase]
    assert not any("data set Pictures is not there" in text for text in there.assumptions)


def test_the_way_without_data_is_told(here):
    with pytest.raises(UserCodeFailed, match="FileNotFoundError") as caught:
        watched("missing_data.py")
    assert "--synthetic-data SHAPE:DTYPE" in caught.value.hint


def test_names_make_a_batch_a_dict(here):
    ids = SyntheticTensor("ids", TensorRequest((12,), "int64", 50))
    length = SyntheticTensor("length", TensorRequest((), "int64"))
    command = "configured.py -c configured.yml -o batch_size=8 -o samples=0"
    report = watched(command, synthetic=(ids, length))
    assert report.batches.largest_shapes == ((8, 12), (8,))


def test_a_mistake_in_a_data_set_is_no_missing_data_set(here):
    with pytest.raises(UserCodeFailed, match="NameError"):
        watched("missing_data.py --mistake", synthetic=SYNTHETIC)


def test_synthetic_data_that_are_not_needed(here):
    report = watched("plain.py", synthetic=SYNTHETIC)
    assert any("--synthetic-data was not used" in text for text in report.assumptions)


def test_shapes_that_vary_and_an_override(here):
    report = watched("python configured.py -c configured.yml -o batch_size=8")
    batches = report.batches
    assert batches.looked_at >= 20
    assert 1 < batches.distinct_shapes <= 11  # so many lengths there are
    (_, length), (count,) = batches.largest_shapes
    assert count == 8
    assert length <= 5 + 7 * 10  # the longest sentence there is
    assert batches.median_bytes <= batches.largest_bytes == 8 * (8 * length + 8)
    assert any("shapes vary" in sentence for sentence in report.assumptions)
    assert report.measurements[0].batch_bytes == batches.largest_bytes


def test_another_batch_size_by_an_argument(here):
    report = watched(
        "no_loader.py", capacities=(GIB,), batch_arg="--batch_size", per_device_batch_size=32
    )
    assert report.measurements[0].per_device_batch_size == 32
    assert report.trials[0].max_per_device_batch_size > 32


def test_an_argument_may_change_the_evaluation_as_well(here):
    """The validation loader of plain.py takes four times the training's batch size."""
    by_argument = watched(
        "plain.py --batch_size 8",
        capacities=(GIB,),
        batch_arg="--batch_size",
        per_device_batch_size=16,
    )
    own = watched("plain.py --batch_size 16")
    phases = {phase.name: phase for phase in by_argument.phases}
    assert phases["eval"].per_device_batch_size == 64
    assert peaks(by_argument)["eval"] == peaks(own)["eval"]
    (asked,) = by_argument.measurements
    assert asked.peak_reserved_bytes >= phases["eval"].peak_allocated_bytes


def test_an_argument_that_changes_nothing_is_said_so(here):
    with pytest.raises(BadInput, match="does not change the batch size") as caught:
        watched(
            "configured.py -c configured.yml",
            capacities=(GIB,),
            batch_arg="-o unused=",
        )
    assert caught.value.where == "--batch-arg"


def test_without_a_loader_no_other_size_is_run(here):
    report = watched("no_loader.py")
    assert report.measurements[0].per_device_batch_size == 8
    assert {phase.name: phase.per_device_batch_size for phase in report.phases}["eval"] == 32
    assert any("--batch-arg" in sentence for sentence in report.assumptions)


def test_a_module(here):
    (here / "pkg").mkdir()
    (here / "pkg" / "__init__.py").touch()
    shutil.copy("no_loader.py", "pkg/train.py")
    try:
        report = watched("python -m pkg.train --batch_size 4")
        assert report.measurements[0].per_device_batch_size == 4
    finally:
        shutil.rmtree(here / "pkg")


def test_threads_and_writes_of_the_script(here):
    report = watched("bad/writes.py", capacities=(GIB,))
    assert report.trials[0].max_per_device_batch_size > 2
    assert any("threads of its own" in sentence for sentence in report.assumptions)


@pytest.mark.parametrize(
    ("command", "where", "what"),
    [
        ("bad/raises.py", "bad/raises.py:4", "ValueError"),
        ("bad/data.py 2", "bad/data.py:13", "ValueError: sample"),
        ("bad/usage.py", "bad/usage.py", "sys.exit(2) before its first optimizer step"),
        ("bad/never_trains.py", "bad/never_trains.py", "by itself before its first optimizer step"),
        ("bad/dies.py", "bad/dies.py:6", "segmentation fault"),
        ("bad/third_gpu.py", "bad/third_gpu.py:3", "GPU number on your machine is 1"),
        ("bad/eight.py", "bad/eight.py:9", "8 processes"),
        ("python -m nowhere.train", "", "No module named"),
    ],
)
def test_scripts_that_do_not_train(here, command, where, what):
    with pytest.raises(UserCodeFailed) as caught:
        watched(command)
    assert what in caught.value.what
    assert "\n" not in caught.value.what
    if where:
        assert caught.value.where == where


def test_a_reader_that_ends_unseen_is_told_of_at_the_time_limit(here):
    """Without workers Paddle's loop waits for it for ever, on the CPU and a GPU as well."""
    with pytest.raises(UserCodeFailed) as caught:
        watched("bad/data.py 0", seconds=20.0)
    assert "a thread has ended: ValueError: sample 0 is damaged" in caught.value.what


def test_what_the_script_printed_last_is_told(here):
    with pytest.raises(UserCodeFailed) as caught:
        watched("bad/usage.py")
    assert "the following arguments are required: --config" in "".join(caught.value.__notes__)


def test_an_endless_loop_is_stopped_where_it_is(here):
    with pytest.raises(UserCodeFailed) as caught:
        watched("bad/endless.py", seconds=15.0)
    assert "still not done after 15.0 s" in caught.value.what
    assert caught.value.where in ("bad/endless.py:4", "bad/endless.py:5")


def test_a_script_that_is_not_there(here):
    with pytest.raises(EstimatorError, match="there is no file"):
        watched("missing.py")
