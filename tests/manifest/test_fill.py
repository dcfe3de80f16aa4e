"""A template and an estimate make YAML that an API server would accept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from ruamel.yaml import YAML

from estimator.errors import BadInput
from estimator.manifest.catalogue import list_templates, template_library
from estimator.manifest.clues import Clues
from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.render import choose, render
from estimator.manifest.tree import COMPUTED
from estimator.manifest.types import Computed, JobRequest, Manifest, Override
from estimator.options import ManifestOptions
from estimator.units import GIB
from tests.manifest.builders import (
    EIGHT_GPUS,
    MINIMAL,
    REQUEST,
    TWO_NODES,
    facts,
    shipped,
    template,
    write,
)

NAMES = [one.name for one in list_templates()]
SIZES = {"1 GPU": REQUEST, "8 GPUs": EIGHT_GPUS, "2 nodes x 8": TWO_NODES}
RESNET = facts("ResNet", {"Conv2D": 53, "Linear": 1})


def rendered(options: ManifestOptions, request: JobRequest = REQUEST) -> Manifest:
    chosen = choose(template_library(options.templates_folders), options, Clues(RESNET))
    return render(request, options, chosen)


def documents(manifest: Manifest) -> list[dict[str, object]]:
    return list(yaml.safe_load_all(manifest.text))


def container(manifest: Manifest) -> dict[str, object]:
    pod = documents(manifest)[0]["spec"]["template"]["spec"]  # type: ignore[index]
    return pod["containers"][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_shipped_templates_follow_kubernetes_schema(name: str, size: str) -> None:
    manifest = fill(shipped(name), SIZES[size], "job")
    for document in documents(manifest):
        kubernetes_validate.validate(document, "1.37", strict=True)
        kubernetes_validate.validate(document, "1.30", strict=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["job", "flat"])
def test_all_readers_of_yaml_get_the_same(name: str, kind: str) -> None:
    manifest = fill(shipped(name), EIGHT_GPUS, kind)
    assert documents(manifest) == list(manifest.document)
    assert list(YAML(typ="safe", pure=True).load_all(manifest.text)) == list(manifest.document)


@pytest.mark.parametrize("size", SIZES)
def test_every_value_has_an_origin_and_every_computed_one_a_reason(size: str) -> None:
    manifest = fill(shipped("ocr-receipts"), SIZES[size], "job")
    assert len({origin.path for origin in manifest.origins}) == len(manifest.origins)
    for origin in manifest.origins:
        if origin.origin == COMPUTED:
            assert origin.reason, origin.path
        else:
            file, _, line = origin.origin.rpartition(":")
            assert file.startswith("templates/")
            assert int(line) > 0


def test_origins_tell_layers_apart() -> None:
    found = {one.path: one for one in fill(shipped("ocr-receipts"), REQUEST, "job").origins}
    pod = "spec.template.spec"
    claim = found[f"{pod}.volumes[data].persistentVolumeClaim.claimName"]
    assert (claim.value, claim.origin) == ("receipts", "templates/project/ocr-receipts.yaml:28")
    assert found[f"{pod}.automountServiceAccountToken"].origin.startswith("templates/base/")
    memory = found[f"{pod}.containers[paddle].resources.requests.memory"]
    assert (memory.value, memory.origin, memory.reason) == ("30Gi", "computed", "two processes")


def test_resources_of_one_node() -> None:
    resources = container(fill(shipped("ocr"), TWO_NODES, "job"))["resources"]
    assert resources == {
        "requests": {"cpu": 8, "memory": "30Gi", "nvidia.com/gpu": 8},
        "limits": {"memory": "30Gi", "nvidia.com/gpu": 8},
    }


def test_two_nodes_find_each_other() -> None:
    job, service = documents(fill(shipped("classification"), TWO_NODES, "job"))
    spec = job["spec"]
    assert isinstance(spec, dict)
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 2, 2)
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], spec["backoffLimit"]) == ("Never", 0)
    assert pod["subdomain"] == service["metadata"]["name"]  # type: ignore[index]
    assert service["spec"]["clusterIP"] == "None"  # type: ignore[index]
    assert service["spec"]["publishNotReadyAddresses"] is True  # type: ignore[index]
    labels = spec["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()  # type: ignore[index]
    variables = {one["name"]: one for one in pod["containers"][0]["env"]}
    assert variables["PADDLE_MASTER"]["value"] == "resnet50-0.resnet50:29500"
    assert variables["POD_IP"]["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"


def test_ocr_project_tells_paddleocr_its_batch_size() -> None:
    command = container(fill(shipped("ocr-receipts"), REQUEST, "job"))["command"]
    assert command == [
        *("python", "tools/train.py", "-c", "configs/rec/receipts.yml"),
        *("-o", "Train.loader.batch_size_per_card=64"),
    ]


def test_smoke_test_needs_no_volume_and_no_launcher() -> None:
    manifest = fill(shipped("smoke-test"), EIGHT_GPUS, "job")
    assert "persistentVolumeClaim" not in manifest.text
    assert "distributed.launch" not in manifest.text
    assert not any("PersistentVolumeClaim" in note for note in manifest.notes)


def test_blackwell_takes_the_image_that_has_code_for_it() -> None:
    manifest = fill(shipped("llm"), replace(REQUEST, compute_capability=(10, 0)), "job")
    assert "cuda12.9" in str(container(manifest)["image"])


def test_image_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="sm_120"):
        fill(template(tmp_path, MINIMAL), replace(REQUEST, compute_capability=(12, 0)), "job")


def test_template_without_shared_memory_is_said(tmp_path: Path) -> None:
    manifest = fill(template(tmp_path, MINIMAL), REQUEST, "job")
    assert any("stays at 64 MiB" in note for note in manifest.notes)


def test_claims_are_said_and_shared_by_nodes() -> None:
    notes = " ".join(fill(shipped("ocr-receipts"), TWO_NODES, "job").notes)
    assert "workspace, receipts, each mountable on 2 nodes (ReadWriteMany)" in notes


def test_overrides_beat_everything_and_are_named() -> None:
    overrides = (
        Override("pod.containers[paddle].resources.requests.cpu", 3, "--set"),
        Override("metadata.name", "mine", "--set"),
        Override("job.activeDeadlineSeconds", 60, "--set"),
    )
    manifest = fill(shipped("ocr"), TWO_NODES, "job", overrides)
    origins = {one.path: one.origin for one in manifest.origins}
    assert origins["metadata.name"] == origins["spec.activeDeadlineSeconds"] == "--set"
    assert "mine-0.mine:29500" in manifest.text
    assert container(manifest)["resources"]["requests"]["cpu"] == 3  # type: ignore[index]


def test_further_computed_values() -> None:
    further = {"job.activeDeadlineSeconds": Computed(3600, "twice the predicted time")}
    manifest = fill(shipped("ocr"), replace(REQUEST, settings=further), "job")
    found = {one.path: one for one in manifest.origins}["spec.activeDeadlineSeconds"]
    assert (found.value, found.origin, found.reason) == (3600, COMPUTED, "twice the predicted time")


@pytest.mark.parametrize(
    ("path", "value"),
    [("pod", 1), ("pod.containers", "a"), ("job.backoffLimit", {"a": 1}), ("pod..x", 1)],
)
def test_override_of_the_wrong_kind(path: str, value: object) -> None:
    with pytest.raises(BadInput, match="--set"):
        fill(shipped("ocr"), REQUEST, "job", (Override(path, value, "--set"),))  # type: ignore[arg-type]


def test_mistake_in_a_template_is_found_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "mine.yaml",
        "extends: ocr\npod:\n  containers:\n  - name: paddle\n    volumeMounts:\n"
        "    - mountPath: /models\n      name: models\n",
    )
    with pytest.raises(BadInput, match="no volume 'models'") as caught:
        fill(shipped(str(path)), REQUEST, "job")
    assert caught.value.where == f"{path}:7"


def test_volume_with_two_sources_is_found(tmp_path: Path) -> None:
    text = "extends: ocr\npod:\n  volumes:\n  - name: tmp\n    hostPath: {path: /a}\n"
    with pytest.raises(BadInput, match="emptyDir and hostPath"):
        fill(shipped(str(write(tmp_path, "mine.yaml", text))), REQUEST, "job")


def test_flat_form_is_for_one_node() -> None:
    with pytest.raises(BadInput, match="describes one machine"):
        fill(shipped("ocr"), TWO_NODES, "flat")
    with pytest.raises(BadInput, match="no kind 'helm'"):
        fill(shipped("ocr"), REQUEST, "helm")


def test_render_chooses_and_says_so() -> None:
    manifest = rendered(ManifestOptions())
    assert (manifest.template, manifest.kind) == ("classification", "job")
    assert "classification: the model's name ResNet" in manifest.notes[0]
    flat = rendered(
        ManifestOptions(
            kind=ManifestKind.FLAT, template="training", command="python a.py --batch_size=8"
        ),
        EIGHT_GPUS,
    )
    assert documents(flat) == [
        {
            "gpu_count": 8,
            "memory": "30Gi",
            "cpu": 8,
            "image": "paddlepaddle/paddle:3.3.0-gpu-cuda12.6-cudnn9.5",
            "command": "python -m paddle.distributed.launch --devices=0,1,2,3,4,5,6,7 "
            "a.py --batch_size=64",
        }
    ]


def test_render_with_a_folder_of_the_site(tmp_path: Path) -> None:
    write(tmp_path, "project/mine.yaml", "extends: ocr\njob: {backoffLimit: 9}\n")
    options = ManifestOptions(template="mine", templates_folders=(tmp_path,))
    assert documents(rendered(options))[0]["spec"]["backoffLimit"] == 9  # type: ignore[index]


def test_shared_memory_beyond_the_memory_limit_is_refused() -> None:
    with pytest.raises(BadInput, match="more than the memory limit"):
        fill(shipped("ocr"), replace(REQUEST, shm_bytes=40 * GIB), "job")
