"""What a schema does not see and an API server or a cluster refuses.

Each rule takes one document and tells what is wrong with it, and where. Pods are found by their
``containers``, so the rules hold for any kind of job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from estimator.manifest import mends, names
from estimator.manifest.images import pinned
from estimator.manifest.kindrules import KIND_RULES, SET_RULES
from estimator.manifest.podrules import POD_RULES
from estimator.manifest.refrules import REFERENCE_RULES
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Path, Walk
from estimator.messages import sentence

_CHOICES: dict[str, tuple[str, ...]] = {
    "completionMode": ("NonIndexed", "Indexed"),
    "podReplacementPolicy": ("TerminatingOrFailed", "Failed"),
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
    "preemptionPolicy": ("PreemptLowerPriority", "Never"),
    "fsGroupChangePolicy": ("OnRootMismatch", "Always"),
    "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    "mountPropagation": ("None", "HostToContainer", "Bidirectional"),
    "protocol": ("TCP", "UDP", "SCTP"),
}
"""Values that the API server accepts (k8s.io/api, core/v1 and batch/v1)."""

_MENDED = {"restartPolicy": ("OnFailure", "Never")}
"""Proposed where not every accepted value is right for training, which ends."""

_NESTED_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("seccompProfile", "type"): ("Unconfined", "RuntimeDefault", "Localhost"),
    ("emptyDir", "medium"): ("", "Memory", "HugePages", "HugePages-2Mi", "HugePages-1Gi"),
}
_SPEC = "spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: paddle}]}}}"
_A_PORT = 8080
"""Proposed: above 1023, so that a program without root may open it."""

_FREE_TEXT = frozenset({"labels", "annotations", "matchLabels", "nodeSelector", "selector"})
_LEAST = {
    **dict.fromkeys(
        ("backoffLimit", "ttlSecondsAfterFinished", "terminationGracePeriodSeconds"), 0
    ),
    **dict.fromkeys(("activeDeadlineSeconds", "completions", "parallelism"), 1),
}


def check_documents(documents: Iterable[Document]) -> tuple[Finding, ...]:
    """Everything wrong with the documents, in the order of the rules; none: they would run."""
    return tuple(finding for _, finding in check_set(tuple(documents)))


def check_set(documents: Sequence[Document]) -> Iterator[tuple[int, Finding]]:
    """Everything wrong with the documents, each with the position of its document."""
    walks = tuple(map(Walk.through, documents))
    for position, walk in enumerate(walks):
        for rule in _RULES:
            yield from ((position, finding) for finding in rule(walk))
    for set_rule in SET_RULES:
        yield from set_rule(walks)


def _labels(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] not in (("labels",), ("annotations",), ("matchLabels",), ("nodeSelector",)):
            continue
        for key, value in content.items():
            here = (*path, key)
            if not names.is_label_key(key):
                said = sentence("'{key}' is not a key for a label", key=key)
                yield Finding(here, said, mend=mends.write(mends.label_key(key), value))
            if not isinstance(value, str):
                said = sentence("{value} must be text: put it in quotes", value=value)
                yield Finding(here, said, mend=mends.as_text(key, value))
            elif path[-1] != "annotations" and not names.is_label_value(value):
                said = sentence("'{value}' is not a value for a label", value=value)
                yield Finding(here, said, mend=mends.write(key, mends.label_text(value)))


def _choices(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] and path[-1] in _FREE_TEXT:
            continue
        for key, value in content.items():
            allowed = _CHOICES.get(key) or _NESTED_CHOICES.get((path[-1] if path else "", key))
            if allowed and value not in allowed:
                said = sentence("'{value}' is not one of {allowed}", value=value, allowed=allowed)
                yield Finding(
                    (*path, key), said, mend=mends.one_of(key, value, _MENDED.get(key, allowed))
                )


def _numbers(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] and path[-1] in _FREE_TEXT:
            continue
        for key, value in content.items():
            if not isinstance(value, int) or isinstance(value, bool):
                continue
            least = _LEAST.get(key)
            if least is not None and value < least:
                said = sentence("{value} is too small", value=value)
                yield Finding((*path, key), said, mend=mends.write(key, least))


def _job(walk: Walk) -> Iterator[Finding]:
    document = walk.document
    if document.get("apiVersion") != "batch/v1":
        return
    spec = document.get("spec")
    if not isinstance(spec, dict):
        yield Finding(("spec",), sentence("is missing"), mend=_SPEC)
        return
    for path, pod in walk.pods:
        policy = pod.get("restartPolicy")
        if policy not in ("OnFailure", "Never"):
            said = sentence("'{policy}': the pod of a Job takes OnFailure or Never", policy=policy)
            wanted = "Never" if "podFailurePolicy" in spec else "OnFailure"
            yield Finding((*path, "restartPolicy"), said, mend=f"restartPolicy: {wanted}")
        if "podFailurePolicy" in spec and policy != "Never":
            said = sentence("needs restartPolicy Never")
            yield Finding(("spec", "podFailurePolicy"), said, mend="restartPolicy: Never")


def _service_of_subdomain(walk: Walk) -> Iterator[Finding]:
    for path, pod in walk.pods:
        subdomain = pod.get("subdomain")
        if subdomain is not None and not names.is_dns_label(str(subdomain)):
            said = sentence("'{name}' is not a name", name=subdomain)
            mend = mends.write("subdomain", names.job_name(str(subdomain)))
            yield Finding((*path, "subdomain"), said, mend=mend)


def _ports(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        for key in ("port", "containerPort", "targetPort"):
            value = content.get(key)
            if isinstance(value, int) and not 1 <= value <= 65535:
                said = sentence("{value} is not a port: 1 to 65535", value=value)
                yield Finding((*path, key), said, mend=mends.write(key, _A_PORT))


def _images(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] and path[-1] in _FREE_TEXT:
            continue
        image = content.get("image")
        if isinstance(image, str):
            yield from _image_findings((*path, "image"), image)


def _image_findings(path: Path, image: str) -> Iterator[Finding]:
    name, at, digest = image.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not repository or "/" in tag:
        repository, colon, tag = name, "", ""
    if not image or any(character.isspace() for character in image):
        said = sentence("'{image}' is not an image", image=image)
        yield Finding(path, said, mend=f"image: {pinned(''.join(image.split()))}")
    elif not repository.islower():
        said = sentence("'{repository}' is not an image: capital letters", repository=repository)
        yield Finding(path, said, mend=f"image: {repository.lower()}{colon}{tag}{at}{digest}")
    elif not digest and tag in ("", "latest"):
        said = sentence("'{image}' changes under its name; pin it by a tag or digest", image=image)
        yield Finding(path, said, mend=f"image: {pinned(repository)}")


def _pod_rules(walk: Walk) -> Iterator[Finding]:
    for path, pod in walk.pods:
        for rule in (*POD_RULES, *REFERENCE_RULES):
            yield from rule(path, pod)


_RULES = (
    *KIND_RULES,
    _labels,
    _choices,
    _numbers,
    _job,
    _service_of_subdomain,
    _ports,
    _images,
    _pod_rules,
)
