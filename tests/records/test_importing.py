from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.records.importers.exported import to_json
from estimator.records.importers.paddle_log import TrainingLog
from estimator.records.importing import ImportReport, ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.quality import check
from estimator.records.store import open_store
from estimator.records.stores.base import Merged, Store
from estimator.records.types import JobRecord
from estimator.units import GIB, MIB
from tests.records.jobs import BARE, FULL

CHECKOUT = Path(__file__).parents[2]
HISTORY = CHECKOUT.parent / "shared" / "data" / "history"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store" / "records.sqlite3")


def taken(store: Store, text: str | list[object], format: str, path: Path) -> ImportReport:
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return import_files(store, ImportRequest([path], format, parse_mapping([])))


def only(store: Store) -> JobRecord:
    (record,) = store.all()
    return record


SACCT = """\
JobID|JobName|User|Account|Partition|State|ExitCode|Submit|Start|End|Elapsed|ReqMem|NNodes|NCPUS|MaxRSS|ReqTRES
71|bert|mei|nlp|gpu|COMPLETED|0:0|2024-03-01T08:00:00|2024-03-01T08:05:00|2024-03-01T10:05:00|02:00:00|64G|2|16||billing=16,cpu=16,gres/gpu:v100=8,gres/gpu=8,mem=64G,node=2
71.batch|batch||nlp||COMPLETED|0:0|2024-03-01T08:05:00|2024-03-01T08:05:00|2024-03-01T10:05:00|02:00:00||1|8|12582912K|
71.0|python||nlp||COMPLETED|0:0|2024-03-01T08:05:00|2024-03-01T08:05:00|2024-03-01T10:05:00|02:00:00||2|16|20G|
72|bert|mei|nlp|gpu|CANCELLED by 1000|0:15|2024-03-01T09:00:00|Unknown|Unknown|00:00:00|4Gc|1|8||
73|bert|li|nlp|gpu|OUT_OF_MEMORY|0:125|2024-03-01T09:00:00|2024-03-01T09:00:01|2024-03-01T09:01:01|00:01:00|8Gn|1|1||
"""


def test_slurm_accounting(store: Store, tmp_path: Path) -> None:
    report = taken(store, SACCT, "slurm", tmp_path / "sacct.txt")
    assert report.merged == Merged(3, 0, 0)
    assert not report.tally.skipped
    assert not report.tally.doubtful
    by_job = {record.submitted.job_id: record for record in store.all()}
    first = by_job["71"]
    assert first.happened is not None
    # the step that took most: 20G, and Slurm's G is 2**30
    assert first.happened.peak_memory_bytes == 20 * GIB
    assert first.happened.duration_s == 7200
    assert first.happened.status == "succeeded"
    assert first.happened.started_at == datetime(2024, 3, 1, 8, 5, tzinfo=UTC)
    # 64G of two nodes
    assert first.submitted.memory_bytes == 32 * GIB
    assert first.submitted.cpu == 8
    assert first.submitted.facts.gpu_count == 8
    assert first.submitted.facts.template == "bert"
    second, third = by_job["72"], by_job["73"]
    assert second.happened is not None
    assert second.happened.status == "cancelled"
    assert second.happened.exit_reason == "CANCELLED by 1000"
    assert second.submitted.memory_bytes == 32 * GIB  # 4 GiB for each of 8 cores
    assert third.happened is not None
    assert third.happened.status == "out_of_memory"
    assert taken(store, SACCT, "slurm", tmp_path / "again.txt").merged == Merged(0, 0, 3)


