"""The parts of a template that are not Kubernetes': ``training`` and ``suits``."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from estimator.errors import BadInput
from estimator.manifest.complaints import complaint
from estimator.manifest.nearest_name import did_you_mean
from estimator.manifest.tree import Branch, Path, find, format_path, nearest, plain
from estimator.messages import sentence

TRAINING = ("training",)
SUITS = ("suits",)

Words = tuple[str, ...]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Sharing(StrEnum):
    """How the cluster divides a card that a job does not fill."""

    NONE = "none"
    HAMI = "hami"
    MIG = "mig"


class LogSidecar(_Settings):
    """The container that reads a job's logs: its image and command, word by word."""

    image: str
    command: Words = Field(min_length=1)


class Training(_Settings):
    """How the job trains.

    images: in order of preference; the first that has code for the GPU is taken.
    command: how to train on one GPU, word by word.
    batch_size_argument: the words in front of the per-device batch size; a last word that ends
    in ``=`` is joined to the number. Empty: the program is not told.
    flag_takes_list: whether the first of these words takes a list and may stand only once
    (``-o a=1 b=2``), so that the rest joins the list that is there.
    launch: whether ``paddle.distributed.launch`` starts one process per GPU.
    queue: Kueue's LocalQueue, or Volcano's queue for the kinds that Volcano schedules.
    gpu_resource: what the device plug-in calls a card (nvidia.com/gpu, kunlunxin.com/xpu,
    huawei.com/Ascend910, hygon.com/dcunum).
    gpu_label: the node label that names the GPU type; empty: nodes are not selected by it.
    sharing: how a card is divided where a job needs only a part of it.
    device_class: the DeviceClass to claim GPUs of (dynamic resource allocation) instead.
    device_attribute: the attribute of a device that names its type, as DRIVER/NAME; empty: the
    class alone says it.
    driver: the oldest NVIDIA driver of the nodes, such as 535.104.05; empty: not known.
    preflight: whether ``paddle.utils.run_check`` runs on the GPUs before the training.
    log_sidecar: reads the launcher's logs beside the training.
    heartbeat_minutes: the pod is shown as not ready when no log grew for so long; 0: never.
    """

    images: Words = Field(min_length=1)
    command: Words = Field(min_length=1)
    batch_size_argument: Words = ()
    flag_takes_list: bool = False
    launch: bool = True
    queue: str = ""
    gpu_resource: str = "nvidia.com/gpu"
    gpu_label: str = "nvidia.com/gpu.product"
    sharing: Sharing = Sharing.NONE
    device_class: str = ""
    device_attribute: str = Field(
        "gpu.nvidia.com/productName", pattern=r"^([a-z0-9.-]+/[A-Za-z_][A-Za-z0-9_]*)?$"
    )
    driver: str = Field("", pattern=r"^(\d+(\.\d+)*)?$")
    preflight: bool = False
    log_sidecar: LogSidecar | None = None
    heartbeat_minutes: int = Field(30, ge=0)


class Suits(_Settings):
    """What speaks for a template.

    words: in the names of the model, its file and its layer classes. layers, operators: groups of
    layer classes in the model, or of kernels in its step, that are all there. suites: packages
    that its file imports, or folders it lies in. inputs: ``images``, ``tokens``.
    """

    words: Words = ()
    layers: tuple[Words, ...] = ()
    operators: tuple[Words, ...] = ()
    suites: Words = ()
    inputs: tuple[Literal["images", "tokens"], ...] = ()


class _Said(_Settings):
    by: str = ""
    because: str = ""


class LockEntry(_Said):
    """A locked path, who locked it, and why."""

    path: str


class AtMost(_Said):
    """The most there may be of something."""

    at_most: int = Field(ge=1)

    @model_validator(mode="before")
    @classmethod
    def _read_number(cls, raw: object) -> object:
        return {"at_most": raw} if isinstance(raw, int) else raw


class Allowed(_Said):
    """Patterns of the names that are allowed."""

    allow: Words = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _read_list(cls, raw: object) -> object:
        return {"allow": raw} if isinstance(raw, list) else raw


class Policy(_Settings):
    """What a site allows: ``max_gpus: 16``, or ``max_gpus: {at_most: 16, by: .., because: ..}``.

    max_gpus, max_nodes: of one job. max_gpus_per_node: of a job on each of its nodes.
    gpu_types: names as in ``paddle-estimate gpus`` or node labels. images, registries: of every
    container. namespaces, queues: the job must name one of these.
    """

    max_gpus: AtMost | None = None
    max_gpus_per_node: AtMost | None = None
    max_nodes: AtMost | None = None
    gpu_types: Allowed | None = None
    images: Allowed | None = None
    registries: Allowed | None = None
    namespaces: Allowed | None = None
    queues: Allowed | None = None


Settings = TypeVar("Settings", bound=_Settings)


def read_settings(tree: Branch, path: Path, model: type[Settings]) -> Settings:
    """The map at ``path`` as ``model``. Raises BadInput with ``file:line``."""
    node = find(tree, path)
    try:
        return model.model_validate({} if node is None else plain(node))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        wrong = (*path, *(str(step) for step in first["loc"]))
        raise BadInput(
            sentence("{path}: {problem}", path=format_path(wrong), problem=complaint(first)),
            where=nearest(tree, wrong).node.provenance.where,
            hint=_nearest_setting(first, model),
        ) from error


def _nearest_setting(error: ErrorDetails, model: type[_Settings]) -> str:
    """For a setting that is not there, the one that may be meant; else some of those there are."""
    if error["type"] != "extra_forbidden" or len(error["loc"]) > 1:
        return ""
    known = list(model.model_fields)
    return did_you_mean(str(error["loc"][0]), known) or ", ".join([*known[:8], "..."])
