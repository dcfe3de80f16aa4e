"""What a schema does not see and an API server or a cluster refuses.

Each rule takes one document and tells what is wrong with it, and where. Pods are found by their
``containers``, so the rules hold for any kind of job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from estimator.manifest import names
from estimator.manifest.kindrules import KIND_RULES, SET_RULES
from estimator.manifest.podrules import POD_RULES
from estimator.manifest.refrules import REFERENCE_RULES
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Walk

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

_NESTED_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("seccompProfile", "type"): ("Unconfined", "RuntimeDefault", "Localhost"),
    ("emptyDir", "medium"): ("", "Memory", "HugePages", "HugePages-2Mi", "HugePages-1Gi"),
}
_FREE_TEXT = frozenset({"labels", "annotations", "matchLabels", "nodeSelector", "selector"})
_NOT_NEGATIVE = frozenset(
    {"backoffLimit", "ttlSecondsAfterFinished", "terminationGracePeriodSeconds"}
)
_POSITIVE = frozenset({"activeDeadlineSeconds", "completions", "parallelism"})


def check_documents(documents: Iterable[Document]) -> tuple[Finding, ...]:
    """Everything wrong with the documents, in the order of the rules; none: they would run."""
    return tuple(finding for _, finding in check_set(tuple(documents)))


def check_set(documents: Sequence[Document]) -> Iterator[tuple[int, Finding]]:
    """Everything wrong with the documents, each with the position of its document."""
    for position, document in enumerate(documents):
        walk = Walk.through(document)
        for rule in _RULES:
            yield from ((position, finding) for finding in rule(walk))
    for set_rule in SET_RULES:
        yield from set_rule(documents)


def _labels(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] not in (("labels",), ("annotations",), ("matchLabels",), ("nodeSelector",)):
            continue
        for key, value in content.items():
            if not names.is_label_key(key):
                yield Finding((*path, key), f"'{key}' is not a key for a label")
            if not isinstance(value, str):
                yield Finding((*path, key), f"{value} must be text: put it in quotes")
            elif path[-1] != "annotations" and not names.is_label_value(value):
                yield Finding((*path, key), f"'{value}' is not a value for a label")


def _choices(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] and path[-1] in _FREE_TEXT:
            continue
        for key, value in content.items():
            allowed = _CHOICES.get(key) or _NESTED_CHOICES.get((path[-1] if path else "", key))
            if allowed and value not in allowed:
                yield Finding((*path, key), f"'{value}' is not one of {', '.join(allowed)}")


def _numbers(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] and path[-1] in _FREE_TEXT:
            continue
        for key, value in content.items():
            if not isinstance(value, int) or isinstance(value, bool):
                continue
            if (key in _NOT_NEGATIVE and value < 0) or (key in _POSITIVE and value < 1):
                yield Finding((*path, key), f"{value} is too small")


def _job(walk: Walk) -> Iterator[Finding]:
    document = walk.document
    if document.get("apiVersion") != "batch/v1":
        return
    spec = document.get("spec")
    if not isinstance(spec, dict):
        yield Finding(("spec",), "is missing")
        return
    for path, pod in walk.pods:
        policy = pod.get("restartPolicy")
        if policy not in ("OnFailure", "Never"):
            yield Finding(
                (*path, "restartPolicy"), f"'{policy}': the pod of a Job takes OnFailure or Never"
            )
        if "podFailurePolicy" in spec and policy != "Never":
            yield Finding(("spec", "podFailurePolicy"), "needs restartPolicy Never")


def _service_of_subdomain(walk: Walk) -> Iterator[Finding]:
    for path, pod in walk.pods:
        subdomain = pod.get("subdomain")
        if subdomain is not None and not names.is_dns_label(str(subdomain)):
            yield Finding((*path, "subdomain"), f"'{subdomain}' is not a name")


def _ports(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        for key in ("port", "containerPort", "targetPort"):
            value = content.get(key)
            if isinstance(value, int) and not 1 <= value <= 65535:
                yield Finding((*path, key), f"{value} is not a port: 1 to 65535")


def _images(walk: Walk) -> Iterator[Finding]:
    for path, content in walk.maps:
        if path[-1:] and path[-1] in _FREE_TEXT:
            continue
        image = content.get("image")
        if isinstance(image, str):
            yield from (Finding((*path, "image"), problem) for problem in _image_problems(image))


def _image_problems(image: str) -> Iterator[str]:
    name, _, digest = image.partition("@")
    repository, _, tag = name.rpartition(":")
    if not repository or "/" in tag:
        repository, tag = name, ""
    if not image or any(character.isspace() for character in image):
        yield f"'{image}' is not an image"
    elif not repository.islower():
        yield f"'{repository}' is not an image: capital letters"
    elif not digest and tag in ("", "latest"):
        yield f"'{image}' changes under its name; pin it by a tag or digest"


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
