"""``paddle-estimate history fit``: learn from past jobs, and keep what was learnt."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from estimator.cli.arguments import HistoryFitArguments
from estimator.cli.console import output_console
from estimator.cli.history.jobs import jobs_of, model_file
from estimator.cli.output import write_stdout
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.learning.fit import Trial, fit, succeed, trial
from estimator.learning.model import FittedModel, load, save
from estimator.messages import Say, message


def run(session: Session, arguments: HistoryFitArguments) -> int:
    """Fit; the model that is kept stays where it was better on jobs that it had not seen."""
    path = model_file(arguments.model_file)
    champion = None if arguments.replace else load(path)
    frame = jobs_of(arguments)
    challenger = succeed(champion, fit(frame))
    if not challenger.made.compared:
        raise BadInput(message("error.no_jobs"), hint="--map peak_memory_bytes=COLUMN")
    same = champion is not None and champion.fingerprint == challenger.fingerprint
    held = trial(champion, frame) if champion and not same else None
    won = not same and (held is None or held.won)
    if won:
        save(challenger, path)
    kept = challenger if won or champion is None else champion
    if arguments.json:
        document = _document(kept, held, path, replaced=won)
        write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        output_console().print(_said(kept, held, path, session.say))
    return 0


def _document(
    kept: FittedModel, held: Trial | None, path: Path, *, replaced: bool
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "path": str(path),
        "replaced": replaced,
        "fingerprint": kept.fingerprint,
        **asdict(kept.made),
        "trial": None if held is None else {**asdict(held), "won": held.won},
    }


def _said(kept: FittedModel, held: Trial | None, path: Path, say: Say) -> str:
    if held is not None and not held.won:
        losses = {"champion": sum(held.champion), "challenger": sum(held.challenger)}
        figures = {name: f"{loss:.3g}" for name, loss in losses.items()}
        return say("fit.kept", version=kept.made.version, path=path, jobs=held.jobs, **figures)
    made = kept.made
    return say(
        "fit.made",
        version=made.version,
        jobs=f"{made.jobs:,}",
        compared=f"{made.compared:,}",
        fingerprint=kept.fingerprint,
        path=path,
    )