def test_slurm_without_job_ids(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column 'JobID'") as raised:
        taken(store, "User|State\nmei|COMPLETED\n", "slurm", tmp_path / "sacct.txt")
    assert raised.value.hint.startswith("sacct -P")


PHILLY: list[object] = [
    {
        "status": "Pass",
        "vc": "ee9e8c",
        "jobid": "application_1",
        "attempts": [
            {"start_time": "2017-10-07 01:00:00", "end_time": "2017-10-07 01:01:00", "detail": []},
            {
                "start_time": "2017-10-07 01:02:00",
                "end_time": "2017-10-07 02:02:00",
                "detail": [
                    {"ip": "m1", "gpus": ["gpu0", "gpu1"]},
                    {"ip": "m2", "gpus": ["gpu0", "gpu1"]},
                ],
            },
        ],
        "submitted_time": "2017-10-07 00:59:00",
        "user": "ce2fc4",
    },
    {"status": "Killed", "jobid": "application_2", "attempts": [], "submitted_time": "None"},
    "not a job",
]


def test_philly(store: Store, tmp_path: Path) -> None:
    report = taken(store, PHILLY, "philly", tmp_path / "cluster_job_log")
    assert report.merged == Merged(2, 0, 0)
    assert [p.count for p in report.tally.skipped.values()] == [1]
    job = next(one for one in store.all() if one.submitted.job_id == "application_1")
    assert (job.submitted.facts.gpu_count, job.submitted.node_count) == (4, 2)
    assert job.submitted.team == "ee9e8c"
    assert job.happened is not None
    assert (job.happened.status, job.happened.duration_s) == ("succeeded", 3600.0)


def test_helios_acme_and_pai(store: Store, tmp_path: Path) -> None:
    helios = (
        "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n"
        "1,u1,vc7,16,64,2,COMPLETED,2020-04-01 10:00:00,2020-04-01 10:01:00,"
        "2020-04-01 11:01:00,3600,60\n"
    )
    acme = (
        "job_id,user,node_num,gpu_num,cpu_num,mem_per_pod_GB,shared_mem_per_pod,type,state,"
        "submit_time,start_time,end_time,duration,queue,gpu_time\n"
        "a1,u,1.0,8,120,1000,100,Evaluation,FAILED,2023-05-17 11:00:58+00:00,"
        "2023-05-17 11:01:08+00:00,2023-05-17 11:04:28+00:00,200,10,1600\n"
    )
    pai = "j1,tensorflow,4,Terminated,1000.0,1600.0,600.0,29.3,25.0,T4\n"
    assert taken(store, helios, "helios", tmp_path / "h.csv").merged.added == 1
    assert taken(store, acme, "acme", tmp_path / "a.csv").merged.added == 1
    assert taken(store, pai, "pai", tmp_path / "p.csv").merged.added == 1
    by_origin = {record.origin: record for record in store.all()}
    one = by_origin["helios"]
    assert (one.submitted.cpu, one.submitted.team) == (32.0, "vc7")
    two = by_origin["acme"]
    assert two.submitted.memory_bytes == 10**12
    assert two.submitted.facts.template == "Evaluation"
    assert two.happened is not None
    assert two.happened.status == "failed"
    three = by_origin["pai"]
    assert three.submitted.cpu == 6.0
    assert three.submitted.memory_bytes == 29_300_000_000
    # a quarter of a GPU for each of four instances occupies one
    assert three.submitted.facts.gpu_count == 1
    assert three.happened is not None
    assert (three.happened.status, three.happened.duration_s) == ("succeeded", 600.0)
    with pytest.raises(BadInput, match="no column 'vc'"):
        taken(store, acme, "helios", tmp_path / "a.csv")


def test_openb(store: Store, tmp_path: Path) -> None:
    pods = (
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
        "deletion_time,scheduled_time\n"
        "p0,12000,16384,1,460,,LS,Succeeded,100,500,120\n"
        "p1,1000,1024,0,0,,BE,Pending,100,500,\n"
        "p2,1000,1024,8,1000,T4,BE,Failed,100,500,100\n"
    )
    assert taken(store, pods, "openb", tmp_path / "p.csv").merged.added == 3
    by_id = {record.submitted.job_id: record for record in store.all()}
    shared, waiting, whole = (by_id[name].submitted for name in ("p0", "p1", "p2"))
    assert (shared.facts.gpu_count, shared.gpu_share, shared.cpu) == (1, 0.46, 12.0)
    assert (waiting.facts.gpu_count, waiting.gpu_share) == (0, None)
    assert (whole.facts.gpu_count, whole.gpu_share, whole.facts.gpu) == (8, None, "T4")
    assert shared.memory_bytes == 16 << 30
    happened = by_id["p0"].happened
    assert happened is not None
    assert (happened.status, happened.duration_s) == ("succeeded", 380.0)
    never_ran = by_id["p1"].happened
    assert never_ran is not None
    assert (never_ran.status, never_ran.finished_at) == ("pending", None)


LOGS = {
    # each line as the suite's own format string makes it
    "PaddleClas": "[2023/11/20 10:00:{n:02d}] ppcls INFO: [Train][Epoch 1/120][Iter: {n}/5004]"
    "lr(PiecewiseDecay): 0.10000000, top1: 0.00125, CELoss: 7.01, loss: 7.01, "
    "batch_cost: {cost:.5f}s, reader_cost: 0.00100, ips: 640.00000 samples/s, eta: 1:00:00, "
    "max_mem_reserved: 10240.00 MB, max_mem_allocated: 9000.50 MB",
    "PaddleDetection": "[11/20 10:00:{n:02d}] ppdet.engine.callbacks INFO: Epoch: [0] [{n:3d}/100] "
    "learning_rate: 0.001 loss: 1.5 eta: 0:10:00 batch_cost: {cost:.4f} data_cost: 0.0003 "
    "ips: 40.0 images/s, max_mem_reserved: 10240 MB, max_mem_allocated: 9000 MB",
    "PaddleSeg": "2023-11-20 10:00:{n:02d} [INFO]\t[TRAIN] epoch: 1, iter: {n}/160000, loss: 0.54, "
    "lr: 0.004445, batch_cost: {cost:.4f}, reader_cost: 0.06624, ips: 21.4352 samples/sec, "
    "max_mem_reserved: 10240 MB, max_mem_allocated: 9000 MB | ETA 07:13:51",
    "PaddleOCR": "[2023/11/20 10:00:{n:02d}] ppocr INFO: epoch: [1/500], global_step: {n}, "
    "lr: 0.001, loss: 2.5, avg_reader_cost: 0.00010 s, avg_batch_cost: {cost:.5f} s, "
    "avg_samples: 8.0, ips: 40.00000 samples/s, eta: 1:00:00, max_mem_reserved: 10240 MB, "
    "max_mem_allocated: 9000 MB",
    "PaddleNLP": "[2023-11-20 10:00:{n:02d},000] [    INFO] - global step {n} / 100, loss: 2.5, "
    "avg_reader_cost: 0.00010 sec, avg_batch_cost: {cost:.5f} sec, avg_samples: 8.00000, "
    "ips: 40.00000 sample/sec, max_mem_reserved: 10240 MB, max_mem_allocated: 9000 MB",
}


@pytest.mark.parametrize("suite", LOGS)
def test_training_logs_of_the_suites(suite: str, store: Store, tmp_path: Path) -> None:
    costs = [9.0, 0.2, 0.2, 0.3, 0.1]
    lines = [LOGS[suite].format(n=n, cost=cost) for n, cost in enumerate(costs, 1)]
    text = "W1120 gpu_resources.cc:119] Please NOTE: device: 0\n" + "\n".join(lines)
    assert taken(store, text, "paddle-log", tmp_path / "train.log").merged == Merged(1, 0, 0)
    happened = only(store).happened
    assert happened is not None
    # the median of 0.2, 0.2, 0.3, 0.1: the first line is warming up
    assert happened.step_time_s == pytest.approx(0.2)
    assert happened.peak_reserved_bytes == 10240 * MIB
    assert happened.peak_allocated_bytes is not None
    assert happened.peak_allocated_bytes // MIB == 9000
    assert happened.status is None
    again = taken(store, text, "paddle-log", tmp_path / "train.log")
    assert again.merged == Merged(0, 0, 1)


TRAINER = """
[2024-03-03 18:06:28,000] [    INFO] -   Instantaneous batch size per device = 4
[2024-03-03 18:06:33,568] [    INFO] - loss: 1.08, global_step: 1, current_memory_reserved: 7.5, \
max_memory_allocated: 6.25, max_memory_reserved: 7.5, interval_runtime: 4.8704, \
interval_samples_per_second: 6.5703, interval_steps_per_second: 0.2053, progress_or_epoch: 0.0008
[2024-03-03 18:06:33,717] [    INFO] - loss: 1.07, global_step: 2, current_memory_reserved: 8.0, \
max_memory_allocated: 6.5, max_memory_reserved: 8.0, interval_runtime: 0.25, \
interval_samples_per_second: 128.0, interval_steps_per_second: 4.0, progress_or_epoch: 0.0016
"""


def test_a_log_of_paddlenlps_trainer(store: Store, tmp_path: Path) -> None:
    assert taken(store, TRAINER, "paddle-log", tmp_path / "t.log").merged == Merged(1, 0, 0)
    record = only(store)
    happened = record.happened
    assert happened is not None
    assert happened.step_time_s == 0.25  # 4 steps a second; the first line is warming up
    assert happened.peak_reserved_bytes == 8 << 30
    assert happened.peak_allocated_bytes == int(6.5 * (1 << 30))
    assert record.submitted.facts.per_device_batch_size == 4


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("batch_cost: 0.2, ips: 160.1 images/s", 32),  # 32.02
        ("batch_cost: 0.2, ips: 162.5 samples/sec", 32),  # 32.5 is a fraction of 0.016 off
        ("batch_cost: 0.2, ips: 12.5 samples/sec", None),  # 2.5 is none
        ("batch_cost: 0.2, ips: 81920 tokens/s", None),
        ("batch_cost: 0.2, ips: 160", None),  # of what?
        ("batch_cost: 0.2, ips: 0 samples/s", None),
        ("batch_cost: 0, ips: 160 samples/s", None),
    ],
)
def test_rate_times_step_time_is_the_batch_size(line: str, size: int | None) -> None:
    log = TrainingLog()
    log.read(line)
    assert log.per_device_batch_size == size


