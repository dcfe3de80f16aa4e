"""The tool from Python: the same way through it as the command line's.

    import estimator

    result = estimator.estimate("model.py", gpu=["A100-80G"], batch_size=64)
    result = estimator.estimate_script("python train.py --batch 4", gpus=8, gpu=["A100-80G"])
    report = estimator.capacity_report("jobs.csv", format="openb", cluster="nodes.json")

Options are those of the command line, with underscores; every one that the command does not know
is a TypeError. What cannot be used raises :class:`estimator.errors.BadInput` with what to try.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from estimator.charts.types import Chart
    from estimator.report.types import Report, Table
    from estimator.result import EstimateResult

_PATHS = ("cluster", "crds", "gpus_file")


def estimate(model: str | Path, **options: Any) -> EstimateResult:
    """What a model file needs, and the plan and manifest for it; kept as a record.

    Raises UserCodeFailed where the model's own code does not run.
    """
    from estimator.cli.arguments import EstimateArguments
    from estimator.cli.elsewhere import where
    from estimator.cli.parsing import to_options
    from estimator.messages import Language
    from estimator.pipeline import estimate as ask

    arguments = EstimateArguments(model=Path(model), **_typed(options))
    return ask(to_options(arguments, Language.EN), where=where(arguments))


def estimate_script(command: str | Sequence[str], **options: Any) -> EstimateResult:
    """What a training script needs, as ``paddle-estimate run -- COMMAND`` says it.

    command: one line, or its words. With ``gpus`` and ``nodes`` it runs rank by rank on a virtual
    cluster; every kind of rank is then in ``report.ranks``. Raises BadInput where the command
    starts no Python program, UserCodeFailed where the script does not run.
    """
    from estimator.cli.arguments import RunArguments
    from estimator.cli.parsing import to_script_options
    from estimator.messages import Language
    from estimator.pipeline import estimate as ask

    words = shlex.split(command) if isinstance(command, str) else list(command)
    arguments = RunArguments(program=words, **_typed(options))
    return ask(to_script_options(arguments, Language.EN))


def capacity_report(*jobs: str | Path, **options: Any) -> Report:
    """The report over files of past jobs, a store's address, or the own records.

    Nothing is written; ``estimator.report.render`` makes HTML and JSON of it.
    """
    from estimator.cli.report import make
    from estimator.cli.report_arguments import ReportArguments
    from estimator.progress import Silence

    arguments = ReportArguments(jobs=[str(one) for one in jobs], **_typed(options))
    return make(arguments, Silence())[0]


def frame(table: Table) -> pd.DataFrame:
    """A table of a report for further work; columns by their keys."""
    import pandas as pd

    rows = [list(row) for row in table.rows]
    return pd.DataFrame(rows, columns=[column.key for column in table.columns])


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that notebooks show."""

    chart: Chart

    def _repr_svg_(self) -> str:
        from estimator.charts import to_svg

        return to_svg(self.chart)


def _typed(options: dict[str, Any]) -> dict[str, Any]:
    """Paths as paths, so that they may be written as text."""
    paths = {name: Path(options[name]) for name in _PATHS if options.get(name) is not None}
    folders = {"templates": list(map(Path, options["templates"]))} if "templates" in options else {}
    return {**options, **paths, **folders}
