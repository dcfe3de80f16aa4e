"""Every kind of manifest at every size: what is in it, and that its readers take it."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from ruamel.yaml import YAML

from estimator.errors import BadInput
from estimator.manifest.catalogue import list_templates
from estimator.manifest.check import check_documents
from estimator.manifest.crds import Definitions, check_against, load_definitions
from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind, parse_kind
from estimator.manifest.types import Manifest, Override
from estimator.manifest.walk import pods
from tests.manifest.builders import EIGHT_GPUS, REQUEST, shipped, write
from tests.manifest.kinds.golden import GOLDEN_CASES, golden_file, text
from tests.manifest.kinds.sizes import (
    CASES,
    CLUSTER,
    CLUSTER_CASES,
    CRDS,
    FOUR_NODES,
    ONE_MACHINE,
    SIZES,
)

CUSTOM = [case for case in CLUSTER_CASES if case[0] is not ManifestKind.JOB]
NAMES = [one.name for one in list_templates()]


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    if not CRDS.is_dir():
        pytest.skip("the exported CRDs are not here")
    return load_definitions(CRDS)


def made(kind: ManifestKind, size: str, name: str = "ocr-receipts") -> Manifest:
    return fill(shipped(name), SIZES[size], kind)


def pod_of(manifest: Manifest) -> dict[str, Any]:
    found = [pod for document in manifest.document for _, pod in pods(document)]
    assert len(found) == 1
    return dict(found[0])


@pytest.mark.parametrize(("kind", "size"), GOLDEN_CASES)
def test_golden(tmp_path: Path, kind: ManifestKind, size: str) -> None:
    assert text(tmp_path, kind, size) == golden_file(kind, size).read_text()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("kind", "size"), CUSTOM)
def test_real_definitions_allow_it(
    kind: ManifestKind, size: str, name: str, definitions: Definitions
) -> None:
    for document in made(kind, size, name).document:
        assert document in definitions
        assert list(check_against(document, definitions)) == []


@pytest.mark.parametrize(("kind", "size"), CLUSTER_CASES)
def test_claims_are_what_real_definitions_allow(
    kind: ManifestKind, size: str, definitions: Definitions
) -> None:
    claimed = (Override("training.device_class", "gpu.nvidia.com", "--set"),)
    if kind is ManifestKind.PADDLEFLOW:
        with pytest.raises(BadInput, match="has no such field"):
            fill(shipped("ocr"), SIZES[size], kind, claimed)
        return
    *others, claim = fill(shipped("ocr"), SIZES[size], kind, claimed).document
    assert [one for document in others for one in check_against(document, definitions)] == []
    assert claim["kind"] == "ResourceClaimTemplate"
    for version in ("1.34", "1.37"):
        kubernetes_validate.validate(dict(claim), version, strict=True)


@pytest.mark.parametrize(("kind", "size"), CLUSTER_CASES)
def test_pod_follows_kubernetes_schema(kind: ManifestKind, size: str) -> None:
    """The pod of every kind, as a Pod of its own; and whole documents of core kinds."""
    manifest = made(kind, size)
    pod = pod_of(manifest)
    if kind is ManifestKind.TRAINJOB:  # Trainer puts the image in
        pod = {**pod, "containers": [{**one, "image": "a:1"} for one in pod["containers"]]}
    bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": pod}
    core = [one for one in manifest.document if one["apiVersion"] in ("v1", "batch/v1")]
    for document in (bare, *core):
        for version in ("1.30", "1.37"):
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(("kind", "size"), CASES)
def test_nothing_is_wrong_with_it(kind: ManifestKind, size: str) -> None:
    assert check_documents(made(kind, size).document) == ()


@pytest.mark.parametrize(("kind", "size"), CASES)
def test_all_readers_of_yaml_get_the_same(kind: ManifestKind, size: str) -> None:
    if kind is ManifestKind.DOCKER:
        pytest.skip("a command line, not YAML")
    manifest = made(kind, size)
    assert list(yaml.safe_load_all(manifest.text)) == list(manifest.document)
    assert list(YAML(typ="safe", pure=True).load_all(manifest.text)) == list(manifest.document)


@pytest.mark.parametrize(("kind", "size"), CASES)
def test_every_value_has_an_origin(kind: ManifestKind, size: str) -> None:
    manifest = made(kind, size)
    assert len({origin.path for origin in manifest.origins}) == len(manifest.origins)
    for origin in manifest.origins:
        assert origin.reason or origin.origin.startswith("templates/"), origin.path


@pytest.mark.parametrize("kind", CLUSTER)
def test_several_nodes_fail_together(kind: ManifestKind) -> None:
    manifest = made(kind, "4-nodes")
    replica = manifest.document[0]["spec"].get("paddleReplicaSpecs", {})  # type: ignore[union-attr]
    policy = pod_of(manifest).get("restartPolicy") or replica["Worker"]["restartPolicy"]  # type: ignore[index,call-overload]
    assert policy == "Never"


@pytest.mark.parametrize("kind", CLUSTER)
def test_every_node_is_told_its_own_address(kind: ManifestKind) -> None:
    if kind is ManifestKind.PADDLEFLOW:
        pytest.skip("the operator adds POD_IP to every pod")
    variables = pod_of(made(kind, "4-nodes"))["containers"][0]["env"]
    own = {"fieldRef": {"fieldPath": "status.podIP"}}
    assert {"name": "POD_IP", "valueFrom": own} in variables


@pytest.mark.parametrize("kind", ONE_MACHINE)
def test_one_machine_is_not_several_nodes(kind: ManifestKind) -> None:
    with pytest.raises(BadInput, match="one machine, the plan has 4 nodes") as caught:
        fill(shipped("ocr"), FOUR_NODES, kind)
    assert "--nodes 1 --gpus 8" in caught.value.hint


def test_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="no kind 'jobs'") as caught:
        parse_kind("jobs")
    assert caught.value.hint == "--kind job"
    with pytest.raises(BadInput) as caught:
        parse_kind("Volcano")
    assert caught.value.hint == "--kind volcano"
    with pytest.raises(BadInput) as caught:
        parse_kind("helm")
    assert "trainjob" in caught.value.hint


def test_what_a_kind_has_no_field_for_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.yaml", "extends: ocr\njob: {podFailurePolicy: {rules: []}}\n")
    for kind in (ManifestKind.VOLCANO, ManifestKind.PADDLEJOB, ManifestKind.PADDLEFLOW):
        notes = fill(shipped(str(path)), REQUEST, kind).notes
        assert any("job.podFailurePolicy" in note for note in notes)


def test_deadline_goes_where_the_kind_has_it() -> None:
    late = (Override("job.activeDeadlineSeconds", 60, "--set"),)
    made = {kind: fill(shipped("ocr"), FOUR_NODES, kind, late) for kind in CLUSTER}
    main: dict[ManifestKind, Any] = {kind: one.document[-1]["spec"] for kind, one in made.items()}
    assert made[ManifestKind.JOB].document[0]["spec"]["activeDeadlineSeconds"] == 60  # type: ignore[index,call-overload]
    assert main[ManifestKind.TRAINJOB]["activeDeadlineSeconds"] == 60
    assert main[ManifestKind.PADDLEJOB]["runPolicy"]["activeDeadlineSeconds"] == 60
    for kind in (ManifestKind.VOLCANO, ManifestKind.PADDLEFLOW):
        assert pod_of(made[kind])["activeDeadlineSeconds"] == 60
    jobset = main[ManifestKind.JOBSET]
    assert jobset["replicatedJobs"][0]["template"]["spec"]["activeDeadlineSeconds"] == 60
    assert jobset["failurePolicy"]["rules"][0]["onJobFailureReasons"] == ["DeadlineExceeded"]


def test_queue_is_asked_for_as_the_scheduler_wants_it() -> None:
    queued = (Override("training.queue", "team", "--queue"),)
    for kind in CLUSTER:
        manifest = fill(shipped("ocr"), EIGHT_GPUS, kind, queued)
        labels = manifest.document[-1]["metadata"].get("labels", {})  # type: ignore[union-attr]
        spec: Any = manifest.document[0]["spec"]
        if kind is ManifestKind.VOLCANO:
            assert spec["queue"] == "team"
        elif kind is ManifestKind.PADDLEFLOW:
            assert spec["schedulingPolicy"]["queue"] == "team"
        else:
            assert labels["kueue.x-k8s.io/queue-name"] == "team"  # type: ignore[index,call-overload]
        assert "kueue" not in str(pod_of(manifest))


def as_the_shell_reads(line: str) -> list[str]:
    """The words that a program called ``docker`` would be given."""
    script = 'docker() { printf "%s\\0" "$@"; }\n' + line
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


def test_docker_line_reads_back() -> None:
    line = made(ManifestKind.DOCKER, "8-gpus").text
    words = as_the_shell_reads(line)
    assert ["docker", *words] == shlex.split(line.replace("\\\n", ""))
    assert words[0] == "run"
    image = words.index("paddlepaddle/paddle:3.3.0-gpu-cuda12.6-cudnn9.5")
    assert words[image - 2 : image] == ["--entrypoint", "python"]
    assert words[image + 1 : image + 3] == ["-m", "paddle.distributed.launch"]
    assert words[words.index("--gpus") + 1] == "8"
    assert words[words.index("--shm-size") + 1] == "2g"
    assert "./receipts:/data:ro" in words
    assert {"--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"} <= set(words)


@pytest.mark.parametrize("kind", CLUSTER)
def test_everything_is_in_one_namespace(kind: ManifestKind) -> None:
    """A Service in another namespace than its Job names no pod."""
    wanted = (
        Override("metadata.namespace", "vision", "--namespace"),
        Override("training.device_class", "gpu.example", "--set"),
    )
    overrides = wanted[:1] if kind is ManifestKind.PADDLEFLOW else wanted
    for document in fill(shipped("ocr"), FOUR_NODES, kind, overrides).document:
        assert document["metadata"]["namespace"] == "vision"  # type: ignore[index,call-overload]


def test_docker_line_keeps_words_whole() -> None:
    command = ["sh", "-c", "echo \"$HOME\" 'a b' && python train.py"]
    override = Override("training.command", [*command], "--command")
    manifest = fill(shipped("ocr"), REQUEST, ManifestKind.DOCKER, (override,))
    assert as_the_shell_reads(manifest.text)[-2:] == command[1:]


@pytest.mark.parametrize("name", NAMES)
def test_compose_follows_the_specification(name: str) -> None:
    compose_spec = pytest.importorskip("compose_spec")
    # The specification says on-failure[:max-retries]; this reader knows the first part only.
    text = re.sub(r"on-failure:\d+", "on-failure", made(ManifestKind.COMPOSE, "8-gpus", name).text)
    read = compose_spec.PyCompose.from_yaml(text)
    read.validate()
    service = read.to_spec().services["paddle"]
    assert service.read_only is True
    assert service.deploy.resources.reservations.devices[0].capabilities == {"gpu"}


def test_compose_leaves_dollars_to_the_shell() -> None:
    override = Override("training.command", ["sh", "-c", "echo $HOME"], "--command")
    manifest = fill(shipped("ocr"), REQUEST, ManifestKind.COMPOSE, (override,))
    service: Any = manifest.document[0]["services"]
    assert service["paddle"]["entrypoint"] == ["sh", "-c", "echo $$HOME"]


def test_paddlejob_container_is_the_one_the_operator_looks_for() -> None:
    assert pod_of(made(ManifestKind.PADDLEJOB, "4-nodes"))["containers"][0]["name"] == "paddle"


def test_long_names_leave_room_for_the_names_of_pods() -> None:
    long = replace(FOUR_NODES, name="a-very-" * 20)
    for kind in CLUSTER:
        manifest = fill(shipped("ocr"), long, kind)
        name = str(manifest.document[-1]["metadata"]["name"])  # type: ignore[index,call-overload]
        assert len(f"{name}-worker-999") <= 63


@pytest.mark.parametrize(
    ("kind", "value", "where"),
    [
        ("job", {"spec": {"replicatedJobs": 1}}, "spec"),
        ("jobset", {"spec": {"networks": {}}}, "spec"),
    ],
)
def test_typos_are_found_by_definitions(
    kind: str, value: dict[str, Any], where: str, definitions: Definitions
) -> None:
    document: Any = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", **value}
    findings = list(check_against(document, definitions))
    assert findings
    assert findings[0].path[0] == where
