"""A dry step as a job: its objects, the step itself, and every way in which there is no answer."""

from __future__ import annotations

import base64
import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from estimator.cluster.connection import Place, way_to
from estimator.cluster.dry_step import ClusterStep, Terms, choose_on_cluster, job_of, secret_of
from estimator.cluster.objects import Objects
from estimator.drystep.measurement import Device
from estimator.drystep.request import CudaCard, DeviceChoice, DryStepRequest, Limits
from estimator.errors import BadInput, UserCodeFailed
from estimator.units import GIB
from estimator.workload.types import Script, Workload
from tests.cluster.nodes import Nodes, running
from tests.cluster.server import write_kubeconfig
from tests.service.apps import SOURCE

REQUEST = DryStepRequest(Workload(Path("model.py")), 8, device=DeviceChoice.CPU, seconds=60)
ON_GPU = replace(REQUEST, device=DeviceChoice.GPU)
A100 = CudaCard("NVIDIA A100-SXM4-80GB", (8, 0), 80 * GIB, 108)
FILES = {"model.py": SOURCE.encode()}
PATIENT = Terms()
AT_ONCE = Terms(start_seconds=0)


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    with running(tmp_path) as found:
        config = write_kubeconfig(tmp_path / "config", found.address)
        monkeypatch.setenv("KUBECONFIG", str(config))
        yield found


def step(files: dict[str, bytes] = FILES, terms: Terms = PATIENT) -> ClusterStep:
    way = way_to(Place())
    return ClusterStep(Objects(way, way.namespace), files, terms)


def run(source: str = SOURCE, terms: Terms = PATIENT) -> Any:
    said: list[str] = []
    found = step({"model.py": source.encode()}, terms).run(REQUEST, Limits(60), said.append)
    return found, said


def left(nodes: Nodes) -> tuple[int, int, int]:
    return len(nodes.jobs), len(nodes.secrets), len(nodes.pods)


def test_the_job_asks_for_one_gpu_of_the_named_type_and_is_closed() -> None:
    job = job_of("dry-step-1", replace(ON_GPU, card=A100), Terms())
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert pod["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "persistentVolumeClaim" not in json.dumps(pod)
    # 600 s for a GPU and its image, 60 s of the step's own limit, 60 s to say the answer
    assert job["spec"]["activeDeadlineSeconds"] == 720


def test_any_gpu_will_do_where_several_types_are_asked_for() -> None:
    pod = job_of("dry-step-1", ON_GPU, Terms())["spec"]["template"]["spec"]
    assert "nodeSelector" not in pod


def test_a_site_says_which_image_and_queue(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "dry-step.yaml").write_text(
        "extends: dry-step\ntraining:\n  images: !replace [registry.example.org/own:1]\n"
        "  queue: small\n"
    )
    job = job_of("dry-step-1", ON_GPU, Terms(templates=(tmp_path,)))
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.org/own:1"
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "small"


def test_the_secret_holds_a_program_the_order_and_the_files() -> None:
    secret = secret_of("dry-step-1", REQUEST, FILES, Terms())
    parts = {name: base64.b64decode(text) for name, text in secret["data"].items()}
    with zipfile.ZipFile(io.BytesIO(parts["files.zip"])) as files:
        assert files.read("model.py") == FILES["model.py"]
    with zipfile.ZipFile(io.BytesIO(parts["tool.zip"])) as tool:
        names = set(tool.namelist())
    assert {"__main__.py", "estimator/drystep/child/main.py"} <= names
    assert not [name for name in names if "service" in name and "messages" not in name]
    assert json.loads(parts["order.json"])["request"]["device"] == "cpu"


def test_more_than_a_secret_holds_is_refused() -> None:
    files = {**FILES, "weights.bin": os.urandom(1 << 20)}  # does not compress
    with pytest.raises(BadInput, match=r"are 1.0 MiB compressed, and .* holds \d+.\d KiB"):
        secret_of("dry-step-1", REQUEST, files, Terms())


@pytest.mark.paddle
def test_the_step_runs_in_its_pod_and_its_answer_survives_a_lost_connection(nodes: Nodes) -> None:
    nodes.breaks = 1
    report, said = run(SOURCE + "import time\ntime.sleep(2)\n")
    # a Linear of 4 inputs and 8 outputs
    assert report.model.parameters == 4 * 8 + 8
    assert report.device is Device.CPU
    assert "running model.py" in said
    assert len([path for _, path in nodes.calls if path.endswith("/log")]) >= 2
    assert left(nodes) == (0, 0, 0)
    [secret] = nodes.seen_secrets
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "Job"


@pytest.mark.paddle
def test_the_users_error_has_its_line_and_the_pod_is_gone(nodes: Nodes) -> None:
    with pytest.raises(UserCodeFailed, match="NameError: name 'eight'") as caught:
        run(SOURCE.replace("Linear(4, 8)", "Linear(4, eight)"))
    assert caught.value.where == "model.py:6"
    assert left(nodes) == (0, 0, 0)


@pytest.mark.paddle
def test_a_step_that_is_given_up_takes_its_job_away(nodes: Nodes) -> None:
    wanted = step({"model.py": b"while True:\n    pass\n"})

    def heard(said: str) -> None:
        if said == "running model.py":
            threading.Timer(0.1, wanted.given_up.set).start()

    with pytest.raises(UserCodeFailed, match="stopped"):
        wanted.run(REQUEST, Limits(60), heard)
    assert left(nodes) == (0, 0, 0)


@pytest.mark.parametrize(
    ("trouble", "said", "hint"),
    [
        ("forbidden", "you may not do this there: jobs.batch is forbidden", "can-i create jobs"),
        ("image", "the image cannot be pulled: Back-off pulling image", "docker pull paddle"),
        ("no gpu", "did not start within 0 minutes: waiting for a GPU: 0/3 nodes", "describe node"),
        ("no pod", "the cluster makes no pod: Error creating: pods is forbidden: exc", "quota"),
        ("silent", "ended with exit code 137 and no answer: no such device", "show dry-step"),
        ("evicted", "the cluster ended the pod: The node was low on resource: memory.", ""),
    ],
)
def test_what_the_cluster_does_not_do_is_said_with_what_to_try(
    nodes: Nodes, trouble: str, said: str, hint: str
) -> None:
    nodes.trouble = trouble
    waits = trouble in ("no gpu", "no pod")
    with pytest.raises(BadInput, match=said) as caught:
        run(terms=AT_ONCE if waits else PATIENT)
    assert hint in caught.value.hint
    assert left(nodes) == (0, 0, 0)


def test_a_pod_out_of_memory_is_the_models_doing(nodes: Nodes) -> None:
    nodes.trouble = "memory"
    with pytest.raises(UserCodeFailed, match="more host memory than its pod"):
        run()


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:9")
    monkeypatch.setenv("KUBECONFIG", str(config))
    with pytest.raises(BadInput, match="the cluster does not answer"):
        step().run(REQUEST, Limits(60), lambda _: None)


def test_scripts_and_virtual_gpus_stay_here() -> None:
    script = replace(REQUEST.workload, script=Script(("train.py",), "train.py"))
    with pytest.raises(BadInput, match="a training script does not run on the cluster"):
        ClusterStep(None, {}).run(  # type: ignore[arg-type] - it is not asked
            replace(REQUEST, workload=script), Limits(60), lambda _: None
        )
    with pytest.raises(BadInput, match="the virtual GPU needs no cluster"):
        choose_on_cluster(DeviceChoice.VIRTUAL, None)
    assert choose_on_cluster(DeviceChoice.AUTO, None).device is Device.GPU
