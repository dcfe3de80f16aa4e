"""What is wrong with a pod although its schema is right."""

# ruff: noqa: D103 - each rule is named by what it looks at; POD_RULES lists them

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from math import ceil

from estimator.manifest import mends, names
from estimator.manifest.quantity import parse_quantity
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Path, containers, items, map_at
from estimator.messages import sentence

_OVERCOMMITTED = ("cpu", "memory", "ephemeral-storage")
"""Resources that a pod may request less of than its limit; all others must be equal."""

_EXAMPLES = {"cpu": "8", "memory": "16Gi", "ephemeral-storage": "20Gi"}
_OPERATORS = ("Equal", "Exists")
_NAMED_BY = {"volumeMounts": "mountPath"}


def container_names(path: Path, pod: Document) -> Iterator[Finding]:
    found = [(here, str(one.get("name", ""))) for here, one in containers(path, pod)]
    if not found:
        said = sentence("a pod needs a container")
        yield Finding((*path, "containers"), said, mend="containers: [{name: paddle}]")
    for here, name in found:
        if not names.is_dns_label(name):
            said = sentence("'{name}' is not a name for a container", name=name)
            yield Finding((*here, "name"), said, mend=mends.write("name", names.job_name(name)))
    yield from _repeated((*path, "containers"), [name for _, name in found])


def volumes(path: Path, pod: Document) -> Iterator[Finding]:
    known = [str(volume.get("name", "")) for _, volume in items(path, pod, "volumes")]
    yield from _repeated((*path, "volumes"), known)
    for here, volume in items(path, pod, "volumes"):
        if not names.is_dns_label(str(volume.get("name", ""))):
            said = sentence("'{name}' is not a name for a volume", name=volume.get("name"))
            mend = mends.write("name", names.job_name(str(volume.get("name", ""))))
            yield Finding((*here, "name"), said, mend=mend)
        sources = [key for key in volume if key != "name"]
        if len(sources) != 1:
            said = sentence(
                "a volume has one source, this one {listed}; !delete the others",
                listed=_enumerated(sources),
            )
            # What a layer adds stands behind what it has from below: the last is to stay.
            yield Finding(
                (*here, *sources[-1:]), said, mend=mends.delete(sources[:-1]) or "emptyDir: {}"
            )


def mounts(path: Path, pod: Document) -> Iterator[Finding]:
    known = {volume.get("name") for _, volume in items(path, pod, "volumes")}
    for container_path, container in containers(path, pod):
        paths: list[str] = []
        for here, mount in items(container_path, container, "volumeMounts"):
            mount_path = str(mount.get("mountPath", ""))
            paths.append(mount_path)
            if mount.get("name") not in known:
                name = mount.get("name")
                said = sentence("there is no volume '{name}'", name=name)
                mend = f"volumes: [{{{mends.write('name', name)}, emptyDir: {{}}}}]"
                yield Finding((*here, "name"), said, mend=mend)
            if not mount_path.startswith("/") or ":" in mount_path:
                said = sentence("'{path}' is not an absolute path", path=mount_path)
                absolute = "/" + mount_path.replace(":", "-").lstrip("/")
                yield Finding((*here, "mountPath"), said, mend=mends.write("mountPath", absolute))
        yield from _repeated((*container_path, "volumeMounts"), paths)


def environment(path: Path, pod: Document) -> Iterator[Finding]:
    for container_path, container in containers(path, pod):
        found: list[str] = []
        for here, variable in items(container_path, container, "env"):
            name = str(variable.get("name", ""))
            found.append(name)
            if not names.is_env_name(name):
                said = sentence("'{name}' is not a name for a variable", name=name)
                mend = mends.write("name", mends.variable_name(name))
                yield Finding((*here, "name"), said, mend=mend)
            if "value" in variable and "valueFrom" in variable:
                said = sentence("has a value and a valueFrom; !delete one of them")
                yield Finding(here, said, mend="value: !delete")
        yield from _repeated((*container_path, "env"), found)


def quantities(path: Path, pod: Document) -> Iterator[Finding]:
    for container_path, container in containers(path, pod):
        for part in ("requests", "limits"):
            for name, value in map_at(container, "resources", part).items():
                here = (*container_path, "resources", part, name)
                yield from _quantity(here, name, value)
    for here, volume in items(path, pod, "volumes"):
        size = map_at(volume, "emptyDir").get("sizeLimit")
        if size is not None:
            yield from _quantity((*here, "emptyDir", "sizeLimit"), "memory", size)


