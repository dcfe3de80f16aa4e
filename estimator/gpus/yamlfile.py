"""Reads a YAML file into a pydantic model; every complaint names ``file:line``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from estimator.errors import BadInput
from estimator.messages import sentence

Model = TypeVar("Model", bound=BaseModel)
Step = str | int

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


def read_model(path: Path, model: type[Model]) -> tuple[Model, str]:
    """The file's content as ``model``, and its text. Raises BadInput with ``file:line``."""
    text = _read_text(path)
    try:
        content = yaml.load(text, Loader=_Loader)
        return model.model_validate({} if content is None else content), text
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not YAML"
        raise BadInput(
            problem, where=f"{path}:{line}", hint=sentence("correct the file")
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        steps = first["loc"]
        raise BadInput(
            _complaint(steps, first["type"], first["msg"]),
            where=f"{path}:{line_of(text, steps)}",
            hint=sentence("correct the file"),
        ) from error


def line_of(text: str, steps: Sequence[Step]) -> int:
    """Line of the value at ``steps`` (keys and positions), or of what it would be part of."""
    node = yaml.compose(text, Loader=_Loader)
    line = 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            key, node = found[0]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            if step >= len(node.value):
                break
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        hint = sentence("save it as UTF-8")
        raise BadInput(sentence("is not UTF-8 text"), where=str(path), hint=hint) from error
    except OSError as error:
        what = sentence("cannot be read: {why}", why=(error.strerror or str(error)).lower())
        raise BadInput(what, where=str(path), hint=f"ls -l {path}") from error


def _complaint(steps: Sequence[Step], kind: str, message: str) -> str:
    """One line on what is wrong at ``steps``, in the words of the file."""
    field = ".".join(str(step) for step in steps if step != "value")
    if kind == "extra_forbidden":
        return f"'{field}' is not a setting"
    if kind == "missing":
        return f"'{field}' is missing"
    if not steps:
        return "must be a map of settings"
    wrong = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{field}: {wrong.replace('valid tuple', 'list').replace('Tuple', 'list')}"
