"""Fields of a layer against Kubernetes' own, and our tables against the OpenAPI document."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.manifest.fields import is_field
from estimator.manifest.merge_keys import merge_keys
from estimator.manifest.tree import parse_path
from tests.manifest import kubernetes_fields
from tests.manifest.builders import MINIMAL, library

CONTAINERS = "pod:\n  containers:\n    - name: paddle\n"
UNKNOWN = {
    "nearest in the pod": ("pod:\n  restartPolcy: Never\n", 2, "restartPolicy"),
    "whatever the case": ("pod:\n  nodeselector: {a: b}\n", 2, "nodeSelector"),
    "field of another section": ("pod:\n  backoffLimit: 3\n", 2, "job.backoffLimit"),
    "in the job": ("job:\n  backofLimit: 1\n", 2, "backoffLimit"),
    "in the metadata": ("metadata:\n  label: {a: b}\n", 2, "labels"),
    "in a container": (f"{CONTAINERS}      envs: []\n", 4, "env"),
    "in an item's item": (f"{CONTAINERS}      env: [{{name: A, val: b}}]\n", 4, "value"),
    "deleted": ("pod:\n  restartPolcy: !delete\n", 2, "restartPolicy"),
}
WRONG = {
    "text for a number": ("job:\n  backoffLimit: two\n", 2, "takes integer, not two"),
    "number for text": (f"{CONTAINERS}      env: [{{name: A, value: 1}}]\n", 4, "takes string"),
    "truth for a number": ("job:\n  backoffLimit: true\n", 2, "takes integer"),
    "fraction for a number": ("job:\n  backoffLimit: 1.5\n", 2, "takes integer"),
    "text for truth": ('pod:\n  hostNetwork: "true"\n', 2, "takes boolean"),
    "list for a map": ("pod:\n  nodeSelector: [a]\n", 2, "takes a map, not a list"),
    "map for a list": ("pod:\n  containers: {name: paddle}\n", 2, "takes a list, not a map"),
    "value for a map": ("pod:\n  securityContext: x\n", 2, "takes a map, not a single value"),
    "list for text": ("pod:\n  restartPolicy: [Never]\n", 2, "takes a single value"),
    "label that is a number": ("metadata:\n  labels: {a: 1}\n", 2, "takes string"),
}


def refused(folder: Path, layer: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        library(folder, base__low=MINIMAL, project__up=f"{layer}extends: low\n")
    return caught.value


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown_field_is_named_with_the_nearest(tmp_path: Path, case: str) -> None:
    layer, line, near = UNKNOWN[case]
    error = refused(tmp_path, layer)
    assert error.where == f"{tmp_path}/project/up.yaml:{line}"
    assert error.hint == near
    assert "is not a field of Kubernetes'" in error.what


@pytest.mark.parametrize("case", WRONG)
def test_value_of_another_kind_is_refused(tmp_path: Path, case: str) -> None:
    layer, line, said = WRONG[case]
    error = refused(tmp_path, layer)
    assert error.where == f"{tmp_path}/project/up.yaml:{line}"
    assert said in error.what


def test_lock_of_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "locked:\n  - pod.restartPolcy\n")
    assert error.what == "there is nothing at pod.restartPolcy"


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("pod.containers[paddle].securityContext.capabilities.drop", True),
        ('pod.nodeSelector["a/b"]', True),
        ("pod.containers[paddle].env[A].value", True),
        ('pod.containers[paddle].resources.limits["nvidia.com/gpu"]', True),
        ("pod.containers[paddle].env[A].valu", False),
        ("pod.restartPolicy.x", False),
        ("pods", False),
    ],
)
def test_which_paths_there_are(path: str, known: bool) -> None:
    assert is_field(parse_path(path, where="")) is known


def test_the_shipped_table_is_the_document_of_its_version() -> None:
    known = kubernetes_fields.definitions()
    if known is None:
        pytest.skip(f"kubernetes-validate does not hold {kubernetes_fields.VERSION}")
    made = kubernetes_fields.written(kubernetes_fields.compact(known))
    assert kubernetes_fields.SHIPPED.read_text() == made


def test_lists_merge_by_the_keys_of_kubernetes() -> None:
    """Where the document names a merge key of a list in a pod, ours is the same.

    The document has the patch merge key ``containerPort`` for ports but names the item by
    protocol too; so do we.
    """
    known = kubernetes_fields.definitions()
    if known is None:
        pytest.skip(f"kubernetes-validate does not hold {kubernetes_fields.VERSION}")
    differing = {
        (name.rpartition(".")[2], field): (said.get("x-kubernetes-list-map-keys"), ours)
        for name, one in kubernetes_fields.reachable(known).items()
        for field, said in one.get("properties", {}).items()
        if (said.get("x-kubernetes-list-map-keys") or said.get("x-kubernetes-patch-merge-key"))
        and (ours := list(merge_keys(("pod", field))))
        != (said.get("x-kubernetes-list-map-keys") or [said.get("x-kubernetes-patch-merge-key")])
    }
    assert differing == {}