def requests_and_limits(path: Path, pod: Document) -> Iterator[Finding]:
    for container_path, container in containers(path, pod):
        requests = map_at(container, "resources", "requests")
        limits = map_at(container, "resources", "limits")
        for name in dict.fromkeys((*requests, *limits)):
            here = (*container_path, "resources", "requests", name)
            wanted, allowed = _amount(requests.get(name)), _amount(limits.get(name))
            if name in _OVERCOMMITTED:
                if wanted is not None and allowed is not None and wanted > allowed:
                    said = sentence(
                        "{request} is more than the limit of {limit}",
                        request=requests[name],
                        limit=limits[name],
                    )
                    yield Finding(here, said, mend=mends.write(name, limits[name]))
            elif name not in limits:
                said = sentence("{name} needs a limit that equals the request", name=name)
                mend = f"limits: {{{mends.write(name, requests[name])}}}"
                yield Finding(here, said, mend=mend)
            elif name in requests and wanted != allowed:
                said = sentence(
                    "{request} must equal the limit of {limit}",
                    request=requests[name],
                    limit=limits[name],
                )
                yield Finding(here, said, mend=mends.write(name, limits[name]))


def shared_memory(path: Path, pod: Document) -> Iterator[Finding]:
    """Volumes in memory count against the container's memory limit."""
    said = [map_at(one, "resources", "limits").get("memory") for _, one in containers(path, pod)]
    known = {amount: one for one in said if (amount := _amount(one)) is not None}
    for here, volume in items(path, pod, "volumes"):
        folder = map_at(volume, "emptyDir")
        size = _amount(folder.get("sizeLimit"))
        if folder.get("medium") == "Memory" and size is not None and known and size > max(known):
            where = (*here, "emptyDir", "sizeLimit")
            problem = sentence(
                "{size} in memory is more than the memory limit", size=folder["sizeLimit"]
            )
            yield Finding(where, problem, mend=mends.write("sizeLimit", known[max(known)]))


def users(path: Path, pod: Document) -> Iterator[Finding]:
    contexts = [((*path, "securityContext"), map_at(pod, "securityContext"))]
    for here, one in containers(path, pod):
        own = {**contexts[0][1], **map_at(one, "securityContext")}
        contexts.append(((*here, "securityContext"), own))
    for here, context in contexts:
        if context.get("runAsNonRoot") is True and context.get("runAsUser") == 0:
            said = sentence("0 is root, and runAsNonRoot forbids it")
            yield Finding((*here, "runAsUser"), said, mend="runAsUser: 1000")
        if context.get("privileged") is True and context.get("allowPrivilegeEscalation") is False:
            said = sentence("goes with allowPrivilegeEscalation true only")
            yield Finding((*here, "privileged"), said, mend="privileged: false")


def tolerations(path: Path, pod: Document) -> Iterator[Finding]:
    effects = ("", "NoSchedule", "PreferNoSchedule", "NoExecute")
    for here, one in items(path, pod, "tolerations"):
        operator = one.get("operator", "Equal")
        if operator not in ("Equal", "Exists"):
            said = sentence("'{value}' is not one of {allowed}", value=operator, allowed=_OPERATORS)
            mend = mends.one_of("operator", operator, _OPERATORS)
            yield Finding((*here, "operator"), said, mend=mend)
        if operator == "Exists" and one.get("value"):
            said = sentence("must be empty with the operator Exists")
            yield Finding((*here, "value"), said, mend="value: !delete")
        if not one.get("key") and operator != "Exists":
            said = sentence("must be Exists where there is no key")
            yield Finding((*here, "operator"), said, mend="operator: Exists")
        effect = one.get("effect", "")
        if effect not in effects:
            said = sentence("'{effect}' is not an effect of a taint", effect=effect)
            yield Finding((*here, "effect"), said, mend=mends.one_of("effect", effect, effects))


def _quantity(path: Path, name: str, value: object) -> Iterator[Finding]:
    key, whole = path[-1], _EXAMPLES.get(name, "1")
    try:
        amount = parse_quantity(value)
    except ValueError as error:
        yield Finding(path, error.args[0], mend=f"{key}: {whole}")
        return
    if amount < 0:
        said = sentence("{value} is negative", value=value)
        yield Finding(path, said, mend=f"{key}: {whole}")
    elif name not in _OVERCOMMITTED and amount != amount.to_integral_value():
        said = sentence(
            "{value} of {name}: only whole ones can be requested", value=value, name=name
        )
        yield Finding(path, said, mend=f"{key}: {ceil(amount)}")


def _amount(value: object) -> Decimal | None:
    try:
        return parse_quantity(value)
    except ValueError:
        return None


def _repeated(path: Path, found: list[str]) -> Iterator[Finding]:
    for name, count in Counter(found).items():
        if count > 1:
            said = sentence("'{name}' is there {count} times", name=name, count=count)
            mend = sentence(
                "!delete one, or give it another {key}", key=_NAMED_BY.get(path[-1], "name")
            )
            yield Finding((*path, name), said, mend=mend)


def _enumerated(keys: list[str]) -> str:
    """``emptyDir and hostPath``, or that there is none."""
    if not keys:
        return sentence("none")
    found = keys[0]
    for key in keys[1:]:
        found = sentence("{first} and {second}", first=found, second=key)
    return found


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
