"""Every value says where it comes from: in comments, in annotations and in its story."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from estimator.errors import BadInput
from estimator.manifest.catalogue import SAMPLE, list_templates, template_library
from estimator.manifest.fill import computed_settings, fill
from estimator.manifest.kinds import ManifestKind
from estimator.manifest.layers import resolve_template
from estimator.manifest.provenance import annotated
from estimator.manifest.render import ChosenTemplate, render
from estimator.manifest.story import stories, value_paths
from estimator.manifest.tree import format_path
from estimator.manifest.types import Manifest, Origin, TemplateChoice
from estimator.manifest.writer import write_yaml
from estimator.options import ManifestOptions
from tests.manifest.builders import EIGHT_GPUS, MINIMAL, REQUEST, library, shipped

NAMES = [one.name for one in list_templates()]


@pytest.mark.parametrize("kind", [one for one in ManifestKind if one is not ManifestKind.DOCKER])
def test_comments_change_no_value_and_stand_behind_every_one(kind: ManifestKind) -> None:
    made = fill(shipped("ocr-receipts"), EIGHT_GPUS, kind)
    text = annotated(made)
    assert list(yaml.safe_load_all(text)) == list(made.document)
    assert list(YAML(typ="safe", pure=True).load_all(text)) == list(made.document)
    assert text.count("  # ") == len(made.origins)


def test_comment_is_the_file_and_line_or_why_it_is_computed() -> None:
    text = annotated(fill(shipped("ocr-receipts"), REQUEST, "job"))
    assert re.search(r"claimName: receipts  # templates/project/ocr-receipts\.yaml:\d+\n", text)
    assert 'memory: "30Gi"  # computed: two processes\n' in text


def test_a_command_line_takes_no_comments() -> None:
    with pytest.raises(BadInput, match="not YAML"):
        annotated(fill(shipped("ocr"), REQUEST, "docker"))


words = st.text(max_size=12)
values = st.recursive(
    st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def leaf_count(value: object) -> int:
    parts = list(value.values()) if isinstance(value, dict) else value
    return sum(map(leaf_count, parts)) if isinstance(parts, list) and parts else 1


@given(st.dictionaries(words, values, min_size=1, max_size=4), words)
def test_any_values_and_reasons(document: dict[str, object], reason: str) -> None:
    origins = tuple(Origin("", 0, "computed", reason) for _ in range(leaf_count(document)))
    made = Manifest("job", "t", write_yaml([document]), (document,), origins)  # type: ignore[list-item,arg-type]
    text = annotated(made)
    assert yaml.safe_load(text) == document
    assert YAML(typ="safe", pure=True).load(text) == document


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", list(ManifestKind))
def test_every_value_of_every_template_has_an_origin(name: str, kind: ManifestKind) -> None:
    made = fill(shipped(name), EIGHT_GPUS, kind)
    assert sum(leaf_count(document) for document in made.document) == len(made.origins)
    for one in made.origins:
        assert re.fullmatch(r"computed|templates/.+\.yaml:\d+", one.origin), one
        assert one.origin != "computed" or one.reason, one


def test_layers_are_annotated_with_the_digests_of_their_files(tmp_path: Path) -> None:
    files = library(tmp_path, base__low=MINIMAL, project__up="extends: low\n")
    chosen = ChosenTemplate(resolve_template(files, "up"), TemplateChoice("up", "asked for"))
    made = render(REQUEST, ManifestOptions(template="up"), chosen)
    low, up = (hashlib.sha256(text.encode()).hexdigest() for text in (MINIMAL, "extends: low\n"))
    assert made.layers == (f"low@{low[:12]}", f"up@{up[:12]}")
    noted = made.document[0]["metadata"]["annotations"]["paddle-estimate/layers"]  # type: ignore[index,call-overload]
    assert noted == " ".join(made.layers)


STORY = {
    "base__low": f"{MINIMAL}job:\n  backoffLimit: 1\nmetadata:\n  labels: {{a: x, b: z}}\n",
    "domain__mid": (
        "extends: low\nlocked:\n  - {path: job.backoffLimit, by: ops, because: it must}\n"
        "job:\n  backoffLimit: 1  # once is enough\nmetadata:\n  labels:\n    a: !delete\n"
    ),
    "project__top": (
        "extends: mid\nmetadata:\n  labels: !replace {c: w}\n"
        "training:\n  command: !append [--fast]\n"
    ),
}


def story_of(folder: Path, path: str) -> list[tuple[str, str, str, bool]]:
    files = library(folder, **STORY)
    top = resolve_template(files, "top")
    told = stories(top, path, computed_settings(top, SAMPLE, ManifestKind.JOB))
    return [
        (one.path, f"{say.layer}:{say.where.rpartition(':')[2]}", say.action, say.wins)
        for one in told
        for say in one.says
    ]


def test_story_of_a_locked_value(tmp_path: Path) -> None:
    assert story_of(tmp_path, "job.backoffLimit") == [
        ("job.backoffLimit", "low:10", "sets it", False),
        ("job.backoffLimit", "mid:5", "sets it", True),
    ]
    top = resolve_template(library(tmp_path, **STORY), "top")
    (one,) = stories(top, "job.backoffLimit")
    assert one.locked_by == (f"ops ({tmp_path}/domain/mid.yaml:3): it must",)
    assert one.says[1].reason == "once is enough"


def test_story_of_a_map_tells_who_took_values_away(tmp_path: Path) -> None:
    gone = "takes it away, by !replace of what is above it"
    assert story_of(tmp_path, "metadata.labels") == [
        ("metadata.labels.c", "top:3", "sets it", True),
        ("metadata.labels.a", "low:12", "sets it", False),
        ("metadata.labels.a", "mid:8", "takes it away", False),
        ("metadata.labels.a", "top:3", gone, True),
        ("metadata.labels.b", "low:12", "sets it", False),
        ("metadata.labels.b", "top:3", gone, True),
    ]


def test_story_of_a_list_and_of_what_the_estimate_fills_in(tmp_path: Path) -> None:
    assert story_of(tmp_path, "training.command") == [
        ("training.command", "low:3", "sets it", False),
        ("training.command", "top:5", "adds to it", True),
    ]
    (told,) = story_of(tmp_path, "pod.containers[paddle].image")
    assert told[1:] == (":computed", "fills it in", True)


def test_path_that_nobody_speaks_of(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        story_of(tmp_path, "job.backofLimit")
    assert caught.value.hint == "job.backoffLimit"


def test_every_value_of_every_shipped_template_has_a_story_with_one_winner() -> None:
    found = template_library()
    for name in NAMES:
        template = resolve_template(found, name)
        for path in value_paths(template.tree):
            (one,) = stories(template, format_path(path))
            assert [say.wins for say in one.says].count(True) == 1, one
