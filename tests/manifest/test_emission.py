"""The YAML is read back the same by the rules of 1.1 (PyYAML) and 1.2 (ruamel)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from estimator.manifest.writer import by_pyyaml, write_yaml

TRAPS = (
    *("1e3", "0o17", "017", "0x1F", "1_000", "12:30:45", "190:20:30", "2026-01-31", "1.0", ".5"),
    *("yes", "No", "on", "OFF", "y", "N", "true", "False", "null", "~", "", " ", "=", "<<"),
    *(".inf", "-.INF", ".NaN", "nan", "+1", "-", "--", "---", "...", "- a", "? a", "a: b", "a:"),
    *("a #b", "#a", "!a", "&a", "*a", "%a", "@a", "`a`", "[a]", "{a}", "a\nb", "a\n", "\na", " a"),
    *("a\tb", "\t", "it's", 'say "a"', "\\n", "中文", "\u2028", "\x85", "\x07", "\ufeff", "😀"),
    *("16Gi", "500m", "3.3.1", "--batch_size=64", "-c", "C:\\a", "$HOME", "a,b", "a\n\n", "  a\nb"),
)


def assert_same_for_all_readers(value: object) -> None:
    text = write_yaml([{"a": value}])  # type: ignore[dict-item]
    assert yaml.safe_load(text) == {"a": value}
    assert YAML(typ="safe", pure=True).load(text) == {"a": value}


@pytest.mark.parametrize("text", TRAPS)
def test_trap(text: str) -> None:
    assert_same_for_all_readers(text)
    assert_same_for_all_readers({text: [text]})


@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    assert_same_for_all_readers(text)


@given(st.text("0123456789.:_-+eEoxabnyYNfFtT~=<", min_size=1, max_size=8))
def test_text_like_numbers_and_words(text: str) -> None:
    assert_same_for_all_readers(text)


def test_plain_values_keep_their_kind_and_order() -> None:
    document = {"b": 1, "a": True, "c": 0.5, "d": {}, "e": [], "f": [{"x": [1]}]}
    text = write_yaml([document])  # type: ignore[list-item]
    assert list(yaml.safe_load(text).items()) == list(document.items())
    assert text.startswith("b: 1\na: true\nc: 0.5\nd: {}\ne: []\nf:\n- x:\n  - 1\n")


def test_no_anchors_where_one_value_is_used_twice() -> None:
    labels = {"x": "1"}
    assert "&" not in write_yaml([{"a": labels, "b": labels}])  # type: ignore[dict-item]


def test_documents_are_divided() -> None:
    assert write_yaml([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"


ANY_TEXT = (
    st.text(max_size=12)
    | st.text(alphabet="ab \n\t:#-'\"\\é\u2028\x07{}", max_size=12)
    | st.sampled_from(["yes", "1e3", "a: b", "set -e\nexport X=1\n\n  y\n", "a\n\n", " a\nb"])
    | st.sampled_from(["nvidia.com/gpu", "- x", "a" * 200, "线\n程"])
)
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(ANY_TEXT, parts, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(ANY_TEXT, ANY_VALUE, max_size=3))
def test_the_text_is_what_pyyaml_writes(document: dict[str, Any]) -> None:
    assert write_yaml([document]) == by_pyyaml(document)


def test_what_is_no_everyday_value_is_left_to_pyyaml() -> None:
    for document in ({"a" * 129: 1}, {"a\nb": 1}, {"a": ["x\n\n"]}, {"\u2028": 1}, {}):
        assert write_yaml([document]) == by_pyyaml(document)
