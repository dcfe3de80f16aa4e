"""The command: what the user writes, what one process per GPU makes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.manifest.command import parse_command, training_command
from estimator.manifest.kinds.nodes import JOB_INDEX, RENDEZVOUS_PORT, node_script
from estimator.manifest.settings import Training

LAUNCHED = "python -m paddle.distributed.launch"


def words(command: str, argument: str = "--batch_size=", gpus: int = 1, **more: bool) -> str:
    training = Training(
        images=("a",),
        command=parse_command(command),
        batch_size_argument=tuple(argument.split()),
        **more,
    )
    return " ".join(training_command(training, 64, gpus).words)


@pytest.mark.parametrize(
    ("command", "argument", "expected"),
    [
        ("python train.py", "--batch_size=", "python train.py --batch_size=64"),
        ("python train.py", "--batch_size", "python train.py --batch_size 64"),
        ("python train.py", "", "python train.py"),
        ("python t.py --batch_size=8 -x", "--batch_size=", "python t.py --batch_size=64 -x"),
        ("python t.py --batch_size 8 -x", "--batch_size=", "python t.py --batch_size 64 -x"),
        ("python t.py --batch_size=8", "--batch_size", "python t.py --batch_size=64"),
        ("python t.py -o R.b=8 e=1", "-o R.b=", "python t.py -o R.b=64 e=1"),
        ("python t.py --opts b 8", "--opts b", "python t.py --opts b 64"),
        ("python t.py --batch_size_eval=8", "--batch_size=", "python t.py --batch_size_eval=8 "
         "--batch_size=64"),
        ("python t.py -o a=1", "-o R.b=", "python t.py -o a=1 -o R.b=64"),
    ],
)  # fmt: skip
def test_batch_size_replaces_or_is_appended(command: str, argument: str, expected: str) -> None:
    assert words(command, argument) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python t.py -o a=1 --fp16", "python t.py -o a=1 R.b=64 --fp16"),
        ("python t.py -o a=1", "python t.py -o a=1 R.b=64"),
        ("python t.py", "python t.py -o R.b=64"),
    ],
)
def test_flag_that_takes_a_list_stands_once(command: str, expected: str) -> None:
    assert words(command, "-o R.b=", flag_takes_list=True) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python train.py", f"{LAUNCHED} train.py"),
        ("python3.10 train.py", "python3.10 -m paddle.distributed.launch train.py"),
        ("python -u train.py", f"{LAUNCHED} python -u train.py"),
        ("python -m mine.train", f"{LAUNCHED} python -m mine.train"),
        ("my-train --fast", f"{LAUNCHED} my-train --fast"),
        (f"{LAUNCHED} --devices=0,1 train.py", f"{LAUNCHED} --devices=0,1 train.py"),
        ("bash train.sh", "bash train.sh"),
    ],
)
def test_one_process_per_gpu(command: str, expected: str) -> None:
    assert words(command, "", gpus=8) == expected
    assert words(command, "", gpus=8, launch=False) == command
    assert words(command, "", gpus=1) == command


@pytest.mark.parametrize(
    "text", ["cd a && python b.py", "python a.py | tee log", "python a.py $X", 'echo "$X"', "a; b"]
)
def test_shell_syntax_goes_to_a_shell_and_is_said(text: str) -> None:
    assert parse_command(text) == ("sh", "-c", text)
    training = Training(images=("a",), command=parse_command(text), batch_size_argument=("--b=",))
    command = training_command(training, 64, 8)
    assert command.words == ("sh", "-c", text)
    assert [note for note in command.notes if "64" in note]
    assert [note for note in command.notes if "8 processes" in note]


@pytest.mark.parametrize("text", ["python a.py 'x > y'", r"python a.py 'a && b'", 'python "a|b"'])
def test_quoted_syntax_needs_no_shell(text: str) -> None:
    assert parse_command(text)[0] == "python"


@pytest.mark.parametrize("text", ["", "  ", "python 'a"])
def test_command_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadInput, match="--command"):
        parse_command(text)


def test_notes_say_what_became_of_the_users_words() -> None:
    def notes(command: str) -> tuple[str, ...]:
        training = Training(
            images=("a",), command=parse_command(command), batch_size_argument=("--batch_size=",)
        )
        return training_command(training, 64, 1).notes

    assert "--batch_size=8" in notes("python a.py --batch_size=8")[0]
    assert "given --batch_size=64" in notes("python a.py")[0]
    assert notes("python a.py --batch_size=64") == ()


@pytest.mark.paddle
def test_paddles_launcher_joins_two_nodes(tmp_path: Path) -> None:
    """The script of a node, run by Paddle's own launcher: 2 nodes x 2 processes are ranks 0-3.

    Each node has its own loopback address; the first node's name is "localhost".
    """
    pytest.importorskip("paddle")
    script = "import os; print('RANK', os.environ['PADDLE_TRAINER_ID'], flush=True)"
    (tmp_path / "train.py").write_text(script)
    nodes = [_start_node(tmp_path, index, f"127.0.0.{index + 1}") for index in (1, 0)]
    try:
        assert [node.wait(timeout=90) for node in nodes] == [0, 0]
    finally:
        for node in nodes:
            node.kill()
    logs = [log.read_text() for log in tmp_path.glob("log*/workerlog.*")]
    assert sorted(line for log in logs for line in log.splitlines() if "RANK" in line) == [
        f"RANK {rank}" for rank in range(4)
    ]
    ranks_of_first = (tmp_path / "log0" / "workerlog.0").read_text()
    assert "RANK 0" in ranks_of_first


def _start_node(folder: Path, index: int, address: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "JOB_COMPLETION_INDEX": str(index),
        "POD_IP": address,
        "PADDLE_MASTER": f"localhost:{RENDEZVOUS_PORT}",
        "PADDLE_NNODES": "2",
        "PADDLE_JOB_ID": "test",
        "PADDLE_NPROC_PER_NODE": "2",
        "PADDLE_LOG_DIR": str(folder / f"log{index}"),
    }
    launch = [sys.executable, "-m", "paddle.distributed.launch", "train.py"]
    return subprocess.Popen(
        ["sh", "-c", node_script(JOB_INDEX), "node", *launch],
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
