"""A fitted model: what was learnt, kept as plain data with where it came from.

A model is JSON and nothing else: reading one from somebody else can at worst give wrong numbers.
The best one so far, the champion, stays until a challenger has been held against it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimator.errors import BadInput
from estimator.learning.calibration import Calibration
from estimator.learning.node import Counted, Node, Usage
from estimator.learning.sketch import Sketch
from estimator.learning.state import Basis, Key, Level, State
from estimator.records.types import Target

FORMAT = 1
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
    """What was learnt, how its bounds came out, and how it came to be."""

    state: State
    calibration: Calibration
    made: Made

    @property
    def fingerprint(self) -> str:
        """The same for two models that give the same answers: hex of their content's hash."""
        return _hash(_content(self))


def to_json(model: FittedModel) -> str:
    """The model as two lines of JSON: how it came to be, and what was learnt."""
    content = _content(model)
    made = {name: getattr(model.made, name) for name in Made.__dataclass_fields__}
    header = {"format": FORMAT, "fingerprint": _hash(content), "made": made}
    return f"{json.dumps(header, allow_nan=False)}\n{content}"


def from_json(text: str) -> FittedModel:
    """Read ``to_json`` back. Raises ValueError for anything else, or for changed content."""
    header, _, content = text.partition("\n")
    try:
        said = json.loads(header)
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']}, this version reads {FORMAT}")
        if said["fingerprint"] != _hash(content):
            raise ValueError("the content does not match its fingerprint")
        nodes, notes = json.loads(content)
        state = State()
        for row in nodes:
            _add_node(state, row)
        calibration = Calibration()
        for kind, level, stated, missed in notes:
            calibration.stated[kind, float(level)] = int(stated)
            calibration.missed[kind, float(level)] = int(missed)
        return FittedModel(state, calibration, Made(**said["made"]))
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a fitted model: {type(error).__name__}: {error}") from error


def _content(model: FittedModel) -> str:
    content = [_nodes(model.state), _notes(model.calibration)]
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


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
            f"the model was not saved: {error.strerror or error}",
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
        return from_json(text)
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, problem: str) -> BadInput:
    return BadInput(
        f"the fitted model cannot be used: {problem}",
        where=str(path),
        hint="paddle-estimate history fit --replace",
    )


def _nodes(state: State) -> list[list[Any]]:
    """Every node as plain values, in one order whatever the order of learning."""
    return sorted(_row(key, node) for key, node in state.nodes.items())


def _row(key: Key, node: Node) -> list[Any]:
    usage = node.usage
    return [
        key.target.value,
        key.basis.value,
        key.level.name,
        key.name,
        key.part,
        node.last_seen,
        node.out_of_memory,
        [usage.timed, usage.milliseconds, usage.sized, usage.mib_seconds],
        [
            [how.value, epoch, *map(list, zip(*sketch.items(), strict=True))]
            for how, epochs in node.counted.items()
            for epoch, sketch in sorted(epochs.items())
        ],
    ]


def _add_node(state: State, row: list[Any]) -> None:
    target, basis, level, name, part, last_seen, out_of_memory, usage, counted = row
    node = state.node(Key(Target(target), Basis(basis), Level[level], str(name), str(part)))
    for how, epoch, bins, counts in counted:
        node.counted[Counted(how)][int(epoch)] = Sketch(dict(zip(bins, counts, strict=True)))
    node.out_of_memory = int(out_of_memory)
    node.usage = Usage(*map(int, usage))
    if last_seen is not None:
        node.seen(int(last_seen))


def _notes(calibration: Calibration) -> list[list[Any]]:
    return sorted(
        [kind, level, stated, calibration.missed.get((kind, level), 0)]
        for (kind, level), stated in calibration.stated.items()
    )