def test_a_log_goes_into_the_record_of_its_estimate(store: Store, tmp_path: Path) -> None:
    store.save(BARE)
    path = tmp_path / "train.log"
    path.write_text(
        "batch_cost: 0.5, ips: 2 samples/s\nOut of memory error on GPU 0. Cannot allocate\n"
    )
    request = ImportRequest([path], "paddle-log", parse_mapping([]), estimate_id=BARE.identifier)
    assert import_files(store, request).merged == Merged(0, 1, 0)
    record = only(store)
    assert record.submitted.facts == BARE.submitted.facts
    assert record.happened is not None
    assert (record.happened.step_time_s, record.happened.status) == (0.5, "out_of_memory")
    path.write_text("nothing\n")
    assert list(import_files(store, request).tally.skipped) == ["no line of a Paddle training log"]


def test_what_is_exported_can_be_imported(store: Store, tmp_path: Path) -> None:
    store.save(FULL)
    lines = "".join(f"{json.dumps(to_json(row))}\n" for row in _rows(store))
    with open_store(tmp_path / "other.sqlite3") as other:
        report = taken(
            other, lines + '{"identifier": 3}\n{"x": 1}\n', "records", tmp_path / "e.jsonl"
        )
        assert report.merged == Merged(1, 0, 0)
        assert sum(problem.count for problem in report.tally.skipped.values()) == 2
        assert other.all() == (FULL,)


