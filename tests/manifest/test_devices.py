"""Whole cards, shares of one, other vendors' names and claims."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from estimator.errors import BadInput
from estimator.gpus.catalogue import load_catalogue
from estimator.manifest.devices import devices_for, of_product
from estimator.manifest.fill import fill
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.settings import Sharing, Training
from estimator.manifest.types import JobRequest, Manifest, Override
from estimator.units import GIB, MIB
from estimator.values import Bounded, Source
from tests.manifest.builders import EIGHT_GPUS, REQUEST, shipped

A100 = 80 * GIB
A100_ALONE = (
    'device.attributes["gpu.nvidia.com"].productName.matches("^NVIDIA[- ]A100[- ]SXM4[- ]80GB$")'
)


def needing(upper: int, request: JobRequest = REQUEST, capacity: int = A100) -> JobRequest:
    memory = Bounded(upper, upper, upper, Source.VIRTUAL, "test")
    return replace(request, device_memory=memory, device_capacity_bytes=capacity)


def resources(request: JobRequest, **settings: Any) -> dict[str, Any]:
    training = Training(images=("a",), command=("b",), **settings)
    return dict(devices_for(request, training, shared=True).resources)


def set_(**values: Any) -> tuple[Override, ...]:
    return tuple(Override(f"training.{key}", value, "--set") for key, value in values.items())


def limits(manifest: Manifest) -> dict[str, Any]:
    spec: Any = manifest.document[0]["spec"]
    found: dict[str, Any] = spec["template"]["spec"]["containers"][0]["resources"]["limits"]
    return found


@pytest.mark.parametrize(
    ("gib", "product", "capacity", "profile"),
    [
        # A 1g.10gb of an A100-80GB has 9728 MiB; 5 % are taken off the nominal 10 GiB.
        (9.5, "NVIDIA-A100-SXM4-80GB", 80, "mig-1g.10gb"),
        (9.6, "NVIDIA-A100-SXM4-80GB", 80, "mig-2g.20gb"),
        (19.5, "NVIDIA-H100-80GB-HBM3", 80, "mig-3g.40gb"),
        (38.1, "NVIDIA-A800-SXM4-80GB", 80, "gpu"),
        (4, "NVIDIA-A100-PCIE-40GB", 40, "mig-1g.5gb"),
        (11, "NVIDIA-H100-NVL", 93.6, "mig-1g.12gb"),
        (30, "NVIDIA-H200", 140, "mig-2g.35gb"),
        (10, "NVIDIA-H20", 95, "mig-1g.12gb"),
        (5, "NVIDIA-A30", 24, "mig-1g.6gb"),
        (20, "NVIDIA-B200", 179, "mig-1g.23gb"),
        (1, "NVIDIA-L4", 22, "gpu"),  # no MIG
    ],
)
def test_smallest_slice_that_holds_the_job(
    gib: float, product: str, capacity: float, profile: str
) -> None:
    request = replace(needing(int(gib * GIB), capacity=int(capacity * GIB)), gpu_product=product)
    assert resources(request, sharing="mig") == {f"nvidia.com/{profile}": 1}


def test_several_gpus_are_no_slices() -> None:
    assert resources(needing(GIB, EIGHT_GPUS), sharing="mig") == {"nvidia.com/gpu": 8}


def test_hami_shares_memory_and_compute_alike() -> None:
    """10 GiB of 80 are 10240 MiB, and 12.5 % of the card, rounded up."""
    assert resources(needing(10 * GIB), sharing="hami") == {
        "nvidia.com/gpu": 1,
        "nvidia.com/gpumem": 10240,
        "nvidia.com/gpucores": 13,
    }
    assert resources(needing(10 * GIB + 1), sharing="hami")["nvidia.com/gpumem"] == 10241
    assert resources(needing(79 * GIB), sharing="hami") == {"nvidia.com/gpu": 1}


def test_without_an_estimate_the_card_is_whole() -> None:
    for sharing in Sharing:
        assert resources(REQUEST, sharing=sharing) == {"nvidia.com/gpu": 1}


def test_a_share_is_said_and_gives_more_time() -> None:
    duration = Bounded(3600.0, 3600.0, 3600.0, Source.VIRTUAL, "test")
    request = replace(needing(8 * GIB), duration=duration)
    shared = fill(shipped("ocr"), request, "job", set_(sharing="mig"))
    assert any("1g.10gb computes with 1 of 7" in note for note in shared.notes)
    # (7 x 1 h) x 1.5 + 1 h = 11.5 h on a seventh of the card, 2.5 h on the whole.
    spec: Any = shared.document[0]["spec"]
    assert spec["activeDeadlineSeconds"] == 41_400
    assert limits(shared) == {"memory": "30Gi", "nvidia.com/mig-1g.10gb": 1}


@pytest.mark.parametrize("name", ["kunlunxin.com/xpu", "huawei.com/Ascend910", "hygon.com/dcunum"])
@pytest.mark.parametrize("kind", ["job", "flat"])
def test_other_vendors_cards(name: str, kind: str) -> None:
    wanted = set_(gpu_resource=name, gpu_label="")
    manifest = fill(shipped("ocr"), EIGHT_GPUS, kind, wanted)
    if kind == "flat":
        assert manifest.document[0]["gpu_count"] == 8
    else:
        assert limits(manifest)[name] == 8
        assert "nodeSelector" not in manifest.text
    assert "nvidia.com" not in manifest.text.replace("nvidia.com/gpu: 8", "") or kind == "flat"


@pytest.mark.parametrize("kind", [ManifestKind.COMPOSE, ManifestKind.DOCKER])
def test_docker_knows_nvidia_only(kind: ManifestKind) -> None:
    with pytest.raises(BadInput, match="whole NVIDIA GPUs"):
        fill(shipped("ocr"), REQUEST, kind, set_(gpu_resource="kunlunxin.com/xpu"))


def test_docker_takes_whole_cards_where_a_cluster_would_share() -> None:
    manifest = fill(shipped("ocr"), needing(GIB), "docker", set_(sharing="hami"))
    assert "--gpus 1" in manifest.text
    assert "gpumem" not in manifest.text


def test_a_claim_takes_the_place_of_the_resource() -> None:
    manifest = fill(shipped("ocr"), EIGHT_GPUS, "job", set_(device_class="gpu.nvidia.com"))
    job, claim = manifest.document
    pod: Any = job["spec"]["template"]["spec"]  # type: ignore[index,call-overload]
    assert pod["resourceClaims"] == [{"name": "gpu", "resourceClaimTemplateName": "resnet50-gpu"}]
    assert pod["containers"][0]["resources"]["claims"] == [{"name": "gpu"}]
    assert "nvidia.com/gpu" not in pod["containers"][0]["resources"]["limits"]
    assert claim["spec"] == {
        "spec": {
            "devices": {
                "requests": [
                    {
                        "name": "gpu",
                        "exactly": {
                            "deviceClassName": "gpu.nvidia.com",
                            "count": 8,
                            "selectors": [{"cel": {"expression": A100_ALONE}}],
                        },
                    }
                ]
            }
        }
    }
    for document in manifest.document:
        kubernetes_validate.validate(document, "1.37", strict=True)


def selected(label: str, name: str) -> bool:
    """What the expression says of a device by that name; RE2 and Python read it alike."""
    pattern = re.search(r'\.matches\("(.*)"\)$', of_product("gpu.nvidia.com/productName", label))
    assert pattern is not None
    return re.search(pattern[1], name) is not None


@pytest.mark.parametrize(
    ("label", "name"),
    [  # names as NVML gives them, and node labels made of them
        ("NVIDIA-A100-SXM4-80GB", "NVIDIA A100-SXM4-80GB"),
        ("Tesla-T4", "Tesla T4"),
        ("NVIDIA-H100-80GB-HBM3", "NVIDIA H100 80GB HBM3"),
        ("NVIDIA-GeForce-RTX-4090-D", "NVIDIA GeForce RTX 4090 D"),
    ],
)
def test_the_claim_means_the_type_of_the_plan_and_no_other(label: str, name: str) -> None:
    chosen = [
        gpu.product_label for gpu in load_catalogue().types if selected(gpu.product_label, name)
    ]
    assert chosen == [label]


def test_another_driver_has_its_own_attribute_or_none() -> None:
    npu = set_(device_class="npu.example.com", device_attribute="npu.example.com/model")
    claim: Any = fill(shipped("ocr"), REQUEST, "job", npu).document[1]
    [exactly] = [one["exactly"] for one in claim["spec"]["spec"]["devices"]["requests"]]
    [selector] = exactly["selectors"]
    assert selector["cel"]["expression"].startswith('device.attributes["npu.example.com"].model.')
    bare = set_(device_class="a100", device_attribute="")
    claim = fill(shipped("ocr"), REQUEST, "job", bare).document[1]
    [exactly] = [one["exactly"] for one in claim["spec"]["spec"]["devices"]["requests"]]
    assert exactly == {"deviceClassName": "a100", "count": 1}
    with pytest.raises(BadInput, match="device_attribute"):
        fill(shipped("ocr"), REQUEST, "job", set_(device_class="a", device_attribute="model"))


def test_memory_is_in_mebibytes() -> None:
    assert resources(needing(3 * MIB), sharing="hami")["nvidia.com/gpumem"] == 3


def test_no_such_sharing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"training\.sharing"):
        fill(shipped("ocr"), REQUEST, "job", set_(sharing="half"))
