"""``paddle-estimate gpus``: the GPU types this site knows."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from estimator.cli.arguments import GpusArguments
from estimator.cli.console import output_console
from estimator.cli.output import write_stdout
from estimator.cli.session import Session
from estimator.gpus.catalogue import Catalogue, load_catalogue
from estimator.gpus.types import GpuType
from estimator.messages import Say
from estimator.units import format_bytes
from estimator.values import Missing


def run(session: Session, arguments: GpusArguments) -> int:
    """Print the catalogue as a table, or as one JSON document."""
    catalogue = load_catalogue(arguments.gpus_file)
    if arguments.json:
        write_stdout(json.dumps(document(catalogue), indent=2, ensure_ascii=False) + "\n")
    else:
        output_console().print(_table(catalogue, session.say))
    return 0


def document(catalogue: Catalogue) -> dict[str, Any]:
    """The catalogue as plain data; what is not known is null, and ``missing`` says why."""
    offered = {gpu.name for gpu in catalogue.offered}
    return {
        "schema_version": 1,
        "gpus": [{**_plain(gpu), "offered": gpu.name in offered} for gpu in catalogue.types],
    }


def _plain(gpu: GpuType) -> dict[str, Any]:
    """The fields by name; a missing one is null, and ``missing`` says why."""
    values = {field.name: getattr(gpu, field.name) for field in fields(gpu)}
    missing = {name: one.reason for name, one in values.items() if isinstance(one, Missing)}
    known = {name: None if name in missing else value for name, value in values.items()}
    return {
        **known,
        "compute_capability": "{}.{}".format(*gpu.compute_capability),
        "sources": dict(gpu.sources),
        "missing": missing,
    }


def _table(catalogue: Catalogue, say: Say) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(say("gpus.name"), no_wrap=True)
    table.add_column(say("gpus.architecture"), no_wrap=True)
    for name in ("memory", "bandwidth", "fp32", "fp16", "bf16", "per_node", "price"):
        table.add_column(say(f"gpus.{name}"), justify="right")
    offered = {gpu.name for gpu in catalogue.offered}
    for gpu in catalogue.types:
        table.add_row(*_cells(gpu), style="" if gpu.name in offered else "dim")
    return table


def _cells(gpu: GpuType) -> tuple[str, ...]:
    price = gpu.price_per_hour
    return (
        gpu.name,
        gpu.architecture,
        format_bytes(gpu.memory_bytes),
        f"{gpu.memory_bandwidth / 1e9:,.0f}",
        *(_tera(speed) for speed in (gpu.fp32_flops, gpu.fp16_flops, gpu.bf16_flops)),
        str(gpu.gpus_per_node),
        "-" if isinstance(price, Missing) else f"{price:g}",
    )


def _tera(flops: float | Missing) -> str:
    return "-" if isinstance(flops, Missing) else f"{flops / 1e12:,.4g}"
