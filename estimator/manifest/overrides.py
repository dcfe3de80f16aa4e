"""What the command line or the API sets in a manifest: ``--set PATH=VALUE`` and its short forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from estimator.errors import BadInput
from estimator.manifest.fields import check_fields
from estimator.manifest.merge import overlay
from estimator.manifest.names import is_env_name
from estimator.manifest.source import read_value
from estimator.manifest.template_file import SECTIONS
from estimator.manifest.tree import Branch, Provenance, Setting, parse_path
from estimator.manifest.types import ManifestValue, Override
from estimator.messages import message, sentence

NAMESPACE = "metadata.namespace"
QUEUE = "training.queue"
DATA_CLAIM = "pod.volumes[data].persistentVolumeClaim.claimName"

_HINT = "--set metadata.labels.team=vision"


def override(flag: str, path: str, value: ManifestValue) -> Override:
    """A value that an option of its own sets, such as ``--namespace``."""
    return Override(path, value, origin(flag))


def origin(flag: str) -> str:
    """How people find a value that no file sets."""
    return sentence("command line ({flag})", flag=flag)


def parse_setting(words: str) -> Override:
    """``PATH=VALUE``, the value written as in a template. Raises BadInput."""
    place = _first_equals(words)
    path, value = words[:place], words[place + 1 :]
    if place < 0 or not path:
        raise BadInput(message("layers.set", words=words), where="--set", hint=_HINT)
    where = origin(f"--set {path}")
    parse_path(path, where="--set")
    return Override(path, read_value(value, where), where)


def parse_variable(words: str) -> Override:
    """``NAME=VALUE`` for the environment of the training container. Raises BadInput."""
    name, equals, value = words.partition("=")
    if not equals or not is_env_name(name):
        hint = "--env NCCL_DEBUG=INFO"
        raise BadInput(message("layers.env", words=words), where="--env", hint=hint)
    return override(f"--env {name}", f"pod.containers[paddle].env[{name}].value", value)


def layer_of(overrides: Iterable[Override]) -> Branch:
    """The layer that these settings make.

    Raises BadInput for a path that is not in a template, and for what Kubernetes does not know.
    """
    layer = overlay(_settings(overrides))
    for section, node in layer.entries.items():
        if section not in SECTIONS:
            what = message("layers.section", name=section, known=", ".join(SECTIONS))
            raise BadInput(what, where=node.provenance.where, hint=_HINT)
    check_fields(layer)
    return layer


def _settings(overrides: Iterable[Override]) -> Iterator[Setting]:
    for one in overrides:
        yield Setting(parse_path(one.path, where=one.where), one.value, Provenance(one.where))


def _first_equals(words: str) -> int:
    """Where the path ends: the first ``=`` that is not within brackets. -1: there is none."""
    inside = False
    for place, character in enumerate(words):
        if character == "=" and not inside:
            return place
        inside = (inside or character == "[") and character != "]"
    return -1
