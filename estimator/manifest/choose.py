"""Which template suits a model, judged by past jobs, its suite, names, layers and operators."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from estimator.manifest import choice_reasons as reasons
from estimator.manifest.clues import Clues
from estimator.manifest.layers import TemplateLibrary
from estimator.manifest.template_file import TemplateFile
from estimator.manifest.types import Suggestion, TemplateChoice

FALLBACK = "training"
"""The base template, which suits every model."""

MOST_ALTERNATIVES = 3

_CONTAINED_FROM = 4
"""Letters from which a word counts anywhere in a name; a shorter one must begin it."""


class Strength(IntEnum):
    """How much a piece of evidence tells, the more the stronger."""

    DATA = 1
    TOGETHER = 2
    NAMED_LAYER = 3
    NAMED = 4
    SUITE = 5
    USED_BEFORE = 6


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What speaks for a template, the larger weight the more, and the sentence that says so."""

    strength: Strength
    weight: tuple[int, ...]
    reason: str


def choose_template(library: TemplateLibrary, clues: Clues) -> TemplateChoice:
    """The best template for a model, the reason, and up to three alternatives, best first.

    Jobs of the same model that ran count most, then the suite the model is of, then a word in
    the name of the model or its file, the one that stands first: names begin with the
    architecture (``BertForSequenceClassification``, ``SwinTransformer``). Then a word in the
    name of a layer class; then the largest group of layers or operators that are all there; at
    last what kind of data goes in.
    """
    found = [(best, one.name) for one in library.newest if (best := _best(one, clues))]
    found.sort(key=lambda pair: (pair[0].strength, pair[0].weight), reverse=True)
    suggestions = tuple(
        Suggestion(name, evidence.reason, reasons.strength(evidence.strength.name))
        for evidence, name in found
    )
    if not suggestions:
        return TemplateChoice(FALLBACK, reasons.nothing_recognised())
    first, *others = suggestions
    return TemplateChoice(first.name, first.reason, tuple(others[:MOST_ALTERNATIVES]), first.score)


def _best(template: TemplateFile, clues: Clues) -> _Evidence | None:
    found = list(_evidence(template, clues))
    return max(found, key=lambda one: (one.strength, one.weight)) if found else None


def _evidence(template: TemplateFile, clues: Clues) -> Iterator[_Evidence]:
    if jobs := clues.past.get(template.name):
        yield _Evidence(Strength.USED_BEFORE, (jobs,), reasons.used_before(jobs, clues.facts.name))
    for suite in template.suits.suites:
        if where := clues.suites.get(suite.lower()):
            yield _Evidence(Strength.SUITE, (len(suite),), reasons.of_suite(suite, where))
    yield from _named(template, clues)
    yield from _together(template.suits.layers, clues.facts.layer_types, reasons.layers_in_model)
    yield from _together(template.suits.operators, clues.operators, reasons.operators_in_step)
    for kind in template.suits.inputs:
        if shape := clues.inputs.get(kind):
            yield _Evidence(Strength.DATA, (0,), reasons.data_goes_in(kind, shape))


def _named(template: TemplateFile, clues: Clues) -> Iterator[_Evidence]:
    facts = clues.facts
    for word in template.suits.words:
        for name in (facts.name, clues.file):
            if (place := _place(word, name)) is not None:
                said = reasons.word_in_model(word, name)
                yield _Evidence(Strength.NAMED, (-place, len(word)), said)
        for layer in facts.layer_types:
            if (place := _place(word, layer)) is not None:
                said = reasons.word_in_layer(word, layer)
                yield _Evidence(Strength.NAMED_LAYER, (-place, len(word)), said)


def _together(
    groups: tuple[tuple[str, ...], ...], counts: Mapping[str, int], say: reasons.SayCounted
) -> Iterator[_Evidence]:
    for group in groups:
        if all(name in counts for name in group):
            counted = [(name, counts[name]) for name in group]
            yield _Evidence(Strength.TOGETHER, (len(group),), say(counted))


def _place(word: str, name: str) -> int | None:
    """Where a word stands in a name, counted in letters and digits; None: it does not."""
    parts = re.findall(r"[a-z0-9]+", name.lower())
    joined = "".join(parts)
    if len(word) >= _CONTAINED_FROM:
        return joined.find(word) if word in joined else None
    begun = (len("".join(parts[:i])) for i, part in enumerate(parts) if part.startswith(word))
    return next(begun, None)
