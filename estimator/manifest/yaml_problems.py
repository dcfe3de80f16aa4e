"""What libyaml and PyYAML say of a text that is not YAML, as sentences that can be translated."""

from __future__ import annotations

from collections.abc import Mapping

from estimator.messages import sentence

_SAID: Mapping[str, str] = {
    str(one): one
    for one in (
        sentence("block sequence entries are not allowed in this context"),
        sentence("control characters are not allowed"),
        sentence("could not find expected ':'"),
        sentence("did not find expected ',' or ']'"),
        sentence("did not find expected ',' or '}}'"),
        sentence("did not find expected '-' indicator"),
        sentence("did not find expected <document start>"),
        sentence("did not find expected alphabetic or numeric character"),
        sentence("did not find expected comment or line break"),
        sentence("did not find expected hexdecimal number"),
        sentence("did not find expected key"),
        sentence("did not find expected node content"),
        sentence("did not find expected whitespace or line break"),
        sentence("found a tab character that violates indentation"),
        sentence("found a tab character where an indentation space is expected"),
        sentence("found character that cannot start any token"),
        sentence("found incompatible YAML document"),
        sentence("found invalid Unicode character escape code"),
        sentence("found undefined tag handle"),
        sentence("found unexpected ':'"),
        sentence("found unexpected document indicator"),
        sentence("found unexpected end of stream"),
        sentence("found unknown directive name"),
        sentence("found unknown escape character"),
        sentence("mapping keys are not allowed in this context"),
        sentence("mapping values are not allowed in this context"),
    )
}
"""libyaml's scanner.c, parser.c and reader.c; of its other problems none was met in a template."""


def in_words(problem: str) -> str:
    """The parser's problem; one that is not known stays as the parser says it."""
    return _SAID.get(problem, problem) or sentence("is not YAML")
