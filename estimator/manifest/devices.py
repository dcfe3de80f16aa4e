"""How a job asks for GPUs: whole cards by any vendor's name, a share of one, or a claim."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from estimator.manifest.settings import Sharing, Training
from estimator.manifest.tree import COMPUTED, Branch, Provenance, Setting, from_plain
from estimator.manifest.types import JobRequest, ManifestValue
from estimator.messages import message
from estimator.units import MIB
from estimator.values import Missing

NVIDIA = "nvidia.com/gpu"
CLAIM = "gpu"
"""Name of the claim in the pod, and of the request in the claim."""


class Profile(NamedTuple):
    """A MIG profile: its compute and memory slices."""

    name: str
    compute: int
    memory: int


class Card(NamedTuple):
    """GPU types by product label, their profiles, and the slices of the whole card."""

    pattern: str
    profiles: tuple[Profile, ...]
    compute: int
    memory: int


def _card(pattern: str, *names: str) -> Card:
    """A card of seven compute and eight memory slices, divided by 1, 2 and 3 (of 4)."""
    slices = ((1, 1), (2, 2), (3, 4))
    found = (Profile(name, *part) for name, part in zip(names, slices, strict=True))
    return Card(pattern, tuple(found), 7, 8)


_MIG = (
    Card("A30", (Profile("1g.6gb", 1, 1), Profile("2g.12gb", 2, 2)), 4, 4),
    _card("A100.*40GB", "1g.5gb", "2g.10gb", "3g.20gb"),
    _card("H100-NVL", "1g.12gb", "2g.24gb", "3g.47gb"),
    _card("[AH][18]00", "1g.10gb", "2g.20gb", "3g.40gb"),
    _card("H200", "1g.18gb", "2g.35gb", "3g.71gb"),
    _card("H20", "1g.12gb", "2g.24gb", "3g.48gb"),
    _card("B200", "1g.23gb", "2g.45gb", "3g.90gb"),
)
"""The first that fits the label. NVIDIA's MIG user guide, "Supported MIG Profiles"; profiles of a
whole card are left out.
"""

_MIG_USABLE = 0.95
"""Part of its nominal memory that a slice has at least: 9728 of 10240 MiB of an A100's 1g.10gb,
4864 of 5120 of 1g.5gb (nvidia-smi listings in the MIG user guide)."""

_LARGEST_SHARE = 0.9
"""A plan that needs more of a card than this has it for itself."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What a pod asks for; ``slowdown`` is how much longer than on whole cards a step may take."""

    resources: Mapping[str, ManifestValue]
    reasons: Mapping[str, str] = field(default_factory=dict)
    claim: bool = False
    slowdown: float = 1.0
    notes: tuple[str, ...] = ()


def devices_for(request: JobRequest, training: Training, *, shared: bool) -> Devices:
    """The resources of one pod; ``shared`` says whether its kind can take a part of a card.

    A share is taken where the template allows it and the upper bound of device memory is well
    below the card's; several GPUs of one job are whole cards under MIG, whose slices cannot
    communicate with NCCL.
    """
    if training.device_class and shared:
        return Devices({}, claim=True)
    if shared and training.sharing is Sharing.MIG and request.gpu_count * request.nodes == 1:
        return _slice(request) or _whole(request, training)
    if shared and training.sharing is Sharing.HAMI:
        return _hami(request, training) or _whole(request, training)
    return _whole(request, training)


def claim_template(request: JobRequest, training: Training, name: str) -> Branch:
    """The ResourceClaimTemplate of a job (resource.k8s.io/v1, Kubernetes 1.34 and later)."""
    exactly: dict[str, ManifestValue] = {
        "deviceClassName": training.device_class,
        "count": request.gpu_count,
    }
    if training.device_attribute:
        expression = of_product(training.device_attribute, request.gpu_product)
        exactly["selectors"] = [{"cel": {"expression": expression}}]
    document: ManifestValue = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": claim_name(name)},
        "spec": {"spec": {"devices": {"requests": [{"name": CLAIM, "exactly": exactly}]}}},
    }
    why = message(
        "yaml.claim_type", device_class=training.device_class, product=request.gpu_product
    )
    reason = why if training.device_attribute else _claim_reason(training)
    made = from_plain(document, Provenance(COMPUTED, reason))
    assert isinstance(made, Branch)
    return made


def of_product(attribute: str, product: str) -> str:
    """In CEL: the device is of the type that the node label calls ``product``.

    NVIDIA's driver gives NVML's name as the attribute (k8s-dra-driver-gpu, deviceinfo.go); its
    node label is that name with dashes for spaces, so that either stands for a dash of the label.
    """
    driver, _, name = attribute.partition("/")
    words = product.replace(".", "[.]").replace("-", "[- ]")
    return f'device.attributes["{driver}"].{name}.matches("^{words}$")'


def claim_settings(container: tuple[str, ...], training: Training, name: str) -> Iterator[Setting]:
    """The claim in the pod and in a container."""
    why = Provenance(COMPUTED, _claim_reason(training))
    template: ManifestValue = {"resourceClaimTemplateName": claim_name(name)}
    yield Setting(("pod", "resourceClaims", CLAIM), template, why)
    yield Setting((*container, "resources", "claims", CLAIM), {}, why)


def claim_name(name: str) -> str:
    """The name of a job's ResourceClaimTemplate."""
    return f"{name}-{CLAIM}"


def _claim_reason(training: Training) -> str:
    return message("yaml.claim", device_class=training.device_class)


def _whole(request: JobRequest, training: Training) -> Devices:
    return Devices({training.gpu_resource: request.gpu_count})


def _share_needed(request: JobRequest) -> float | None:
    """Upper bound of device memory as a part of the card's; None where it is not known."""
    memory, capacity = request.device_memory, request.device_capacity_bytes
    if isinstance(memory, Missing) or isinstance(capacity, Missing):
        return None
    return memory.upper / capacity


def _hami(request: JobRequest, training: Training) -> Devices | None:
    """HAMi counts shares by the card's own resource name; its memory is in MiB for each card."""
    share, memory = _share_needed(request), request.device_memory
    if share is None or share > _LARGEST_SHARE or isinstance(memory, Missing):
        return None
    percent = min(100, ceil(share * 100))
    size = ceil(memory.upper / MIB)
    return Devices(
        {
            training.gpu_resource: request.gpu_count,
            "nvidia.com/gpumem": size,
            "nvidia.com/gpucores": percent,
        },
        {
            "nvidia.com/gpumem": message("yaml.gpumem"),
            "nvidia.com/gpucores": message("yaml.gpucores"),
        },
        slowdown=100 / percent,
        notes=(message("yaml.shared_card", percent=percent),),
    )


def _slice(request: JobRequest) -> Devices | None:
    """The smallest MIG slice that holds the job; None where the card has none, or none does."""
    share = _share_needed(request)
    card = next((one for one in _MIG if re.search(one.pattern, request.gpu_product)), None)
    if share is None or card is None:
        return None
    for profile in card.profiles:
        if share <= profile.memory / card.memory * _MIG_USABLE:
            resource = f"nvidia.com/mig-{profile.name}"
            said = {"profile": profile.name, "cores": profile.compute, "all": card.compute}
            return Devices(
                {resource: 1},
                {resource: message("yaml.mig", profile=profile.name)},
                slowdown=card.compute / profile.compute,
                notes=(message("yaml.mig_slower", **said),),
            )
    return None
