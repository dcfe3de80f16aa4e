"""What the command line sets: as in a template, over every layer, and never over a lock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estimator.errors import BadInput
from estimator.manifest.catalogue import template_library
from estimator.manifest.fill import fill
from estimator.manifest.overrides import (
    DATA_CLAIM,
    NAMESPACE,
    override,
    parse_setting,
    parse_variable,
)
from estimator.manifest.render import check_options
from estimator.manifest.types import Override
from estimator.options import ManifestOptions
from tests.manifest.builders import MINIMAL, REQUEST, shipped, template


@pytest.mark.parametrize(
    ("words", "path", "value"),
    [
        ("job.backoffLimit=3", "job.backoffLimit", 3),
        ("a=b=c", "a", "b=c"),
        ("a=true", "a", True),
        ("a='3'", "a", "3"),
        ("a=[x, {z: 1}]", "a", ["x", {"z": 1}]),
        ('metadata.labels["a.b/c=d"]=x', 'metadata.labels["a.b/c=d"]', "x"),
        ("pod.containers[paddle].env[A].value=x", "pod.containers[paddle].env[A].value", "x"),
    ],
)
def test_setting(words: str, path: str, value: object) -> None:
    assert parse_setting(words) == Override(path, value, f"command line (--set {path})")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    ["a", "=1", "a..b=1", "a=", "a=yes", "a=1e3", "a=017", "a=*x", "a=[1", "a=!!str 1",
     "a=!delete", "a={x: 1, x: 2}", "a=\t", "a='\x00'"],
)  # fmt: skip
def test_what_is_no_setting_is_refused(words: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_setting(words)
    assert "--set" in caught.value.where


@pytest.mark.parametrize("words", ["A", "1A=x", "=x", "a b=x"])
def test_what_is_no_variable_is_refused(words: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_variable(words)
    assert caught.value.where == "--env"


def test_settings_win_and_show_where_they_come_from() -> None:
    asked = (
        override("--namespace", NAMESPACE, "team-a"),
        override("--data-claim", DATA_CLAIM, "faces"),
        parse_variable("NCCL_DEBUG=INFO"),
        parse_setting("metadata.labels.team=vision"),
        parse_setting("pod.nodeSelector.pool=fast"),
    )
    made = fill(shipped("ocr"), REQUEST, "job", asked)
    job: Any = made.document[0]
    pod = job["spec"]["template"]["spec"]
    assert job["metadata"]["namespace"] == "team-a"
    assert job["metadata"]["labels"]["team"] == "vision"
    assert pod["volumes"][1]["persistentVolumeClaim"]["claimName"] == "faces"
    assert {"name": "NCCL_DEBUG", "value": "INFO"} in pod["containers"][0]["env"]
    assert pod["nodeSelector"]["pool"] == "fast"
    origins = {one.path: one.origin for one in made.origins}
    assert origins["metadata.labels.team"] == "command line (--set metadata.labels.team)"
    assert origins["metadata.namespace"] == "command line (--namespace)"


def test_a_lock_holds_against_the_command_line(tmp_path: Path) -> None:
    lock = "locked:\n  - {path: pod.restartPolicy, by: platform team, because: it must}\n"
    locked = template(tmp_path, f"{lock}{MINIMAL}")
    with pytest.raises(BadInput, match="locked by platform team") as caught:
        fill(locked, REQUEST, "job", [parse_setting("pod.restartPolicy=Never")])
    assert caught.value.where == "command line (--set pod.restartPolicy)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("training.sharing=half", "training.sharing: Input should be 'none', 'hami' or 'mig'"),
        ("training.imags=[a]", "training.imags: is not a setting"),
        ("training.heartbeat_minutes=-1", "greater than or equal to 0"),
        ("training.images=[]", "list should have at least 1 item"),
    ],
)
def test_settings_are_refused_before_anything_is_computed(words: str, said: str) -> None:
    options = ManifestOptions(settings=(parse_setting(words),))
    with pytest.raises(BadInput) as caught:
        check_options(template_library(), options)
    assert said in caught.value.what
    assert caught.value.where == f"command line (--set {words.partition('=')[0]})"


@pytest.mark.parametrize(
    "words", ["training.queue=night", "training.images=[a:1]", "job.backoffLimit=1"]
)
def test_settings_that_can_be_are_let_through(words: str) -> None:
    check_options(template_library(), ManifestOptions(settings=(parse_setting(words),)))
