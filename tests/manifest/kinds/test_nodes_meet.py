"""Two launchers with the environment of the manifest form a group and finish an all-reduce.

What a cluster would add is added here as its source says: the index of a pod, and the variables
of the two operators. Names and addresses of pods become addresses of this machine.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.kinds.nodes import RENDEZVOUS_PORT
from estimator.manifest.types import Manifest, Override
from estimator.manifest.walk import pods
from tests.manifest.builders import REQUEST, shipped

PROGRAM = Path(__file__).parent / "programs" / "all_reduce.py"
TWO_NODES = replace(REQUEST, nodes=2)
ADDRESSES = ("127.0.0.2", "127.0.0.3")
SECONDS = 120
"""Far more than it takes (8 s of two cores); a wrong address waits for ever."""

Environment = dict[str, str]


def indexed_job(node: int, port: int) -> Environment:
    return {"JOB_COMPLETION_INDEX": str(node)}


def volcano(node: int, port: int) -> Environment:
    """Plug-in env (volcano pkg/controllers/job/plugins/env)."""
    return {"VC_TASK_INDEX": str(node), "VK_TASK_INDEX": str(node)}


def kubeflow(node: int, port: int) -> Environment:
    """training-operator pkg/controller.v1/paddlepaddle/envvar.go; rank 0 gets its own address."""
    return {
        "PADDLE_JOB_ID": "resnet50",
        "PADDLE_NNODES": "2",
        "PADDLE_MASTER": f"{ADDRESSES[0]}:{port}",
    }


def paddleflow(node: int, port: int) -> Environment:
    """paddle-operator controllers/paddlejob_helper.go, constructConfigMap and constructPod."""
    return {
        "POD_IP": ADDRESSES[node],
        "PADDLE_TRAINER_ID": str(node),
        "TRAINING_ROLE": "TRAINER",
        "PADDLE_TRAINING_ROLE": "TRAINER",
        "TRAINER_PORTS_NUM": "20",
        "PADDLE_PORT": str(port),
        "PADDLE_TRAINER_ENDPOINTS": ",".join(f"{one}:{port}" for one in ADDRESSES),
        "PADDLE_TRAINERS": ",".join(ADDRESSES),
        "PADDLE_TRAINERS_NUM": "2",
    }


ADDED: dict[ManifestKind, tuple[Callable[[int, int], Environment], str]] = {
    ManifestKind.JOB: (indexed_job, "resnet50-0.resnet50"),
    ManifestKind.JOBSET: (indexed_job, "resnet50-node-0-0.resnet50"),
    ManifestKind.VOLCANO: (volcano, "resnet50-node-0.resnet50"),
    ManifestKind.PADDLEJOB: (kubeflow, ""),
    ManifestKind.PADDLEFLOW: (paddleflow, ""),
}
"""What the cluster adds, and the name of the first pod; empty where an operator fills it in."""


def test_trainjob_starts_its_nodes_as_a_jobset_does() -> None:
    started = [
        training_container(fill(shipped("training"), TWO_NODES, kind))
        for kind in (ManifestKind.JOBSET, ManifestKind.TRAINJOB)
    ]
    for part in ("command", "args", "env"):
        assert started[0][part] == started[1][part]


@pytest.mark.paddle
@pytest.mark.parametrize("kind", ADDED)
def test_two_nodes_form_a_group(kind: ManifestKind, tmp_path: Path) -> None:
    command = Override("training.command", [sys.executable, str(PROGRAM)], "--command")
    batch = Override("training.batch_size_argument", [], "--set")
    manifest = fill(shipped("training"), TWO_NODES, kind, (command, batch))
    port = free_port()
    nodes = [start(manifest, kind, node, port, tmp_path) for node in range(2)]
    try:
        said = [process.communicate(timeout=SECONDS)[0] for process in nodes]
    finally:
        for process in nodes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    logs = {
        node: "\n".join(log.read_text() for log in (tmp_path / str(node)).rglob("workerlog.*"))
        for node in range(2)
    }
    # Ranks 0 and 1 hold 1 and 2, so each ends with 3.
    assert "rank 0 of 2: sum 3" in logs[0], said
    assert "rank 1 of 2: sum 3" in logs[1], said
    assert [process.returncode for process in nodes] == [0, 0], said


def start(
    manifest: Manifest, kind: ManifestKind, node: int, port: int, folder: Path
) -> subprocess.Popen[str]:
    """The container of one pod, as a process of this machine."""
    add, first_host = ADDED[kind]
    container = training_container(manifest)
    words = [*container["command"], *container.get("args", [])]
    if first_host:
        assert f"{first_host}:{RENDEZVOUS_PORT}" in str(container["env"])

    def here(text: str) -> str:
        """Names and the port of the cluster, as they are on this machine."""
        text = text.replace(str(RENDEZVOUS_PORT), str(port))
        return text.replace(first_host, ADDRESSES[0]) if first_host else text

    environment = {
        **os.environ,
        **{one["name"]: here(value_of(one, node)) for one in container["env"]},
        **add(node, port),
        "PADDLE_LOG_DIR": str(folder / str(node)),
        "HOME": str(folder),
    }
    return subprocess.Popen(
        [here(word) for word in words if word != "--devices=0"],  # there is no GPU here
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def training_container(manifest: Manifest) -> dict[str, Any]:
    """The container, with what a TrainJob says of it."""
    [pod] = [pod for document in manifest.document for _, pod in pods(document)]
    main: Any = manifest.document[-1]["spec"]
    return {**pod["containers"][0], **main.get("trainer", {})}  # type: ignore[dict-item,index,call-overload]


def value_of(variable: dict[str, Any], node: int) -> str:
    if "value" in variable:
        return str(variable["value"])
    assert variable["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    return ADDRESSES[node]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        return int(found.getsockname()[1])
