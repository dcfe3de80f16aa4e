"""What is said in a log, and what a log can do to it."""

from __future__ import annotations

import os

import pytest

from estimator.drystep.carried.lines import BEAT, Listener, answer_lines, progress_line
from estimator.errors import UserCodeFailed


def heard(*lines: str) -> Listener:
    listener = Listener()
    for line in lines:
        listener.take(line)
    return listener


def test_an_answer_of_many_parts_comes_back_through_a_noisy_log() -> None:
    answer = os.urandom(10_000)  # does not compress: 13,336 letters, four lines of up to 4,096
    lines = list(answer_lines(answer))
    assert len(lines) == 4
    listener = heard("== CUDA ==", BEAT, progress_line("running model.py"), *lines, "bye\n")
    assert listener.is_complete
    assert listener.answer() == answer
    assert listener.doing == "running model.py"
    assert list(listener.rest) == ["== CUDA ==", "bye"]


def test_an_answer_is_not_complete_before_its_last_part() -> None:
    *most, _ = answer_lines(os.urandom(10_000))
    assert not heard(*most).is_complete


@pytest.mark.parametrize(
    "line",
    [
        "paddle-estimate answer 2/1 x",
        "paddle-estimate answer one/two x",
        "paddle-estimate answer 1/99999999 x",
        "paddle-estimate progress {",
        "paddle-estimate dance",
    ],
)
def test_a_broken_line_is_no_line_of_ours(line: str) -> None:
    listener = heard(line)
    assert list(listener.rest) == [line]
    assert not listener.is_complete


def test_a_damaged_answer_is_the_codes_doing() -> None:
    for packed in ("????", "aGVsbG8="):  # no base64; no zlib
        with pytest.raises(UserCodeFailed, match="damaged"):
            heard(f"paddle-estimate answer 1/1 {packed}").answer()
