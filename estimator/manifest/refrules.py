"""What a pod says of other objects: claims, secrets, accounts, fields of its own."""

# ruff: noqa: D103 - each rule is named by what it looks at; REFERENCE_RULES lists them

from __future__ import annotations

import re
from collections.abc import Iterator

from estimator.manifest import mends, names
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Path, containers, items, map_at
from estimator.messages import message

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_FIELD = re.compile(
    r"metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['[^']+'\]"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?)"
)
"""What ``fieldRef`` may name (k8s.io/kubernetes pkg/apis/core/validation)."""

_A_FIELD = "fieldPath: metadata.name"

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_NAMED_BY_POD = ("serviceAccountName", "priorityClassName", "runtimeClassName", "schedulerName")
_NAMED_BY_VOLUME = {
    "persistentVolumeClaim": "claimName",
    "secret": "secretName",
    "configMap": "name",
}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def resource_names(path: Path, pod: Document) -> Iterator[Finding]:
    for here, container in containers(path, pod):
        for part in ("requests", "limits"):
            for name in map_at(container, "resources", part):
                where = (*here, "resources", part, name)
                if not names.is_label_key(name):
                    mend = mends.label_key(name)
                    yield Finding(where, message("rule.resource_name", name=name), mend=mend)
                elif "/" not in name and name not in _STANDARD and "hugepages-" not in name:
                    mend = message("mend.resource_domain")
                    yield Finding(where, message("rule.resource_domain", name=name), mend=mend)


def claims(path: Path, pod: Document) -> Iterator[Finding]:
    known = {one.get("name") for _, one in items(path, pod, "resourceClaims")}
    for here, container in containers(path, pod):
        resources = map_at(container, "resources")
        for where, claim in items((*here, "resources"), resources, "claims"):
            if claim.get("name") not in known:
                yield Finding(
                    (*where, "name"),
                    message("rule.no_claim", name=claim.get("name")),
                    mend="pod.resourceClaims",
                )


def environment_sources(path: Path, pod: Document) -> Iterator[Finding]:
    for here, container in containers(path, pod):
        for where, variable in items(here, container, "env"):
            if "valueFrom" not in variable:
                continue
            source = map_at(variable, "valueFrom")
            if len([one for one in source if one in _SOURCES]) != 1:
                said = message("rule.one_source", known=", ".join(_SOURCES))
                yield Finding((*where, "valueFrom"), said, mend=f"fieldRef: {{{_A_FIELD}}}")
            field = map_at(source, "fieldRef").get("fieldPath")
            if field is not None and not _FIELD.fullmatch(str(field)):
                yield Finding(
                    (*where, "valueFrom", "fieldRef", "fieldPath"),
                    message("rule.field_path", field=field),
                    mend=_A_FIELD,
                )


def other_objects(path: Path, pod: Document) -> Iterator[Finding]:
    for key in _NAMED_BY_POD:
        yield from _named((*path, key), pod.get(key))
    for here, one in items(path, pod, "imagePullSecrets"):
        yield from _named((*here, "name"), one.get("name"))
    for here, volume in items(path, pod, "volumes"):
        for kind, field in _NAMED_BY_VOLUME.items():
            if kind in volume:
                yield from _named((*here, kind, field), map_at(volume, kind).get(field))
    hostname = pod.get("hostname")
    if hostname is not None and not names.is_dns_label(str(hostname)):
        mend = mends.write("hostname", names.job_name(str(hostname)))
        yield Finding((*path, "hostname"), message("rule.name", name=hostname), mend=mend)


def port_names(path: Path, pod: Document) -> Iterator[Finding]:
    for here, container in containers(path, pod):
        for where, port in items(here, container, "ports"):
            name = port.get("name")
            if name is not None and not names.is_port_name(str(name)):
                mend = mends.write("name", mends.port_name(str(name)))
                yield Finding((*where, "name"), message("rule.port_name", name=name), mend=mend)


def init_containers(path: Path, pod: Document) -> Iterator[Finding]:
    for here, container in items(path, pod, "initContainers"):
        policy = container.get("restartPolicy")
        if policy not in (None, "Always"):
            said = message("rule.init_restart", policy=policy)
            yield Finding((*here, "restartPolicy"), said, mend="restartPolicy: !delete")
        for probe in _PROBES:
            if probe in container and policy != "Always":
                said = message("rule.init_probe")
                yield Finding((*here, probe), said, mend="restartPolicy: Always")


def paths_in_volumes(path: Path, pod: Document) -> Iterator[Finding]:
    for here, container in containers(path, pod):
        for where, mount in items(here, container, "volumeMounts"):
            inside = str(mount.get("subPath", ""))
            if inside.startswith("/") or ".." in inside.split("/"):
                steps = [one for one in inside.split("/") if one not in ("", "..")]
                mend = mends.write("subPath", "/".join(steps)) if steps else "subPath: !delete"
                said = message("rule.sub_path", path=inside)
                yield Finding((*where, "subPath"), said, mend=mend)


def user_numbers(path: Path, pod: Document) -> Iterator[Finding]:
    owners = [(path, pod), *containers(path, pod)]
    for here, owner in owners:
        context = map_at(owner, "securityContext")
        for key in ("runAsUser", "runAsGroup", "fsGroup"):
            number = context.get(key)
            if isinstance(number, int) and not 0 <= number <= 2**31 - 1:
                where = (*here, "securityContext", key)
                mend = mends.write(key, 1000)
                yield Finding(where, message("rule.user_number", number=number), mend=mend)


def _named(path: Path, name: object) -> Iterator[Finding]:
    if name is not None and not names.is_dns_subdomain(str(name)):
        mend = mends.write(path[-1], names.job_name(str(name)))
        yield Finding(path, message("rule.name", name=name), mend=mend)


REFERENCE_RULES = (
    resource_names,
    claims,
    environment_sources,
    other_objects,
    port_names,
    init_containers,
    paths_in_volumes,
    user_numbers,
)
