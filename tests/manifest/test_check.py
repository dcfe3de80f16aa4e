"""Rules that no schema knows: one mistake each, made in a sound Job."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from estimator.manifest.check import check_documents, check_set
from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.quantity import parse_quantity
from estimator.manifest.tree import format_path
from estimator.manifest.types import Finding
from estimator.messages import Language, translate
from tests.manifest.builders import REQUEST, TWO_NODES, shipped

Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]
"""Of the Job, its pod and its container."""

SOUND: Any = fill(shipped("ocr-receipts"), REQUEST, "job").document[0]
POD = "spec.template.spec"
BOX = f"{POD}.containers[paddle]"

MISTAKES: dict[str, tuple[Change, str, str]] = {
    "capital in the name": (
        lambda job, pod, box: job["metadata"].update(name="Bad_Name"), "metadata.name", "a name"),
    "name too long for pods": (
        lambda job, pod, box: job["metadata"].update(name="a" * 62), "metadata.name", "too long"),
    "no name": (lambda job, pod, box: job["metadata"].pop("name"), "metadata.name", "None"),
    "label value": (
        lambda job, pod, box: job["metadata"]["labels"].update(team="a b"),
        "metadata.labels.team", "value for a label"),
    "label number": (
        lambda job, pod, box: job["metadata"]["labels"].update(team=1),
        "metadata.labels.team", "quotes"),
    "annotation key": (
        lambda job, pod, box: job["metadata"]["annotations"].update({"a b": "1"}),
        'metadata.annotations["a b"]', "key"),
    "node selector": (
        lambda job, pod, box: pod["nodeSelector"].update(pool="a/b"),
        f"{POD}.nodeSelector.pool", "value"),
    "restart policy": (
        lambda job, pod, box: pod.update(restartPolicy="Sometimes"),
        f"{POD}.restartPolicy", "Sometimes"),
    "restart always": (
        lambda job, pod, box: pod.update(restartPolicy="Always"),
        f"{POD}.restartPolicy", "OnFailure or Never"),
    "no restart policy": (
        lambda job, pod, box: pod.pop("restartPolicy"), f"{POD}.restartPolicy", "OnFailure"),
    "failure policy": (
        lambda job, pod, box: job["spec"].update(podFailurePolicy={"rules": []}),
        "spec.podFailurePolicy", "Never"),
    "indexed without completions": (
        lambda job, pod, box: job["spec"].update(completionMode="Indexed"),
        "spec.completions", "missing"),
    "negative backoff": (
        lambda job, pod, box: job["spec"].update(backoffLimit=-1), "spec.backoffLimit", "small"),
    "no deadline": (
        lambda job, pod, box: job["spec"].update(activeDeadlineSeconds=0),
        "spec.activeDeadlineSeconds", "small"),
    "pull policy": (
        lambda job, pod, box: box.update(imagePullPolicy="Once"), f"{BOX}.imagePullPolicy", "one"),
    "seccomp": (
        lambda job, pod, box: pod["securityContext"].update(seccompProfile={"type": "Default"}),
        f"{POD}.securityContext.seccompProfile.type", "one of"),
    "medium": (
        lambda job, pod, box: pod["volumes"][2]["emptyDir"].update(medium="RAM"),
        f"{POD}.volumes[shm].emptyDir.medium", "one of"),
    "latest image": (
        lambda job, pod, box: box.update(image="paddle:latest"), f"{BOX}.image", "pin"),
    "image without tag": (
        lambda job, pod, box: box.update(image="host:5000/paddle"), f"{BOX}.image", "pin"),
    "image with capitals": (
        lambda job, pod, box: box.update(image="Paddle:1"), f"{BOX}.image", "capital"),
    "half a GPU": (
        lambda job, pod, box: [
            box["resources"][part].update({"nvidia.com/gpu": "500m"})
            for part in ("requests", "limits")],
        f'{BOX}.resources.requests["nvidia.com/gpu"]', "whole"),
    "GPUs requested and limited differ": (
        lambda job, pod, box: box["resources"]["limits"].update({"nvidia.com/gpu": 2}),
        f'{BOX}.resources.requests["nvidia.com/gpu"]', "equal"),
    "GPUs without limit": (
        lambda job, pod, box: box["resources"]["limits"].pop("nvidia.com/gpu"),
        f'{BOX}.resources.requests["nvidia.com/gpu"]', "limit"),
    "memory above its limit": (
        lambda job, pod, box: box["resources"]["requests"].update(memory="31Gi"),
        f"{BOX}.resources.requests.memory", "more than"),
    "quantity": (
        lambda job, pod, box: box["resources"]["limits"].update(memory="30GB"),
        f"{BOX}.resources.limits.memory", "quantity"),
    "negative quantity": (
        lambda job, pod, box: box["resources"]["requests"].update(cpu=-1),
        f"{BOX}.resources.requests.cpu", "negative"),
    "size of a volume": (
        lambda job, pod, box: pod["volumes"][2]["emptyDir"].update(sizeLimit="2 Gi"),
        f"{POD}.volumes[shm].emptyDir.sizeLimit", "quantity"),
    "shared memory above the limit": (
        lambda job, pod, box: pod["volumes"][2]["emptyDir"].update(sizeLimit="31Gi"),
        f"{POD}.volumes[shm].emptyDir.sizeLimit", "memory limit"),
    "mount without volume": (
        lambda job, pod, box: pod["volumes"].pop(),
        f"{BOX}.volumeMounts[/var/log/paddle].name", "no volume"),
    "relative mount": (
        lambda job, pod, box: box["volumeMounts"].append({"name": "tmp", "mountPath": "x"}),
        f"{BOX}.volumeMounts[x].mountPath", "absolute"),
    "mount twice": (
        lambda job, pod, box: box["volumeMounts"].append({"name": "tmp", "mountPath": "/tmp"}),
        f"{BOX}.volumeMounts[/tmp]", "2 times"),
    "volume without source": (
        lambda job, pod, box: pod["volumes"].append({"name": "x"}), f"{POD}.volumes[x]", "none"),
    "volume with two sources": (
        lambda job, pod, box: pod["volumes"][2].update(hostPath={"path": "/a"}),
        f"{POD}.volumes[shm].hostPath", "emptyDir and hostPath"),
    "name of a volume": (
        lambda job, pod, box: pod["volumes"].append({"name": "A", "emptyDir": {}}),
        f"{POD}.volumes[A].name", "name"),
    "variable": (
        lambda job, pod, box: box["env"].append({"name": "1 A", "value": "x"}),
        f"{BOX}.env[1 A].name", "variable"),
    "variable twice": (
        lambda job, pod, box: box["env"].append({"name": "HOME", "value": "x"}),
        f"{BOX}.env[HOME]", "2 times"),
    "variable with two values": (
        lambda job, pod, box: box["env"][0].update(valueFrom={}), f"{BOX}.env[HOME]", "delete"),
    "container name": (
        lambda job, pod, box: pod["containers"].append({"name": "X"}),
        f"{POD}.containers[X].name", "container"),
    "no container": (lambda job, pod, box: pod["containers"].clear(), f"{POD}.containers", "needs"),
    "root": (
        lambda job, pod, box: box["securityContext"].update(runAsUser=0),
        f"{BOX}.securityContext.runAsUser", "root"),
    "privileged": (
        lambda job, pod, box: box["securityContext"].update(privileged=True),
        f"{BOX}.securityContext.privileged", "allowPrivilegeEscalation"),
    "toleration": (
        lambda job, pod, box: pod["tolerations"][0].update(effect="Never"),
        f"{POD}.tolerations[nvidia.com/gpu:Never].effect", "effect"),
    "toleration with a value": (
        lambda job, pod, box: pod["tolerations"][0].update(value="x"),
        f"{POD}.tolerations[nvidia.com/gpu:NoSchedule].value", "empty"),
    "resource without domain": (
        lambda job, pod, box: box["resources"]["limits"].update(gpu=1),
        f"{BOX}.resources.limits.gpu", "domain"),
    "claim that is not there": (
        lambda job, pod, box: box["resources"].update(claims=[{"name": "gpu"}]),
        f"{BOX}.resources.claims[gpu].name", "no claim"),
    "field that a variable cannot take": (
        lambda job, pod, box: box["env"].append(
            {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}),
        f"{BOX}.env[A].valueFrom.fieldRef.fieldPath", "status.phase"),
    "variable with two sources": (
        lambda job, pod, box: box["env"].append(
            {"name": "A", "valueFrom": {"fieldRef": {}, "secretKeyRef": {}}}),
        f"{BOX}.env[A].valueFrom", "one of"),
    "name of a claim": (
        lambda job, pod, box: pod["volumes"][0]["persistentVolumeClaim"].update(claimName="A_b"),
        f"{POD}.volumes[workspace].persistentVolumeClaim.claimName", "A_b"),
    "service account": (
        lambda job, pod, box: pod.update(serviceAccountName="A b"),
        f"{POD}.serviceAccountName", "not a name"),
    "name of a port": (
        lambda job, pod, box: box.update(
            ports=[{"containerPort": 1, "name": "a-name-that-is-long"}]),
        f"{BOX}.ports[1:TCP].name", "15"),
    "restart of an init container": (
        lambda job, pod, box: pod.update(initContainers=[{**box, "restartPolicy": "Never"}]),
        f"{POD}.initContainers[paddle].restartPolicy", "Always"),
    "probe of an init container": (
        lambda job, pod, box: pod.update(initContainers=[{**box, "livenessProbe": {}}]),
        f"{POD}.initContainers[paddle].livenessProbe", "no probes"),
    "path out of a volume": (
        lambda job, pod, box: box["volumeMounts"][0].update(subPath="a/../../b"),
        f"{BOX}.volumeMounts[/workspace].subPath", "within"),
    "user number": (
        lambda job, pod, box: pod["securityContext"].update(fsGroup=-1),
        f"{POD}.securityContext.fsGroup", "2147483647"),
    "namespace": (
        lambda job, pod, box: job["metadata"].update(namespace="a.b"),
        "metadata.namespace", "not a name"),
    "annotations beyond their size": (
        lambda job, pod, box: job["metadata"]["annotations"].update(a="x" * 300_000),
        "metadata.annotations", "262144"),
    "limit per index without index": (
        lambda job, pod, box: job["spec"].update(backoffLimitPerIndex=1),
        "spec.backoffLimitPerIndex", "Indexed"),
    "names by a Service that is not there": (
        lambda job, pod, box: pod.update(subdomain="a"), f"{POD}.subdomain", "no Service"),
    "port": (
        lambda job, pod, box: box.update(ports=[{"containerPort": 0}]),
        f"{BOX}.ports[0:TCP].containerPort", "65535"),
}  # fmt: skip


def test_sound_documents_have_no_findings() -> None:
    assert check_documents([SOUND]) == ()
    assert check_documents(fill(shipped("llm"), TWO_NODES, "job").document) == ()


KIND_MISTAKES: dict[str, tuple[ManifestKind, Callable[[Any], object], str, str]] = {
    "PaddleJob with a digit first": (
        ManifestKind.PADDLEJOB, lambda one: one["metadata"].update(name="3d"),
        "metadata.name", "letter first"),
    "PaddleJob's container": (
        ManifestKind.PADDLEJOB,
        lambda one: one["spec"]["paddleReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][
            0].update(name="main"),
        "spec.paddleReplicaSpecs.Worker.template.spec.containers", "named 'paddle'"),
    "PaddleJob's replicas": (
        ManifestKind.PADDLEJOB,
        lambda one: one["spec"]["paddleReplicaSpecs"].update(Chief={}),
        "spec.paddleReplicaSpecs.Chief", "not Master or Worker"),
    "PaddleJob's restarts": (
        ManifestKind.PADDLEJOB,
        lambda one: one["spec"]["paddleReplicaSpecs"]["Worker"].update(restartPolicy="Once"),
        "spec.paddleReplicaSpecs.Worker.restartPolicy", "one of"),
    "JobSet's long name": (
        ManifestKind.JOBSET, lambda one: one["metadata"].update(name="a" * 55),
        "metadata.name", "too long"),
    "Volcano's action": (
        ManifestKind.VOLCANO, lambda one: one["spec"]["policies"][0].update(action="Restart"),
        "spec.policies[0].action", "RestartJob"),
    "Volcano's gang": (
        ManifestKind.VOLCANO, lambda one: one["spec"].update(minAvailable=9),
        "spec.minAvailable", "the tasks have 2"),
    "Volcano's endless training": (
        ManifestKind.VOLCANO,
        lambda one: one["spec"]["tasks"][0]["template"]["spec"].update(restartPolicy="Always"),
        "spec.tasks[0].template.spec.restartPolicy", "again"),
    "PaddleFlow by Service": (
        ManifestKind.PADDLEFLOW, lambda one: one["spec"].update(intranet="Service"),
        "spec.intranet", "for ever"),
    "PaddleFlow's network": (
        ManifestKind.PADDLEFLOW, lambda one: one["spec"].update(intranet="Pods"),
        "spec.intranet", "one of"),
}  # fmt: skip


def require_told(finding: Finding) -> None:
    """In Chinese too, and with what to write."""
    assert re.search("[\u4e00-\u9fff]", translate(finding.problem, Language.ZH))
    assert finding.mend


@pytest.mark.parametrize("mistake", KIND_MISTAKES)
def test_mistake_of_a_kind_is_found_at_its_place(mistake: str) -> None:
    kind, change, path, said = KIND_MISTAKES[mistake]
    document = copy.deepcopy(fill(shipped("ocr"), TWO_NODES, kind).document[0])
    change(document)
    found = {format_path(one.path): one for one in check_documents([document])}
    assert said in found[path].problem
    require_told(found[path])


def test_selector_that_no_pod_has() -> None:
    job, service = copy.deepcopy(fill(shipped("llm"), TWO_NODES, "job").document)
    service["spec"]["selector"] = {"a": "b"}  # type: ignore[index,call-overload]
    found = dict(check_set([job, service]))
    assert found[1].path == ("spec", "selector")
    assert found[1].mend == "metadata.labels"


MENDS: dict[str, str] = {
    "label value": "team: a-b",
    "label number": 'team: "1"',
    "annotation key": 'a-b: "1"',
    "restart policy": "restartPolicy: OnFailure",
    "failure policy": "restartPolicy: Never",
    "indexed without completions": "completions: 1",
    "no deadline": "activeDeadlineSeconds: 1",
    "latest image": "image: paddle:TAG",
    "image without tag": "image: host:5000/paddle:TAG",
    "image with capitals": "image: paddle:1",
    "half a GPU": "nvidia.com/gpu: 1",
    "GPUs requested and limited differ": "nvidia.com/gpu: 2",
    "GPUs without limit": "limits: {nvidia.com/gpu: 1}",
    "memory above its limit": "memory: 30Gi",
    "shared memory above the limit": "sizeLimit: 30Gi",
    "mount without volume": "volumes: [{name: log, emptyDir: {}}]",
    "relative mount": "mountPath: /x",
    "volume without source": "emptyDir: {}",
    "volume with two sources": "emptyDir: !delete",
    "name of a volume": "name: a",
}


@pytest.mark.parametrize("mistake", MENDS)
def test_the_mend_says_what_to_write(mistake: str) -> None:
    change, path, _ = MISTAKES[mistake]
    job = copy.deepcopy(SOUND)
    pod = job["spec"]["template"]["spec"]
    change(job, pod, pod["containers"][0])
    found = {format_path(one.path): one.mend for one in check_documents([job])}
    assert found[path] == MENDS[mistake]


def test_names_are_mended() -> None:
    job = copy.deepcopy(SOUND)
    job["metadata"]["name"] = "My_Model.v2"
    [finding] = check_documents([job])
    assert finding.mend == "metadata.name=my-model-v2"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_found_at_its_place(mistake: str) -> None:
    change, path, said = MISTAKES[mistake]
    job = copy.deepcopy(SOUND)
    pod = job["spec"]["template"]["spec"]
    change(job, pod, pod["containers"][0])
    found = {format_path(one.path): one for one in check_documents([job])}
    assert path in found
    assert said in found[path].problem
    require_told(found[path])


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("16Gi", 16 * 2**30),
        ("1.5Ki", 1536),
        ("500m", "0.5"),
        ("2", 2),
        (3, 3),
        ("1e3", 1000),
        ("12E", 12 * 10**18),
        ("1Ei", 2**60),
        ("100M", 10**8),
        (".5", "0.5"),
        ("-1", -1),
    ],
)
def test_quantity(text: object, amount: object) -> None:
    assert parse_quantity(text) == Decimal(str(amount))


@pytest.mark.parametrize("text", ["", "16GB", "16 Gi", "Gi", "1KI", "1.2.3", True, None, "1e", "٣"])
def test_no_quantity(text: object) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)
