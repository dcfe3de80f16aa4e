"""From an estimate and the user's options to the finished manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from estimator.drystep.measurement import ModelFacts
from estimator.manifest import reasons
from estimator.manifest.catalogue import template_library
from estimator.manifest.choose import choose_template
from estimator.manifest.command import parse_command
from estimator.manifest.fill import fill
from estimator.manifest.layers import TemplateLibrary, resolve_template
from estimator.manifest.overrides import origin
from estimator.manifest.types import JobRequest, Manifest, Override, TemplateChoice
from estimator.options import ManifestOptions


def render(request: JobRequest, options: ManifestOptions, facts: ModelFacts) -> Manifest:
    """The manifest of an estimate; where no template is named, the one that suits the model.

    Raises BadInput for a template that cannot be used, with ``file:line``.
    """
    library = template_library(options.templates_folders)
    choice = _choice(library, options, facts)
    template = resolve_template(library, choice.name)
    manifest = fill(template, request, options.kind, tuple(_overrides(options)))
    if options.template is not None:
        return manifest
    return replace(manifest, notes=(reasons.template_chosen(choice), *manifest.notes))


def _choice(
    library: TemplateLibrary, options: ManifestOptions, facts: ModelFacts
) -> TemplateChoice:
    if options.template is not None:
        return TemplateChoice(options.template, reasons.asked_for())
    return choose_template(library, facts)


def _overrides(options: ManifestOptions) -> Iterator[Override]:
    yield from options.settings
    if options.command is not None:
        words = parse_command(options.command)
        yield Override("training.command", [*words], origin("--command"))
