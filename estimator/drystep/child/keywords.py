"""Which ``-o`` option goes to which function of the model file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import paddle

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.workload.types import OptionValue

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Keywords:
    """The names a function can be given by keyword; ``others``: it takes any (``**kwargs``)."""

    names: frozenset[str]
    required: frozenset[str]
    others: bool = False


def keywords_of(function: Callable[..., Any], given: int = 0) -> Keywords:
    """What ``function`` takes by keyword when ``given`` arguments come by position.

    A Layer, such as a loss, takes none: its call hands any keyword on to ``forward``.
    """
    if isinstance(function, paddle.nn.Layer):
        return Keywords(frozenset(), frozenset())
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return Keywords(frozenset(), frozenset())
    free = [p for p in parameters if p.kind in _NAMED]
    free = free[min(given, sum(p.kind in _BY_POSITION for p in free)) :]
    return Keywords(
        names=frozenset(p.name for p in free),
        required=frozenset(p.name for p in free if p.default is p.empty),
        others=any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def first_argument(function: Callable[..., Any]) -> str | None:
    """The name of the first argument that ``function`` takes by position, if it takes any."""
    parameters = inspect.signature(function).parameters.values()
    return next((p.name for p in parameters if p.kind in _BY_POSITION), None)


def distribute(
    functions: Mapping[str, Callable[..., Any]],
    given: Mapping[str, int],
    options: Mapping[str, OptionValue],
) -> dict[str, dict[str, OptionValue]]:
    """The options of each function, by name: those it names.

    What no function names goes to those that take ``**kwargs``; where there is none, BadInput
    is raised with the nearest name.
    """
    keywords = {name: keywords_of(function, given[name]) for name, function in functions.items()}
    named = frozenset().union(*(k.names for k in keywords.values()))
    unnamed = options.keys() - named
    if unnamed and not any(k.others for k in keywords.values()):
        raise _unknown(min(unnamed), named)
    return {
        name: {
            key: value
            for key, value in options.items()
            if key in k.names or (k.others and key in unnamed)
        }
        for name, k in keywords.items()
    }


def _unknown(key: str, known: frozenset[str]) -> BadInput:
    what = sentence("no function of the model file takes the option '{key}'", key=key)
    if key == "batch_size":
        return BadInput(what, where="-o", hint="--batch-size")
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return BadInput(what, where="-o", hint=f"-o {near[0]}=VALUE")
    if not known:
        hint = sentence("leave out {name}", name=f"-o {key}")
        return BadInput(sentence("{what}; it takes no options", what=what), where="-o", hint=hint)
    names = tuple(sorted(known))
    what = sentence("{what}; it takes {names}", what=what, names=names)
    return BadInput(what, where="-o", hint=f"-o {names[0]}=VALUE")
