"""The command: what the user writes, what one process per GPU makes of it."""

from __future__ import annotations

import pytest

from estimator.errors import BadInput
from estimator.manifest.command import parse_command, training_command
from estimator.manifest.settings import Training

LAUNCHED = "python -m paddle.distributed.launch"
EIGHT = "--devices=0,1,2,3,4,5,6,7"


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
        ("python train.py", f"{LAUNCHED} {EIGHT} train.py"),
        ("python3.10 train.py", f"python3.10 -m paddle.distributed.launch {EIGHT} train.py"),
        ("python -u train.py", f"{LAUNCHED} {EIGHT} python -u train.py"),
        ("python -m mine.train", f"{LAUNCHED} {EIGHT} python -m mine.train"),
        ("my-train --fast", f"{LAUNCHED} {EIGHT} my-train --fast"),
        (f"{LAUNCHED} train.py --gpus 0", f"{LAUNCHED} {EIGHT} train.py --gpus 0"),
        (f"{LAUNCHED} {EIGHT} train.py", f"{LAUNCHED} {EIGHT} train.py"),
        (f"{LAUNCHED} --gpus 0,1 train.py", f"{LAUNCHED} {EIGHT} train.py"),
        (f"{LAUNCHED} --log_dir a --devices=0 b.py", f"{LAUNCHED} --log_dir a {EIGHT} b.py"),
        ("fleetrun --gpus=0,1 train.py", f"fleetrun {EIGHT} train.py"),
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


def test_devices_that_were_corrected_are_said() -> None:
    training = Training(images=("a",), command=("fleetrun", "--gpus", "0,1", "train.py"))
    assert "said --gpus 0,1" in training_command(training, 64, 4).notes[0]
    assert training_command(training, 64, 2).notes == ()


def test_one_gpu_on_each_of_several_nodes_is_launched_too() -> None:
    training = Training(images=("a",), command=("python", "train.py"))
    words = training_command(training, 64, 1, nodes=4).words
    assert words == ("python", "-m", "paddle.distributed.launch", "--devices=0", "train.py")
