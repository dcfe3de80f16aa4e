"""What a site allows: limits on plans, and lists of what a manifest may name.

Every layer and every ``policy.yaml`` of a templates folder adds its say; none takes another's
away, so a project can tighten what the platform team allows and never loosen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from estimator.errors import BadInput
from estimator.manifest.saying import said_by
from estimator.manifest.settings import Allowed, AtMost, Policy, read_settings
from estimator.manifest.tree import (
    COMPUTED,
    Branch,
    Listing,
    Node,
    Path,
    children,
    find,
    format_path,
    plain,
)
from estimator.messages import message

POLICY = "policy"

_IMAGES: Path = ("training", "images")
_NAMESPACE: Path = ("metadata", "namespace")
_QUEUE: Path = ("training", "queue")
_DOCKER_HUB = "docker.io"


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit: the most, or the patterns of what is allowed; who set it, where and why."""

    subject: str
    where: str
    at_most: int | None = None
    allow: tuple[str, ...] = ()
    by: str = ""
    because: str = ""

    @property
    def who(self) -> str:
        return said_by(self.where, self.by, self.because)

    @property
    def said(self) -> str:
        """``max_gpus 16``, ``images paddlepaddle/*``."""
        return f"{self.subject} {self.at_most or ', '.join(self.allow)}"

    def allows(self, name: str) -> bool:
        """Whether a name matches one of the patterns (``*`` any text, ``?`` one character)."""
        return any(fnmatchcase(name, pattern) for pattern in self.allow)


def read_policy(tree: Branch, path: Path = (POLICY,)) -> Iterator[Rule]:
    """The rules of a layer; with an empty path, of a whole ``policy.yaml``. Raises BadInput."""
    policy = read_settings(tree, path, Policy)
    for subject in Policy.model_fields:
        said: AtMost | Allowed | None = getattr(policy, subject)
        if said is None:
            continue
        node = find(tree, (*path, subject))
        where = node.provenance.where if node else ""
        if isinstance(said, AtMost):
            yield Rule(subject, where, said.at_most, (), said.by, said.because)
        else:
            yield Rule(subject, where, None, said.allow, said.by, said.because)


def allowed_images(rules: Sequence[Rule], images: Sequence[str]) -> tuple[str, ...]:
    """The images that every rule allows, in their order; all of them where none is."""
    fine = tuple(image for image in images if not any(_forbidding(rules, image)))
    return fine or tuple(images)


def require_allowed(tree: Branch, rules: Sequence[Rule]) -> None:
    """Raise BadInput, naming both lines, where the merged description breaks a rule.

    Where a rule lists namespaces or queues, the job must name one.
    """
    for path, node in _image_nodes(tree):
        image = str(plain(node))
        for rule in _forbidding(rules, image):
            raise _not_allowed(path, image, rule, _line_of_image(tree, node, image))
    for subject, path, flag in (
        ("namespaces", _NAMESPACE, "--namespace"),
        ("queues", _QUEUE, "--queue"),
    ):
        found = find(tree, path)
        name = "" if found is None else str(plain(found))
        for rule in rules:
            if rule.subject == subject and not rule.allows(name):
                raise _not_allowed(
                    path, name, rule, found.provenance.where if found else flag, flag
                )


def _forbidding(rules: Iterable[Rule], image: str) -> Iterator[Rule]:
    registry = _registry(image)
    full = image if image.startswith(f"{registry}/") else f"{registry}/{image}"
    for rule in rules:
        if rule.subject == "images" and not (rule.allows(image) or rule.allows(full)):
            yield rule
        if rule.subject == "registries" and not rule.allows(registry):
            yield rule


def _registry(image: str) -> str:
    """The first part of a name, if it has a dot or a port or is ``localhost``; else Docker Hub.

    Source: the reference grammar of distribution/reference, ``splitDockerDomain``.
    """
    first, slash, _ = image.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    return first if is_host else _DOCKER_HUB


def _image_nodes(tree: Branch) -> Iterator[tuple[Path, Node]]:
    for group in ("initContainers", "containers", "ephemeralContainers"):
        path: Path = ("pod", group)
        listing = find(tree, path)
        for step, item in children(listing, path).items() if listing else ():
            image = children(item, (*path, step)).get("image")
            if image is not None:
                yield (*path, step, "image"), image


def _line_of_image(tree: Branch, node: Node, image: str) -> str:
    """The line that names the image; a computed one was chosen from the template's list."""
    listed = find(tree, _IMAGES)
    if node.provenance.where == COMPUTED and isinstance(listed, Listing):
        for item in listed.items:
            if plain(item) == image:
                return item.provenance.where
    return node.provenance.where


def _not_allowed(path: Path, value: str, rule: Rule, where: str, flag: str = "") -> BadInput:
    key = "layers.policy_missing" if not value else "layers.policy"
    allowed = ", ".join(rule.allow)
    return BadInput(
        message(key, path=format_path(path), value=value, allowed=allowed, who=rule.who),
        where=where,
        hint=f"{flag} {rule.allow[0]}" if flag and "*" not in rule.allow[0] else "",
    )
