"""Starters that are sound, and a check that finds what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.manifest.authoring import check_templates, difference, new_template
from estimator.manifest.catalogue import site_folder, template_library
from estimator.manifest.layers import resolve_template
from estimator.paths import HOME_VARIABLE
from tests.manifest.builders import MINIMAL, library, write


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize("layer", ["base", "domain", "project"])
def test_a_new_template_says_nothing_yet_and_is_found_without_a_folder(
    home: Path, layer: str
) -> None:
    path = new_template("mine", "ocr", layer, None)
    assert path == site_folder() / layer / "mine.yaml"
    found = template_library()
    assert difference(resolve_template(found, "mine"), resolve_template(found, "ocr")) == ()
    assert check_templates([], ["mine"]) == ()


def test_all_that_the_starter_comments_out_can_be_said(home: Path) -> None:
    path = new_template("mine", "training", "project", home)
    lines = [line.removeprefix("# ") for line in path.read_text().splitlines()[3:]]
    said = [line for line in lines if not line[:1].isupper()]  # without the sentences
    path.write_text("\n".join(said) + "\n")
    assert "max_gpus" in path.read_text()
    assert check_templates([home], ["mine"]) == ()


@pytest.mark.parametrize(
    ("name", "extends", "layer", "said"),
    [
        ("My", "ocr", "project", "is not a name"),
        ("../x", "ocr", "project", "is not a name"),
        ("mine", "ocrr", "project", "did you mean 'ocr'"),
        ("mine", "ocr", "site", "is not a layer"),
        ("there", "ocr", "project", "is there already"),
    ],
)
def test_what_cannot_be_made(home: Path, name: str, extends: str, layer: str, said: str) -> None:
    folder = home / "site"
    write(folder, "project/there.yaml", "extends: ocr\n")
    with pytest.raises(BadInput, match=said):
        new_template(name, extends, layer, folder)
    assert [path.name for path in home.rglob("*.yaml")] == ["there.yaml"]


def test_findings_name_the_line_and_the_mend(tmp_path: Path) -> None:
    deleted = "extends: ocr\npod:\n  volumes:\n    - !delete {name: log}\n"
    write(tmp_path, "project/a.yaml", deleted)
    write(tmp_path, "project/b.yaml", "extends: ocr\npod:\n  restartPolicy: Sometimes\n")
    found = check_templates([tmp_path], ["a", "b", "ocr"])
    by_template = {one.template: one for one in reversed(found)}
    assert set(by_template) == {"a", "b"}
    assert re.fullmatch(r"templates/base/training\.yaml:\d+", by_template["a"].where)
    assert "there is no volume 'log'" in by_template["a"].problem
    assert by_template["b"].where == f"{tmp_path}/project/b.yaml:3"
    assert by_template["b"].case == "--kind job, 1 GPU"
    assert all(one.mend for one in found)


def test_a_folder_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, "project/a.yaml", "extends: nobody\n")
    (found,) = check_templates([tmp_path])
    assert found.where == f"{tmp_path}/project/a.yaml:1"


def test_policy_that_wants_a_namespace_is_no_finding(tmp_path: Path) -> None:
    write(tmp_path, "policy.yaml", "namespaces: [team-*]\nqueues: [fast]\n")
    assert check_templates([tmp_path], ["ocr"]) == ()


def test_difference_has_both_sides(tmp_path: Path) -> None:
    files = library(
        tmp_path,
        base__low=f"{MINIMAL}job: {{backoffLimit: 1}}\n",
        project__up="extends: low\njob: {backoffLimit: 2, completions: 3}\n",
    )
    found = difference(resolve_template(files, "low"), resolve_template(files, "up"))
    low, up = f"{tmp_path}/base/low.yaml:9", f"{tmp_path}/project/up.yaml:2"
    told = [(one.path, one.left, one.left_origin, one.right, one.right_origin) for one in found]
    assert told == [
        ("job.backoffLimit", 1, low, 2, up),
        ("job.completions", None, "", 3, up),
    ]
