"""What speaks for a template, in words."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Callable, Sequence

from estimator.manifest.types import TemplateChoice
from estimator.messages import sentence

SayCounted = Callable[[Sequence[tuple[str, int]]], str]


def used_before(jobs: int, model: str) -> str:
    if jobs == 1:
        return sentence("a past job of {model} ran with it", model=model)
    return sentence("{jobs} past jobs of {model} ran with it", jobs=jobs, model=model)


def of_suite(suite: str, where: str) -> str:
    return sentence("the model is of {suite} ({where})", suite=suite, where=where)


def word_in_model(word: str, name: str) -> str:
    return sentence("the model's name {name} contains '{word}'", name=name, word=word)


def word_in_layer(word: str, layer: str) -> str:
    return sentence(
        "the model has a layer {layer}, which contains '{word}'", layer=layer, word=word
    )


def layers_in_model(layers: Sequence[tuple[str, int]]) -> str:
    return sentence("the model has {layers}", layers=_counted(layers))


def operators_in_step(operators: Sequence[tuple[str, int]]) -> str:
    return sentence("a training step launches {operators}", operators=_counted(operators))


def data_goes_in(kind: str, shape: str) -> str:
    return sentence("its first operators read {kind} of {shape}", kind=_KINDS[kind](), shape=shape)


def nothing_recognised() -> str:
    return sentence("neither past jobs, suite, names, layers nor operators point to a domain")


def asked_for() -> str:
    return sentence("asked for")


def template_chosen(choice: TemplateChoice) -> str:
    others = tuple(one.name for one in choice.alternatives)
    if others:
        return sentence(
            "template {name}: {reason}; also possible: {others} (--template)",
            name=choice.name,
            reason=choice.reason,
            others=others,
        )
    return sentence(
        "template {name}: {reason} (--template)", name=choice.name, reason=choice.reason
    )


_KINDS: dict[str, Callable[[], str]] = {
    "images": lambda: sentence("images"),
    "tokens": lambda: sentence("token numbers"),
}


def strength(name: str) -> str:
    return _STRENGTHS[name]()


_STRENGTHS: dict[str, Callable[[], str]] = {
    "USED_BEFORE": lambda: sentence("sure: used before"),
    "SUITE": lambda: sentence("sure: by its suite"),
    "NAMED": lambda: sentence("likely: by its name"),
    "NAMED_LAYER": lambda: sentence("likely: by the name of a layer"),
    "TOGETHER": lambda: sentence("possible: by what it is made of"),
    "DATA": lambda: sentence("weak: by the data that goes in"),
}


def _counted(names: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(f"{count} {name}" for name, count in names)
