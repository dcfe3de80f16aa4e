"""Dry steps on a Dask cluster of two workers, one of which dies in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.errors import BadInput, UserCodeFailed
from estimator.service.engines.dask import DaskEngine
from estimator.service.engines.local import LocalEngine
from estimator.service.sandbox.slots import copy_files
from estimator.units import GIB
from estimator.workload.types import Workload
from tests.service.apps import SOURCE
from tests.service.live import SHARED_CACHE, ended, service, wait_until

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.paddle,
    pytest.mark.xdist_group("service"),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LIMITS = Limits(60.0, 4 * GIB)
SLOW = SOURCE + "import time\ntime.sleep(6)\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dask")
    (folder / "cache").symlink_to(SHARED_CACHE)
    file = folder / "scheduler.json"
    environment = {**os.environ, "PADDLE_ESTIMATE_HOME": str(folder)}
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = ["scheduler", *common, "--host", "127.0.0.1", "--port", "0"]
    worker = ["worker", *common, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1"]
    started = []
    with (folder / "log").open("wb") as log:
        for words in (scheduler, worker, worker):
            command = [sys.executable, "-m", "dask", *words]
            started.append(
                subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
            )
            wait_until(file.exists, 60)
        yield json.loads(file.read_text())["address"]
        for process in started:
            process.kill()
            process.wait()


@pytest.fixture
def engine(cluster):
    made = DaskEngine(cluster, unsafe=False)
    wait_until(lambda: len(made._client.scheduler_info()["workers"]) >= 1, 60)
    yield made
    made.close()


def step(engine, source):
    with engine.place() as place:
        copy_files({"model.py": source.encode()}, place.folder)
        os.chdir(place.folder)
        try:
            request = DryStepRequest(Workload("model.py"), 8, device=DeviceChoice.VIRTUAL)
            return place.run(_with_plugin(request), LIMITS, lambda _: None)
        finally:
            os.chdir("/")


def _with_plugin(request):
    from dataclasses import replace
    from pathlib import Path

    from estimator.drystep.device.choose import choose_device

    plugin = choose_device(DeviceChoice.AUTO, lambda _: None).plugin
    workload = replace(request.workload, model_file=Path("model.py"))
    return replace(
        request, workload=workload, plugin=plugin.library, environment=plugin.environment()
    )


def test_the_measurement_is_that_of_this_machine(engine):
    local = LocalEngine(4 * GIB, 60.0)
    try:
        here, there = step(local, SOURCE), step(engine, SOURCE)
    finally:
        local.close()
    assert there.measurements[0].peak_allocated_bytes == here.measurements[0].peak_allocated_bytes
    assert there.model == here.model


def test_an_error_comes_back_with_its_line(engine):
    with pytest.raises(UserCodeFailed) as caught:
        step(engine, SOURCE.replace("paddle.nn.Linear(4, 8)", "1 / 0"))
    assert caught.value.what == "ZeroDivisionError: division by zero"
    assert caught.value.where.endswith("model.py:6")


def test_a_worker_killed_in_the_middle_of_a_step_is_replaced(engine):
    client = engine._client
    wait_until(lambda: len(client.scheduler_info()["workers"]) == 2, 60)
    pids = client.run(os.getpid)
    killed = []

    def kill():
        busy = wait_until(lambda: [a for a, keys in client.processing().items() if keys], 30)
        time.sleep(2)
        os.kill(pids[busy[0]], signal.SIGKILL)
        killed.append(busy[0])

    thread = threading.Thread(target=kill)
    thread.start()
    report = step(engine, SLOW)
    thread.join()
    assert len(killed) == 1
    assert report.model.parameters == 40


def test_the_service_answers_through_the_cluster(cluster, tmp_path):
    with service(tmp_path, "--dry-step-on", cluster) as live, live.client as client:
        wish = {"source": SOURCE, "gpu": ["T4"], "batch_size": 8}
        found = ended(client, client.post("/api/v1/estimates", json=wish).json()["id"])
    assert (found["state"], found["summary"]["gpu"]) == ("done", "T4")


def test_a_cluster_that_is_not_there(monkeypatch):
    monkeypatch.setattr("estimator.service.engines.dask._CONNECT_SECONDS", 1)
    with pytest.raises(BadInput, match="the Dask cluster does not answer"):
        DaskEngine("tcp://127.0.0.1:9", unsafe=False)
