"""Checks documents against CustomResourceDefinitions exported from a cluster.

An API server reads ``openAPIV3Schema`` strictly: a field that is not in it is refused
(``fieldValidation: Strict``, what kubectl asks for). JSON Schema lets it pass, so the schema
is rewritten first. Rules in CEL (``x-kubernetes-validations``) are left to the cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import yaml

from estimator.errors import BadInput
from estimator.manifest import mends
from estimator.manifest.nearest_name import did_you_mean
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Path, step_of
from estimator.messages import message

Schema = dict[str, Any]
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Definitions:
    """Schemas by apiVersion and kind: as exported, and rewritten for JSON Schema."""

    exported: Mapping[tuple[str, str], Schema]
    strict: Mapping[tuple[str, str], Schema]

    def __contains__(self, document: Document) -> bool:
        return _key(document) in self.exported


def load_definitions(folder: FilePath) -> Definitions:
    """Every served version of the CustomResourceDefinitions in a folder.

    Raises BadInput for a file that is not YAML and for a folder without definitions.
    """
    found = dict(_schemas(folder))
    if not found:
        raise BadInput(
            message("error.no_crds", folder=folder),
            where="--crds",
            hint="kubectl get crd -o yaml > crds/all.yaml",
        )
    return Definitions(found, {key: _strict(schema, root=True) for key, schema in found.items()})


def check_against(document: Document, definitions: Definitions) -> Iterator[Finding]:
    """What the schema of the document's kind does not allow; nothing for a kind not there."""
    import jsonschema

    key = _key(document)
    if key not in definitions.strict:
        return
    validator = jsonschema.Draft202012Validator(definitions.strict[key])
    for error in validator.iter_errors(_plain(document)):
        yield finding_at(_path(document, error.absolute_path), error)
    yield from _list_keys(document, definitions.exported[key], ())


def _key(document: Document) -> tuple[str, str]:
    return str(document.get("apiVersion")), str(document.get("kind"))


def _schemas(folder: FilePath) -> Iterator[tuple[tuple[str, str], Schema]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _SUFFIXES:
            continue
        for definition in _definitions(path):
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = version.get("schema", {}).get("openAPIV3Schema")
                if schema and version.get("served", True):
                    name = f"{spec['group']}/{version['name']}"
                    yield (name, spec["names"]["kind"]), schema


def _definitions(path: FilePath) -> Iterator[Any]:
    """The definitions in a file, those of a List too."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = list(yaml.load_all(path.read_text(encoding="utf-8"), loader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(
            message("error.crd_unreadable", why=_first_line(error)),
            where=str(path),
            hint="kubectl get crd -o yaml > crds/all.yaml",
        ) from error
    for document in documents:
        items = document.get("items", [document]) if isinstance(document, dict) else []
        for item in items:
            if isinstance(item, dict) and item.get("kind") == "CustomResourceDefinition":
                yield item


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _strict(schema: Schema, *, root: bool = False) -> Schema:
    """The schema for JSON Schema: closed, with int-or-string and nullable spelled out."""
    made = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes")}
    made.pop("format", None)  # int32 and the like, which JSON Schema does not know
    if "properties" in schema:
        made["properties"] = {name: _strict(one) for name, one in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(schema["additionalProperties"])
    if isinstance(schema.get("items"), dict):
        made["items"] = _strict(schema["items"])
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
        made.pop("anyOf", None)
    if root:  # every object has these, whether or not the definition says so
        made["properties"] = {
            **made.get("properties", {}),
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
        }
    if _is_closed(schema):
        made.setdefault("additionalProperties", False)
    if schema.get("nullable") and "type" in made:
        types = made["type"] if isinstance(made["type"], list) else [made["type"]]
        made["type"] = [*types, "null"]
    return made


def _is_closed(schema: Schema) -> bool:
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return False
    return "properties" in schema and not schema.get("x-kubernetes-embedded-resource")


def finding_at(path: Path, error: Any) -> Finding:
    """What jsonschema found, at the path of the value."""
    return Finding(path, _problem(error), mend=_mend(error, path[-1] if path else ""))


def _mend(error: Any, key: str) -> str:
    """What to write; empty where the schema does not tell."""
    value, wanted = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        extra = sorted(name for name in value if name not in known)
        near = did_you_mean(extra[0], known)
        return f"{near}: ..." if near else mends.delete(extra)
    if error.validator == "required":
        return ", ".join(f"{name}: ..." for name in sorted(wanted) if name not in value)
    if error.validator == "enum":
        return mends.one_of(key, value, [str(one) for one in wanted])
    if error.validator == "type":
        return _as_type(key, value, _types(wanted))
    return ""


def _as_type(key: str, value: object, types: tuple[str, ...]) -> str:
    if "string" in types and not isinstance(value, dict | list):
        return mends.as_text(key, value)
    if "integer" in types and str(value).isdecimal():
        return mends.write(key, int(str(value)))
    return mends.write(key, True) if types == ("boolean",) else ""


def _types(wanted: str | list[str]) -> tuple[str, ...]:
    """The types that a value may have; that it may be left out is no news."""
    return tuple(one for one in ([wanted] if isinstance(wanted, str) else wanted) if one != "null")


def _problem(error: Any) -> str:
    """One line; jsonschema would print the whole value."""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        extra = sorted(key for key in error.instance if key not in known)
        return message("finding.unknown_field", fields=", ".join(extra))
    if error.validator == "required":
        missing = sorted(key for key in error.validator_value if key not in error.instance)
        return message("finding.missing_field", fields=", ".join(missing))
    value = str(error.instance)
    shown = value if len(value) <= 60 else f"{value[:57]}..."
    if error.validator == "type":
        return message("finding.wrong_type", value=shown, type=_types(error.validator_value))
    if error.validator == "enum":
        return message(
            "finding.not_one_of", value=shown, allowed=", ".join(map(str, error.validator_value))
        )
    return message("finding.schema", value=shown, rule=error.validator, limit=error.validator_value)


def _path(document: Document, steps: Iterable[str | int]) -> Path:
    """The path of a value as people read it: items go by their name."""
    path: Path = ()
    value: Any = document
    for step in steps:
        value = value[step]
        path = (*path, step_of(path, step, value))
    return path


def _list_keys(value: Any, schema: Schema, path: Path) -> Iterator[Finding]:
    """Items of keyed lists that have the same key, or none."""
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        for key, child in value.items():
            part = known.get(key, rest if isinstance(rest, dict) else {})
            yield from _list_keys(child, part, (*path, key))
    elif isinstance(value, list):
        keys = schema.get("x-kubernetes-list-map-keys")
        items = schema.get("items", {})
        if keys:
            yield from _repeated(value, keys, items, path)
        for position, item in enumerate(value):
            yield from _list_keys(item, items, (*path, step_of(path, position, item)))


def _repeated(value: list[Any], keys: list[str], items: Schema, path: Path) -> Iterator[Finding]:
    defaults = {key: items.get("properties", {}).get(key, {}).get("default") for key in keys}
    maps = [item for item in value if isinstance(item, Mapping)]
    found = Counter(tuple(str(item.get(key, defaults[key])) for key in keys) for item in maps)
    for names, count in found.items():
        if count > 1:
            yield Finding(path, message("finding.twice", name=":".join(names), times=count))


def _plain(value: Any) -> Any:
    """JSON Schema knows dict and list only."""
    if isinstance(value, Mapping):
        return {key: _plain(child) for key, child in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
