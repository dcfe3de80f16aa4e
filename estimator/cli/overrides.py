"""``-o KEY=VALUE``: dotted keys nest, values are YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from estimator.errors import BadInput
from estimator.messages import message, sentence
from estimator.workload.types import OptionValue

_FLAG = "-o"
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")


def parse_overrides(pairs: Sequence[str]) -> dict[str, OptionValue]:
    """The options of KEY=VALUE words: of ``Global.epoch=10``, ``{"Global": {"epoch": 10}}``.

    A key given twice has its last value. Raises BadInput for a word that is no KEY=VALUE, a
    value that is no YAML, and a key that is used both as a value and as a group.
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        names = key.split(".")
        if not equals or not all(names):
            raise BadInput(message("error.pair", words=pair), where=_FLAG, hint="-o KEY=VALUE")
        _put(options, names, _value(value, pair))
    return options


def _put(options: dict[str, Any], names: Sequence[str], value: OptionValue) -> None:
    for depth, name in enumerate(names[:-1], start=1):
        options = options.setdefault(name, {})
        if not isinstance(options, dict):
            raise _conflict(names[:depth], names)
    if isinstance(options.get(names[-1]), dict) and not isinstance(value, dict):
        raise _conflict(names, [*names, "..."])
    options[names[-1]] = value


def _conflict(value: Sequence[str], group: Sequence[str]) -> BadInput:
    what = message("error.key_conflict", value=".".join(value), group=".".join(group))
    return BadInput(what, where=_FLAG, hint=sentence("leave out one of the two"))


def _value(words: str, pair: str) -> OptionValue:
    import yaml

    try:
        value: OptionValue = yaml.load(words, Loader=_loader())
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _bad_value(pair) from None
    if not _is_plain(value):
        raise _bad_value(pair)
    return value


def _bad_value(pair: str) -> BadInput:
    quoted = f"-o '{pair.partition('=')[0]}=\"...\"'"
    return BadInput(message("error.yaml_value", words=pair), where=_FLAG, hint=quoted)


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


@cache
def _loader() -> Any:
    """Safe YAML 1.1, as Paddle's own ``-o`` reads it, but ``1e-3`` is a number and a date text."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))
    return Loader
