"""``paddle-estimate report``: from past jobs and a cluster to a page, JSON and tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from estimator.cli.console import error_console
from estimator.cli.dates import moment, time_zone
from estimator.cli.output import check_writable, write_document, write_stdout
from estimator.cli.progress import TerminalProgress
from estimator.cli.report_arguments import ReportArguments
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.messages import message, sentence
from estimator.progress import Progress, Stage
from estimator.records.importing import ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.store import default_address, is_address, is_there, open_store
from estimator.records.stores.base import Store
from estimator.report.build import SECTIONS, ReportRequest, build_report
from estimator.report.cluster import Cluster
from estimator.report.jobs import Jobs, read_jobs
from estimator.report.render.document import to_document, write_tables
from estimator.report.simulate.scenario import Scenario, parse_scenario, with_types
from estimator.report.types import Report
from estimator.values import Missing

DEFAULT_OUT = Path("report.html")


def run(session: Session, arguments: ReportArguments) -> int:
    """Write the page, the JSON and the tables; with ``--json`` alone, the JSON to stdout."""
    out = arguments.out or (None if arguments.json else DEFAULT_OUT)
    check_writable(out)
    console = error_console()
    with TerminalProgress(console, session) as progress:
        report, jobs = make(arguments, progress)
        if out is not None:
            _write(report, out, arguments, session, progress)
    if arguments.json:
        write_stdout(_json(report, session))
    if out is not None:
        tables = sum(len(section.tables) for section in report.sections)
        names = {"page": out, "document": out.with_suffix(".json"), "folder": _folder(out)}
        console.print(session.say("report.written", jobs=len(jobs), tables=tables, **names))
    return 0


def make(arguments: ReportArguments, progress: Progress) -> tuple[Report, Jobs]:
    """The report that is asked for, and the jobs that it is of. Raises BadInput."""
    request = _request(arguments)
    jobs = _jobs(arguments, progress)
    return build_report(jobs, request, progress), jobs


def _request(arguments: ReportArguments) -> ReportRequest:
    zone = time_zone(arguments.timezone, "--timezone")
    since = moment(arguments.since, "--since", zone)
    compare = moment(arguments.compare, "--compare", zone)
    before = moment(arguments.before, "--before", zone)
    if compare is not None and (since is None or compare >= since):
        raise BadInput(message("error.compare"), where="--compare", hint="--since DATE")
    if since is not None and before is not None and before <= since:
        raise BadInput(message("error.window"), where="--before", hint="--since DATE")
    for name in arguments.section:
        if name not in SECTIONS:
            what = message("error.no_section", name=name)
            raise BadInput(what, where="--section", hint=", ".join(SECTIONS))
    cluster = _cluster(arguments.cluster)
    return ReportRequest(
        source=", ".join(arguments.jobs) or default_address(),
        cluster=cluster,
        sections=tuple(arguments.section),
        since=since,
        before=before,
        compare=compare,
        by=arguments.by,
        zone=arguments.timezone,
        scenarios=_scenarios(arguments.what_if, cluster),
    )


def _scenarios(words: Sequence[str], cluster: Cluster | Missing) -> tuple[Scenario, ...]:
    """The what-ifs, with GPU types under the names that the cluster has them by."""
    asked = tuple(map(parse_scenario, words))
    if isinstance(cluster, Missing):
        return asked
    from estimator.report.cluster_file import type_meant

    return tuple(with_types(one, partial(type_meant, cluster)) for one in asked)


def _cluster(path: Path | None) -> Cluster | Missing:
    if path is None:
        return Missing(sentence("no --cluster was given"))
    from estimator.report.cluster_file import read_cluster

    return read_cluster(path)


def _jobs(arguments: ReportArguments, progress: Progress) -> Jobs:
    """The jobs that are meant. Raises BadInput where there are none."""
    progress.stage(Stage.READ_RECORDS)
    with _store(arguments, progress) as store:
        jobs = read_jobs(store, progress.advance)
    if not len(jobs):
        raise BadInput(
            message("error.no_records"), hint="paddle-estimate history import FILE --map ..."
        )
    return jobs


@contextmanager
def _store(arguments: ReportArguments, progress: Progress) -> Iterator[Store]:
    """The store that is named, or one for the length of the call with what the files say."""
    words = arguments.jobs
    if not words and not is_there(default_address()):
        raise BadInput(message("error.no_records"), hint="paddle-estimate report FILE --format ...")
    if len(words) <= 1 and (not words or is_address(words[0])):
        with open_store(words[0] if words else None) as store:
            yield store
        return
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "jobs") as store:
        mapping = parse_mapping(arguments.map, arguments.set)
        files = [Path(word) for word in words]
        request = ImportRequest(files, arguments.format, mapping, arguments.encoding)
        for line in import_files(store, request).tally.lines():
            progress.note(line)
        yield store


def _write(
    report: Report, out: Path, arguments: ReportArguments, session: Session, progress: Progress
) -> None:
    from estimator.report.render.html import to_html

    progress.stage(Stage.WRITE)
    write_document(to_html(report, session.language), out)
    write_document(_json(report, session), out.with_suffix(".json"))
    write_tables(report, _folder(out), arguments.tables, session.language)


def _folder(out: Path) -> Path:
    return out.with_suffix(".tables")


def _json(report: Report, session: Session) -> str:
    import json

    document = to_document(report, session.language)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