def _rows(store: Store) -> list[dict[str, object]]:
    from estimator.records.rows import to_row

    return [to_row(record) for record in store.records()]  # type: ignore[misc]


def test_check_finds_what_looks_wrong(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(
        "id,peak,asked,took,start\n"
        "1,2048,4096,3600,2024-01-01\n"  # 2 KiB for an hour
        "1,1073741824,2147483648,3600,2024-01-02\n"
        "2,107374182400,2147483648,-5,2024-01-02\n"
    )
    pairs = [
        "job_id=id",
        "peak_memory=peak",
        "requested_memory=asked",
        "duration=took",
        "started=start",
    ]
    import_files(store, ImportRequest([path], "table", parse_mapping(pairs)))
    found = {finding.code: finding.count for finding in check(store)}
    assert found == {
        "small_memory": 1,
        "above_request": 1,
        "refused_value": 1,
        "same_job_id": 1,
        "no_template": 3,
    }


_IMPORT = """
import sys
from pathlib import Path
from estimator.records.importing import ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.store import open_store
with open_store(Path(sys.argv[1])) as store:
    print(".", flush=True)
    mapping = parse_mapping(["job_id=name", "peak_memory=peak", "submitted=at"])
    import_files(store, ImportRequest([Path(sys.argv[2])], "table", mapping))
"""


def _table(path: Path, count: int) -> Path:
    rows = (f"job{n},{n},2024-01-01T00:00:00Z\n" for n in range(count))
    path.write_text("name,peak,at\n" + "".join(rows))
    return path


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.8, 2.5])
def test_an_import_that_is_killed_leaves_all_or_nothing(tmp_path: Path, seconds: float) -> None:
    target, path = tmp_path / "records.sqlite3", _table(tmp_path / "jobs.csv", 60_000)
    with open_store(target) as store:
        store.save(FULL)
    words = [sys.executable, "-c", _IMPORT, str(target), str(path)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, env=environment) as run:
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(seconds)
        run.send_signal(signal.SIGKILL)
    with open_store(target) as store:
        assert store.count() in (1, 60_001)
        assert store.get(FULL.identifier) == FULL


def test_a_full_disk_stops_an_import_and_loses_nothing(tmp_path: Path) -> None:
    target, path = tmp_path / "records.sqlite3", _table(tmp_path / "jobs.csv", 20_000)
    with open_store(target) as store:
        store.save(FULL)
    limit = (256 << 10, resource.RLIM_INFINITY)
    run = subprocess.run(
        [sys.executable, "-c", _IMPORT, str(target), str(path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert "BadInput" in run.stderr
    assert "nothing was imported" in run.stderr
    with open_store(target) as store:
        assert store.all() == (FULL,)


@pytest.mark.skipif(not HISTORY.exists(), reason="the traces are not part of the repository")
def test_real_traces(store: Store) -> None:
    files = {
        HISTORY / "sia_philly" / "philly.csv": ("philly-csv", 82_247),
        HISTORY / "eagle" / "sample_eagle_data.csv": ("eagle", 1000),
        HISTORY / "openb" / "openb_pod_list_default.csv": ("openb", 8152),
    }
    for path, (format, count) in files.items():
        request = ImportRequest([path], format, parse_mapping([]))
        assert import_files(store, request).merged == Merged(count, 0, 0)
        assert import_files(store, request).merged == Merged(0, 0, count)
