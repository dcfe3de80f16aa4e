"""A GPU type as the catalogue file and a site's file write it, and what that means.

pydantic is slow to import, so the catalogue imports this module on demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from estimator.gpus.types import GpuType
from estimator.messages import sentence
from estimator.units import MIB
from estimator.values import Missing

_GIGA = 1e9
_TERA = 1e12
_SITE_SOURCE = "the site file"
_ASSUMED_DRIVER_SHARE = 0.02
"""Share of the total that the driver keeps, for a type that does not say: the types of the
catalogue file keep 0.4 to 3.9 %, half of them less than 1.3 %."""


class Figure(BaseModel):
    """A number with its source; ``value`` is None where there is no such unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    source: str = _SITE_SOURCE


def _read_figure(raw: object) -> object:
    """A figure is written as a number, or as ``[number, source]``."""
    if isinstance(raw, list):
        if len(raw) != 2:
            raise ValueError("write a figure as a number or as [number, source]")
        return {"value": raw[0], "source": raw[1]}
    return {"value": raw}


def _above_zero(figure: Figure) -> Figure:
    if not figure.value:
        raise ValueError("must be above zero")
    return figure


FigureField = Annotated[Figure, BeforeValidator(_read_figure)]
NeededFigure = Annotated[Figure, BeforeValidator(_read_figure), AfterValidator(_above_zero)]
_ABSENT = Figure(value=None, source="the entry does not say")


class TypeRecord(BaseModel):
    """One GPU type as written; field names carry the units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    architecture: str
    compute_capability: tuple[int, int]
    product_label: str
    aliases: tuple[str, ...] = ()
    multiprocessors: FigureField = _ABSENT
    memory_mib: NeededFigure
    cuda_visible_mib: FigureField = _ABSENT
    memory_bandwidth_gb_s: NeededFigure
    fp32_tflops: NeededFigure
    tf32_tflops: FigureField = _ABSENT
    fp16_tflops: FigureField = _ABSENT
    bf16_tflops: FigureField = _ABSENT
    nvlink_gb_s: FigureField = Figure(value=0, source=_ABSENT.source)
    pcie_gb_s: NeededFigure

    @model_validator(mode="after")
    def _visible_is_part_of_total(self) -> TypeRecord:
        visible, total = self.cuda_visible_mib.value, self.memory_mib.value
        if visible is not None and total is not None and visible > total:
            raise ValueError(f"cuda_visible_mib {visible:g} is above memory_mib {total:g}")
        return self


class CatalogueFile(BaseModel):
    """The file that ships with the tool."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: Mapping[str, str]
    gpus_per_node: NeededFigure
    types: tuple[TypeRecord, ...]


def to_type(record: TypeRecord, per_node: Figure, keys: Mapping[str, str]) -> GpuType:
    """The type in SI units, its sources spelled out with ``keys``."""
    figures = _figures(record, per_node)
    return GpuType(
        name=record.name,
        architecture=record.architecture,
        compute_capability=record.compute_capability,
        product_label=record.product_label,
        aliases=record.aliases,
        price_per_hour=Missing(sentence("no price is set; a site sets it in gpus.yaml")),
        sources={field: _spell_out(figure.source, keys) for field, figure in figures.items()},
        **{field: _in_si(field, figure, keys) for field, figure in figures.items()},
    )


def _figures(record: TypeRecord, per_node: Figure) -> dict[str, Figure]:
    """By field of GpuType, still in the units of the file."""
    return {
        "memory_bytes": record.memory_mib,
        "driver_reserved_bytes": _driver_share(record),
        "memory_bandwidth": record.memory_bandwidth_gb_s,
        "fp32_flops": record.fp32_tflops,
        "tf32_flops": record.tf32_tflops,
        "fp16_flops": record.fp16_tflops,
        "bf16_flops": record.bf16_tflops,
        "nvlink_bandwidth": record.nvlink_gb_s,
        "pcie_bandwidth": record.pcie_gb_s,
        "multiprocessors": record.multiprocessors,
        "gpus_per_node": per_node,
    }


def _driver_share(record: TypeRecord) -> Figure:
    total = record.memory_mib.value or 0.0
    visible = record.cuda_visible_mib
    if visible.value is None:
        return Figure(
            value=total * _ASSUMED_DRIVER_SHARE,
            source=f"assumed: {_ASSUMED_DRIVER_SHARE:.0%} of the total",
        )
    return Figure(value=total - visible.value, source=visible.source)


def _in_si(field: str, figure: Figure, keys: Mapping[str, str]) -> Any:
    if figure.value is None:
        return Missing(_spell_out(figure.source, keys))
    if field.endswith("_bytes"):
        return round(figure.value * MIB)
    if field.endswith("_bandwidth"):
        return figure.value * _GIGA
    if field.endswith("_flops"):
        return figure.value * _TERA
    return round(figure.value)


def _spell_out(source: str, keys: Mapping[str, str]) -> str:
    """The source with a leading key replaced by what it stands for."""
    head = source.split(";", 1)[0].split(" ", 1)[0]
    return keys[head] + source[len(head) :] if head in keys else source
