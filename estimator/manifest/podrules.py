"""What is wrong with a pod although its schema is right."""

# ruff: noqa: D103 - each rule is named by what it looks at; POD_RULES lists them

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from estimator.manifest import names
from estimator.manifest.quantity import parse_quantity
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Path, containers, items, map_at

_OVERCOMMITTED = ("cpu", "memory", "ephemeral-storage")
"""Resources that a pod may request less of than its limit; all others must be equal."""


def container_names(path: Path, pod: Document) -> Iterator[Finding]:
    found = [(here, str(one.get("name", ""))) for here, one in containers(path, pod)]
    if not found:
        yield Finding((*path, "containers"), "a pod needs a container")
    for here, name in found:
        if not names.is_dns_label(name):
            yield Finding((*here, "name"), f"'{name}' is not a name for a container")
    yield from _repeated((*path, "containers"), [name for _, name in found])


def volumes(path: Path, pod: Document) -> Iterator[Finding]:
    known = [str(volume.get("name", "")) for _, volume in items(path, pod, "volumes")]
    yield from _repeated((*path, "volumes"), known)
    for here, volume in items(path, pod, "volumes"):
        if not names.is_dns_label(str(volume.get("name", ""))):
            yield Finding((*here, "name"), f"'{volume.get('name')}' is not a name for a volume")
        sources = [key for key in volume if key != "name"]
        if len(sources) != 1:
            listed = " and ".join(sources) or "none"
            yield Finding(here, f"a volume has one source, this one {listed}; !delete the others")


def mounts(path: Path, pod: Document) -> Iterator[Finding]:
    known = {volume.get("name") for _, volume in items(path, pod, "volumes")}
    for container_path, container in containers(path, pod):
        paths: list[str] = []
        for here, mount in items(container_path, container, "volumeMounts"):
            mount_path = str(mount.get("mountPath", ""))
            paths.append(mount_path)
            if mount.get("name") not in known:
                yield Finding((*here, "name"), f"there is no volume '{mount.get('name')}'")
            if not mount_path.startswith("/") or ":" in mount_path:
                yield Finding((*here, "mountPath"), f"'{mount_path}' is not an absolute path")
        yield from _repeated((*container_path, "volumeMounts"), paths)


def environment(path: Path, pod: Document) -> Iterator[Finding]:
    for container_path, container in containers(path, pod):
        found: list[str] = []
        for here, variable in items(container_path, container, "env"):
            name = str(variable.get("name", ""))
            found.append(name)
            if not names.is_env_name(name):
                yield Finding((*here, "name"), f"'{name}' is not a name for a variable")
            if "value" in variable and "valueFrom" in variable:
                yield Finding(here, "has a value and a valueFrom; !delete one of them")
        yield from _repeated((*container_path, "env"), found)


def quantities(path: Path, pod: Document) -> Iterator[Finding]:
    for container_path, container in containers(path, pod):
        for part in ("requests", "limits"):
            for name, value in map_at(container, "resources", part).items():
                here = (*container_path, "resources", part, name)
                problem = _quantity_problem(name, value)
                if problem:
                    yield Finding(here, problem)
    for here, volume in items(path, pod, "volumes"):
        size = map_at(volume, "emptyDir").get("sizeLimit")
        if size is not None and (problem := _quantity_problem("memory", size)):
            yield Finding((*here, "emptyDir", "sizeLimit"), problem)


def requests_and_limits(path: Path, pod: Document) -> Iterator[Finding]:
    for container_path, container in containers(path, pod):
        requests = map_at(container, "resources", "requests")
        limits = map_at(container, "resources", "limits")
        for name in dict.fromkeys((*requests, *limits)):
            here = (*container_path, "resources", "requests", name)
            wanted, allowed = _amount(requests.get(name)), _amount(limits.get(name))
            if name in _OVERCOMMITTED:
                if wanted is not None and allowed is not None and wanted > allowed:
                    said = f"{requests[name]} is more than the limit of {limits[name]}"
                    yield Finding(here, said)
            elif name not in limits:
                yield Finding(here, f"{name} needs a limit that equals the request")
            elif name in requests and wanted != allowed:
                yield Finding(here, f"{requests[name]} must equal the limit of {limits[name]}")


def shared_memory(path: Path, pod: Document) -> Iterator[Finding]:
    """Volumes in memory count against the container's memory limit."""
    limits = [
        _amount(map_at(one, "resources", "limits").get("memory"))
        for _, one in containers(path, pod)
    ]
    known = [limit for limit in limits if limit is not None]
    for here, volume in items(path, pod, "volumes"):
        folder = map_at(volume, "emptyDir")
        size = _amount(folder.get("sizeLimit"))
        if folder.get("medium") == "Memory" and size is not None and known and size > max(known):
            where = (*here, "emptyDir", "sizeLimit")
            yield Finding(where, f"{folder['sizeLimit']} in memory is more than the memory limit")


def users(path: Path, pod: Document) -> Iterator[Finding]:
    contexts = [((*path, "securityContext"), map_at(pod, "securityContext"))]
    for here, one in containers(path, pod):
        own = {**contexts[0][1], **map_at(one, "securityContext")}
        contexts.append(((*here, "securityContext"), own))
    for here, context in contexts:
        if context.get("runAsNonRoot") is True and context.get("runAsUser") == 0:
            yield Finding((*here, "runAsUser"), "0 is root, and runAsNonRoot forbids it")
        if context.get("privileged") is True and context.get("allowPrivilegeEscalation") is False:
            yield Finding((*here, "privileged"), "goes with allowPrivilegeEscalation true only")


def tolerations(path: Path, pod: Document) -> Iterator[Finding]:
    effects = ("", "NoSchedule", "PreferNoSchedule", "NoExecute")
    for here, one in items(path, pod, "tolerations"):
        operator = one.get("operator", "Equal")
        if operator not in ("Equal", "Exists"):
            yield Finding((*here, "operator"), f"'{operator}' is not one of Equal, Exists")
        if operator == "Exists" and one.get("value"):
            yield Finding((*here, "value"), "must be empty with the operator Exists")
        if not one.get("key") and operator != "Exists":
            yield Finding((*here, "operator"), "must be Exists where there is no key")
        if one.get("effect", "") not in effects:
            yield Finding((*here, "effect"), f"'{one.get('effect')}' is not an effect of a taint")


def _quantity_problem(name: str, value: object) -> str:
    try:
        amount = parse_quantity(value)
    except ValueError as error:
        return str(error)
    if amount < 0:
        return f"{value} is negative"
    if name not in _OVERCOMMITTED and amount != amount.to_integral_value():
        return f"{value} of {name}: only whole ones can be requested"
    return ""


def _amount(value: object) -> Decimal | None:
    try:
        return parse_quantity(value)
    except ValueError:
        return None


def _repeated(path: Path, found: list[str]) -> Iterator[Finding]:
    for name, count in Counter(found).items():
        if count > 1:
            yield Finding((*path, name), f"'{name}' is there {count} times")


POD_RULES = (
    container_names,
    volumes,
    mounts,
    environment,
    quantities,
    requests_and_limits,
    shared_memory,
    users,
    tolerations,
)
