from __future__ import annotations

import ast
import copy
import pickle
import string
from dataclasses import dataclass
from pathlib import Path

import pytest

import estimator
from estimator.messages import (
    Language,
    Message,
    language_of,
    localise,
    message,
    speaker,
    text,
    translate,
)
from estimator.messages.catalogue import CATALOGUE, PARTS


def placeholders(words: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_both_languages_are_there_and_use_the_same_placeholders(key: str) -> None:
    wording = CATALOGUE[key]
    assert wording.en.strip()
    assert wording.zh.strip()
    assert placeholders(wording.en) == placeholders(wording.zh)


def test_no_key_is_defined_twice() -> None:
    assert len(CATALOGUE) == sum(len(part) for part in PARTS)


def keys_in_source() -> set[str]:
    """Every string literal of the package that looks like a key of one of the catalogue's parts."""
    sections = {key.split(".")[0] for key in CATALOGUE}
    found: set[str] = set()
    for path in Path(estimator.__file__).parent.rglob("*.py"):
        if "messages" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"say", "message"}:
                literals = [each.value for each in node.args[:1] if isinstance(each, ast.Constant)]
                found.update(word for word in literals if word.split(".")[0] in sections)
    return found


def test_every_key_that_the_package_says_exists() -> None:
    used = keys_in_source()
    assert len(used) > 20
    assert used <= set(CATALOGUE)


def test_a_message_is_its_english_sentence_and_can_be_translated() -> None:
    said = message("error.no_path", path="a.yaml")
    assert said == "'a.yaml' does not exist"
    assert isinstance(said, str)
    assert translate(said, Language.ZH) == "'a.yaml' 不存在"
    assert translate(said, Language.EN) == said


def test_a_message_within_a_message_is_translated_too() -> None:
    inner = message("error.no_path", path="a")
    outer = message("error.no_manifest", why=inner)
    assert translate(outer, Language.ZH) == "没有可输出的 YAML：'a' 不存在"


def test_other_text_is_not_touched() -> None:
    assert translate("as it is {x}", Language.ZH) == "as it is {x}"


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copied_message_can_still_be_translated(duplicate) -> None:  # type: ignore[no-untyped-def]
    said = duplicate(message("error.no_path", path="a"))
    assert isinstance(said, Message)
    assert translate(said, Language.ZH) == "'a' 不存在"


def test_braces_in_values_are_not_placeholders() -> None:
    assert text("error.no_path", Language.EN, path="{x}") == "'{x}' does not exist"


def test_an_unknown_key_and_a_missing_value_are_errors() -> None:
    with pytest.raises(KeyError):
        text("error.of_nobody", Language.EN)
    with pytest.raises(KeyError):
        text("error.no_path", Language.EN)


def test_speaker_speaks_one_language() -> None:
    assert speaker(Language.ZH)("table.yes") == "是"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, Language.EN),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, Language.ZH),
        ({"LANG": "zh_CN", "LC_ALL": ""}, Language.ZH),
        ({"LANG": "de_DE"}, Language.EN),
    ],
)
def test_the_locale_names_the_language(environment: dict[str, str], language: Language) -> None:
    assert language_of(environment) is language


@dataclass(frozen=True, slots=True)
class Leaf:
    reason: str


@dataclass(frozen=True, slots=True)
class Branch:
    leaves: tuple[Leaf, ...]
    by_name: dict[str, str]
    listed: list[str]
    number: int


def test_localise_translates_every_message_in_a_tree_and_changes_nothing_else() -> None:
    said = message("table.none")
    tree = Branch((Leaf(said), Leaf("plain")), {"a": said}, [said], 7)
    assert localise(tree, Language.EN) is tree
    assert localise(tree, Language.ZH) == Branch(
        (Leaf("无"), Leaf("plain")), {"a": "无"}, ["无"], 7
    )
