"""The values of an estimate, as settings of a template."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.devices import claim_settings
from estimator.manifest.layers import TRAINING_CONTAINER
from estimator.manifest.order import Order
from estimator.manifest.tree import COMPUTED, Path, Provenance, Setting, find, parse_path
from estimator.manifest.types import JobRequest, ManifestValue
from estimator.units import to_quantity

ESTIMATE_VARIABLE = "PADDLE_ESTIMATE_ID"
NAME: Path = ("metadata", "name")
IMAGE: Path = (*TRAINING_CONTAINER, "image")
COMMAND: Path = (*TRAINING_CONTAINER, "command")
ARGUMENTS: Path = (*TRAINING_CONTAINER, "args")
REQUESTS: Path = (*TRAINING_CONTAINER, "resources", "requests")
LIMITS: Path = (*TRAINING_CONTAINER, "resources", "limits")
SHARED_MEMORY: Path = ("pod", "volumes", "shm", "emptyDir")

_ANNOTATIONS: Path = ("metadata", "annotations")


def computed(path: Path, value: ManifestValue, reason: str) -> Setting:
    """A setting that the estimate makes."""
    return Setting(path, value, Provenance(COMPUTED, reason))


def request_settings(order: Order) -> Iterator[Setting]:
    """Everything but the command; a name and /dev/shm only where the template leaves room."""
    request, tree, image = order.request, order.asked, order.image
    if find(tree, NAME) is None:
        yield computed(NAME, order.name, reasons.job_name(request.name))
    yield from _annotations(request)
    yield computed(IMAGE, image.image, image.reason)
    yield from _resources(order)
    if order.training.gpu_label:
        yield computed(
            ("pod", "nodeSelector", order.training.gpu_label),
            request.gpu_product,
            request.reasons.get("gpu") or reasons.gpu_type(request.gpu_product),
        )
    environment = (*TRAINING_CONTAINER, "env", ESTIMATE_VARIABLE)
    yield computed(environment, {"value": request.estimate_id}, reasons.estimate_id())
    if find(tree, SHARED_MEMORY) is not None:
        size = to_quantity(request.shm_bytes)
        yield computed((*SHARED_MEMORY, "sizeLimit"), size, _why(request, "shm"))
    for path, one in request.settings.items():
        yield computed(parse_path(path, where=COMPUTED), one.value, one.reason)


def _annotations(request: JobRequest) -> Iterator[Setting]:
    yield computed(
        (*_ANNOTATIONS, "paddle-estimate/estimate-id"),
        request.estimate_id,
        reasons.estimate_id(),
    )
    yield computed(
        (*_ANNOTATIONS, "paddle-estimate/model-file"), request.model_file, reasons.model_file()
    )


def _resources(order: Order) -> Iterator[Setting]:
    request, devices = order.request, order.devices
    memory = to_quantity(request.memory_bytes)
    gpus = request.reasons.get("gpu_count") or reasons.gpu_count(request.gpu_count, request.nodes)
    yield computed((*REQUESTS, "cpu"), request.cpu, _why(request, "cpu"))
    yield computed((*REQUESTS, "memory"), memory, _why(request, "memory"))
    for name, amount in devices.resources.items():
        yield computed((*REQUESTS, name), amount, devices.reasons.get(name, gpus))
    yield computed((*LIMITS, "memory"), memory, reasons.memory_limit())
    for name, amount in devices.resources.items():
        yield computed((*LIMITS, name), amount, reasons.gpu_limit())
    if devices.claim:
        yield from claim_settings(TRAINING_CONTAINER, order.training, order.name)


def _why(request: JobRequest, name: str) -> str:
    return request.reasons.get(name) or reasons.request_value(name)
