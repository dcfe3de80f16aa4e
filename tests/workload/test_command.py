"""Which Python program a training command runs."""

from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.workload.command import parse_command, with_argument


@pytest.mark.parametrize(
    ("command", "program", "is_module", "arguments"),
    [
        ("train.py", "train.py", False, ()),
        ("python train.py --lr 0.1", "train.py", False, ("--lr", "0.1")),
        (
            "python3.11 -u -W ignore tools/train.py -c a.yml",
            "tools/train.py",
            False,
            ("-c", "a.yml"),
        ),
        ("/usr/bin/python3 -m pkg.train -o a=1", "pkg.train", True, ("-o", "a=1")),
        ("env A=1 B=2 python train.py", "train.py", False, ()),
        (
            "python -m paddle.distributed.launch train.py -c a.yml",
            "train.py",
            False,
            ("-c", "a.yml"),
        ),
        (
            "python -m paddle.distributed.launch --gpus 3 --log_dir log train.py",
            "train.py",
            False,
            (),
        ),
        ("python -m paddle.distributed.launch --gpus=0 -m pkg.train x", "pkg.train", True, ("x",)),
        ("fleetrun --gpus 0 train.py", "train.py", False, ()),
    ],
)
def test_programs(command, program, is_module, arguments):
    parsed = parse_command(command.split())
    assert (parsed.program, parsed.is_module, parsed.arguments) == (program, is_module, arguments)


def test_variables_and_those_of_the_launcher():
    assert parse_command(["CUDA_VISIBLE_DEVICES=2", "python", "a.py"]).environment == {
        "CUDA_VISIBLE_DEVICES": "2"
    }
    launched = parse_command(["python", "-m", "paddle.distributed.launch", "a.py"])
    assert launched.environment["PADDLE_TRAINERS_NUM"] == "1"


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("", "no command"),
        ("bash run.sh", "'bash' is not Python"),
        ("torchrun train.py", "'torchrun' is not Python"),
        ("python", "runs no file"),
        ("python -c pass", "no file to watch"),
        ("python -m paddle.distributed.launch", "no script"),
        ("python -m paddle.distributed.launch --nproc_per_node x a.py", "no number of processes"),
    ],
)
def test_commands_that_cannot_be_watched(command, what):
    with pytest.raises(BadInput, match=what) as caught:
        parse_command(command.split())
    assert caught.value.hint


@pytest.mark.parametrize(
    ("options", "gpus", "nodes"),
    [
        ("--gpus 0,1,2,3,4,5,6,7", 8, None),
        ("--devices=0,1", 2, None),
        ("--nproc_per_node 4", 4, None),
        ("--nnodes 2 --devices=0,1", 2, 2),
        ("--nnodes=2:4", None, 4),
        ("", None, None),
    ],
)
def test_how_many_processes_the_launcher_starts(options, gpus, nodes):
    words = f"python -m paddle.distributed.launch {options} train.py --epochs 3".split()
    program = parse_command(words)
    assert (program.gpus, program.nodes) == (gpus, nodes)
    assert (program.program, program.arguments) == ("train.py", ("--epochs", "3"))


def test_the_file_of_a_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__main__.py").touch()
    assert parse_command(["python", "-m", "pkg"]).file == Path("pkg/__main__.py")
    assert parse_command(["python", "-m", "pkg.train"]).file == Path("pkg/train.py")


@pytest.mark.parametrize(
    ("arguments", "argument", "expected"),
    [
        ("--lr 1", "--batch_size", "--lr 1 --batch_size 8"),
        ("--batch_size 4 --lr 1", "--batch_size", "--batch_size 8 --lr 1"),
        ("--batch_size=4 --lr 1", "--batch_size", "--batch_size=8 --lr 1"),
        ("--batch_size=4", "--batch_size=", "--batch_size=8"),
        ("-c a.yml", "-o Global.bs=", "-c a.yml -o Global.bs=8"),
        ("-o a=1 -o Global.bs=4 -x", "-o Global.bs=", "-o a=1 -o Global.bs=8 -x"),
        ("--batch_size", "--batch_size", "--batch_size --batch_size 8"),
    ],
)
def test_an_argument_is_replaced_or_added(arguments, argument, expected):
    assert " ".join(with_argument(arguments.split(), argument.split(), 8)) == expected
