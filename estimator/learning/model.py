"""A fitted model: what was learnt, kept as plain data with where it came from.

A model is JSON and nothing else: reading one from somebody else can at worst give wrong numbers.
The best one so far, the champion, stays until a challenger has been held against it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from estimator.errors import BadInput
from estimator.learning.boosting import Boost, from_plain, to_plain
from estimator.learning.calibration import Calibration
from estimator.learning.newness import Newness
from estimator.learning.node import Counted, Node, Usage
from estimator.learning.sketch import Sketch
from estimator.learning.state import Basis, Group, Level, Reader, State
from estimator.messages import sentence
from estimator.records.types import Target

FORMAT = 3
"""Of the file. A file of another format is fitted again, not guessed at."""

MODEL_FILE = "learnt.json"


@dataclass(frozen=True, slots=True)
class Made:
    """How a model came to be.

    jobs: records that were read. compared: what could be held against a prediction or a request.
    until: the latest end among them, seconds since 1970. made_at: ISO 8601 in UTC. tool_version:
    of this tool. version: 1 for the first model of a place, then counting.
    """

    jobs: int
    compared: int
    until: float
    made_at: str
    tool_version: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class FittedModel:
    """What was learnt, how its bounds came out, how it came to be, and what trees add to it."""

    state: State
    calibration: Calibration
    made: Made
    boosts: Mapping[Target, Boost] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """The same for two models that give the same answers: hex of their content's hash."""
        return _hash(_content(self))


def to_json(model: FittedModel) -> str:
    """The model as lines of JSON: how it came to be, how its bounds came out, and a line for each
    group of nodes, which are read when they are needed.
    """
    content = _content(model)
    made = {name: getattr(model.made, name) for name in Made.__dataclass_fields__}
    header = {"format": FORMAT, "fingerprint": _hash(content), "made": made}
    return f"{json.dumps(header, allow_nan=False)}\n{content}"


def from_json(text: str, path: Path = Path(MODEL_FILE)) -> FittedModel:
    """Read ``to_json`` back. Raises ValueError for anything else, or for changed content.

    A group that is no group raises BadInput with ``path`` when it is read.
    """
    header, _, content = text.partition("\n")
    try:
        said = json.loads(header)
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']}, this version reads {FORMAT}")
        if said["fingerprint"] != _hash(content):
            raise ValueError("the content does not match its fingerprint")
        notes, trees, scores, *groups = content.split("\n")
        state = State(dict(_kept_group(line, path) for line in groups))
        newness = Newness(State(dict(_kept_group(line, path) for line in json.loads(scores))))
        boosts = {Target(name): one for name, one in from_plain(json.loads(trees)).items()}
        return FittedModel(state, _calibration(notes, newness), Made(**said["made"]), boosts)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a fitted model: {type(error).__name__}: {error}") from error


def _content(model: FittedModel) -> str:
    """One line each: how bounds came out, the trees, the scores of new kinds, then the groups."""
    scores = _lines(model.calibration.newness.state)
    first = (_notes(model.calibration), to_plain(model.boosts), scores)
    return "\n".join([*map(_plain, first), *_lines(model.state)])


def _lines(state: State) -> list[str]:
    """A line for each group, in one order."""
    groups: dict[Group, list[list[Any]]] = {}
    for key, node in state.nodes.items():
        group = (key.target, key.basis, key.level, key.name)
        groups.setdefault(group, []).append(_row(key.part, node))
    return sorted(f"{_plain(_named(one))}\t{_plain(sorted(rows))}" for one, rows in groups.items())


def _plain(value: object) -> str:
    """JSON without a line break or a tab."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _named(group: Group) -> list[str]:
    target, basis, level, name = group
    return [target.value, basis.value, level.name, name]


def _kept_group(line: str, path: Path) -> tuple[Group, Reader]:
    """What a line is about, and how to read the rest of it."""
    named, _, rows = line.partition("\t")
    target, basis, level, name = json.loads(named)
    group = (Target(target), Basis(basis), Level[level], str(name))
    return group, lambda: _read_group(rows, path)


def _read_group(rows: str, path: Path) -> dict[str, Node]:
    try:
        return dict(map(_part_and_node, json.loads(rows)))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"not a group of jobs: {error}") from error


def _calibration(line: str, newness: Newness) -> Calibration:
    calibration = Calibration(newness=newness)
    for kind, level, stated, missed in json.loads(line):
        calibration.stated[kind, float(level)] = int(stated)
        calibration.missed[kind, float(level)] = int(missed)
    return calibration


def _hash(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def save(model: FittedModel, path: Path) -> None:
    """Write beside, then rename: another run sees the old model or the new one, whole.

    Raises BadInput where the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as stream:
                stream.write(to_json(model))
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise BadInput(
            sentence("the model was not saved: {why}", why=error.strerror or str(error)),
            where=str(path),
            hint="--model-file",
        ) from error


def load(path: Path) -> FittedModel | None:
    """The model of a file, None where there is no file. Raises BadInput for a damaged one."""
    try:
        text = path.read_text("utf-8", "surrogatepass")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    try:
        return from_json(text, path)
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, problem: str) -> BadInput:
    return BadInput(
        sentence("the fitted model cannot be used: {why}", why=problem),
        where=str(path),
        hint="paddle-estimate history fit --replace",
    )


def _row(part: str, node: Node) -> list[Any]:
    usage = node.usage
    return [
        part,
        node.last_seen,
        node.out_of_memory,
        [usage.timed, usage.milliseconds, usage.sized, usage.mib_seconds],
        [
            [how.value, epoch, *map(list, zip(*sketch.items(), strict=True))]
            for how, epochs in node.counted.items()
            for epoch, sketch in sorted(epochs.items())
        ],
    ]


def _part_and_node(row: list[Any]) -> tuple[str, Node]:
    part, last_seen, out_of_memory, usage, counted = row
    node = Node()
    for how, epoch, bins, counts in counted:
        node.counted[Counted(how)][int(epoch)] = Sketch(dict(zip(bins, counts, strict=True)))
    node.out_of_memory = int(out_of_memory)
    node.usage = Usage(*map(int, usage))
    if last_seen is not None:
        node.seen(int(last_seen))
    return str(part), node


def _notes(calibration: Calibration) -> list[list[Any]]:
    return sorted(
        [kind, level, stated, calibration.missed.get((kind, level), 0)]
        for (kind, level), stated in calibration.stated.items()
    )
