"""What the state of a job's pod means for the one who waits for its answer.

Objects are those of the API (core/v1 Pod, Event) as plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estimator.errors import BadInput, EstimatorError, UserCodeFailed
from estimator.messages import sentence

Plain = Mapping[str, Any]

_NO_IMAGE = ("ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName")
_CANNOT_START = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_NOT_CREATED = "FailedCreate"
_LONGEST = 300
_EVENTS = "kubectl get events --sort-by=.lastTimestamp"


@dataclass(frozen=True, slots=True)
class Waiting:
    """It may start yet; ``why`` it has not."""

    why: str


@dataclass(frozen=True, slots=True)
class Started:
    """Its log can be read; ``over``: nothing more is written to it."""

    name: str
    over: bool


def waiting_for_pod(events: Sequence[Plain]) -> Waiting:
    """There is none: what the cluster says of the job that should make it."""
    said = [str(one.get("message", "")) for one in events if one.get("reason") == _NOT_CREATED]
    if said:
        return Waiting(sentence("the cluster makes no pod: {why}", why=_short(said[-1])))
    return Waiting(sentence("waiting for a pod"))


def state_of(pod: Plain) -> Waiting | Started:
    """Where a pod stands. Raises BadInput for one that will not start as it is."""
    status = pod.get("status", {})
    container: Plain = next(iter(status.get("containerStatuses") or []), {})
    state = container.get("state", {})
    if "running" in state:
        return Started(_name(pod), over=False)
    if "terminated" in state or status.get("phase") in ("Succeeded", "Failed"):
        return Started(_name(pod), over=True)
    waiting = state.get("waiting", {})
    reason, said = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    if reason in _NO_IMAGE:
        image = _image(pod)
        what = sentence("the image cannot be pulled: {why}", why=_short(said or reason))
        raise BadInput(what, where=image, hint=f"docker pull {image}")
    if reason in _CANNOT_START:
        raise BadInput(
            sentence("the container cannot start: {why}", why=_short(said or reason)),
            where=_image(pod),
            hint="paddle-estimate templates show dry-step",
        )
    return Waiting(_why_pending(status) or sentence("the pod is starting"))


def without_answer(pod: Plain | None, printed: Sequence[str]) -> EstimatorError:
    """What a pod that ended without an answer is told as; None: it is gone."""
    if pod is None:
        what = sentence("the pod was deleted before it answered")
        return _with(BadInput(what, hint=_EVENTS), printed)
    status = pod.get("status", {})
    container: Plain = next(iter(status.get("containerStatuses") or []), {})
    ended = container.get("state", {}).get("terminated", {})
    if ended.get("reason") == "OOMKilled":
        return UserCodeFailed(
            sentence("the step took more host memory than its pod may have"),
            hint=sentence("a smaller --batch-size, or more memory in a dry-step template"),
        )
    if status.get("reason"):  # evicted, out of time, preempted, the node is gone
        said = _short(str(status.get("message") or status["reason"]))
        what = sentence("the cluster ended the pod: {why}", why=said)
        return _with(BadInput(what, hint=_EVENTS), printed)
    code = int(ended.get("exitCode", 0))
    last = next((line for line in reversed(printed)), "")
    what = sentence(
        "the pod ended with exit code {code} and no answer: {why}", code=code, why=_short(last)
    )
    hint = "paddle-estimate templates show dry-step"
    return _with(BadInput(what, where=_image(pod), hint=hint), printed)


def never_started(waiting: Waiting, minutes: float, namespace: str) -> BadInput:
    """Of a pod that did not start in time."""
    what = sentence(
        "the dry step did not start within {minutes} minutes: {why}",
        minutes=round(minutes),
        why=waiting.why,
    )
    return BadInput(what, hint=f"kubectl describe nodes; kubectl describe quota -n {namespace}")


def _why_pending(status: Plain) -> str:
    for one in status.get("conditions") or []:
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            said = str(one.get("message") or one.get("reason", ""))
            return sentence("waiting for a GPU: {why}", why=_short(said))
    return ""


def _with(error: EstimatorError, printed: Sequence[str]) -> EstimatorError:
    if printed:
        error.add_note("\n".join(printed))
    return error


def _name(pod: Plain) -> str:
    return str(pod["metadata"]["name"])


def _image(pod: Plain) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def _short(said: str) -> str:
    return " ".join(said.split())[:_LONGEST] or "?"
