from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.cli.argv import normalise


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("", ""),
        ("--help", "--help"),
        ("--version", "--version"),
        ("--lang zh --help", "--lang zh --help"),
        ("m.py", "estimate m.py"),
        ("estimate m.py", "estimate m.py"),
        ("m.py --help", "estimate m.py --help"),
        ("--lang zh m.py", "--lang zh estimate m.py"),
        ("--lang=zh --debug m.py", "--lang=zh --debug estimate m.py"),
        ("--json m.py", "estimate --json m.py"),
        ("--lang zh gpus", "--lang zh gpus"),
        ("gpus --json", "gpus --json"),
        ("doctor", "doctor"),
        ("templates", "templates list"),
        ("templates --json", "templates list --json"),
        ("templates --lang zh", "templates --lang zh list"),
        ("templates show base", "templates show base"),
        ("templates --help", "templates --help"),
        ("m.py -o a=1 b=2", "estimate m.py -o a=1 -o b=2"),
        ("m.py -o a=1 -o b=2", "estimate m.py -o a=1 -o b=2"),
        ("m.py -o a=1 b=2 c=3 --json", "estimate m.py -o a=1 -o b=2 -o c=3 --json"),
        ("m.py --option a=1 b=2", "estimate m.py --option a=1 -o b=2"),
        ("m.py -oa=1 b=2", "estimate m.py -oa=1 -o b=2"),
        ("-o a=1 b.c=2 m.py", "estimate -o a=1 -o b.c=2 m.py"),
        ("m.py -o a=1 --command x=1", "estimate m.py -o a=1 --command x=1"),
        ("m.py --command x=1 y=2", "estimate m.py --command x=1 y=2"),
        ("m.py --gpu T4 -- b=2", "run m.py --gpu T4 -- b=2"),
    ],
)
def test_normalise(words: str, meant: str) -> None:
    assert normalise(words.split()) == meant.split()


@given(st.lists(st.sampled_from(["m.py", "-o", "a=1", "--json", "gpus", "--lang", "zh", "--", ""])))
def test_normalising_twice_changes_nothing_more(words: list[str]) -> None:
    once = normalise(words)
    assert normalise(once) == once


@given(st.lists(st.text(max_size=8), max_size=8))
def test_no_word_is_lost_and_only_flags_and_commands_are_added(words: list[str]) -> None:
    left = list(words)
    for word in normalise(words):
        if left and word == left[0]:
            left.pop(0)
        else:
            assert word in {"estimate", "list", "-o"}
    assert left == []


def test_words_behind_a_bare_dash_are_those_of_a_script():
    assert normalise(["train.py", "--gpu", "A100", "--", "-o", "a=1", "b=2"]) == [
        "run", "train.py", "--gpu", "A100", "--", "-o", "a=1", "b=2",
    ]  # fmt: skip
    assert normalise(["run", "--", "python", "train.py"]) == ["run", "--", "python", "train.py"]
