"""A dry step as a job of one GPU: what runs there is carried along, the log brings the answer.

A Job, made of the template ``dry-step``, and a Secret that it owns: this package's own dry step,
the order, and the user's files. So any image with Paddle will do, nothing is left when the job is
deleted, and a job that nobody deletes ends at its deadline and is deleted by the cluster.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from estimator.cluster.objects import Objects
from estimator.cluster.pods import (
    Started,
    Waiting,
    never_started,
    state_of,
    waiting_for_pod,
    without_answer,
)
from estimator.drystep.carried.inside import ORDER
from estimator.drystep.carried.lines import Listener
from estimator.drystep.carried.package import packed, packed_tool
from estimator.drystep.device.choose import ChosenDevice
from estimator.drystep.launch import OnProgress
from estimator.drystep.measurement import Device, DryStepReport
from estimator.drystep.protocol import Order, decode_error, decode_report, encode_order
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.errors import BadInput, UserCodeFailed
from estimator.manifest.catalogue import template_library
from estimator.manifest.fill import fill
from estimator.manifest.layers import resolve_template
from estimator.manifest.overrides import override
from estimator.manifest.types import Computed, JobRequest, Override
from estimator.manifest.validate import require_valid, validate
from estimator.messages import sentence
from estimator.units import GIB, format_bytes

TEMPLATE = "dry-step"
MOST_SECRET_BYTES = 1 << 20
"""MaxSecretSize of Kubernetes (pkg/apis/core/types.go); 1 MiB."""

START_SECONDS = 600.0
"""How long a pod may wait for a GPU and its image."""

_LOOK_SECONDS = 1.0
_SLACK_SECONDS = 60.0
_MEMORY_BYTES = 16 * GIB
_CPU = 4
_SHM_BYTES = GIB
_ANY_GPU = "any"
_ANY_CAPABILITY = (8, 0)
"""Of a card that may be any: the images for it are those of most cards that are in use."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one dry step. templates: a site's folders. memory_bytes: of the pod; None: 16 GiB."""

    templates: tuple[Path, ...] = ()
    memory_bytes: int | None = None
    start_seconds: float = START_SECONDS


@dataclass(frozen=True, slots=True)
class ClusterStep:
    """One user's files, to be run on a cluster. ``given_up`` set: it is to end, from any thread."""

    objects: Objects
    files: Mapping[str, bytes]
    terms: Terms = Terms()
    given_up: threading.Event = field(default_factory=threading.Event)

    def run(self, request: DryStepRequest, limits: Limits, heard: OnProgress) -> DryStepReport:
        """As :func:`estimator.drystep.launch.run_dry_step`; files go by their relative names."""
        if request.workload.script is not None or request.rank is not None:
            raise BadInput(
                sentence("a training script does not run on the cluster, a model file does"),
                where="--dry-step-on",
                hint=sentence("the same command without --dry-step-on"),
            )
        name = f"{TEMPLATE}-{os.urandom(5).hex()}"
        job = job_of(name, request, self.terms)
        secret = secret_of(name, request, self.files, self.terms)
        heard(sentence("asking the cluster for a GPU"))
        made = self.objects.create_job(job)
        try:
            self.objects.create_secret(_owned(secret, made))
            return self._answer(name, request.seconds, heard)
        finally:
            self.objects.delete_job(name)

    def _answer(self, name: str, seconds: float, heard: OnProgress) -> DryStepReport:
        pod = self._started(name, heard)
        until = time.monotonic() + seconds + _SLACK_SECONDS
        while time.monotonic() < until:
            listener = Listener()
            self._listen(pod, listener, heard)
            if listener.is_complete:
                return _report(listener.answer())
            if pod.over:
                raise without_answer(self.objects.pod_of(name), tuple(listener.rest))
            pod = self._now(name, pod)
        hint = f"--time-limit {2 * round(seconds)}s"
        raise UserCodeFailed(sentence("the cluster's dry step did not end in time"), hint=hint)

    def _listen(self, pod: Started, listener: Listener, heard: OnProgress) -> None:
        """Follow the log to its end, or as long as the connection lasts."""
        doing = ""
        for line in self.objects.lines_of(pod.name, follow=not pod.over):
            self._require_wanted()
            listener.take(line)
            if listener.doing != doing:
                doing = listener.doing
                heard(doing)

    def _now(self, name: str, before: Started) -> Started:
        """Where the pod stands after its log ended; a pod that is gone has said all it will."""
        self.given_up.wait(_LOOK_SECONDS)
        self._require_wanted()
        pod = self.objects.pod_of(name)
        state = None if pod is None else state_of(pod)
        return state if isinstance(state, Started) else replace(before, over=pod is None)

    def _started(self, name: str, heard: OnProgress) -> Started:
        until = time.monotonic() + self.terms.start_seconds
        said = ""
        while True:
            pod = self.objects.pod_of(name)
            state = waiting_for_pod(self.objects.events_of(name)) if pod is None else state_of(pod)
            if isinstance(state, Started):
                return state
            self._require_in_time(state, until)
            if state.why != said:
                said = state.why
                heard(said)
            self.given_up.wait(_LOOK_SECONDS)
            self._require_wanted()

    def _require_in_time(self, state: Waiting, until: float) -> None:
        if time.monotonic() >= until:
            minutes = self.terms.start_seconds / 60
            raise never_started(state, minutes, self.objects.namespace)

    def _require_wanted(self) -> None:
        if self.given_up.is_set():
            raise UserCodeFailed(sentence("stopped"), hint="")  # who stopped it knows


