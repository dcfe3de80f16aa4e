"""Everything that was learnt, as nodes by kind of job; mergeable and of bounded size per kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from estimator.learning.ending import Ending
from estimator.learning.node import Counted, Node
from estimator.messages import sentence
from estimator.records.types import JobFacts, Target


class Level(StrEnum):
    """Kinds of job, finest first."""

    SAME = "same job on the same GPU type"
    TEMPLATE = "template"
    MODEL = "model"
    USER = "user"
    GPU = "GPU type"
    ALL = "all"


LEVEL_NAMES = {
    Level.SAME: sentence("same job on the same GPU type"),
    Level.TEMPLATE: sentence("template"),
    Level.MODEL: sentence("model"),
    Level.USER: sentence("user"),
    Level.GPU: sentence("GPU type"),
    Level.ALL: sentence("all"),
}

SINGLE = (Level.SAME, Level.TEMPLATE, Level.MODEL)
"""Levels whose jobs are of one kind. The others hold several kinds, each kept by itself."""


class Basis(StrEnum):
    """What a value is held against: a prediction, or what the user asked for.

    A request is no prediction: it says nothing about one template's peaks, which are kept as
    they are; across templates it is the only scale there is.
    """

    PREDICTED = "predicted"
    REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class Groups:
    """Which kinds of job one is. Names of any text; None: not known."""

    template: str | None = None
    model: str | None = None
    user: str | None = None
    gpu: str | None = None

    @classmethod
    def of(cls, facts: JobFacts) -> Groups:
        return cls(facts.template, model_key(facts.model) or None, facts.user, facts.gpu or None)


@dataclass(frozen=True, slots=True)
class Key:
    """One node: what it counts of which jobs. part: of several kinds together, the kind."""

    target: Target
    basis: Basis
    level: Level
    name: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one job, against what was expected.

    expected, actual: in the unit of the target. ended_at: seconds since 1970. limit: what the job
    could get at most, None where not known. seen_by_prior: what was expected was itself fitted on
    this very job.
    """

    target: Target
    basis: Basis
    groups: Groups
    expected: float
    actual: float
    ended_at: float
    ending: Ending = Ending.BY_ITSELF
    limit: float | None = None
    seen_by_prior: bool = False

    @property
    def how(self) -> Counted:
        """What it says about the next job."""
        if self.ending is not Ending.BY_ITSELF:
            return Counted.KILLED
        return Counted.SEEN if self.seen_by_prior else Counted.FINISHED

    @property
    def least(self) -> float:
        """What the job took, or at least took: its limit where it ran out of memory."""
        if self.ending is not Ending.OUT_OF_MEMORY:
            return self.actual
        return max(self.actual, self.limit or 0.0)


Group = tuple[Target, Basis, Level, str]
"""Target, basis, level and name: all parts of one name."""

Reader = Callable[[], dict[str, Node]]
"""Makes the nodes of one group, by part, from where they are kept."""


class State:
    """The nodes by key. ``observe`` in any order, ``merge`` in any grouping: the same state.

    kept: groups that are read when they are first asked for; an answer needs few of them.
    """

    def __init__(self, kept: Mapping[Group, Reader] | None = None) -> None:
        self._nodes: dict[Key, Node] = {}
        self._kept = dict(kept or {})
        self._parts: dict[Group, dict[str, Node]] = {}
        self._nodes_of: dict[tuple[Target, Basis, Groups], list[tuple[Level, Node]]] = {}

    @property
    def nodes(self) -> Mapping[Key, Node]:
        """Every node by its key; reads all that is kept."""
        for group in tuple(self._kept):
            self._read(group)
        return self._nodes

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not self._nodes and not self._kept

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.nodes == other.nodes

    __hash__ = None  # type: ignore[assignment]

    def observe(self, outcome: Outcome) -> None:
        """Count a job in every kind that it is."""
        for level, node in self.counting(outcome.target, outcome.basis, outcome.groups):
            node.add(value_of(outcome, level), outcome.ended_at, outcome.how)
            node.out_of_memory += outcome.ending is Ending.OUT_OF_MEMORY

    def counting(self, target: Target, basis: Basis, groups: Groups) -> list[tuple[Level, Node]]:
        """The nodes that count a job; jobs of the same groups come by the thousand."""
        asked = (target, basis, groups)
        found = self._nodes_of.get(asked)
        if found is None:
            found = [(level, self.node(key)) for level, key in keys_of(*asked)]
            self._nodes_of[asked] = found
        return found

    def merge(self, other: State) -> None:
        """Take in everything that another state counted."""
        for key, node in other.nodes.items():
            self.node(key).merge(node)

    def node(self, key: Key) -> Node:
        """The node of a key, an empty one where there was none."""
        group = (key.target, key.basis, key.level, key.name)
        self._read(group)
        found = self._nodes.get(key)
        if found is None:
            found = Node()
            self._put(group, key.part, found)
        return found

    def parts(self, target: Target, basis: Basis, level: Level, name: str) -> dict[str, Node]:
        """The nodes of one name at a level, by part."""
        group = (target, basis, level, name)
        self._read(group)
        return self._parts.get(group, {})

    def _read(self, group: Group) -> None:
        reader = self._kept.pop(group, None)
        for part, node in reader().items() if reader else ():
            self._put(group, part, node)

    def _put(self, group: Group, part: str, node: Node) -> None:
        self._nodes[Key(*group, part)] = node
        self._parts.setdefault(group, {})[part] = node


def merged(states: Iterable[State]) -> State:
    """The state of everything that any of these counted."""
    whole = State()
    for state in states:
        whole.merge(state)
    return whole


def model_key(name: str | None) -> str:
    """One spelling of a model's name: ``ResNet-50`` and ``resnet50`` are the same model."""
    return "".join(letter for letter in (name or "").casefold() if letter.isalnum())


def kind_of(groups: Groups) -> str:
    """The finest kind: the template with its model."""
    return f"{groups.template or ''}\x1f{groups.model or ''}"


def levels_of(groups: Groups) -> Iterator[tuple[Level, str]]:
    """(level, name) of the kinds that a job is, finest first."""
    kind = kind_of(groups)
    if groups.gpu and (groups.template or groups.model):
        yield Level.SAME, f"{kind}\x1f{groups.gpu}"
    if groups.template:
        yield Level.TEMPLATE, kind
    if groups.model:
        yield Level.MODEL, groups.model
    if groups.user:
        yield Level.USER, groups.user
    if groups.gpu:
        yield Level.GPU, groups.gpu
    yield Level.ALL, ""


def keys_of(target: Target, basis: Basis, groups: Groups) -> Iterator[tuple[Level, Key]]:
    """The nodes that a job is counted in."""
    for level, name in levels_of(groups):
        part = "" if level in SINGLE else kind_of(groups)
        yield level, Key(target, basis, level, name, part)


def value_of(outcome: Outcome, level: Level) -> float:
    """The logarithm that a node counts: of the ratio, or of what one kind of job takes."""
    plain = is_plain(outcome.basis, level)
    return math.log(outcome.least) - (0.0 if plain else math.log(outcome.expected))


def is_plain(basis: Basis, level: Level) -> bool:
    """Whether a node counts what jobs take, not its ratio to what was expected."""
    return basis is Basis.REQUESTED and level in SINGLE
