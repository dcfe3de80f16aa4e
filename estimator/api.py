"""The tool from Python: the same way through it as the command line's.

    import estimator

    result = estimator.estimate("model.py", gpu=["A100-80G"], batch_size=64)
    result = estimator.estimate_script("python train.py --batch 4", gpus=8, gpu=["A100-80G"])
    report = estimator.capacity_report("jobs.csv", format="openb", cluster="nodes.json")
    print(estimator.manifest_of(result.identifier, kind="volcano").text)

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
    from estimator.gpus.catalogue import Catalogue
    from estimator.manifest.difference import TemplateDiff
    from estimator.manifest.types import Manifest, TemplateSummary, TemplateView
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


def manifest_of(
    identifier: str, kind: str | None = None, templates: Sequence[str | Path] = ()
) -> Manifest:
    """The YAML of an earlier estimate, as any kind of job, with the origin of every value."""
    from estimator.manifest.kindnames import parse_kind
    from estimator.rerender import again

    return again(identifier, None if kind is None else parse_kind(kind), _folders(templates))


def changes_of(
    identifier: str, kind: str | None = None, templates: Sequence[str | Path] = ()
) -> TemplateDiff:
    """What the YAML of an earlier estimate adds to its template and changes in it."""
    from estimator.manifest.kindnames import parse_kind
    from estimator.rerender import against_template

    wanted = None if kind is None else parse_kind(kind)
    return against_template(identifier, wanted, _folders(templates))


def compare(left: EstimateResult, right: EstimateResult) -> pd.DataFrame:
    """The figures of two answers side by side: ``left``, ``right``, and whether they differ."""
    import pandas as pd

    from estimator.document import to_document
    from estimator.document.comparing import figures

    both = (to_document(one).model_dump(mode="json") for one in (left, right))
    rows = [(name, one, other, one != other) for name, one, other in figures(*both)]
    columns = ["figure", "left", "right", "differs"]
    return pd.DataFrame(rows, columns=columns).set_index("figure")


def gpu_types(gpus_file: str | Path | None = None) -> Catalogue:
    """The GPU types as the site changes them, each figure with its source."""
    from estimator.gpus.catalogue import load_catalogue

    return load_catalogue(None if gpus_file is None else Path(gpus_file))


def templates(folders: Sequence[str | Path] = ()) -> tuple[TemplateSummary, ...]:
    """The templates that ship, those of the site, and those of the folders."""
    from estimator.manifest.catalogue import list_templates

    return tuple(list_templates(_folders(folders)))


def template(name: str, folders: Sequence[str | Path] = ()) -> TemplateView:
    """A template with all its layers merged, and the origin of every value."""
    from estimator.manifest.catalogue import show_template

    return show_template(name, _folders(folders))


def past_jobs(limit: int = 50) -> pd.DataFrame:
    """The newest job records of the store, one row each."""
    import pandas as pd

    from estimator.records.columns import COLUMNS
    from estimator.records.store import default_address, is_there, open_store
    from estimator.records.stores import query

    names = [one.name for one in COLUMNS]
    if not is_there(default_address()):
        return pd.DataFrame(columns=names)
    with open_store() as store:
        return query.newest(store, query.Selection(), names, limit)


def past_statistics(by: str = "template") -> pd.DataFrame:
    """How many past jobs there are of each kind, what they took, one row each; empty without any.

    by: a column of :func:`past_jobs` that holds text. Raises BadInput for another one.
    """
    import pandas as pd

    from estimator.errors import BadInput
    from estimator.messages import sentence
    from estimator.records.columns import TEXT_COLUMNS
    from estimator.records.store import default_address, is_there, open_store
    from estimator.records.stores import query

    if by not in TEXT_COLUMNS:
        raise BadInput(
            sentence("there is no column '{name}'", name=by),
            hint=sentence("one of {names}", names=", ".join(TEXT_COLUMNS)),
        )
    if not is_there(default_address()):
        return pd.DataFrame(columns=[by])
    with open_store() as store:
        return query.statistics(store, query.Selection(), by)


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


def _folders(folders: Sequence[str | Path]) -> tuple[Path, ...]:
    return tuple(map(Path, folders))
