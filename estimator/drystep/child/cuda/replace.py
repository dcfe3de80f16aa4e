"""Exchanges functions of Paddle wherever its modules hold them by name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def replace_everywhere(replacements: Mapping[str, Any], owner: Any) -> None:
    """Give ``owner`` each replacement, and every module of Paddle that imported the original.

    Names that ``owner`` does not have are added. References in closures and default arguments
    stay what they are.
    """
    originals = {id(getattr(owner, n)): v for n, v in replacements.items() if hasattr(owner, n)}
    for name, replacement in replacements.items():
        setattr(owner, name, replacement)
    for module in _modules_of_paddle():
        names = vars(module)
        for name, value in list(names.items()):
            if id(value) in originals:
                names[name] = originals[id(value)]


def _modules_of_paddle() -> list[Any]:
    return [
        module
        for name, module in list(sys.modules.items())
        if module is not None and (name == "paddle" or name.startswith("paddle."))
    ]
