"""Files of other systems into a store: read, checked, staged, then taken in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.importers.exported import stage_exported
from estimator.records.importers.facts import FoundJob, frames_of
from estimator.records.importers.kubernetes import kubernetes_jobs
from estimator.records.importers.paddle_log import paddle_log_jobs
from estimator.records.importers.prometheus import Prometheus
from estimator.records.importers.slurm import slurm_jobs
from estimator.records.importers.traces import (
    acme_jobs,
    helios_jobs,
    openb_jobs,
    pai_jobs,
    philly_jobs,
)
from estimator.records.mapping import ColumnMap, parse_mapping, read_mapped
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile
from estimator.records.stage import Stage, open_stage
from estimator.records.stores.base import Merged, Store

if TYPE_CHECKING:
    import pandas as pd

TABLE_FORMAT, RECORDS_FORMAT = "table", "records"
KUBERNETES = "kubernetes"
Reader = Callable[[TableFile, Tally], Iterator[FoundJob]]
READERS: dict[str, Reader] = {
    KUBERNETES: kubernetes_jobs,
    "slurm": slurm_jobs,
    "philly": philly_jobs,
    "helios": helios_jobs,
    "acme": acme_jobs,
    "openb": openb_jobs,
    "pai": pai_jobs,
    "paddle-log": paddle_log_jobs,
}
MAPS: dict[str, tuple[str, ...]] = {
    # github.com/NREL/eagle-jobs; without job_id, which all tasks of a job array share, and without
    # mem_req, for nobody says what its unit is
    "eagle": (
        *("user=user", "team=account", "queue=partition", "template=name"),
        *("requested_duration=wallclock_req", "node_count=nodes_req", "gpu_count=gpus_req"),
        *("submitted=submit_time", "started=start_time", "finished=end_time"),
        *("duration=run_time", "status=state"),
    ),
    # arrivals of Philly as the simulator of Sia (github.com/siasosp23/artifacts) reads them
    "philly-csv": (
        "submitted=timestamp",
        "duration=duration",
        "gpu_count=num_gpus",
        "team=cluster",
    ),
}
"""Tables that are known: ``--format`` NAME in place of ``--map``."""

FORMATS = (TABLE_FORMAT, RECORDS_FORMAT, *READERS, *MAPS)


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import. mapping: the columns of a table, or constants for any format.

    estimate_id: the record of an estimate that the one job of the file goes into. prometheus:
    the address of the server that knows what jobs of Kubernetes took.
    """

    files: Sequence[Path]
    format: str
    mapping: ColumnMap
    encoding: str | None = None
    estimate_id: str | None = None
    prometheus: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of it: rows read, and records in the store."""

    tally: Tally
    merged: Merged


def import_files(store: Store, request: ImportRequest) -> ImportReport:
    """Import all files, or nothing: raises BadInput where one cannot be read.

    Rows and values that cannot be used are counted in the report. Importing the same files
    again adds nothing.
    """
    tally = Tally()
    with open_stage() as stage:
        for path in request.files:
            _stage(stage, TableFile(path, encoding=request.encoding), request, tally)
        stage.settle(tally)
        return ImportReport(tally, store.merge(stage))


def _stage(stage: Stage, file: TableFile, request: ImportRequest, tally: Tally) -> None:
    if request.format == RECORDS_FORMAT:
        stage_exported(stage, file, tally)
        return
    for frame in _frames(file, request, tally):
        stage.add(_with_gpu_names(_in_estimate(frame, request)), request.format)


def _frames(file: TableFile, request: ImportRequest, tally: Tally) -> Iterator[pd.DataFrame]:
    if request.format == TABLE_FORMAT:
        if not request.mapping.fields:
            what = sentence("a table needs to be told which column is which field")
            hint = "--map template=COLUMN --map peak_memory=COLUMN:MiB ..."
            raise BadInput(what, where="--map", hint=hint)
        return read_mapped(file, request.mapping, tally)
    constants = request.mapping.constants
    if request.format in MAPS:
        known = parse_mapping(MAPS[request.format])
        return read_mapped(file, ColumnMap(known.fields, constants), tally)
    jobs = _reader(request)(file, tally)
    return frames_of((FoundJob(one.place, {**one.facts, **constants}) for one in jobs), tally)


def _reader(request: ImportRequest) -> Reader:
    if request.prometheus is None:
        return READERS[request.format]
    if request.format != KUBERNETES:
        what = sentence("only jobs of Kubernetes are looked up in Prometheus")
        raise BadInput(what, where="--prometheus", hint=f"--format {KUBERNETES}")
    return partial(kubernetes_jobs, prometheus=Prometheus(request.prometheus))


_ASKED = ["per_device_batch_size"]
"""What a training log tells of a job although it was asked for."""


def _in_estimate(frame: pd.DataFrame, request: ImportRequest) -> pd.DataFrame:
    if request.estimate_id is None:
        return frame
    if len(frame) > 1:
        what = sentence("an estimate is of one job, and this file has several")
        raise BadInput(what, where="--estimate-id", hint="--map estimate_id=COLUMN")
    # The estimate knows what was asked, and its prediction is for that.
    return frame.drop(columns=_ASKED, errors="ignore").assign(identifier=request.estimate_id)


def _with_gpu_names(frame: pd.DataFrame) -> pd.DataFrame:
    """GPU types under the name of the catalogue, where it knows just one that is meant."""
    if "gpu" not in frame:
        return frame
    from estimator.gpus.catalogue import load_catalogue
    from estimator.gpus.names import types_called

    types = load_catalogue().types
    names = {name: types_called(types, name) for name in frame["gpu"].dropna().unique()}
    known = {name: found[0].name for name, found in names.items() if len(found) == 1}
    return frame.assign(gpu=frame["gpu"].map(lambda name: known.get(name, name)))
