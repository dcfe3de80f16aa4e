"""Killed at any moment, the service finishes what it took on: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time

import pytest

from tests.service.apps import SOURCE
from tests.service.live import ended, service

pytestmark = [
    pytest.mark.paddle,
    pytest.mark.xdist_group("service"),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

ESTIMATES = "/api/v1/estimates"
RUNS = 3


def test_kill_9_of_the_service_and_of_a_worker(tmp_path, database):
    chance = random.Random(7)
    with service(tmp_path, *database) as live:
        with live.client as client:
            wishes = [
                {"source": f"{SOURCE}# {n}\n", "gpu": ["T4"], "batch_size": 8} for n in range(RUNS)
            ]
            names = [client.post(ESTIMATES, json=one).json()["id"] for one in wishes]
        time.sleep(chance.uniform(0.5, 3.0))
        live.kill()
        live.start()
        time.sleep(chance.uniform(2.0, 5.0))
        for pid in workers_of(live.process.pid):
            os.kill(pid, signal.SIGKILL)
        with live.client as client:
            found = [ended(client, name) for name in names]
            listed = client.get(ESTIMATES).json()["estimates"]
            records = client.get("/api/v1/history/records?limit=500").json()["records"]
    assert [one["state"] for one in found] == ["done"] * RUNS
    assert sorted(one["id"] for one in listed) == sorted(names)
    assert sorted(one["identifier"] for one in records) == sorted(names)


def workers_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(one) for one in children.read().split()]
