"""The files that run the service elsewhere are well-formed and as safe as they say."""

from __future__ import annotations

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[2]
MANIFESTS = [
    manifest
    for name in ("service.yaml", "dry-steps.yaml")
    for manifest in yaml.safe_load_all((ROOT / ".kubernetes" / name).read_text())
]


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}"
)
def test_kubernetes_takes_the_manifests(manifest):
    kubernetes_validate.validate(manifest, "1.33", strict=True)


def test_the_pods_have_no_rights_and_write_nowhere_but_to_their_mounts():
    (deployment,) = (one for one in MANIFESTS if one["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_compose_file_is_one():
    import compose_spec

    text = (ROOT / "compose.yaml").read_text()
    compose_spec.PyCompose.from_yaml(text).validate()
    document = yaml.safe_load(text)
    service = document["services"]["service"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert set(document["secrets"]) == {"tokens", "postgres-password", "pgpass"}
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_image_runs_as_a_user_without_rights():
    text = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split()}
    copied = re.findall(r"^COPY ([\w.]+(?: [\w.]+)*) \S+$", text, re.MULTILINE)
    assert {name for one in copied for name in one.split()} <= kept