def choose_on_cluster(wish: DeviceChoice, announce: object) -> ChosenDevice:
    """The cluster's GPU, or its CPU where that is asked for. Raises BadInput for a virtual one."""
    if wish is DeviceChoice.VIRTUAL:
        raise BadInput(
            sentence("the virtual GPU needs no cluster"),
            where="--device virtual",
            hint=sentence("leave --dry-step-on out"),
        )
    return ChosenDevice(Device.CPU if wish is DeviceChoice.CPU else Device.GPU)


def job_of(name: str, request: DryStepRequest, terms: Terms) -> Mapping[str, Any]:
    """The Job of a dry step. Raises BadInput where the template does not make a sound one."""
    template = resolve_template(template_library(terms.templates), TEMPLATE)
    made = fill(template, _job_request(name, request, terms), "job", tuple(_overrides(request)))
    verdict = validate(made.document)
    require_valid(verdict.findings, made.document)
    return made.document[0]


def secret_of(
    name: str, request: DryStepRequest, files: Mapping[str, bytes], terms: Terms
) -> Mapping[str, Any]:
    """The Secret of that name with all that the pod needs. Raises BadInput for too much."""
    bare = replace(request, plugin=None, environment={}, fallback_reason="", scratch=None)
    memory = terms.memory_bytes or _MEMORY_BYTES
    parts = {
        "tool.zip": packed_tool(),
        ORDER: encode_order(Order(bare, memory, 0)),
        "files.zip": packed(files),
    }
    room = MOST_SECRET_BYTES - len(parts["tool.zip"]) - len(parts[ORDER])
    if len(parts["files.zip"]) > room:
        raise BadInput(
            sentence(
                "the model's files are {size} compressed, and the cluster's Secret holds {room}",
                size=format_bytes(len(parts["files.zip"])),
                room=format_bytes(room),
            ),
            where=str(request.workload.model_file),
            hint=sentence("leave out data and weights, or measure without --dry-step-on"),
        )
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/component": TEMPLATE}},
        "immutable": True,
        "data": {key: base64.b64encode(part).decode() for key, part in parts.items()},
    }


def _owned(secret: Mapping[str, Any], job: Mapping[str, Any]) -> Mapping[str, Any]:
    about = job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": about["name"], "uid": about["uid"]}
    return {**secret, "metadata": {**secret["metadata"], "ownerReferences": [owner]}}


def _job_request(name: str, request: DryStepRequest, terms: Terms) -> JobRequest:
    card = request.card
    seconds = int(terms.start_seconds + request.seconds + _SLACK_SECONDS)
    late = Computed(seconds, sentence("the time to wait for a GPU, and the step's own limit"))
    own = Computed(name, sentence("the secret is the job's own"))
    return JobRequest(
        name=name,
        gpu_product=_ANY_GPU if card is None else card.name.replace(" ", "-"),
        gpu_count=0 if request.device is DeviceChoice.CPU else 1,
        nodes=1,
        cpu=_CPU,
        memory_bytes=terms.memory_bytes or _MEMORY_BYTES,
        shm_bytes=_SHM_BYTES,
        per_device_batch_size=request.per_device_batch_size,
        compute_capability=_ANY_CAPABILITY if card is None else card.compute_capability,
        model_file=request.workload.model_file.name,
        reasons={},
        estimate_id=name,
        settings={
            "job.activeDeadlineSeconds": late,
            "pod.volumes[question].secret.secretName": own,
        },
    )


def _overrides(request: DryStepRequest) -> Sequence[Override]:
    """Where any card will do, nodes are not selected by its type."""
    is_any = request.card is None or request.device is DeviceChoice.CPU
    return [override("--gpu", "training.gpu_label", "")] if is_any else []


def _report(line: bytes) -> DryStepReport:
    answer = json.loads(line)
    if "error" in answer:
        raise decode_error(answer["error"])
    return decode_report(answer)
