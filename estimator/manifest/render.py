"""From an estimate and the user's options to the finished manifest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from estimator.errors import BadInput
from estimator.manifest import choice_reasons as reasons
from estimator.manifest.choose import MOST_ALTERNATIVES, choose_template
from estimator.manifest.clues import Clues
from estimator.manifest.command import parse_command
from estimator.manifest.fill import fill
from estimator.manifest.jobtext import SavedJob, to_text
from estimator.manifest.layers import Template, TemplateLibrary, resolve_template
from estimator.manifest.locks import merge_locked
from estimator.manifest.merge import merge, overlay
from estimator.manifest.overrides import layer_of, origin
from estimator.manifest.settings import TRAINING, Training, read_settings
from estimator.manifest.tree import Provenance, Setting
from estimator.manifest.types import (
    Computed,
    JobRequest,
    Manifest,
    Override,
    Refused,
    Suggestion,
    TemplateChoice,
)
from estimator.messages import sentence
from estimator.options import ManifestOptions

LAYERS_PATH = 'metadata.annotations["paddle-estimate/layers"]'
DIGITS = 12
_ANY_TRAINING = overlay(
    Setting((*TRAINING, key), ["-"], Provenance("")) for key in ("images", "command")
)
"""What every template says of the training, in the place of one that is not chosen yet."""


@dataclass(frozen=True, slots=True)
class ChosenTemplate:
    """The template that a job is made of, and why it is this one."""

    template: Template
    choice: TemplateChoice


def check_options(library: TemplateLibrary, options: ManifestOptions) -> None:
    """Raise BadInput for what can be known to be wrong before anything is computed."""
    asked = layer_of(overrides_of(options))
    read_settings(merge(_ANY_TRAINING, asked), TRAINING, Training)
    if options.template is not None:
        template = resolve_template(library, options.template)
        merge_locked(template.tree, asked, template.locks)


def choose(library: TemplateLibrary, options: ManifestOptions, clues: Clues) -> ChosenTemplate:
    """The template that was asked for, else the one that suits the model. Raises BadInput."""
    choice = choose_template(library, clues)
    if options.template is not None:
        choice = _asked_for(options.template, choice)
    return ChosenTemplate(resolve_template(library, choice.name), choice)


def _asked_for(name: str, advised: TemplateChoice) -> TemplateChoice:
    """The named template, with what would have been advised as its alternatives."""
    first = Suggestion(advised.name, advised.reason, advised.score)
    others = tuple(one for one in (first, *advised.alternatives) if one.name != name)
    return TemplateChoice(name, reasons.asked_for(), others[:MOST_ALTERNATIVES])


def refused(error: BadInput, saved: str) -> Refused:
    """In the place of the manifest that the error prevents."""
    reason: str = error.what
    if error.where:
        reason = sentence("{path}: {problem}", path=error.where, problem=reason)
    if error.hint:
        reason = sentence("{problem}; try: {hint}", problem=reason, hint=error.hint)
    return Refused(reason, error.what, error.where, error.hint, saved)


def saved_text(request: JobRequest, options: ManifestOptions, chosen: ChosenTemplate) -> str:
    """What a manifest is made of, to make it again without a dry step."""
    job = SavedJob(request, options, layers_of(chosen.template))
    return to_text(job, chosen.choice.name)


def render(request: JobRequest, options: ManifestOptions, chosen: ChosenTemplate) -> Manifest:
    """The manifest of an estimate.

    Raises BadInput for a template that cannot be used, with ``file:line``.
    """
    layers = layers_of(chosen.template)
    asked = replace(request, settings={**request.settings, LAYERS_PATH: _layers_value(layers)})
    made = fill(chosen.template, asked, options.kind, tuple(overrides_of(options)))
    saved = saved_text(request, options, chosen)
    made = replace(made, choice=chosen.choice, layers=layers, saved=saved)
    if options.template is not None:
        return made
    return replace(made, notes=(reasons.template_chosen(chosen.choice), *made.notes))


def layers_of(template: Template) -> tuple[str, ...]:
    """``name@digest`` of each layer, lowest first: the first 12 digits of the file's SHA-256."""
    return tuple(f"{layer.name}@{layer.digest[:DIGITS]}" for layer in template.layers)


def _layers_value(layers: Sequence[str]) -> Computed:
    return Computed(" ".join(layers), sentence("the layers it is made of, to make it again"))


def overrides_of(options: ManifestOptions) -> Iterator[Override]:
    """What the user sets, the command last."""
    yield from options.settings
    if options.command is not None:
        words = parse_command(options.command)
        yield Override("training.command", [*words], origin("--command"))
