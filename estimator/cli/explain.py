"""``--explain``: each computed value with where it comes from and why it is that value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from estimator.cli.figures import NONE, Prediction, Show, format_size, with_interval
from estimator.cli.summary import plan_name
from estimator.manifest.types import Origin
from estimator.memory.layers import device_memory_layers
from estimator.memory.types import MemoryEstimate
from estimator.messages import Say
from estimator.plan.types import CandidatePlan, HostRequest, Recommendation
from estimator.result import EstimateResult, NothingFits
from estimator.units import format_duration, format_number, to_quantity
from estimator.values import Missing

Row = tuple[str, str, str, str]
_FIGURE_HEADS = ("value", "figure", "source", "why")


def explanation(result: EstimateResult, say: Say) -> Group:
    """The values of the plan, of the request beside it and of the YAML; and the other plans."""
    return Group(*_tables(result, say))


def origins_table(origins: Iterable[Origin], say: Say) -> Table:
    """Where each value of a YAML comes from."""
    rows = (
        (one.path, json.dumps(one.value, ensure_ascii=False), one.origin, one.reason)
        for one in origins
    )
    return _table("explain.yaml", ("path", "figure", "source", "why"), rows, say)


def _tables(result: EstimateResult, say: Say) -> Iterator[Table]:
    outcome = result.outcome
    plan = outcome.nearest if isinstance(outcome, NothingFits) else outcome.plan
    yield _table("explain.figures", _FIGURE_HEADS, _figures(plan, say), say)
    if isinstance(outcome, Recommendation):
        yield _table(
            "explain.request", ("value", "figure", "why"), _request(outcome.host, say), say
        )
    yield _table("explain.plans", ("plan", "why"), _best_by_gpu(outcome.candidates, say), say)
    if not isinstance(result.manifest, Missing):
        yield origins_table(result.manifest.origins, say)


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], say: Say) -> Table:
    table = Table(
        title=say(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for head in heads:
        table.add_column(say(f"explain.{head}"), overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _figures(plan: CandidatePlan, say: Say) -> Iterator[Row]:
    yield _figure("explain.device_memory", plan.memory.device_memory, format_size, say)
    yield from _layers(plan.memory, say)
    yield _figure("explain.step_time", plan.step_seconds, format_duration, say)
    yield _figure("explain.throughput", plan.throughput, format_number, say)
    yield _figure("explain.efficiency", plan.scaling_efficiency, "{:.1%}".format, say)
    yield _figure("explain.duration", plan.duration_seconds, format_duration, say)
    yield _figure("explain.gpu_hours", plan.gpu_hours, "{:.4g}".format, say)
    yield _figure("explain.cost", plan.cost, "{:.4g}".format, say)


def _layers(memory: MemoryEstimate, say: Say) -> Iterator[Row]:
    """What device memory consists of, from the tensors outwards."""
    layers = device_memory_layers(memory)
    for layer in layers:
        yield _figure(f"layer.{layer.name}", layer.size, format_size, say)
    if not layers:
        yield _figure("explain.context", memory.overhead.context, format_size, say)
        yield _figure("explain.communication", memory.overhead.communication, format_size, say)


def _figure(key: str, value: Prediction | Missing, show: Show, say: Say) -> Row:
    if isinstance(value, Missing):
        return say(key), NONE, NONE, value.reason
    return say(key), with_interval(value, show), say(f"source.{value.source.value}"), value.reason


def _request(host: HostRequest, say: Say) -> Iterator[tuple[str, str, str]]:
    yield say("explain.host_memory"), to_quantity(host.memory_bytes), host.memory_reason
    yield say("explain.cpu"), str(host.cpu), host.cpu_reason
    yield say("explain.shm"), to_quantity(host.shm_bytes), host.shm_reason


def _best_by_gpu(candidates: Sequence[CandidatePlan], say: Say) -> Iterator[tuple[str, str]]:
    """The first plan of each GPU type: plans come best first."""
    first = {plan.gpu: plan for plan in reversed(candidates)}
    for plan in candidates:
        if first[plan.gpu] is plan:
            yield plan_name(plan, say), plan.reason
