"""Whatever stops a person says what to try next."""

from __future__ import annotations

import ast
from pathlib import Path

import estimator
from estimator.errors import BadInput, UserCodeFailed

PACKAGE = Path(estimator.__file__).parent
KINDS = (BadInput.__name__, UserCodeFailed.__name__)


def test_every_error_says_what_to_try() -> None:
    """``hint=`` may come out empty for one case of several, but nobody has forgotten it."""
    forgotten = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in KINDS
        and "hint" not in {keyword.arg for keyword in node.keywords}
    ]
    assert forgotten == []
