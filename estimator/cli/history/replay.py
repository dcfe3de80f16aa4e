"""``paddle-estimate history replay``: what each rule would have asked for, job by job."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from estimator.cli.arguments import HistoryReplayArguments
from estimator.cli.console import error_console, output_console
from estimator.cli.history.jobs import prices_of
from estimator.cli.output import write_stdout
from estimator.cli.session import Session
from estimator.learning.advisor import Advisor
from estimator.learning.baselines import Rule, baselines_for
from estimator.learning.decision import Prices
from estimator.learning.replay import Replayed, Score, replay
from estimator.learning.trace import Trace, read_trace
from estimator.learning.tune import LEFT_OUT
from estimator.messages import Say
from estimator.records.mapping import parse_mapping

OURS = "paddle_estimate"


def run(session: Session, arguments: HistoryReplayArguments) -> int:
    """Replay the files under our rule and the others; print a table or one JSON document."""
    prices = prices_of(arguments.oom_price, arguments.waste_price)
    mapping = parse_mapping(arguments.map, arguments.set)
    traces = [read_trace(path, mapping) for path in arguments.files]
    rules: Mapping[str, Callable[[], Rule]] = {
        OURS: partial(Advisor, prices),
        **baselines_for(traces),
    }
    results = replay(traces, rules)
    if arguments.json:
        write_stdout(json.dumps(_document(traces, results, prices), indent=2) + "\n")
        return 0
    for trace in traces:
        for line in trace.tally.lines():
            error_console().print(f"{trace.name}: {line}")
    output_console().print(_shown(results, session.say))
    return 0


def _document(
    traces: list[Trace], results: Mapping[str, Replayed], prices: Prices
) -> dict[str, Any]:
    ours = results[OURS]
    return {
        "schema_version": 1,
        "rule": OURS,
        "prices": asdict(prices),
        "overall": _overall(ours),
        "files": [
            {**_file(score), "left_out": _left_out(trace)}
            for score, trace in zip(ours.scores, traces, strict=True)
        ],
        "baselines": {
            name: {"overall": _overall(result), "files": [_file(one) for one in result.scores]}
            for name, result in results.items()
            if name != OURS
        },
        "left_out_workflow": asdict(LEFT_OUT),
    }


def _overall(result: Replayed) -> dict[str, Any]:
    return {
        "tasks": sum(score.tasks for score in result.scores),
        "under": sum(score.under for score in result.scores),
        "under_rate": result.under_rate,
        "under_rate_mean_of_files": result.mean(lambda score: score.under_rate),
        "allocated_over_requested": result.mean(lambda score: score.allocated_over_requested),
        "allocated_with_retries_over_requested": result.mean(
            lambda score: score.retried_over_requested
        ),
        "used_over_requested": result.mean(lambda score: score.used_over_requested),
    }


def _file(score: Score) -> dict[str, Any]:
    return {
        "file": score.name,
        "tasks": score.tasks,
        "under": score.under,
        "under_rate": score.under_rate,
        "allocated_over_requested": score.allocated_over_requested,
        "allocated_with_retries_over_requested": score.retried_over_requested,
        "used_over_requested": score.used_over_requested,
    }


def _left_out(trace: Trace) -> dict[str, int]:
    """Rows that could not be replayed, by reason; jobs that were killed are learnt from only."""
    reasons = {reason: problem.count for reason, problem in trace.tally.skipped.items()}
    killed = sum(task.killed for task in trace.tasks)
    return {**reasons, "killed, peak not known": killed} if killed else reasons


def _shown(results: Mapping[str, Replayed], say: Say) -> Group:
    first = results[OURS]
    tasks = sum(score.tasks for score in first.scores)
    legend = (
        say("replay.legend"),
        say(
            "replay.tuned",
            under=f"{LEFT_OUT.under_rate:.2%}",
            allocated=f"{LEFT_OUT.allocated_over_requested:.3f}",
        ),
    )
    return Group(
        Text(say("replay.title", tasks=f"{tasks:,}", files=len(first.scores)), style="bold"),
        _table(results, say),
        *map(Text, legend),
    )


def _table(results: Mapping[str, Replayed], say: Say) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(say("replay.rule"), no_wrap=True)
    for heading in ("under", "allocated", "retried"):
        table.add_column(say(f"replay.{heading}"), justify="right")
    for name, result in results.items():
        overall = _overall(result)
        table.add_row(
            say("replay.ours") if name == OURS else name,
            f"{overall['under_rate']:.2%}",
            f"{overall['allocated_over_requested']:.3f}",
            f"{overall['allocated_with_retries_over_requested']:.3f}",
            style="bold" if name == OURS else "",
        )
    return table
