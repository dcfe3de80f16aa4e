from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.cli.overrides import parse_overrides
from estimator.errors import BadInput


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("10", 10),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("1E4", 10_000.0),
        ("-.5e2", -50.0),
        ("true", True),
        ("off", False),
        ("null", None),
        ("", None),
        ("resnet50", "resnet50"),
        ("'10'", "10"),
        ("a=b", "a=b"),
        ("2026-11-24", "2026-11-24"),
        ("1e3x", "1e3x"),
        ("[1, 2, x]", [1, 2, "x"]),
        ("[1e-3]", [0.001]),
        ("{a: 1, b: [2]}", {"a": 1, "b": [2]}),
        ("中文", "中文"),
    ],
)
def test_values_are_yaml(value: str, meant: object) -> None:
    options = parse_overrides([f"key={value}"])
    assert options == {"key": meant}
    assert type(options["key"]) is type(meant)


def test_dotted_keys_nest_and_join() -> None:
    assert parse_overrides(["Global.epoch=10", "Global.lr.base=0.1", "depth=50"]) == {
        "Global": {"epoch": 10, "lr": {"base": 0.1}},
        "depth": 50,
    }


def test_the_last_of_two_wins() -> None:
    assert parse_overrides(["a=1", "a=2"]) == {"a": 2}


def test_a_member_can_be_set_in_a_group_given_as_yaml() -> None:
    assert parse_overrides(["a={x: 1}", "a.y=2"]) == {"a": {"x": 1, "y": 2}}


@pytest.mark.parametrize("pair", ["depth", "=1", ".a=1", "a.=1", "a..b=1", ""])
def test_what_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(BadInput, match="is not KEY=VALUE"):
        parse_overrides([pair])


@pytest.mark.parametrize(
    "pair",
    [
        "a=[1, 2",
        "a={x",
        "a=@x",
        "a=b: c: d",
        "a=!!python/object:os.system x",
        "a=!!binary aGk=",
        "a={1: 2}",
        "a=[{2: x}]",
        "a=" + "[" * 3000,
    ],
)
def test_what_is_no_plain_yaml_is_refused(pair: str) -> None:
    with pytest.raises(BadInput, match="cannot be read as YAML"):
        parse_overrides([pair])


@pytest.mark.parametrize("pairs", [["a=1", "a.b=2"], ["a.b=2", "a=1"]])
def test_a_key_is_a_value_or_a_group_not_both(pairs: list[str]) -> None:
    with pytest.raises(BadInput, match=r"'a' is given a value of its own and also 'a\."):
        parse_overrides(pairs)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    with suppress(BadInput):
        parse_overrides(words)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.integers()))
def test_integers_come_back(values: dict[str, int]) -> None:
    assert parse_overrides([f"{key}={value}" for key, value in values.items()]) == values
