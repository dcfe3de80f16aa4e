"""``paddle-estimate history add|import|export|list|show|stats|check|prune``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from estimator.cli.console import error_console, output_console
from estimator.cli.dates import moment
from estimator.cli.history.arguments import (
    AddArguments,
    ExportArguments,
    ImportArguments,
    ListArguments,
    PruneArguments,
    SelectionArguments,
    ShowArguments,
    StatsArguments,
    StoreArguments,
)
from estimator.cli.output import check_writable, write_document, write_stdout
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.messages import message
from estimator.records.columns import BY_NAME, TEXT_COLUMNS
from estimator.records.following import follow
from estimator.records.importers.exported import to_json
from estimator.records.importers.facts import FoundJob, frames_of
from estimator.records.importing import ImportReport, ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.quality import check as check_quality
from estimator.records.reading.problems import Tally
from estimator.records.rows import to_row
from estimator.records.stage import open_stage
from estimator.records.store import new_identifier, open_store
from estimator.records.stores import query
from estimator.records.stores.query import Selection

_LISTED = ("identifier", "created_at", "origin", "template", "model", "gpu", "gpu_count", "status")


def import_(session: Session, arguments: ImportArguments) -> int:
    """Take the files into the store; say what came of every row."""
    request = ImportRequest(
        files=arguments.files,
        format=arguments.format,
        mapping=parse_mapping(arguments.map, arguments.set),
        encoding=arguments.encoding,
        estimate_id=arguments.estimate_id,
        prometheus=arguments.prometheus,
    )

    def take() -> None:
        with open_store(arguments.store) as store:
            report = import_files(store, request)
        _report(session, report, as_json=arguments.json)

    if arguments.follow:
        follow(arguments.files, take)
    else:
        take()
    return 0


def add(session: Session, arguments: AddArguments) -> int:
    """Add one job, told by ``--set``, or more about the one that ``estimate_id`` names."""
    facts = dict(parse_mapping((), arguments.set).constants)
    if not set(facts) - {"identifier"}:
        raise BadInput(message("error.no_facts"), where="--set", hint="--set peak_memory=12GiB")
    facts.setdefault("identifier", new_identifier())
    tally = Tally()
    with open_stage() as stage, open_store(arguments.store) as store:
        for frame in frames_of([FoundJob("--set", facts)], tally):
            stage.add(frame, "add")
        if tally.doubtful:
            hint = "paddle-estimate history add --help"
            raise BadInput(next(iter(tally.doubtful)), where="--set", hint=hint)
        stage.settle(tally)
        store.merge(stage)
    identifier = facts["identifier"]
    write_stdout(_json({"identifier": identifier}) if arguments.json else f"{identifier}\n")
    return 0


def list_(session: Session, arguments: ListArguments) -> int:
    """Print the newest records of a selection."""
    with open_store(arguments.store) as store:
        columns = list(BY_NAME) if arguments.json else list(_LISTED)
        frame = query.newest(store, _selection(arguments), columns, arguments.limit)
    _show(session, frame.to_dict("records"), arguments, "records")
    return 0


def show(session: Session, arguments: ShowArguments) -> int:
    """Print all that is known of one job."""
    with open_store(arguments.store) as store:
        record = store.get(arguments.identifier)
    if record is None:
        what = message("error.no_record", identifier=arguments.identifier)
        raise BadInput(what, hint="paddle-estimate history list")
    known = to_json(to_row(record))
    if arguments.json:
        write_stdout(_json(known))
    else:
        write_stdout("".join(f"{name}: {value}\n" for name, value in known.items()))
    return 0


def stats(session: Session, arguments: StatsArguments) -> int:
    """Print how many jobs there are of each kind and what they took."""
    _column(arguments.by, "--by")
    with open_store(arguments.store) as store:
        frame = query.statistics(store, _selection(arguments), arguments.by)
    _show(session, frame.to_dict("records"), arguments, "groups")
    return 0


def check(session: Session, arguments: StoreArguments) -> int:
    """Print what looks wrong."""
    with open_store(arguments.store) as store:
        findings = [asdict(finding) for finding in check_quality(store)]
    _show(session, findings, arguments, "findings")
    return 0


def export(session: Session, arguments: ExportArguments) -> int:
    """Write every record as a line of JSON, one at a time."""
    check_writable(arguments.out)
    with open_store(arguments.store) as store:
        lines = (
            json.dumps(to_json(to_row(record)), ensure_ascii=False) + "\n"
            for record in store.records()
        )
        write_document(lines, arguments.out)
    return 0


def prune(session: Session, arguments: PruneArguments) -> int:
    """Remove the records that are named; nothing without a name."""
    if not (arguments.id or arguments.where or arguments.since or arguments.before):
        raise BadInput(message("error.prune_all"), hint="--before 2024-01-01")
    with open_store(arguments.store) as store:
        chosen = list(arguments.id)
        if arguments.where or arguments.since or arguments.before:
            chosen += query.identifiers(store, _selection(arguments))
        removed = store.remove(chosen)
    if arguments.json:
        write_stdout(_json({"removed": removed}))
    else:
        error_console().print(session.say("history.removed", count=removed))
    return 0


def _report(session: Session, report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        document = {
            "rows": report.tally.read,
            **asdict(report.merged),
            "skipped": {why: asdict(problem) for why, problem in report.tally.skipped.items()},
            "doubtful": {why: asdict(problem) for why, problem in report.tally.doubtful.items()},
        }
        write_stdout(_json(document))
        return
    console = error_console()
    console.print(session.say("history.imported", rows=report.tally.read, **asdict(report.merged)))
    for line in report.tally.lines():
        console.print(line)


def _selection(arguments: SelectionArguments) -> Selection:
    pairs = [word.partition("=") for word in arguments.where]
    for name, equals, _ in pairs:
        if not equals:
            raise BadInput(message("error.pair", words=name), where="--where", hint="user=mei")
        _column(name, "--where")
    return Selection(
        {name: value for name, _, value in pairs},
        moment(arguments.since, "--since"),
        moment(arguments.before, "--before"),
    )


def _column(name: str, where: str) -> None:
    from difflib import get_close_matches

    if name not in TEXT_COLUMNS:
        near = ", ".join(get_close_matches(name, TEXT_COLUMNS, 3, 0.5) or TEXT_COLUMNS[:8])
        raise BadInput(message("error.no_text_field", name=name), where=where, hint=near)


def _show(
    session: Session, rows: Iterable[Mapping[Any, Any]], arguments: StoreArguments, name: str
) -> None:
    plain = [dict(_plain(row)) for row in rows]
    if arguments.json:
        write_stdout(_json({"schema_version": 1, name: plain}))
        return
    if not plain:
        error_console().print(session.say("history.nothing"))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in plain[0]:
        table.add_column(column, overflow="fold")
    for row in plain:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    output_console().print(table)


def _plain(row: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Values for JSON and tables: dates as text, whole numbers without a point, None if unknown."""
    for name, value in row.items():
        if value is None or value != value:
            yield str(name), None
        elif isinstance(value, datetime):
            yield str(name), value.isoformat(timespec="seconds")
        elif isinstance(value, float):
            yield str(name), int(value) if value.is_integer() else value
        else:
            yield str(name), value


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
