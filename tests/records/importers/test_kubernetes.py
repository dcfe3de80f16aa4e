"""Jobs of Kubernetes, and what a real Prometheus remembers of them."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from estimator.errors import BadInput
from estimator.records.importing import ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.store import open_store
from estimator.records.types import JobRecord, Status
from estimator.units import GIB, MIB

STARTED = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
ENDED = datetime(2026, 11, 1, 11, 0, tzinfo=UTC)


def job(name="train", status=None, **spec):
    """A Job as kubectl writes it, two pods of two GPUs each."""
    container = {
        "name": "paddle",
        "image": "paddle:3.3.1",
        "resources": {
            "requests": {"cpu": "500m", "memory": "8Gi", "nvidia.com/gpu": 2},
            "limits": {"memory": "8Gi", "nvidia.com/gpu": 2},
        },
    }
    pod = {"containers": [container], "nodeSelector": {"nvidia.com/gpu.product": "Tesla-T4"}}
    finished = {"type": "Complete", "status": "True", "lastTransitionTime": "2026-11-01T11:00:00Z"}
    return {
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "vision",
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-11-01T09:55:00Z",
            "labels": {"app.kubernetes.io/component": "ocr", "kueue.x-k8s.io/queue-name": "gpus"},
            "annotations": {},
        },
        "spec": {"completions": 2, "template": {"spec": pod}} | spec,
        "status": {"startTime": "2026-11-01T10:00:00Z", "conditions": [finished]} | (status or {}),
    }


def pod(name, owner="train", containers=()):
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "vision",
            "ownerReferences": [{"kind": "Job", "uid": f"uid-{owner}"}],
        },
        "status": {"containerStatuses": list(containers)},
    }


def imported(tmp_path: Path, objects, prometheus=None) -> tuple[JobRecord, ...]:
    path = tmp_path / "jobs.json"
    document = {"kind": "List", "items": objects}
    path.write_text(objects if isinstance(objects, str) else json.dumps(document, indent=2))
    with open_store(tmp_path / "records.sqlite3") as store:
        import_files(
            store, ImportRequest([path], "kubernetes", parse_mapping([]), prometheus=prometheus)
        )
        return store.all()


def test_what_was_asked_for_and_how_it_ended(tmp_path: Path) -> None:
    (record,) = imported(tmp_path, [job()])
    asked, facts, happened = record.submitted, record.submitted.facts, record.happened
    assert (facts.template, facts.gpu, facts.gpu_count) == ("ocr", "T4", 4)  # 2 pods x 2 GPUs
    assert (asked.memory_bytes, asked.cpu, asked.queue, asked.team) == (
        8 * GIB,
        0.5,
        "gpus",
        "vision",
    )
    assert happened is not None
    assert (happened.status, happened.exit_code) == (Status.SUCCEEDED, 0)
    assert (happened.started_at, happened.finished_at) == (STARTED, ENDED)


def test_it_goes_into_the_record_of_the_estimate_that_made_it(tmp_path: Path) -> None:
    made = job()
    made["metadata"]["annotations"]["paddle-estimate/estimate-id"] = "0" * 32
    (record,) = imported(tmp_path, [made])
    assert record.identifier == "0" * 32


def failed(reason="BackoffLimitExceeded"):
    over = {
        "type": "Failed",
        "status": "True",
        "reason": reason,
        "lastTransitionTime": "2026-11-01T11:00:00Z",
    }
    return {"conditions": [over]}


def ended(reason, code, when="state"):
    return {"name": "paddle", when: {"terminated": {"reason": reason, "exitCode": code}}}


@pytest.mark.parametrize(
    ("status", "containers", "expected", "code"),
    [
        (failed(), [ended("OOMKilled", 137)], Status.OUT_OF_MEMORY, 137),
        (failed(), [ended("OOMKilled", 137, "lastState")], Status.OUT_OF_MEMORY, 137),
        (failed(), [ended("Error", 1)], Status.FAILED, 1),
        (failed("DeadlineExceeded"), [ended("Error", 143)], Status.TIMEOUT, 143),
        (failed(), [], Status.FAILED, None),
        ({"conditions": [], "active": 1}, [], Status.RUNNING, None),
        ({"conditions": []}, [], Status.PENDING, None),
    ],
)
def test_endings(tmp_path: Path, status, containers, expected, code) -> None:
    objects = [job(status=status), pod("train-0", containers=containers)]
    (record,) = imported(tmp_path, objects)
    assert record.happened is not None
    assert (record.happened.status, record.happened.exit_code) == (expected, code)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "List", "items": 3}', "no json"])
def test_a_file_without_a_job_is_refused_with_the_command(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as raised:
        imported(tmp_path, text)
    assert raised.value.where.startswith(str(tmp_path / "jobs.json"))


def test_odd_objects_do_no_harm(tmp_path: Path) -> None:
    bare = {"kind": "Job", "metadata": {"name": "bare", "namespace": "x", "uid": "u"}}
    odd = [{"kind": "Pod"}, {"kind": "Service"}, {"kind": "Pod", "metadata": {"name": None}}]
    (record,) = imported(tmp_path, [bare, *odd])
    assert record.submitted.job_id == "x/bare/u"
    assert record.submitted.facts.gpu_count is None


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that remembers an hour of two pods: cAdvisor's and DCGM's series, once a minute."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        pytest.skip("Prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "series.txt").write_text(open_metrics())
    make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "series.txt", "data"]
    subprocess.run(make, cwd=folder, check=True, capture_output=True, timeout=60)
    (folder / "empty.yml").write_text("{}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    words = ["prometheus", "--config.file=empty.yml", "--storage.tsdb.path=data"]
    words += [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
        try:
            wait_for(f"{url}/-/ready")
            yield url
        finally:
            server.kill()
            server.wait()


def wait_for(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def open_metrics() -> str:
    lines = []
    start = int(STARTED.timestamp())
    for name, values in {
        # two pods; the larger peak is 6 GiB in the middle of the hour
        'container_memory_working_set_bytes{namespace="vision",pod="train-0",container="paddle"}': (
            lambda minute: (6 if minute == 30 else 3) * GIB
        ),
        'container_memory_working_set_bytes{namespace="vision",pod="train-1",container="paddle"}': (
            lambda minute: 4 * GIB
        ),
        # the sum over the pod's containers, and another namespace: neither counts
        'container_memory_working_set_bytes{namespace="vision",pod="train-0",container=""}': (
            lambda minute: 60 * GIB
        ),
        'container_memory_working_set_bytes{namespace="other",pod="train-0",container="paddle"}': (
            lambda minute: 50 * GIB
        ),
        # dcgm-exporter says MiB and per cent
        'DCGM_FI_DEV_FB_USED{exported_namespace="vision",exported_pod="train-0",gpu="0"}': (
            lambda minute: 9000 + minute
        ),
        'DCGM_FI_DEV_GPU_UTIL{exported_namespace="vision",exported_pod="train-0",gpu="0"}': (
            lambda minute: 80
        ),
    }.items():
        lines += [f"{name} {values(minute)} {start + 60 * minute}" for minute in range(61)]
    return "\n".join([*sorted(lines, key=lambda line: line.split("{")[0]), "# EOF", ""])


def test_what_it_took_comes_from_prometheus(tmp_path: Path, prometheus: str) -> None:
    (record,) = imported(tmp_path, [job(), pod("train-0"), pod("train-1")], prometheus)
    happened = record.happened
    assert happened is not None
    assert happened.peak_memory_bytes == 6 * GIB
    assert happened.peak_device_bytes == 9060 * MIB  # the last minute
    assert happened.gpu_utilization == pytest.approx(0.8)
    assert happened.used_cpu_s is None  # no such series


def test_a_name_cannot_end_the_query(tmp_path: Path, prometheus: str) -> None:
    names = [pod('x"} or vector(99) or up{a="'), pod(".*")]
    (record,) = imported(tmp_path, [job(), *names], prometheus)
    assert record.happened is not None
    assert record.happened.peak_memory_bytes is None


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1:9", "does not answer"), ("file:///etc/passwd", "no address of a server")],
)
def test_a_server_that_is_none_imports_nothing(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        imported(tmp_path, [job(), pod("train-0")], url)
    with open_store(tmp_path / "records.sqlite3") as store:
        assert store.count() == 0


def test_other_formats_are_not_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "sacct.txt"
    path.write_text("JobID\n1\n")
    request = ImportRequest([path], "slurm", parse_mapping([]), prometheus="http://x")
    with (
        open_store(tmp_path / "records.sqlite3") as store,
        pytest.raises(BadInput, match="only jobs of Kubernetes"),
    ):
        import_files(store, request)
