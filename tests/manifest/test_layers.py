"""Folders of templates, their layers, and locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.manifest.catalogue import list_templates, show_template
from estimator.manifest.fill import fill
from estimator.manifest.layers import load_templates, resolve_template
from estimator.manifest.tree import find, plain
from estimator.manifest.types import Override
from estimator.paths import shipped_folder
from tests.manifest.builders import MINIMAL, REQUEST, library, template, write

BAD_FILES = {
    "unknown part": (f"{MINIMAL}pods: {{}}\n", 9, "did you mean 'pod'"),
    "section that is a list": ("pod: []\n", 1, "must be a map"),
    "extends a path": (f"extends: ../other\n{MINIMAL}", 1, "the name of a template"),
    "extends nothing known": (f"extends: bse\n{MINIMAL}", 1, "did you mean 'base'"),
    "extends itself": (f"extends: one\n{MINIMAL}", 1, "not there"),
    "description is a number": (f"description: 1\n{MINIMAL}", 1, "must be text"),
    "locked is a word": (f"locked: pod\n{MINIMAL}", 1, "list of paths"),
    "locked is no path": (f"locked:\n  - 'pod['\n{MINIMAL}", 2, "not a path"),
    "locked elsewhere": (f"locked: [spec.template]\n{MINIMAL}", 1, "not a section"),
    "no images": ("training:\n  command: [a]\n", 1, "training.images"),
    "no command": ("training:\n  images: [a]\n", 1, "training.command"),
    "command is one word": (MINIMAL.replace("[python, train.py]", "python train.py"), 3, "list"),
    "command holds a number": (MINIMAL.replace("train.py]", "8]"), 3, "string"),
    "unknown setting": (MINIMAL.replace("batch_size_argument", "batch"), 4, "not a setting"),
    "suits is misspelt": (f"suits: {{word: [a]}}\n{MINIMAL}", 1, "not a setting"),
    "image of the container": (f"{MINIMAL}      image: a\n", 9, "training.images"),
    "command of the container": (f"{MINIMAL}      command: [a]\n", 9, "training.command"),
    "template of the job": (f"{MINIMAL}job: {{template: {{}}}}\n", 9, "under 'pod'"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_template_is_named_with_its_line(tmp_path: Path, case: str) -> None:
    text, line, said = BAD_FILES[case]
    write(tmp_path, "base/base.yaml", MINIMAL)
    path = write(tmp_path, "domain/one.yaml", text)
    with pytest.raises(BadInput) as caught:
        load_templates([tmp_path])
    assert caught.value.where == f"{path}:{line}"
    assert said in str(caught.value)


def test_circle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"b\.yaml:1: extends goes in a circle: a -> b -> a"):
        library(tmp_path, base__a=f"extends: b\n{MINIMAL}", base__b=f"extends: a\n{MINIMAL}")


@pytest.mark.parametrize("name", ["one.yaml", "other/one.yaml", "base/deep/one.yaml"])
def test_file_that_would_be_overlooked_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, MINIMAL)
    with pytest.raises(BadInput, match="base/, domain/, project/ only"):
        load_templates([tmp_path])


def test_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside.yaml", MINIMAL)
    (tmp_path / "site" / "base").mkdir(parents=True)
    (tmp_path / "site" / "base" / "one.yaml").symlink_to(outside)
    with pytest.raises(BadInput, match="leads out of"):
        load_templates([tmp_path / "site"])


def test_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadInput, match="holds no templates"):
            load_templates([folder])


def test_name_given_twice_in_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="also the name of"):
        library(tmp_path, base__one=MINIMAL, domain__one=MINIMAL)


@pytest.mark.parametrize("name", ["One", "o_ne", "-one", "o ne"])
def test_file_name_is_a_template_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"base/{name}.yaml", MINIMAL)
    with pytest.raises(BadInput, match="name of a template"):
        load_templates([tmp_path])


def test_later_folder_replaces_or_extends(tmp_path: Path) -> None:
    for folder in ("shipped", "site", "team"):
        write(tmp_path, f"{folder}/base/base.yaml", f"{MINIMAL}job: {{backoffLimit: 1}}\n")
    write(tmp_path, "site/base/base.yaml", "extends: base\njob: {backoffLimit: 2}\n")
    write(tmp_path, "team/base/base.yaml", "extends: base\njob: {ttlSecondsAfterFinished: 3}\n")
    write(tmp_path, "shipped/domain/ocr.yaml", "extends: base\n")
    found = load_templates([tmp_path / name for name in ("shipped", "site", "team")])
    ocr = resolve_template(found, "ocr")
    assert plain(ocr.tree.entries["job"]) == {"backoffLimit": 2, "ttlSecondsAfterFinished": 3}
    assert [Path(file).parts[-3] for file in ocr.files] == ["shipped", "site", "team", "shipped"]
    assert [one.name for one in found.newest] == ["base", "ocr"]


def test_template_may_be_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "my-job.yaml", "extends: ocr\njob: {backoffLimit: 7}\n")
    found = resolve_template(load_templates([shipped_folder("templates")]), str(path))
    node = find(found.tree, ("job", "backoffLimit"))
    assert node is not None
    assert (plain(node), node.provenance.where) == (7, f"{path}:2")


def test_unknown_template_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'detection'"):
        resolve_template(load_templates([shipped_folder("templates")]), "detektion")


def test_lock_says_who_and_why(tmp_path: Path) -> None:
    who = "  - {path: pod.restartPolicy, by: platform team, because: restarts hide faults}\n"
    low = f"locked:\n{who}{MINIMAL}"
    with pytest.raises(BadInput) as caught:
        library(tmp_path, base__low=low, project__up="extends: low\npod: {restartPolicy: Never}\n")
    assert caught.value.where == f"{tmp_path}/project/up.yaml:2"
    assert caught.value.what == (
        f"pod.restartPolicy is locked by platform team ({tmp_path}/base/low.yaml:2): "
        "restarts hide faults"
    )


@pytest.mark.parametrize(
    ("locked", "line", "said"),
    [
        ("locked: pod\n", 1, "must be a list"),
        ("locked:\n  - {by: me}\n", 2, "path: is missing"),
        ("locked:\n  - path: pod.a\n    who: me\n", 3, "is not a setting"),
        ("locked:\n  - pods.a\n", 2, "did you mean 'pod'"),
        ("locked:\n  - [pod]\n", 2, "must be a map"),
    ],
)
def test_what_is_no_lock_is_refused(tmp_path: Path, locked: str, line: int, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        library(tmp_path, base__one=f"{locked}{MINIMAL}")
    assert caught.value.where == f"{tmp_path}/base/one.yaml:{line}"
    assert said in caught.value.what


LOCKED = f"locked:\n  - pod.restartPolicy\n  - pod.hostNetwork\n  - training.images\n{MINIMAL}"


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ("pod:\n  restartPolicy: Never\n", 3),
        ("pod: !replace\n  restartPolicy: Never\n", 3),
        ("pod:\n  restartPolicy: !delete\n", 3),
        ("pod:\n  hostNetwork: true\n", 3),
        ("training:\n  images: !append [b]\n", 3),
    ],
)
def test_lock_names_who_locked_and_who_broke_it(tmp_path: Path, layer: str, line: int) -> None:
    with pytest.raises(BadInput) as caught:
        library(tmp_path, base__low=LOCKED, project__up=f"extends: low\n{layer}")
    assert caught.value.where == f"{tmp_path}/project/up.yaml:{line}"
    assert f"is locked by {tmp_path}/base/low.yaml:" in caught.value.what


def test_lock_holds_against_the_command_line_and_the_estimate(tmp_path: Path) -> None:
    text = f"locked: [pod.nodeSelector]\n{MINIMAL}  nodeSelector: {{pool: old}}\n"
    one = template(tmp_path, text)
    with pytest.raises(BadInput, match=r"--set: .*nodeSelector is locked by"):
        fill(one, REQUEST, "job", (Override("pod.nodeSelector[pool]", "new", "--set"),))
    manifest = fill(one, REQUEST, "job")
    assert "pool: old" in manifest.text
    assert "gpu.product" not in manifest.text
    assert any("locked by" in note and "A100" in note for note in manifest.notes)


def test_job_gets_a_name_although_metadata_is_locked(tmp_path: Path) -> None:
    one = template(tmp_path, f"locked: [metadata]\n{MINIMAL}metadata: {{labels: {{team: a}}}}\n")
    manifest = fill(one, REQUEST, "job")
    assert "name: resnet50" in manifest.text
    assert "annotations" not in manifest.text


def test_saying_the_same_does_not_break_a_lock(tmp_path: Path) -> None:
    library(tmp_path, base__low=LOCKED, project__up="extends: low\npod: {restartPolicy: OnFailure}")


def test_list_and_show() -> None:
    summaries = {one.name: one for one in list_templates()}
    assert summaries["ocr"].files == (
        "templates/base/training.yaml",
        "templates/base/vision.yaml",
        "templates/domain/ocr.yaml",
    )
    assert all(one.description for one in summaries.values())
    view = show_template("ocr-receipts")
    assert view.locked[0].path == "pod.securityContext.runAsNonRoot"
    assert (view.locked[0].value, view.locked[0].origin) == (
        True,
        "templates/project/ocr-receipts.yaml:4",
    )
    assert "claimName: receipts" in view.text
