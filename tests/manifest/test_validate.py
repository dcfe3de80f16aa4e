"""Rules, schemas and definitions together; findings with the line of their layer."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from estimator.errors import BadInput
from estimator.manifest import validate as module
from estimator.manifest.crds import check_against, load_definitions
from estimator.manifest.fill import fill
from estimator.manifest.saved import read_manifest
from estimator.manifest.tree import format_path
from estimator.manifest.validate import located, require_valid, validate
from estimator.messages import Language, translate
from tests.manifest.builders import REQUEST, TWO_NODES, shipped

DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "trainings.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Training", "plural": "trainings"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["nodes"],
                                "properties": {
                                    "nodes": {"type": "integer", "format": "int32", "minimum": 1},
                                    "port": {
                                        "anyOf": [{"type": "integer"}, {"type": "string"}],
                                        "x-kubernetes-int-or-string": True,
                                    },
                                    "note": {"type": "string", "nullable": True},
                                    "mode": {"type": "string", "enum": ["a", "b"]},
                                    "free": {
                                        "type": "object",
                                        "x-kubernetes-preserve-unknown-fields": True,
                                    },
                                    "labels": {
                                        "type": "object",
                                        "additionalProperties": {"type": "string"},
                                    },
                                    "env": {
                                        "type": "array",
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["name"],
                                        "items": {
                                            "type": "object",
                                            "required": ["name"],
                                            "properties": {"name": {"type": "string"}},
                                        },
                                    },
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}


def found(spec: dict[str, Any], folder: Path) -> dict[str, str]:
    (folder / "crds.yaml").write_text(yaml.safe_dump({"kind": "List", "items": [DEFINITION]}))
    document = {"apiVersion": "example.com/v1", "kind": "Training", "spec": spec}
    findings = check_against(document, load_definitions(folder))
    return {format_path(one.path): one.problem for one in findings}


@pytest.mark.parametrize(
    "spec",
    [
        {"nodes": 1},
        {"nodes": 1, "port": 80},
        {"nodes": 1, "port": "http"},
        {"nodes": 1, "note": None},
        {"nodes": 1, "free": {"any": 1}},
        {"nodes": 1, "labels": {"any": "x"}},
        {"nodes": 1, "env": [{"name": "a"}, {"name": "b"}]},
    ],
)
def test_what_a_definition_allows(spec: dict[str, Any], tmp_path: Path) -> None:
    assert found(spec, tmp_path) == {}


@pytest.mark.parametrize(
    ("spec", "path", "problem"),
    [
        ({}, "spec", "nodes is missing"),
        ({"nodes": "1"}, "spec.nodes", "not of type integer"),
        ({"nodes": 0}, "spec.nodes", "minimum"),
        ({"nodes": 1, "node": 2}, "spec", "has no field node"),
        ({"nodes": 1, "port": 1.5}, "spec.port", "type"),
        ({"nodes": 1, "mode": "c"}, "spec.mode", "not one of a, b"),
        ({"nodes": 1, "labels": {"x": 1}}, "spec.labels.x", "type"),
        ({"nodes": None}, "spec.nodes", "type"),
        ({"nodes": 1, "env": [{"name": "a"}, {"name": "a"}]}, "spec.env", "2 times"),
        ({"nodes": 1, "env": [{"value": "a", "name": "b"}]}, "spec.env[b]", "no field value"),
    ],
)
def test_what_a_definition_refuses(
    spec: dict[str, Any], path: str, problem: str, tmp_path: Path
) -> None:
    assert problem in found(spec, tmp_path)[path]


@pytest.mark.parametrize(
    ("spec", "mend"),
    [
        ({}, "nodes: ..."),
        ({"nodes": "1"}, "nodes: 1"),
        ({"nodes": 1, "node": 2}, "nodes: ..."),
        ({"nodes": 1, "zzz": 2}, "zzz: !delete"),
        ({"nodes": 1, "mode": "c"}, "mode: a"),
        ({"nodes": 1, "labels": {"x": 1}}, 'x: "1"'),
    ],
)
def test_what_a_definition_would_take_is_proposed(
    spec: dict[str, Any], mend: str, tmp_path: Path
) -> None:
    (tmp_path / "crds.yaml").write_text(yaml.safe_dump({"kind": "List", "items": [DEFINITION]}))
    document = {"apiVersion": "example.com/v1", "kind": "Training", "spec": spec}
    [finding] = check_against(document, load_definitions(tmp_path))
    assert finding.mend == mend


def test_folder_without_definitions(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no CustomResourceDefinition") as caught:
        load_definitions(tmp_path)
    assert caught.value.where == "--crds"
    (tmp_path / "a.yaml").write_text("a: [")
    with pytest.raises(BadInput, match="is not YAML") as caught:
        load_definitions(tmp_path)
    assert caught.value.where.endswith("a.yaml")


def test_schemas_find_what_no_rule_knows() -> None:
    job: Any = copy.deepcopy(fill(shipped("ocr"), REQUEST, "job").document[0])
    job["spec"]["template"]["spec"]["containers"][0]["stdin"] = "yes"
    [(_, finding)] = validate([job]).findings
    assert format_path(finding.path) == "spec.template.spec.containers[paddle].stdin"
    assert finding.problem == "yes is not of type boolean"
    assert translate(finding.problem, Language.ZH) == "yes 不是 boolean 类型"
    assert finding.mend == "stdin: true"


def test_pods_of_other_kinds_are_held_against_kubernetes() -> None:
    job: Any = copy.deepcopy(fill(shipped("ocr"), REQUEST, "volcano").document[0])
    pod = job["spec"]["tasks"][0]["template"]["spec"]
    pod["containers"][0]["imagePullPolicy"] = 1
    paths = [format_path(one.path) for _, one in validate([job]).findings]
    assert "spec.tasks[0].template.spec.containers[paddle].imagePullPolicy" in paths


def test_without_the_schemas_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    [note] = validate(fill(shipped("ocr"), REQUEST, "job").document).notes
    assert "pip install 'paddle-estimate[validate]'" in note


def test_kind_without_definition_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(yaml.safe_dump(DEFINITION))
    document = fill(shipped("ocr"), REQUEST, "jobset").document
    [note] = validate(document, load_definitions(tmp_path)).notes
    assert "no definition of JobSet" in note


def test_findings_name_the_layer_and_line() -> None:
    manifest = fill(shipped("ocr-receipts"), TWO_NODES, "job")
    documents: Any = copy.deepcopy(list(manifest.document))
    documents[0]["spec"]["template"]["spec"]["volumes"][1]["persistentVolumeClaim"] = {
        "claimName": "A_b",
        "readOnly": True,
    }
    documents[1]["spec"]["clusterIP"] = 1
    verdict = located(validate(documents).findings, documents, manifest.origins)
    places = [one.where for _, one in verdict]
    assert "templates/project/ocr-receipts.yaml:28" in places
    assert "computed" in places
    with pytest.raises(BadInput, match="2 mistakes") as caught:
        require_valid(verdict, documents)
    assert "Service spec.clusterIP" in str(caught.value)
    assert "persistentVolumeClaim.claimName" in str(caught.value)


def test_saved_manifest_keeps_its_lines(tmp_path: Path) -> None:
    manifest = fill(shipped("ocr-receipts"), TWO_NODES, "job")
    path = tmp_path / "job.yaml"
    path.write_text(manifest.text)
    saved = read_manifest(path)
    assert saved.documents == manifest.document
    assert [one.path for one in saved.origins] == [one.path for one in manifest.origins]
    lines = manifest.text.splitlines()
    for origin in saved.origins:
        line = lines[int(origin.origin.rpartition(":")[2]) - 1]
        if isinstance(origin.value, str) and "\n" not in origin.value:
            assert origin.value in line.replace('\\"', '"')
