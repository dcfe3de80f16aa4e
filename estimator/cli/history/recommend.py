"""``paddle-estimate history recommend``: what memory to ask for, and why."""

from __future__ import annotations

import json
from dataclasses import asdict

from estimator.cli.amounts import bytes_of
from estimator.cli.arguments import HistoryRecommendArguments
from estimator.cli.console import output_console
from estimator.cli.history.jobs import model_file, prices_of
from estimator.cli.output import write_stdout
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.learning.model import load
from estimator.learning.recommend import Advice, Recommender
from estimator.learning.state import Groups, model_key
from estimator.messages import Say, message
from estimator.records.types import Target
from estimator.units import format_bytes

_TARGETS = {"host-memory": Target.HOST_MEMORY, "device-memory": Target.DEVICE_MEMORY}


def run(session: Session, arguments: HistoryRecommendArguments) -> int:
    """Advise on one request, from the fitted model."""
    path = model_file(arguments.model_file)
    model = load(path)
    if model is None:
        raise BadInput(
            message("error.no_fitted_model"), where=str(path), hint="paddle-estimate history fit"
        )
    prices = prices_of(arguments.oom_price, arguments.waste_price)
    recommender = Recommender(model.state, prices, model.calibration)
    advice = recommender.advise(
        _TARGETS[arguments.target], _groups(arguments), _bytes(arguments.request)
    )
    if arguments.json:
        document = {"schema_version": 1, "fingerprint": model.fingerprint, **asdict(advice)}
        write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in _lines(advice, session.say):
            output_console().print(line)
    return 0


def _groups(arguments: HistoryRecommendArguments) -> Groups:
    name = model_key(arguments.name) if arguments.name else None
    return Groups(arguments.template, name, arguments.user, arguments.gpu)


def _bytes(words: str) -> int:
    flag = "--request"
    amount = bytes_of(flag, words)
    if amount < 1:
        raise BadInput(message("error.no_memory", words=words), where=flag, hint=f"{flag} 16Gi")
    return amount


def _lines(advice: Advice, say: Say) -> list[str]:
    return [
        say(
            "recommend.ask",
            amount=format_bytes(advice.amount),
            requested=format_bytes(advice.requested),
            share=f"{advice.amount / advice.requested:.0%}",
            risk=f"{advice.risk:.2%}",
        ),
        say(
            "recommend.interval",
            lower=format_bytes(advice.lower),
            upper=format_bytes(advice.upper),
        ),
        *(f"- {reason}" for reason in advice.reasons),
    ]
