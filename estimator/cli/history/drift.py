"""``paddle-estimate history drift``: which kinds of job have changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

from estimator.cli.arguments import HistoryLearnArguments
from estimator.cli.console import output_console
from estimator.cli.history.jobs import jobs_of
from estimator.cli.output import write_stdout
from estimator.cli.session import Session
from estimator.learning.drift import Drift, find_drift
from estimator.learning.frames import comparisons, kinds_of
from estimator.messages import Say


def run(session: Session, arguments: HistoryLearnArguments) -> int:
    """List the kinds of job whose recent jobs differ from the earlier ones."""
    frame = jobs_of(arguments)
    kinds = kinds_of(frame)
    tests = [find_drift(compared, kinds) for compared in comparisons(frame)]
    tested = sum(count for count, _ in tests)
    changed = [one for _, found in tests for one in found]
    if arguments.json:
        document = {
            "schema_version": 1,
            "tested": tested,
            "changed": [asdict(one) for one in changed],
        }
        write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in _lines(tested, changed, session.say):
            output_console().print(line)
    return 0


def _lines(tested: int, changed: list[Drift], say: Say) -> list[str]:
    if not changed:
        return [say("drift.none", tested=tested)]
    head = say("drift.found", changed=len(changed), tested=tested)
    return [head, *(_line(one, say) for one in changed)]


def _line(one: Drift, say: Say) -> str:
    return say(
        "drift.line",
        target=one.target.value,
        kind=" ".join(filter(None, (one.template, one.model))),
        change=f"{one.change - 1:+.1%}",
        since=datetime.fromtimestamp(one.since, UTC).date().isoformat(),
        recent=one.recent,
        earlier=one.earlier,
        p=f"{one.p:.2g}",
    )
