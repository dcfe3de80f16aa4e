"""The answer of ``paddle-estimate explain``, on the virtual GPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from estimator.cli import main
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle
MODEL = """
import paddle

def build_model():
    return paddle.nn.Linear(1024, 1024, bias_attr=False)

def example_batch(batch_size):
    return paddle.randn([batch_size, 1024]), None

def loss_fn(outputs, labels):
    return outputs.mean()

def build_optimizer(parameters):
    return paddle.optimizer.SGD(parameters=parameters)
"""
WEIGHT = 1024 * 1024 * 4


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    plugin_or_skip()
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(MODEL)
    return "net.py"


def test_what_is_fixed_and_what_others_take(
    model: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    words = ["explain", model, "--gpu", "T4", "--batch-size", "4096", "--json"]
    assert main(words) == 0
    told = json.loads(capfdbinary.readouterr().out)
    # Inputs, outputs and the outputs' gradient: 4 KiB each for a sample.
    assert told["shares"]["per_sample_bytes"] == 3 * 4096
    # The weight, its gradient that clear_grad() set to zero and the new one to be added to it;
    # the learning rate, loss and its gradient in blocks of 256 bytes.
    assert 3 * WEIGHT <= told["shares"]["fixed_bytes"] <= 3 * WEIGHT + 2048
    rows = {row["flags"]: row for row in told["rows"]}
    # Half of inputs, outputs and gradient stay away.
    assert rows["--accumulate 2"]["saving_bytes"] > 1024 * 4096
    assert rows["--recompute"]["device_memory_bytes"]["target"] is None
    assert rows["--recompute"]["reason"].startswith("no repeated blocks to recompute")
    assert told["notes"][0].startswith("a smaller input was not run")


def test_the_state_of_optimizers(model: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Eight samples: next to nothing is left idle that the state could stand in."""
    assert main(["explain", model, "--gpu", "T4", "--batch-size", "8", "--json"]) == 0
    told = json.loads(capfdbinary.readouterr().out)
    rows = {row["flags"]: row["saving_bytes"] for row in told["rows"]}
    # Adam keeps two moments of the weight, Momentum one, SGD is what was asked.
    assert "paddle.optimizer.SGD" not in rows
    added = rows["paddle.optimizer.Momentum"] - rows["paddle.optimizer.Adam"]
    assert added == pytest.approx(WEIGHT, rel=0.5)
    assert rows["paddle.optimizer.Adam"] < 0


def test_the_table(model: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", model, "--gpu", "T4", "--batch-size", "2", "--lang", "zh"]) == 0
    out = capfd.readouterr().out
    assert "其他运行方式，一张 T4" in out
    assert "--amp O2 --amp-dtype bfloat16" in out
    assert "没有可重计算的重复块" in out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--device", "cpu"], "explain runs on the virtual GPU"),
        (["--gpu", "nothing"], "no GPU type is called 'nothing'"),
        (["--out", "absent/x.json"], "there is no folder"),
    ],
)
def test_bad_input(
    model: str, words: list[str], what: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", model, *words]) == 2
    assert what in capfd.readouterr().err
