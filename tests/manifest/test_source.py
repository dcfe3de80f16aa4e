"""What a template file may not say, and that every complaint names its line."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from estimator.errors import BadInput
from estimator.manifest.scalars import AmbiguousScalarError, resolve
from estimator.manifest.source import MAX_BYTES, MAX_DEPTH, read_tree
from estimator.manifest.tree import find, leaves, plain
from estimator.messages import Language, translate

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

BAD = {
    "repeated key": ("a: 1\nb: 2\na: 3\n", 3, "twice"),
    "repeated key below": ("a:\n  x: 1\n  x: 2\n", 3, "twice"),
    "number as key": ("a: 1\n1: 2\n", 2, "key"),
    "boolean as key": ("a: 1\ntrue: 2\n", 2, "key"),
    "list as key": ("a: 1\n? [x]\n: 2\n", 2, "key"),
    "merge key": ("a: 1\n<<: {b: 2}\n", 2, "YAML 1.1"),
    "tab as indentation": ("a:\n\tb: 1\n", 2, "character"),
    "alias": ("a: x\nb: *a\n", 2, "alias"),
    "object tag": ("a: !!python/object:os.system {}\n", 1, "tag"),
    "string tag": ("a: !!str 1\n", 1, "tag"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "document"),
    "list at the top": ("- a\n", 1, "map"),
    "word at the top": ("a\n", 1, "map"),
    "nothing": ("", 1, ""),
    "bracket left open": ("a: [1, 2\n", 2, ""),
    "empty value": ("a: 1\nb:\n", 2, "empty"),
    "yes": ("a: 1\nb: yes\n", 2, "YAML 1.1"),
    "time of day": ("a: 12:30:45\n", 1, "YAML 1.1"),
    "octal": ("a: 0o17\n", 1, "YAML 1.1"),
    "old octal": ("a: 017\n", 1, "YAML 1.1"),
    "exponent": ("a: 1e3\n", 1, "YAML 1.1"),
    "on as a key": ("on: {a: 1}\n", 1, "YAML 1.1"),
    "on and yes": ("a: 1\n'on': yes\n", 2, "YAML 1.1"),
    "null as a key": ("a: 1\nnull: 2\n", 2, "empty"),
    "date": ("a: 2026-01-31\n", 1, "YAML 1.1"),
}


def read(folder: Path, text: str | bytes) -> object:
    path = folder / "t.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return plain(read_tree(path, "t.yaml"))


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_named_with_its_line(tmp_path: Path, case: str) -> None:
    text, line, word = BAD[case]
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text)
    assert caught.value.where == f"t.yaml:{line}"
    assert word in caught.value.what
    assert re.search("[\u4e00-\u9fff]", translate(caught.value.what, Language.ZH))


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n", "a: [1,\n\t\t}\n"])
def test_tabs_are_named_as_the_cause(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text)
    assert caught.value.hint == "indent with spaces, not tabs"


def test_alias_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"t\.yaml:\d"):
        read(tmp_path, BOMB)


NESTED = {
    "lists": lambda levels: "a: " + "[" * levels + "]" * levels,
    "maps": lambda levels: "a: " + "{x: " * levels + "1" + "}" * levels,
    "indented lists": lambda levels: "a:\n" + "\n".join(" " * at + "-" for at in range(levels)),
}


@pytest.mark.parametrize("levels", [MAX_DEPTH, 500, 1_400])
@pytest.mark.parametrize("form", NESTED)
def test_deep_nesting_is_refused(tmp_path: Path, form: str, levels: int) -> None:
    with pytest.raises(BadInput, match=r"t\.yaml:\d+: nested"):
        read(tmp_path, NESTED[form](levels))


@pytest.mark.parametrize("data", [b"a: \xff\xfe\n", b"#" * (MAX_BYTES + 1)])
def test_unreadable_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadInput):
        read(tmp_path, data)


def test_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\n") == {"a": 1}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "gb18030"])
def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(BadInput, match="UTF-8"):
        read(tmp_path, "a: 作业\n".encode(encoding))


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read_tree(path, "t.yaml")


def test_values_keep_their_kind(tmp_path: Path) -> None:
    text = "i: 12\nf: 1.5\nb: true\ns: word\nq: '12'\nl: [a, 2]\nm: {}\n"
    assert read(tmp_path, text) == {
        "i": 12,
        "f": 1.5,
        "b": True,
        "s": "word",
        "q": "12",
        "l": ["a", 2],
        "m": {},
    }


def test_every_value_knows_its_line_and_comment(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("a: 1  # because\nb:\n  # for both\n  c: [x]\n")
    tree = read_tree(path, "t.yaml")
    assert [leaf.provenance.where for leaf in leaves(tree)] == ["t.yaml:1", "t.yaml:4"]
    node = find(tree, ("a",))
    assert node is not None
    assert node.provenance.reason == "because"


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    with suppress(BadInput):
        read(folder, text.encode("utf-8", "replace"))


@pytest.mark.parametrize(
    "text", ["yes", "NO", "On", "y", "1e3", "0x1F", ".inf", "1_000", "+1", "="]
)
def test_words_that_readers_differ_on_are_refused(text: str) -> None:
    with pytest.raises(AmbiguousScalarError):
        resolve(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-7", -7), ("0.5", 0.5), ("false", False), ("500m", "500m"), ("3.3.1", "3.3.1")],
)
def test_words_that_readers_agree_on(text: str, value: object) -> None:
    assert resolve(text) == value


def both_readers(text: str) -> tuple[object, object]:
    """The value for a reader of YAML 1.1 and for one of 1.2."""
    return yaml.safe_load(f"a: {text}")["a"], YAML(typ="safe", pure=True).load(f"a: {text}")["a"]


@given(st.text("0123456789.:_-+eEoxabn", min_size=1, max_size=8).filter(lambda t: t[0] not in "-:"))
def test_an_accepted_word_is_the_same_to_both_readers(text: str) -> None:
    try:
        value = resolve(text)
        read11, read12 = both_readers(text)
    except (AmbiguousScalarError, yaml.YAMLError):
        return
    if not text.endswith(":"):
        assert (value, value) == (read11, read12)
