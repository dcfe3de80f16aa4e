"""Which container image has code for a GPU, judged by the CUDA version in its tag."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from estimator.errors import BadInput
from estimator.manifest import reasons
from estimator.messages import message

Capability = tuple[int, int]
IMAGES = ("training", "images")

_CUDA = re.compile(r"cuda(\d+)\.(\d+)")
_OFFICIAL = re.compile(r"(.*/)?paddlepaddle/paddle(:.*)?")
_ANY_OLDER: Capability = (0, 0)
_ANY_NEWER: Capability = (99, 0)
_RANGES: tuple[tuple[Capability, Capability, Capability], ...] = (
    ((13, 0), (7, 5), _ANY_NEWER),
    ((12, 8), _ANY_OLDER, (12, 99)),
    ((12, 0), _ANY_OLDER, (9, 0)),
    ((11, 0), _ANY_OLDER, (8, 6)),
)
"""From which CUDA version on, the lowest and the highest compute capability with code.

CUDA 13 dropped Pascal and Volta, 12.8 brought Blackwell (NVIDIA's CUDA release notes); Paddle's
CUDA 11 builds stop at sm_86 and its CUDA 12 builds have sm_90 (Paddle's installation tables).
"""

_DRIVERS: tuple[tuple[tuple[int, int], str], ...] = (
    ((13, 0), "580.65.06"),
    ((12, 9), "575.51.03"),
    ((12, 6), "550.54.14"),
    ((12, 3), "545.23.06"),
    ((12, 0), "525.60.13"),
    ((11, 0), "450.80.02"),
)
"""From which CUDA version on, the oldest driver. 11.x, 12.3 and 12.6 as Paddle's and PaddleOCR's
installation pages say; the others from NVIDIA's CUDA release notes.
"""

_OFFICIAL_IMAGES = (
    "paddlepaddle/paddle:3.3.0-gpu-cuda12.6-cudnn9.5",
    "paddlepaddle/paddle:3.3.1-gpu-cuda12.9-cudnn9.9",
    "paddlepaddle/paddle:3.3.1-gpu-cuda13.0-cudnn9.13",
    "paddlepaddle/paddle:3.3.0-gpu-cuda11.8-cudnn8.9",
)
"""Proposed in the place of one that does not run."""


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """The image to use and why."""

    image: str
    reason: str


def choose_image(
    images: Sequence[str], gpu: Capability, driver: str = "", *, where: str = ""
) -> ImageChoice:
    """The first image with code for the GPU; else the first of which that is not known.

    driver: the oldest of the nodes, empty where it is not known. where: the line of the images.
    Raises BadInput where none of them can run there, with an image that can.
    """
    possible = [image for image in images if not refusal_of(image, gpu, driver)]
    if not possible:
        require_suitable(images[0], gpu, driver, where=where)
    for image in possible:
        if not doubt_about(image, gpu, driver):
            return ImageChoice(image, reasons.image_chosen(image == images[0], gpu))
    return ImageChoice(possible[0], reasons.image_first())


def require_suitable(image: str, gpu: Capability, driver: str = "", *, where: str) -> None:
    """Raise BadInput where the image is known not to run on the GPU, with one that does."""
    refusal = refusal_of(image, gpu, driver)
    if refusal:
        fit = (one for one in _OFFICIAL_IMAGES if not refusal_of(one, gpu, driver))
        raise BadInput(refusal, where=where, hint=next(fit, message("image.newer_driver")))


def pinned(image: str) -> str:
    """The image with a tag of Paddle's own where it is Paddle's, else with ``:TAG`` to fill in."""
    repository, colon, tag = image.rpartition(":")
    if colon and "/" not in tag and tag != "latest":
        return image
    bare = repository if colon and "/" not in tag else image
    if not bare or _OFFICIAL.fullmatch(bare):
        return _OFFICIAL_IMAGES[0]
    return f"{bare}:TAG"


def refusal_of(image: str, gpu: Capability, driver: str = "") -> str:
    """Why the image cannot run on the GPU or with the driver, or nothing."""
    cuda = _cuda_of(image)
    if cuda is None:
        cpu = _OFFICIAL.fullmatch(image) and "-gpu" not in image
        return reasons.image_for_cpu(image) if cpu else ""
    lowest, highest = _capabilities(cuda)
    if gpu < lowest or gpu[0] > highest[0]:
        return reasons.image_unsuited(image, cuda, gpu)
    needed = next((least for since, least in _DRIVERS if cuda >= since), "")
    if driver and needed and _version(driver) < _version(needed):
        said = ".".join(map(str, cuda))
        return message("image.driver", image=image, cuda=said, needed=needed, driver=driver)
    return ""


def doubt_about(image: str, gpu: Capability, driver: str = "") -> str:
    """Why it is not sure that the image runs well on the GPU, or nothing."""
    refusal = refusal_of(image, gpu, driver)
    cuda = _cuda_of(image)
    if refusal or cuda is None:
        return refusal or reasons.image_unknown(image, gpu)
    _, highest = _capabilities(cuda)
    if gpu > highest:
        # Code for 8.6 runs on 8.9, but was not made for it (CUDA programming guide, "Binary
        # Compatibility": within one major version, towards newer chips).
        return reasons.image_unsuited(image, cuda, gpu)
    return ""


def _cuda_of(image: str) -> tuple[int, int] | None:
    match = _CUDA.search(image)
    return None if match is None else (int(match[1]), int(match[2]))


def _capabilities(cuda: tuple[int, int]) -> tuple[Capability, Capability]:
    found = ((lowest, highest) for since, lowest, highest in _RANGES if cuda >= since)
    return next(found, ((0, 0), (8, 0)))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
