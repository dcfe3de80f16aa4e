"""What can be said of a Python file without running it."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.workload.saved import check_saved_program, is_saved_program


def check_source(path: Path) -> None:
    """Raise BadInput where ``path`` is neither a model file nor a saved program."""
    if is_saved_program(path):
        check_saved_program(path)
    else:
        check_model_file(path)


def check_model_file(path: Path) -> None:
    """Raise BadInput, with the line, where ``path`` is not a Python file that can be compiled."""
    try:
        source = path.read_bytes()
    except FileNotFoundError as error:
        what = sentence("there is no file '{path}'", path=path)
        raise BadInput(what, hint=f"ls {path.parent}") from error
    except OSError as error:
        what = sentence("'{path}' cannot be read: {why}", path=path, why=error.strerror)
        raise BadInput(what, hint=f"ls -l {path}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _not_utf8(path, source) or _not_python(path, error) from error


def is_training_script(path: Path) -> bool:
    """Whether a file trains by itself instead of defining a model; False for what is no Python.

    It defines none of the functions of a model file, and runs a backward pass or ``fit``; or it
    has a main part and no layer of its own.
    """
    try:
        return trains_by_itself(path.read_bytes())
    except OSError:
        return False


def trains_by_itself(source: bytes) -> bool:
    """As :func:`is_training_script`, of a file's content."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    if any(_names(statement) & _OF_A_MODEL_FILE for statement in tree.body):
        return False
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    if any(isinstance(call, ast.Attribute) and call.attr in _TRAINS for call in calls):
        return True
    has_layer = any(isinstance(statement, ast.ClassDef) for statement in tree.body)
    return not has_layer and any(_is_main_part(statement) for statement in tree.body)


_OF_A_MODEL_FILE = {"build_model", "example_batch", "loss_fn", "build_optimizer", "train_step"}
_TRAINS = {"backward", "fit", "train_batch"}


def _names(statement: ast.stmt) -> set[str]:
    """What a statement at module level defines."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    imported = statement.names if isinstance(statement, (ast.Import, ast.ImportFrom)) else []
    return {t.id for t in targets if isinstance(t, ast.Name)} | {
        alias.asname or alias.name for alias in imported
    }


def _is_main_part(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)


def _not_utf8(path: Path, source: bytes) -> BadInput | None:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        what, hint = sentence("the file is not UTF-8 text"), sentence("save it as UTF-8")
        return BadInput(what, where=f"{path}:{line}", hint=hint)
    return None


def _not_python(path: Path, error: Exception) -> BadInput:
    hint = f"python -m py_compile {path}"
    if isinstance(error, SyntaxError) and error.lineno:
        what = sentence("{kind}: {what}", kind=type(error).__name__, what=error.msg)
        return BadInput(what, where=f"{path}:{error.lineno}", hint=hint)
    return BadInput(
        sentence("not Python source: {why}", why=str(error)), where=str(path), hint=hint
    )
