"""What a site allows, wherever it says so, and that both lines are named where it is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estimator.errors import BadInput
from estimator.job import site_limits
from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.layers import load_templates, resolve_template
from estimator.manifest.overrides import NAMESPACE, override, parse_setting
from estimator.plan.types import SiteLimit, SiteMeasure
from tests.manifest.builders import MINIMAL, REQUEST, library, template, write

WHO = "by: platform team, because: only these are scanned"
IMAGE = "paddlepaddle/paddle:3.3.0-gpu-cuda12.6-cudnn9.5"


def with_policy(folder: Path, policy: str) -> Any:
    return template(folder, f"policy:\n  {policy}\n{MINIMAL}")


@pytest.mark.parametrize(
    "policy",
    [
        "images: [paddlepaddle/paddle:*]",
        "images: [docker.io/paddlepaddle/*]",
        "registries: [docker.io]",
        "registries: [docker.*, registry.example.com]",
    ],
)
def test_allowed_image(tmp_path: Path, policy: str) -> None:
    assert IMAGE in fill(with_policy(tmp_path, policy), REQUEST, "job").text


@pytest.mark.parametrize(
    "policy",
    [
        f"images: {{allow: [registry.example.com/*], {WHO}}}",
        f"images: {{allow: [paddlepaddle/paddle], {WHO}}}",
        f"registries: {{allow: [registry.example.com], {WHO}}}",
        f"registries: {{allow: [paddlepaddle], {WHO}}}",
    ],
)
@pytest.mark.parametrize("kind", list(ManifestKind))
def test_other_image_names_the_layer_that_has_it_and_who_forbids(
    tmp_path: Path, policy: str, kind: ManifestKind
) -> None:
    made = with_policy(tmp_path, policy)
    with pytest.raises(BadInput) as caught:
        fill(made, REQUEST, kind)
    assert caught.value.where == f"{tmp_path}/base/one.yaml:4"  # training.images
    assert f"platform team ({tmp_path}/base/one.yaml:2): only these are" in caught.value.what


def test_image_of_a_sidecar_counts_too(tmp_path: Path) -> None:
    sidecar = "    - name: side\n      image: evil.example.com/a:1\n"
    made = template(tmp_path, f"policy: {{registries: [docker.io]}}\n{MINIMAL}{sidecar}")
    with pytest.raises(BadInput, match=r"containers\[side\]\.image: evil") as caught:
        fill(made, REQUEST, "job")
    assert caught.value.where == f"{tmp_path}/base/one.yaml:11"


def test_the_first_allowed_image_with_code_for_the_gpu_is_taken(tmp_path: Path) -> None:
    text = MINIMAL.replace("images: [", 'images: ["evil.example.com/p:3.3-gpu-cuda12.6", ')
    made = template(tmp_path, f"policy: {{registries: [docker.io]}}\n{text}")
    assert f"image: {IMAGE}" in fill(made, REQUEST, "job").text


@pytest.mark.parametrize("subject", ["namespaces", "queues"])
def test_namespace_and_queue(tmp_path: Path, subject: str) -> None:
    path = NAMESPACE if subject == "namespaces" else "training.queue"
    made = with_policy(tmp_path, f"{subject}: {{allow: [team-*], {WHO}}}")
    fill(made, REQUEST, "job", [override("--x", path, "team-a")])
    with pytest.raises(BadInput, match="other is not allowed by platform team") as caught:
        fill(made, REQUEST, "job", [parse_setting(f"{path}=other")])
    assert caught.value.where == f"command line (--set {path})"
    with pytest.raises(BadInput, match="is not set, and platform team"):
        fill(made, REQUEST, "job")


def test_every_layer_adds_its_say_and_none_takes_anothers_away(tmp_path: Path) -> None:
    write(tmp_path, "policy.yaml", "max_gpus: {at_most: 16, by: platform team}\n")
    files = library(
        tmp_path,
        base__low=f"policy: {{max_gpus: 8, gpu_types: [A100*]}}\n{MINIMAL}",
        project__up="extends: low\npolicy: {max_gpus: 64, max_nodes: 2}\n",
    )
    limits = site_limits(resolve_template(files, "up").policy)
    at = str(tmp_path)
    assert limits == (
        SiteLimit(SiteMeasure.GPUS, 16, (), f"platform team ({at}/policy.yaml:1)"),
        SiteLimit(SiteMeasure.GPUS, 8, (), f"{at}/base/low.yaml:1"),
        SiteLimit(SiteMeasure.GPU_TYPES, None, ("A100*",), f"{at}/base/low.yaml:1"),
        SiteLimit(SiteMeasure.GPUS, 64, (), f"{at}/project/up.yaml:2"),
        SiteLimit(SiteMeasure.NODES, 2, (), f"{at}/project/up.yaml:2"),
    )


def test_a_folder_may_hold_a_policy_alone_and_it_holds_for_a_template_by_path(
    tmp_path: Path,
) -> None:
    write(tmp_path, "a/base/low.yaml", MINIMAL)
    write(tmp_path, "b/policy.yaml", "max_nodes: 1\n")
    mine = write(tmp_path, "mine.yaml", "extends: low\n")
    found = load_templates([tmp_path / "a", tmp_path / "b"])
    assert [rule.subject for rule in resolve_template(found, str(mine)).policy] == ["max_nodes"]


@pytest.mark.parametrize(
    ("policy", "line", "said"),
    [
        ("max_gpu: 3", 2, "max_gpu: is not a setting"),
        ("max_gpus: 0", 2, "greater than or equal to 1"),
        ("max_gpus: many", 2, "must be a map"),
        ("max_gpus: {most: 3}", 2, "is missing"),
        ("images: []", 2, "at least 1 item"),
        ("images: paddle", 2, "must be a map"),
        ("images: {allow: [a], who: me}", 2, "is not a setting"),
    ],
)
def test_what_is_no_policy_is_refused(tmp_path: Path, policy: str, line: int, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        with_policy(tmp_path, policy)
    assert caught.value.where == f"{tmp_path}/base/one.yaml:{line}"
    assert said in caught.value.what
