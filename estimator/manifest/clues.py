"""What a model's dry step and its file tell about the kind of work it is."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from estimator.drystep.measurement import DryStepReport, KernelUse, ModelFacts

_CHANNELS = (1, 3, 4)
_SMALLEST_IMAGE = 16


@dataclass(frozen=True, slots=True)
class Clues:
    """facts: of the model. operators: launches by name. inputs: what kind of data goes in, such
    as ``images``, and its shape for people. suites: names of packages and folders that tell a
    suite such as PaddleOCR. past: jobs of this model that ran, by their template. file: the name of
    the model's file or the script, without its ending.
    """

    facts: ModelFacts
    operators: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    suites: Mapping[str, str] = field(default_factory=dict)
    past: Mapping[str, int] = field(default_factory=dict)
    file: str = ""


def clues_of(report: DryStepReport, model_file: Path, past: Mapping[str, int]) -> Clues:
    """The clues of one dry run."""
    kernels = report.measurements[0].kernels if report.measurements else ()
    operators: Counter[str] = Counter()
    for kernel in kernels:
        operators[kernel.name] += kernel.count
    suites = _suites(model_file)
    return Clues(report.model, operators, _inputs(kernels), suites, past, model_file.stem)


def _inputs(kernels: Iterable[KernelUse]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for kernel in kernels:
        for kind, shape in _read_by(kernel):
            found.setdefault(kind, shape)
    return found


def _read_by(kernel: KernelUse) -> Iterator[tuple[str, str]]:
    """What a kernel that reads the batch itself shows of it."""
    shape = kernel.inputs[0].shape if kernel.inputs else ()
    said = "x".join(str(size) for size in shape[1:])
    is_picture = len(shape) == 4 and shape[1] in _CHANNELS and min(shape[2:]) >= _SMALLEST_IMAGE
    if kernel.name == "conv2d" and is_picture:
        yield "images", said
    if kernel.name == "embedding" and kernel.inputs[0].dtype in ("int32", "int64"):
        yield "tokens", said or "1"


def _suites(model_file: Path) -> Mapping[str, str]:
    """Lower-case names of imported packages and of the folders of the file, and where they are."""
    found = {part.lower(): f"the path {model_file}" for part in model_file.absolute().parts[:-1]}
    try:
        tree = ast.parse(model_file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):  # the dry step has said what is wrong
        return found
    for node in ast.walk(tree):
        for module in _modules(node):
            found[module.partition(".")[0].lower()] = f"import {module}"
    return found


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []
