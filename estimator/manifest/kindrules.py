"""What the controllers of each kind refuse, and what only shows when documents stand together."""

# ruff: noqa: D103 - each rule is named by what it looks at; the lists at the end name them

from __future__ import annotations

from collections.abc import Iterator, Sequence

from estimator.manifest import mends, names
from estimator.manifest.names import job_name
from estimator.manifest.nearest_name import did_you_mean
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Path, Walk, items, map_at
from estimator.messages import message

_LAST_POD = {
    "batch/v1": "-{last}",
    "jobset.x-k8s.io/v1alpha2": "-node-0-{last}",
    "batch.volcano.sh/v1alpha1": "-node-{last}",
    "kubeflow.org/v1": "-worker-{last}",
    "batch.paddlepaddle.org/v1": "-worker-{last}",
    "trainer.kubeflow.org/v1alpha1": "-node-0-{last}",
}
"""What each kind puts behind the job's name to name the host of its last pod."""

_LETTER_FIRST = ("Service", "PaddleJob", "TrainJob")
"""Kinds whose name is a DNS-1035 label, because Services are named after them."""

_ACTIONS = (
    *("AbortJob", "RestartJob", "RestartTask", "RestartPod", "TerminateJob"),
    *("CompleteJob", "ResumeJob", "SyncJob", "EnqueueJob", "SyncQueue", "OpenQueue", "CloseQueue"),
)
"""volcano.sh/apis, bus/v1alpha1/actions.go."""

_ANNOTATIONS_BYTES = 256 * 1024
"""k8s.io/apimachinery pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB."""


def metadata(walk: Walk) -> Iterator[Finding]:
    document = walk.document
    if "kind" not in document:
        return
    about = map_at(document, "metadata")
    name, path = about.get("name"), ("metadata", "name")
    letter_first = document.get("kind") in _LETTER_FIRST
    valid = names.is_dns_1035_label if letter_first else names.is_dns_subdomain
    mend: str = message("mend.name", name=job_name(str(name or "")))
    if not isinstance(name, str) or not valid(name):
        rule = message("rule.letter_first" if letter_first else "rule.dns_name")
        yield Finding(path, message("rule.not_a_name", name=name, rule=rule), mend=mend)
    elif ending := _LAST_POD.get(str(document.get("apiVersion"))):
        host = name + ending.format(last=max(_pod_count(walk) - 1, 0))
        if not names.is_dns_label(host):
            yield Finding(path, message("rule.long_name", name=name, host=host), mend=mend)
    namespace = about.get("namespace")
    if namespace is not None and not names.is_dns_label(str(namespace)):
        mend = mends.write("namespace", job_name(str(namespace)))
        yield Finding(("metadata", "namespace"), message("rule.name", name=namespace), mend=mend)
    sizes = {key: len(key) + len(str(one)) for key, one in map_at(about, "annotations").items()}
    if (size := sum(sizes.values())) > _ANNOTATIONS_BYTES:
        longest = max(sizes, key=lambda one: sizes[one])
        said = message("rule.annotations", size=size)
        yield Finding(("metadata", "annotations"), said, mend=mends.delete([longest]))


def indexed(walk: Walk) -> Iterator[Finding]:
    document = walk.document
    filled_in = document.get("kind") == "TrainingRuntime"
    for path, content in walk.maps:
        is_indexed = content.get("completionMode") == "Indexed"
        if is_indexed and "completions" not in content and not filled_in:
            where = (*path, "completions")
            mend = mends.write("completions", _number(content.get("parallelism"), 1))
            yield Finding(where, message("rule.indexed"), mend=mend)
        if "backoffLimitPerIndex" in content and content.get("completionMode") != "Indexed":
            where, mend = (*path, "backoffLimitPerIndex"), "completionMode: Indexed"
            yield Finding(where, message("rule.per_index"), mend=mend)


def volcano(walk: Walk) -> Iterator[Finding]:
    document = walk.document
    if document.get("apiVersion") != "batch.volcano.sh/v1alpha1":
        return
    spec = map_at(document, "spec")
    tasks = list(items(("spec",), spec, "tasks"))
    replicas = sum(_number(task.get("replicas"), 1) for _, task in tasks)
    least = spec.get("minAvailable")
    if isinstance(least, int) and least > replicas:
        said = message("rule.min_available", least=least, replicas=replicas)
        mend = mends.write("minAvailable", replicas)
        yield Finding(("spec", "minAvailable"), said, mend=mend)
    for path, content in walk.maps:
        action = content.get("action")
        if path[-2:-1] == ("policies",) and action is not None and action not in _ACTIONS:
            said = message("finding.not_one_of", value=action, allowed=_ACTIONS[:7])
            yield Finding((*path, "action"), said, mend=mends.one_of("action", action, _ACTIONS))


