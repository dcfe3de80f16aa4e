"""Whatever stops a person is said in either language, with what to try next."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import estimator
from estimator.errors import BadInput, UserCodeFailed

PACKAGE = Path(estimator.__file__).parent
KINDS = (BadInput.__name__, UserCodeFailed.__name__)


def errors_within(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS:
            yield node


def parsed() -> Iterator[tuple[str, ast.Module]]:
    for path in PACKAGE.rglob("*.py"):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text(encoding="utf-8"))


def is_english_alone(words: ast.expr, function: ast.FunctionDef) -> bool:
    """Written right there, or into a variable of the same function."""
    meant = [words]
    if isinstance(words, ast.Name):
        meant = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and any(getattr(target, "id", "") == words.id for target in node.targets)
        ]
    return any(isinstance(one, ast.Constant | ast.JoinedStr) for one in meant)


def test_every_error_says_what_to_try() -> None:
    """``hint=`` may come out empty for one case of several, but nobody has forgotten it."""
    forgotten = [
        f"{path}:{error.lineno}"
        for path, tree in parsed()
        for error in errors_within(tree)
        if "hint" not in {keyword.arg for keyword in error.keywords}
    ]
    assert forgotten == []


def test_no_error_is_said_in_english_alone() -> None:
    found = [
        f"{path}:{error.lineno}"
        for path, tree in parsed()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for error in errors_within(function)
        if error.args and is_english_alone(error.args[0], function)
    ]
    assert found == []
