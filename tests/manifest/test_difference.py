"""A manifest against its template: what was added, what was replaced, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator.manifest.catalogue import template_library
from estimator.manifest.difference import TemplateDiff, difference, template_alone
from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.layers import Template, resolve_template
from estimator.manifest.overrides import override, parse_setting
from estimator.manifest.types import Override
from tests.manifest.builders import REQUEST, shipped, write


def against(template: Template, kind: str, *overrides: Override) -> TemplateDiff:
    made = fill(template, REQUEST, kind, overrides)
    return difference(made, template, REQUEST, overrides)


def changed(diff: TemplateDiff) -> set[str]:
    return {f"{one.sign}{one.text.strip()}" for one in diff.lines if one.sign in "+-"}


def test_what_the_estimate_adds_has_its_reason() -> None:
    diff = against(shipped("classification"), "job")
    by_text = {one.text.strip(): one for one in diff.lines if one.sign == "+"}
    # memory of the request that the builders make, in the order of the manifest
    cpu = by_text[f"cpu: {REQUEST.cpu}"]
    assert (cpu.origin, bool(cpu.reason)) == ("computed", True)
    assert by_text["resources:"].reason == ""  # a line that only others stand under
    assert not [one for one in diff.lines if one.sign == "-"]


def test_what_takes_a_templates_value_away_shows_both(tmp_path: Path) -> None:
    write(
        tmp_path,
        "project/mine.yaml",
        "extends: classification\n"
        "pod:\n  containers:\n    - name: paddle\n      resources: {requests: {cpu: 99}}\n",
    )
    template = resolve_template(template_library([tmp_path]), "mine")
    setting = parse_setting("job.backoffLimit=9")
    lines = changed(against(template, "job", setting))
    assert {"-cpu: 99", f"+cpu: {REQUEST.cpu}", "-backoffLimit: 2", "+backoffLimit: 9"} <= lines


def test_a_name_that_the_user_gives_is_the_users() -> None:
    name = override("--set", "metadata.name", "mine")
    assert "+name: mine" in changed(against(shipped("ocr"), "job", name))


@pytest.mark.parametrize("kind", list(ManifestKind))
def test_every_kind_has_a_difference_that_makes_one_of_the_other(kind: ManifestKind) -> None:
    template = shipped("classification")
    made = fill(template, REQUEST, kind.value)
    before = template_alone(template, REQUEST, kind.value).splitlines()
    diff = difference(made, template, REQUEST, ())
    # every line that is no addition is one of the template's, every other of the manifest's
    assert all(one.text in before for one in diff.lines if one.sign in "- ")
    assert all(one.text in made.text.splitlines() for one in diff.lines if one.sign in "+ ")
    removed = sum(one.sign == "-" for one in diff.lines)
    added = sum(one.sign == "+" for one in diff.lines)
    assert len(before) - removed + added == len(made.text.splitlines())
    assert diff.text.startswith(f"--- classification\n+++ {kind.value}\n@@ ")
