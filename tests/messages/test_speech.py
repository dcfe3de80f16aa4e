from __future__ import annotations

import ast
import copy
import json
import pickle
import string
from dataclasses import dataclass
from pathlib import Path

import pytest

import estimator
from estimator.messages import (
    Language,
    Message,
    from_portable,
    language_of,
    localise,
    message,
    sentence,
    speaker,
    text,
    to_portable,
    translate,
)
from estimator.messages.catalogue import CATALOGUE, PARTS
from estimator.messages.chinese import CHINESE
from estimator.messages.chinese import PARTS as CHINESE_PARTS


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


def test_what_two_share_is_changed_once_and_what_has_no_text_of_ours_is_not_copied() -> None:
    said, plain = Leaf(message("table.none")), Leaf("plain")
    first, second, third = localise((said, said, plain), Language.ZH)
    assert first is second
    assert first == Leaf("无")
    assert third is plain


def test_leaves_are_left_as_they_are() -> None:
    said = Leaf(message("table.none"))
    assert localise([said], Language.ZH, leaves=(Leaf,)) == [said]


def sentences_in_source() -> dict[str, str]:
    """Every English format string that the package says, and the file that says it."""
    found: dict[str, str] = {}
    for path in Path(estimator.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "sentence":
                (english,) = node.args
                if isinstance(english, ast.Constant):
                    found[english.value] = path.name
                else:
                    assert "messages" in path.parts, f"{path}:{node.lineno}: not a literal"
    return found


def test_every_sentence_has_its_chinese_and_none_is_left_over() -> None:
    said = sentences_in_source()
    assert {english: name for english, name in said.items() if english not in CHINESE} == {}
    assert set(CHINESE) - set(said) == set()


@pytest.mark.parametrize("english", sorted(CHINESE))
def test_a_sentence_and_its_chinese_use_the_same_placeholders(english: str) -> None:
    assert placeholders(english) == placeholders(CHINESE[english])


def test_no_sentence_is_translated_twice() -> None:
    assert sum(map(len, CHINESE_PARTS)) == len(CHINESE)


def test_sentences_nest_and_enumerate_in_either_language() -> None:
    said = sentence(
        "{processes} of {each} each", processes=sentence("{count} processes", count=2), each="1 GiB"
    )
    assert said == "2 processes of 1 GiB each"
    assert translate(said, Language.ZH) == "2 个进程，每个 1 GiB"
    listed = sentence("no step time: {why}", why=("T4", sentence("the host that launches them")))
    assert listed == "no step time: T4, the host that launches them"
    assert translate(listed, Language.ZH) == "没有步时：T4、启动算子的主机"


def test_a_sentence_without_translation_stays_english() -> None:
    assert translate(sentence("an own sentence of {n}", n=3), Language.ZH) == "an own sentence of 3"


def test_a_sentence_survives_json() -> None:
    inner = sentence("{count} GPUs", count=8)
    said = sentence("needs {gpus}, {allowed} allowed (--max-gpus)", gpus=inner, allowed=4)
    back = from_portable(json.loads(json.dumps(to_portable(said))))
    assert back == said
    assert translate(back, Language.ZH) == translate(said, Language.ZH) != said
    assert from_portable(to_portable("as it is")) == "as it is"
