"""What pydantic says of a part of a template, in the words of YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic_core import ErrorDetails

from estimator.messages import sentence

_QUOTED = re.compile(r"'[^']*'")
_SAID: Mapping[str, str] = {
    "extra_forbidden": sentence("is not a setting"),
    "missing": sentence("is missing"),
    "model_type": sentence("must be a map"),
    "tuple_type": sentence("must be a list"),
    "string_type": sentence("must be a string"),
    "bool_type": sentence("must be a boolean"),
    "bool_parsing": sentence("must be a boolean, unable to interpret input"),
    "int_type": sentence("must be an integer"),
    "int_parsing": sentence("must be an integer, unable to parse string as an integer"),
    "int_from_float": sentence("must be an integer, got a number with a fractional part"),
    "too_short": sentence("list should have at least 1 item after validation, not 0"),
}


def complaint(error: ErrorDetails) -> str:
    """One error of a validation. A kind that is not known here stays in pydantic's own words."""
    kind, limits = error["type"], error.get("ctx", {})
    if kind in ("enum", "literal_error"):
        *first, last = _QUOTED.findall(limits["expected"])
        return sentence("Input should be {first} or {last}", first=tuple(first), last=last)
    if kind == "greater_than_equal":
        return sentence("Input should be greater than or equal to {least}", least=limits["ge"])
    if kind == "string_pattern_mismatch":
        return sentence("String should match pattern '{pattern}'", pattern=limits["pattern"])
    return _SAID.get(kind, error["msg"])
