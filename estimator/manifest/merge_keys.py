"""Which lists are merged item by item, and by which fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_BY_NAME = ("name",)
_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("containers",): _BY_NAME,
    ("initContainers",): _BY_NAME,
    ("ephemeralContainers",): _BY_NAME,
    ("evictionResponders",): _BY_NAME,
    ("ownerReferences",): ("uid",),
    ("env",): _BY_NAME,
    ("volumes",): _BY_NAME,
    ("volumeMounts",): ("mountPath",),
    ("volumeDevices",): ("devicePath",),
    ("imagePullSecrets",): _BY_NAME,
    ("resourceClaims",): _BY_NAME,
    ("claims",): _BY_NAME,
    ("schedulingGates",): _BY_NAME,
    ("hostAliases",): ("ip",),
    ("topologySpreadConstraints",): ("topologyKey", "whenUnsatisfiable"),
    ("ports",): ("containerPort", "protocol"),
    ("tolerations",): ("key", "effect"),
    ("spec", "ports"): ("port", "protocol"),
}
"""Path endings (without items) to merge keys: ``x-kubernetes-list-map-keys`` and
``x-kubernetes-patch-merge-key`` of the Kubernetes OpenAPI document. Tolerations have none there;
key and effect say which taint is meant, so they merge by both.
"""

_DEFAULTS = {"protocol": "TCP"}


def merge_keys(path: Sequence[str]) -> tuple[str, ...]:
    """The fields that name an item of the list at ``path``; none: the list is one value."""
    ending = tuple(path[-2:])
    return _KEYS.get(ending) or _KEYS.get(ending[-1:], ())


def key_of(keys: Sequence[str], item: Mapping[str, object]) -> tuple[str, ...]:
    """The values that name an item; a field that is not there counts with its default."""
    if len(keys) == 1:
        return (str(item.get(keys[0], _DEFAULTS.get(keys[0], ""))),)
    return tuple([str(item.get(key, _DEFAULTS.get(key, ""))) for key in keys])
