"""A saved estimate's manifest, made again from its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from estimator.errors import BadInput
from estimator.gpus.catalogue import load_catalogue
from estimator.job import checked, site_limits
from estimator.manifest.catalogue import template_library
from estimator.manifest.choice_reasons import asked_for
from estimator.manifest.difference import TemplateDiff, difference
from estimator.manifest.jobtext import SavedJob, from_text
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.layers import Template, resolve_template
from estimator.manifest.policy import Rule
from estimator.manifest.render import ChosenTemplate, overrides_of, render
from estimator.manifest.types import JobRequest, Manifest, TemplateChoice
from estimator.messages import message, sentence
from estimator.options import ManifestOptions
from estimator.plan.policy import Cards, breach_of, names_of
from estimator.records.store import default_address, is_there, open_store


def again(
    identifier: str, kind: ManifestKind | None = None, folders: Sequence[Path] = ()
) -> Manifest:
    """The manifest of a saved estimate, with a note for each layer that changed since.

    kind, folders: others than the estimate was made with. Raises BadInput for an estimate that
    is not there or had no manifest, for templates that cannot be used any more, and for a plan
    beyond what their policy allows now.
    """
    return _remade(identifier, kind, folders).manifest


def against_template(
    identifier: str, kind: ManifestKind | None = None, folders: Sequence[Path] = ()
) -> TemplateDiff:
    """The manifest of :func:`again` against its template. Raises BadInput as that."""
    made = _remade(identifier, kind, folders)
    overrides = tuple(overrides_of(made.options))
    return difference(made.manifest, made.template, made.request, overrides)


@dataclass(frozen=True, slots=True)
class _Remade:
    """A manifest, and what it was made of."""

    manifest: Manifest
    template: Template
    request: JobRequest
    options: ManifestOptions


def _remade(identifier: str, kind: ManifestKind | None, folders: Sequence[Path]) -> _Remade:
    saved = from_text(_saved_text(identifier), where=identifier)
    options = replace(
        saved.options,
        kind=kind or saved.options.kind,
        templates_folders=tuple(folders) or saved.options.templates_folders,
    )
    name = options.template or ""
    template = resolve_template(template_library(options.templates_folders), name)
    _require_within(template.policy, saved.request)
    choice = TemplateChoice(name, asked_for())
    made = checked(render(saved.request, options, ChosenTemplate(template, choice)), options)
    made = replace(made, notes=(*_changes(saved, made), *made.notes))
    return _Remade(made, template, saved.request, options)


def _require_within(policy: Iterable[Rule], request: JobRequest) -> None:
    """Raise BadInput where the plan of the estimate breaks a limit; it cannot be chosen again."""
    product = request.gpu_product
    gpu = next((one for one in load_catalogue().types if one.product_label == product), None)
    names = (product,) if gpu is None else names_of(gpu)
    cards = Cards(names, request.gpu_count * request.nodes, request.nodes)
    for rule in policy:
        for limit in site_limits([rule]):
            breach = breach_of(cards, limit)
            if breach is not None:
                hint = sentence("estimate the model again, for a plan within the policy")
                raise BadInput(breach.reason, where=rule.where, hint=hint)


def _saved_text(identifier: str) -> str:
    address = default_address()
    record = None
    if is_there(address):
        with open_store() as store:
            record = store.get(identifier)
    if record is None:
        what = message("layers.no_estimate", identifier=identifier)
        raise BadInput(what, where=address, hint="paddle-estimate history list")
    if record.submitted.job_request is None:
        what = message("layers.no_request", identifier=identifier)
        raise BadInput(what, where=address, hint="paddle-estimate MODEL.py")
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
