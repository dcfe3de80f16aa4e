"""Makes estimator/manifest/fields.json of the Kubernetes OpenAPI document.

``python -m tests.manifest.kubernetes_fields`` writes it; a test holds the file against it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VERSION = "1.37.0"
SHIPPED = Path(__file__).parents[2] / "estimator" / "manifest" / "fields.json"
SECTIONS = {
    "metadata": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
    "job": "io.k8s.api.batch.v1.JobSpec",
    "pod": "io.k8s.api.core.v1.PodSpec",
}
_SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
}


def definitions() -> dict[str, Any] | None:
    """The document's definitions; None where the validator does not have this version."""
    import kubernetes_validate

    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    path = folder / f"v{VERSION}-local" / "_definitions.json"
    return dict(json.loads(path.read_text())["$defs"]) if path.exists() else None


def reachable(known: dict[str, Any]) -> dict[str, Any]:
    """The types that a template can hold values of."""
    found: dict[str, Any] = {}
    waiting = list(SECTIONS.values())
    while waiting:
        name = waiting.pop()
        if name in found or name in _SCALARS:
            continue
        found[name] = known[name]
        for field in known[name].get("properties", {}).values():
            waiting += [one for one in (_reference(field), _reference(_inner(field))) if one]
    return found


def compact(known: dict[str, Any]) -> dict[str, Any]:
    """Type -> field -> kind: ``string``, ``[Container]`` a list, ``{string}`` a map."""
    types = {
        _short(name): {field: _kind(said) for field, said in _fields(one)}
        for name, one in sorted(reachable(known).items())
    }
    sections = {section: _short(name) for section, name in SECTIONS.items()}
    return {"kubernetes": VERSION, "sections": sections, "types": types}


def _fields(type_: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(type_.get("properties", {}).items())


def _kind(said: dict[str, Any]) -> str:
    reference = _reference(said)
    if reference:
        return _SCALARS.get(reference, _short(reference))
    kinds = said.get("type", "any")
    kind = next(one for one in kinds if one != "null") if isinstance(kinds, list) else kinds
    if kind == "array":
        return f"[{_kind(said['items'])}]"
    if kind == "object":
        return f"{{{_kind(_inner(said) or {})}}}"
    return str(kind)


def _inner(said: dict[str, Any]) -> dict[str, Any]:
    return dict(said.get("items") or said.get("additionalProperties") or {})


def _reference(said: dict[str, Any]) -> str:
    return str(said.get("$ref", "")).rpartition("/")[2]


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def written(facts: dict[str, Any]) -> str:
    """One line for each type, so that a newer version of Kubernetes is a readable change."""
    types = ",\n".join(f'"{name}": {json.dumps(one)}' for name, one in facts["types"].items())
    head = json.dumps({name: facts[name] for name in ("kubernetes", "sections")})
    return f'{head[:-1]}, "types": {{\n{types}\n}}}}\n'


if __name__ == "__main__":
    found = definitions()
    assert found is not None, f"kubernetes-validate does not hold Kubernetes {VERSION}"
    SHIPPED.write_text(written(compact(found)))
