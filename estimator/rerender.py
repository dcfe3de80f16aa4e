"""A saved estimate's manifest, made again from its record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from estimator.errors import BadInput
from estimator.manifest.catalogue import template_library
from estimator.manifest.choice_reasons import asked_for
from estimator.manifest.jobtext import SavedJob, from_text
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.layers import resolve_template
from estimator.manifest.render import ChosenTemplate, render
from estimator.manifest.types import Manifest, TemplateChoice
from estimator.messages import message, sentence
from estimator.records.store import default_address, is_there, open_store


def again(
    identifier: str, kind: ManifestKind | None = None, folders: Sequence[Path] = ()
) -> Manifest:
    """The manifest of a saved estimate, with a note for each layer that changed since.

    kind, folders: others than the estimate was made with. Raises BadInput for an estimate that
    is not there or had no manifest, and for templates that cannot be used any more.
    """
    saved = from_text(_saved_text(identifier), where=identifier)
    options = replace(
        saved.options,
        kind=kind or saved.options.kind,
        templates_folders=tuple(folders) or saved.options.templates_folders,
    )
    name = options.template or ""
    template = resolve_template(template_library(options.templates_folders), name)
    choice = TemplateChoice(name, asked_for())
    made = render(saved.request, options, ChosenTemplate(template, choice))
    return replace(made, notes=(*_changes(saved, made), *made.notes))


def _saved_text(identifier: str) -> str:
    address = default_address()
    record = None
    if is_there(address):
        with open_store() as store:
            record = store.get(identifier)
    if record is None:
        raise BadInput(message("layers.no_estimate", identifier=identifier), where=address)
    if record.submitted.job_request is None:
        raise BadInput(message("layers.no_request", identifier=identifier), where=address)
    return record.submitted.job_request


def _changes(saved: SavedJob, made: Manifest) -> Iterator[str]:
    """Layers that are no longer what the estimate was made with."""
    for one in made.layers:
        if one not in saved.layers:
            yield sentence(
                "layer {name} has changed since the estimate, or is new", name=one.partition("@")[0]
            )
    now = {one.partition("@")[0] for one in made.layers}
    for one in saved.layers:
        name = one.partition("@")[0]
        if name not in now:
            yield sentence("layer {name} is no longer part of it", name=name)