def paddlejob(walk: Walk) -> Iterator[Finding]:
    document = walk.document
    if document.get("apiVersion") != "kubeflow.org/v1":
        return
    replicas = map_at(document, "spec", "paddleReplicaSpecs")
    for kind, spec in replicas.items():
        path: Path = ("spec", "paddleReplicaSpecs", kind)
        if kind not in ("Master", "Worker"):
            mend = f"{did_you_mean(kind, ('Worker', 'Master')) or 'Worker'}: ..."
            yield Finding(path, message("rule.replica_type", kind=kind), mend=mend)
        if not isinstance(spec, dict):
            continue
        policy = spec.get("restartPolicy", "Never")
        known = ("Always", "OnFailure", "Never", "ExitCode")
        if policy not in known:
            said = message("finding.not_one_of", value=policy, allowed=known)
            mend = mends.one_of("restartPolicy", policy, ("Never", *known))
            yield Finding((*path, "restartPolicy"), said, mend=mend)
        pod = map_at(spec, "template", "spec")
        found = [one.get("name") for _, one in items((), pod, "containers")]
        if "paddle" not in found:
            where = (*path, "template", "spec", "containers")
            yield Finding(where, message("rule.paddle_container"), mend="name: paddle")


def paddleflow(walk: Walk) -> Iterator[Finding]:
    document = walk.document
    if document.get("apiVersion") != "batch.paddlepaddle.org/v1":
        return
    intranet = map_at(document, "spec").get("intranet", "PodIP")
    if intranet == "Service":
        yield Finding(
            ("spec", "intranet"), message("yaml.paddleflow_intranet"), mend="intranet: PodIP"
        )
    elif intranet not in ("PodIP", "HostNetwork"):
        said = message("finding.not_one_of", value=intranet, allowed=("PodIP", "HostNetwork"))
        yield Finding(("spec", "intranet"), said, mend="intranet: PodIP")
    for path, pod in walk.pods:
        if "resourceClaims" in pod:
            said = message("rule.old_pod", kind="PaddleFlow PaddleJob")
            yield Finding((*path, "resourceClaims"), said, mend="--kind job")


def endless(walk: Walk) -> Iterator[Finding]:
    """Training that ended is started again for ever; a Job has a rule of its own."""
    document = walk.document
    if document.get("apiVersion") in (None, "batch/v1", "v1"):
        return
    for path, pod in walk.pods:
        if pod.get("restartPolicy") == "Always":
            said = message("rule.endless")
            yield Finding((*path, "restartPolicy"), said, mend="restartPolicy: OnFailure")


def selectors(walks: Sequence[Walk]) -> Iterator[tuple[int, Finding]]:
    """A Service whose selector no pod of the manifest has; with the position of its document."""
    if not any(one.document.get("kind") == "Service" for one in walks):
        return
    found = [_labels_of_pod(one.document, path) for one in walks for path, _ in one.pods]
    for position, document in enumerate(one.document for one in walks):
        wanted = map_at(document, "spec", "selector")
        if document.get("kind") != "Service" or not found:
            continue
        if not any(wanted.items() <= labels.items() for labels in found):
            said = message("rule.selector")
            yield position, Finding(("spec", "selector"), said, mend="metadata.labels")


def subdomains(walks: Sequence[Walk]) -> Iterator[tuple[int, Finding]]:
    """A pod of a plain Job that takes its name from a Service which is not there."""
    services = {
        map_at(one.document, "metadata").get("name")
        for one in walks
        if one.document.get("kind") == "Service"
    }
    for position, walk in enumerate(walks):
        if walk.document.get("apiVersion") != "batch/v1":
            continue
        for path, pod in walk.pods:
            subdomain = pod.get("subdomain")
            if subdomain is not None and subdomain not in services:
                said = message("rule.no_service", name=subdomain)
                where = (*path, "subdomain")
                yield position, Finding(where, said, mend="subdomain: !delete")


def _labels_of_pod(document: Document, path: Path) -> dict[str, object]:
    """The labels beside a pod's ``spec``."""
    found: object = document
    for step in path[:-1]:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list):
            found = next(
                (one for i, one in enumerate(found) if step in (str(i), str(one.get("name")))),
                None,
            )
    return dict(map_at(found, "metadata", "labels")) if isinstance(found, dict) else {}


def _pod_count(walk: Walk) -> int:
    counts = [1]
    for _, content in walk.maps:
        for key in ("completions", "replicas", "numNodes"):
            value = content.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                counts.append(value)
    return max(counts)


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


KIND_RULES = (metadata, indexed, volcano, paddlejob, paddleflow, endless)
SET_RULES = (selectors, subdomains)
