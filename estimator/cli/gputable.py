"""The table of considered GPUs: as many columns as the terminal has room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table

from estimator.cli.figures import NONE, format_size, interval
from estimator.messages import Say
from estimator.plan.types import Recommendation
from estimator.result import EstimateResult, GpuRow
from estimator.units import format_bytes, format_duration, format_number
from estimator.values import Missing


@dataclass(frozen=True, slots=True)
class _Column:
    """One column, shown where the terminal has at least ``from_width`` columns."""

    key: str
    cell: Callable[[GpuRow, Say], str]
    from_width: int = 0
    justify: Literal["left", "right"] = "right"


def gpu_table(result: EstimateResult, width: int, say: Say) -> Table:
    """One line for each GPU type, the chosen one marked."""
    columns = [column for column in _COLUMNS if width >= column.from_width]
    measured = result.report.measurements[0]
    table = Table(
        title=say("table.title", batch=measured.per_device_batch_size),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        table.add_column(say(column.key), justify=column.justify, no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in result.gpus:
        cells = [column.cell(row, say) for column in columns]
        count = _chosen_count(result, row)
        chosen = say("table.chosen", count=count) if count else ""
        table.add_row(*cells, chosen, style=_style(row, chosen=bool(count)))
    return table


def _chosen_count(result: EstimateResult, row: GpuRow) -> int:
    outcome = result.outcome
    if isinstance(outcome, Recommendation) and outcome.plan.gpu == row.gpu.name:
        return outcome.plan.gpu_count
    return 0


def _style(row: GpuRow, *, chosen: bool) -> str:
    if chosen:
        return "bold green"
    return "" if row.memory.fits else "dim"


def _name(row: GpuRow, say: Say) -> str:
    return row.gpu.name


def _memory(row: GpuRow, say: Say) -> str:
    return format_bytes(row.memory.device_memory.target)


def _memory_interval(row: GpuRow, say: Say) -> str:
    return interval(row.memory.device_memory, format_size)


def _capacity(row: GpuRow, say: Say) -> str:
    return format_bytes(row.memory.capacity_bytes)


def _fits(row: GpuRow, say: Say) -> str:
    return say("table.yes" if row.memory.fits else "table.no")


def _largest_batch(row: GpuRow, say: Say) -> str:
    return str(row.max_per_device_batch_size or say("table.none"))


def _step_time(row: GpuRow, say: Say) -> str:
    step = row.step_time
    return NONE if isinstance(step, Missing) else format_duration(step.step_seconds.target)


def _step_time_interval(row: GpuRow, say: Say) -> str:
    step = row.step_time
    return "" if isinstance(step, Missing) else interval(step.step_seconds, format_duration)


def _throughput(row: GpuRow, say: Say) -> str:
    step = row.step_time
    return NONE if isinstance(step, Missing) else format_number(step.throughput.target)


_COLUMNS = (
    _Column("table.gpu", _name, justify="left"),
    _Column("table.memory", _memory),
    _Column("table.interval", _memory_interval, from_width=116),
    _Column("table.capacity", _capacity, from_width=92),
    _Column("table.fits", _fits, justify="left"),
    _Column("table.largest_batch", _largest_batch),
    _Column("table.step_time", _step_time, from_width=68),
    _Column("table.interval", _step_time_interval, from_width=136),
    _Column("table.throughput", _throughput, from_width=80),
)
