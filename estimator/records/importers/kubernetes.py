"""Kubernetes Jobs and their pods, as ``kubectl get jobs,pods -o json`` writes them.

The schemas are batch/v1 Job and v1 Pod. What a job took is in no object of Kubernetes: it comes
from Prometheus where an address is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from estimator.errors import BadInput
from estimator.manifest.quantity import parse_quantity
from estimator.messages import sentence
from estimator.records.importers.facts import FoundJob
from estimator.records.importers.prometheus import PodsOfJob, Prometheus
from estimator.records.reading.json_values import json_values
from estimator.records.reading.lines import unreadable
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile
from estimator.records.types import Status

COMMAND = "kubectl get jobs,pods -A -o json > jobs.json"
_MOST_BYTES = 1 << 28
_ESTIMATE = "paddle-estimate/estimate-id"
_QUEUE = "kueue.x-k8s.io/queue-name"
_TEMPLATE = "app.kubernetes.io/component"
_PRODUCT = "nvidia.com/gpu.product"
_GPU_SUFFIX = "/gpu"
_OUT_OF_MEMORY = 137, "OOMKilled"

Object = Mapping[str, Any]


def kubernetes_jobs(
    file: TableFile, tally: Tally, prometheus: Prometheus | None = None
) -> Iterator[FoundJob]:
    """The Jobs of a dump with what their pods say; an object that is no Job is left out."""
    objects = list(_objects(file, tally))
    jobs = [one for one in objects if one.get("kind") == "Job"]
    if not jobs:
        raise unreadable(file.path, sentence("there is no Job in it ({command})", command=COMMAND))
    pods = _by_owner(one for one in objects if one.get("kind") == "Pod")
    for job in jobs:
        own = pods.get(_get(job, "metadata", "uid"), [])
        place = f"{_get(job, 'metadata', 'namespace')}/{_get(job, 'metadata', 'name')}"
        yield FoundJob(f"{file.path.name}: {place}", _facts(job, own, prometheus))


def _objects(file: TableFile, tally: Tally) -> Iterator[Object]:
    """The items of a List, or objects one a line or in an array."""
    if file.path.stat().st_size <= _MOST_BYTES:
        try:
            whole = json.loads(file.path.read_bytes())
        except (ValueError, RecursionError):
            whole = None
        if isinstance(whole, dict):
            items = whole["items"] if isinstance(whole.get("items"), list) else [whole]
            yield from (one for one in items if isinstance(one, dict))
            return
    for _, value in json_values(file.path, tally, file.encoding):
        if isinstance(value, dict):
            yield value


def _by_owner(pods: Iterator[Object]) -> dict[str, list[Object]]:
    owned: dict[str, list[Object]] = {}
    for pod in pods:
        for owner in _get(pod, "metadata", "ownerReferences") or []:
            owned.setdefault(owner.get("uid"), []).append(pod)
    return owned


def _facts(
    job: Object, pods: Sequence[Object], prometheus: Prometheus | None
) -> dict[str, str | None]:
    metadata, spec = _get(job, "metadata") or {}, _get(job, "spec", "template", "spec") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    nodes = _get(job, "spec", "completions") or 1
    facts: dict[str, str | None] = {
        "identifier": annotations.get(_ESTIMATE),
        "job_id": f"{metadata.get('namespace')}/{metadata.get('name')}/{metadata.get('uid')}",
        "template": labels.get(_TEMPLATE),
        "team": metadata.get("namespace"),
        "queue": labels.get(_QUEUE),
        "image": next((one.get("image") for one in spec.get("containers") or []), None),
        "gpu": (spec.get("nodeSelector") or {}).get(_PRODUCT),
        "node_count": str(nodes),
        "submitted_at": metadata.get("creationTimestamp"),
        "started_at": _get(job, "status", "startTime"),
        "finished_at": _finished(job),
        **_requested(spec, int(nodes)),
        **_ending(job, pods),
    }
    return facts | (_measured(job, pods, prometheus) if prometheus else {})


def _requested(spec: Object, nodes: int) -> dict[str, str | None]:
    """What all containers of one pod ask for together; GPUs over all pods."""
    sums = {"cpu": 0.0, "memory": 0.0, _GPU_SUFFIX: 0.0}
    for container in spec.get("containers") or []:
        resources = container.get("resources") or {}
        asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        for name, amount in asked.items():
            kind = _GPU_SUFFIX if name.endswith(_GPU_SUFFIX) else name
            if kind in sums:
                sums[kind] += float(parse_quantity(str(amount)))
    return {
        "requested_cpu": str(sums["cpu"]) if sums["cpu"] else None,
        "requested_memory_bytes": str(int(sums["memory"])) if sums["memory"] else None,
        "gpu_count": str(int(sums[_GPU_SUFFIX] * nodes)) if sums[_GPU_SUFFIX] else None,
    }


def _finished(job: Object) -> str | None:
    ended = _condition(job)
    return _get(job, "status", "completionTime") or (ended or {}).get("lastTransitionTime")


def _condition(job: Object) -> Object | None:
    """The condition that says that it is over."""
    conditions = _get(job, "status", "conditions") or []
    over = (one for one in conditions if one.get("type") in ("Complete", "Failed"))
    return next((one for one in over if one.get("status") == "True"), None)


def _ending(job: Object, pods: Sequence[Object]) -> dict[str, str | None]:
    condition = _condition(job)
    if condition is None:
        running = _get(job, "status", "active")
        return {"status": str(Status.RUNNING if running else Status.PENDING)}
    if condition.get("type") == "Complete":
        return {"status": str(Status.SUCCEEDED), "exit_code": "0"}
    reasons = [str(one.get("reason")) for one in _terminated(pods)]
    codes = [str(one["exitCode"]) for one in _terminated(pods) if one.get("exitCode")]
    killed = _OUT_OF_MEMORY[1] in reasons
    late = condition.get("reason") == "DeadlineExceeded"
    status = Status.OUT_OF_MEMORY if killed else Status.TIMEOUT if late else Status.FAILED
    return {
        "status": str(status),
        "exit_reason": _OUT_OF_MEMORY[1] if killed else condition.get("reason"),
        "exit_code": str(_OUT_OF_MEMORY[0]) if killed else (codes[-1] if codes else None),
    }


def _terminated(pods: Sequence[Object]) -> Iterator[Object]:
    """How containers of the pods ended, this time and the time before."""
    for pod in pods:
        for container in _get(pod, "status", "containerStatuses") or []:
            for when in ("lastState", "state"):
                if ended := (container.get(when) or {}).get("terminated"):
                    yield ended


def _measured(job: Object, pods: Sequence[Object], prometheus: Prometheus) -> dict[str, str | None]:
    started, ended = _moment(_get(job, "status", "startTime")), _moment(_finished(job))
    names = [_get(pod, "metadata", "name") for pod in pods]
    if started is None or ended is None or not names:
        return {}
    namespace = str(_get(job, "metadata", "namespace"))
    return prometheus.facts(PodsOfJob(namespace, names, started, ended))


def _moment(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except ValueError as error:
        what = sentence("'{text}' is no time", text=text)
        raise BadInput(what, hint="kubectl get jobs,pods -A -o json") from error


def _get(value: Any, *path: str) -> Any:
    """What stands at a path of maps; None where it ends before."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
