"""What a site's gpus.yaml does to the shipped types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from estimator.errors import BadInput
from estimator.gpus.names import find_type, types_called
from estimator.gpus.records import Figure, TypeRecord, to_type
from estimator.gpus.types import GpuType
from estimator.gpus.yamlfile import Step, line_of, read_model
from estimator.messages import sentence

Types = tuple[GpuType, ...]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
EVERY = "*"
"""In place of a name: every type that is not named beside it."""


def _read_counts(raw: object) -> object:
    return {EVERY: raw} if isinstance(raw, int) else raw


class SiteFile(BaseModel):
    """A site's ``gpus.yaml``: all parts optional.

    add: types of its own, or other figures for a known name. hide: names never shown.
    offer: the default list, in its order. price_per_hour, gpus_per_node: by name, or ``*`` for
    every other type; gpus_per_node may also be one number for all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    add: tuple[TypeRecord, ...] = ()
    hide: tuple[str, ...] = ()
    offer: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    price_per_hour: Mapping[str, Price] = {}
    gpus_per_node: Annotated[Mapping[str, Count], BeforeValidator(_read_counts)] = {}


@dataclass(frozen=True, slots=True)
class _Site:
    """A read site file that can say where each of its settings stands."""

    path: Path
    text: str
    settings: SiteFile

    def where(self, *steps: Step) -> str:
        return f"{self.path}:{line_of(self.text, steps)}"


def apply_site_file(types: Types, path: Path, per_node: Figure) -> tuple[Types, Types, Types]:
    """All types, the offered ones in their order, and the hidden ones, after the site's say.

    per_node: GPUs in a node of a type that the site adds without saying so. Raises BadInput
    with ``file:line`` for an unknown, ambiguous or taken name and whatever does not parse.
    """
    settings, text = read_model(path, SiteFile)
    site = _Site(path, text, settings)
    known = _with_added(types, site, per_node)
    known = _with_values(known, site, "gpus_per_node", settings.gpus_per_node)
    known = _with_values(known, site, "price_per_hour", settings.price_per_hour)
    hidden = _named(known, site, "hide", settings.hide)
    visible = tuple(gpu for gpu in known if gpu not in hidden)
    if not visible:
        what, hint = sentence("hides every GPU type"), sentence("offer some instead")
        raise BadInput(what, where=site.where("hide"), hint=hint)
    offered = visible if settings.offer is None else _offered(visible, site)
    return visible, offered, hidden


def _with_added(types: Types, site: _Site, per_node: Figure) -> Types:
    """A record with a known name takes that type's place; any other name must be free."""
    for position, record in enumerate(site.settings.add):
        added = to_type(record, per_node, keys={})
        others = tuple(gpu for gpu in types if gpu.name != added.name)
        for name in (added.name, added.product_label, *added.aliases):
            _refuse_taken(others, name, site.where("add", position))
        types = (*others, added)
    return types


def _refuse_taken(others: Types, name: str, where: str) -> None:
    taken = types_called(others, name)
    if taken:
        raise BadInput(
            sentence(
                "the name '{name}' is already that of {other}", name=name, other=taken[0].name
            ),
            where=where,
            hint=sentence("another name"),
        )


def _with_values(types: Types, site: _Site, field: str, by_name: Mapping[str, float]) -> Types:
    """The types with ``field`` set where the site sets it, and the site file as its source."""
    spelled = {
        find_type(types, name, where=site.where(field, name)).name: name
        for name in by_name
        if name != EVERY
    }
    changed = []
    for gpu in types:
        name = spelled.get(gpu.name, EVERY)
        known = name in by_name
        changed.append(
            _with_value(gpu, field, by_name[name], site.where(field, name)) if known else gpu
        )
    return tuple(changed)


def _with_value(gpu: GpuType, field: str, value: float, source: str) -> GpuType:
    update: dict[str, Any] = {field: value, "sources": {**gpu.sources, field: source}}
    return replace(gpu, **update)


def _named(types: Types, site: _Site, field: str, names: Iterable[str]) -> Types:
    return tuple(
        find_type(types, name, where=site.where(field, position))
        for position, name in enumerate(names)
    )


def _offered(visible: Types, site: _Site) -> Types:
    offered = _named(visible, site, "offer", site.settings.offer or ())
    return tuple(dict.fromkeys(offered))
