"""Which past jobs a command is about: files that are named, or the user's own records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from estimator.cli.arguments import HistoryLearnArguments
from estimator.cli.console import error_console
from estimator.errors import BadInput
from estimator.experience import model_path, own_jobs
from estimator.learning.decision import Prices
from estimator.learning.source import frame_of_files
from estimator.messages import message
from estimator.records.mapping import parse_mapping
from estimator.records.reading.problems import Tally

if TYPE_CHECKING:
    import pandas as pd


def jobs_of(arguments: HistoryLearnArguments) -> pd.DataFrame:
    """The frame of past jobs. Raises BadInput where there are none."""
    import pandas as pd

    if not arguments.files:
        frame = pd.concat([pd.DataFrame(), *own_jobs()], ignore_index=True)
    else:
        tally = Tally()
        mapping = parse_mapping(arguments.map, arguments.set)
        frame = frame_of_files(arguments.files, mapping, tally)
        for line in tally.lines():
            error_console().print(line)
    if frame.empty:
        raise BadInput(message("error.no_jobs"), hint="paddle-estimate history fit FILE --map ...")
    return frame


def model_file(named: Path | None) -> Path:
    """Where the fitted model is kept."""
    return named or model_path()


def prices_of(oom_price: float, waste_price: float) -> Prices:
    """Prices of a command line. Raises BadInput for one that is none."""
    try:
        return Prices(oom_price, waste_price)
    except ValueError:
        price = f"{oom_price:g}, {waste_price:g}"
        hint = "--oom-price 20 --waste-price 1"
        raise BadInput(
            message("error.price", price=price), where="--oom-price", hint=hint
        ) from None
