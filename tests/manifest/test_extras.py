"""What surrounds the training: deadline, check before it, log reader, sign of life."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from estimator.errors import BadInput
from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.types import Manifest, Override
from estimator.manifest.walk import pods
from estimator.values import Bounded, Source
from tests.manifest.builders import EIGHT_GPUS, MINIMAL, REQUEST, TWO_NODES, shipped, template

SIDECAR = {
    "image": "site/paddle-estimate:0.1",
    "command": ["paddle-estimate", "history", "import", "/var/log/paddle", "--follow"],
}


def set_(**values: Any) -> tuple[Override, ...]:
    return tuple(Override(f"training.{key}", value, "--set") for key, value in values.items())


def pod_of(manifest: Manifest) -> dict[str, Any]:
    [pod] = [pod for document in manifest.document for _, pod in pods(document)]
    return dict(pod)


def lasting(hours: float) -> Bounded[float]:
    return Bounded(hours * 1800, hours * 900, hours * 3600, Source.VIRTUAL, "test")


def test_deadline_is_the_upper_bound_with_a_margin() -> None:
    """2 h at most x 1.5 + 1 h to start = 4 h."""
    manifest = fill(shipped("ocr"), replace(REQUEST, duration=lasting(2)), "job")
    found = {one.path: one for one in manifest.origins}["spec.activeDeadlineSeconds"]
    assert found.value == 14_400
    assert "at most 2h 00m as predicted, 50% more" in found.reason


def test_no_deadline_without_a_prediction() -> None:
    assert "activeDeadlineSeconds" not in fill(shipped("ocr"), REQUEST, "job").text


def test_the_templates_own_deadline_stays() -> None:
    manifest = fill(shipped("smoke-test"), replace(REQUEST, duration=lasting(2)), "job")
    assert manifest.document[0]["spec"]["activeDeadlineSeconds"] == 900  # type: ignore[index,call-overload]


def test_the_users_deadline_stays() -> None:
    mine = (Override("job.activeDeadlineSeconds", 60, "--set"),)
    manifest = fill(shipped("ocr"), replace(REQUEST, duration=lasting(2)), "job", mine)
    assert manifest.document[0]["spec"]["activeDeadlineSeconds"] == 60  # type: ignore[index,call-overload]


def test_check_before_the_training_has_the_same_rights_and_gpus() -> None:
    manifest = fill(shipped("ocr"), EIGHT_GPUS, "job", set_(preflight=True))
    pod = pod_of(manifest)
    check, training = pod["initContainers"][0], pod["containers"][0]
    assert check["command"][-1] == "import paddle; paddle.utils.run_check()"
    for part in ("image", "securityContext", "volumeMounts"):
        assert check[part] == training[part]
    assert check["resources"]["limits"] == training["resources"]["limits"]
    for version in ("1.30", "1.37"):
        kubernetes_validate.validate(manifest.document[0], version, strict=True)


def test_log_reader_runs_beside_the_training_and_may_not_write() -> None:
    manifest = fill(shipped("ocr"), REQUEST, "job", set_(log_sidecar=SIDECAR))
    pod = pod_of(manifest)
    sidecar = pod["initContainers"][0]
    assert sidecar["restartPolicy"] == "Always"  # ends with the training (Kubernetes 1.29)
    assert sidecar["volumeMounts"] == [
        {"mountPath": "/var/log/paddle", "name": "log", "readOnly": True}
    ]
    assert sidecar["securityContext"] == pod["containers"][0]["securityContext"]
    # One GPU is launched too, because it is the launcher that writes the log files.
    assert "paddle.distributed.launch" in pod["containers"][0]["command"]
    kubernetes_validate.validate(manifest.document[0], "1.37", strict=True)


def test_log_reader_without_a_folder_of_logs(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no log files to read") as caught:
        fill(template(tmp_path, MINIMAL), REQUEST, "job", set_(log_sidecar=SIDECAR))
    assert "PADDLE_LOG_DIR" in caught.value.hint


def test_sidecar_must_say_what_it_runs() -> None:
    with pytest.raises(BadInput, match=r"training\.log_sidecar\.command.*is missing"):
        fill(shipped("ocr"), REQUEST, "job", set_(log_sidecar={"image": "a:1"}))


@pytest.mark.parametrize(
    ("kind", "several", "shown"),
    [
        (ManifestKind.JOB, True, True),
        (ManifestKind.JOBSET, True, True),
        (ManifestKind.VOLCANO, True, True),
        (ManifestKind.TRAINJOB, True, True),
        (ManifestKind.PADDLEJOB, False, True),
        # Their operators wait for ready pods, and pods are ready when training writes logs.
        (ManifestKind.PADDLEJOB, True, False),
        (ManifestKind.PADDLEFLOW, False, False),
    ],
)
def test_sign_of_life(kind: ManifestKind, several: bool, shown: bool) -> None:
    pod = pod_of(fill(shipped("ocr"), TWO_NODES if several else EIGHT_GPUS, kind))
    assert ("readinessProbe" in pod["containers"][0]) is shown
    assert "livenessProbe" not in pod["containers"][0]


def test_no_sign_of_life_where_nothing_writes_logs_or_none_is_wanted() -> None:
    assert "readinessProbe" not in fill(shipped("ocr"), REQUEST, "job").text
    off = set_(heartbeat_minutes=0)
    assert "readinessProbe" not in fill(shipped("ocr"), EIGHT_GPUS, "job", off).text


@pytest.mark.parametrize("age", [0, 3600])
def test_the_probe_looks_at_the_launchers_logs(age: int, tmp_path: Path) -> None:
    """The command of the probe, run by a shell over a log that was just written, or long ago."""
    import os
    import subprocess
    import time

    command = pod_of(fill(shipped("ocr"), EIGHT_GPUS, "job"))["containers"][0]["readinessProbe"]
    log = tmp_path / "workerlog.0"
    log.touch()
    os.utime(log, (time.time() - age,) * 2)
    environment = {**os.environ, "PADDLE_LOG_DIR": str(tmp_path)}
    done = subprocess.run(command["exec"]["command"], env=environment, check=False)
    assert (done.returncode == 0) is (age == 0)
