"""Which template suits a model, judged by its name and its layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from estimator.drystep.measurement import ModelFacts
from estimator.manifest import reasons
from estimator.manifest.layers import TemplateLibrary
from estimator.manifest.template_file import TemplateFile
from estimator.manifest.types import Suggestion, TemplateChoice

FALLBACK = "training"
"""The base template, which suits every model."""

_CONTAINED_FROM = 4
"""Letters from which a word counts anywhere in a name; a shorter one must begin it."""

_NAMED, _NAMED_LAYER, _LAYERS = 3, 2, 1


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What speaks for a template, the larger weight the more, and the sentence that says so."""

    weight: tuple[int, ...]
    reason: str


def choose_template(library: TemplateLibrary, facts: ModelFacts) -> TemplateChoice:
    """The best template for a model, the reason, and the alternatives, best first.

    A word in the name of the model or its file counts most, the one that stands first: names
    begin with the architecture (``BertForSequenceClassification``, ``SwinTransformer``). Then a
    word in the name of a layer class; then the largest group of layers that are all there.
    """
    found = [(best, one.name) for one in library.newest if (best := _best(one, facts))]
    found.sort(key=lambda pair: pair[0].weight, reverse=True)
    suggestions = tuple(Suggestion(name, evidence.reason) for evidence, name in found)
    if not suggestions:
        return TemplateChoice(FALLBACK, reasons.nothing_recognised())
    return TemplateChoice(suggestions[0].name, suggestions[0].reason, suggestions[1:])


def _best(template: TemplateFile, facts: ModelFacts) -> _Evidence | None:
    found = list(_evidence(template, facts))
    return max(found, key=lambda one: one.weight) if found else None


def _evidence(template: TemplateFile, facts: ModelFacts) -> Iterator[_Evidence]:
    suits = template.suits
    for word in suits.words:
        for name in (facts.name, PurePath(facts.source).stem):
            if (place := _place(word, name)) is not None:
                yield _Evidence((_NAMED, -place, len(word)), reasons.word_in_model(word, name))
        for layer in facts.layer_types:
            if (place := _place(word, layer)) is not None:
                weight = (_NAMED_LAYER, -place, len(word))
                yield _Evidence(weight, reasons.word_in_layer(word, layer))
    for group in suits.layers:
        if all(layer in facts.layer_types for layer in group):
            counted = [(layer, facts.layer_types[layer]) for layer in group]
            yield _Evidence((_LAYERS, len(group)), reasons.layers_in_model(counted))


def _place(word: str, name: str) -> int | None:
    """Where a word stands in a name, counted in letters and digits; None: it does not."""
    parts = re.findall(r"[a-z0-9]+", name.lower())
    joined = "".join(parts)
    if len(word) >= _CONTAINED_FROM:
        return joined.find(word) if word in joined else None
    begun = (len("".join(parts[:i])) for i, part in enumerate(parts) if part.startswith(word))
    return next(begun, None)
