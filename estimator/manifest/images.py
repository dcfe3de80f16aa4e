"""Which container image has code for a GPU, judged by the CUDA version in its tag."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from estimator.manifest import reasons

Capability = tuple[int, int]

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


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """The image to use and why; ``doubt`` is empty where it has code for the GPU."""

    image: str
    reason: str
    doubt: str = ""


def choose_image(images: Sequence[str], gpu: Capability) -> ImageChoice:
    """The first image with code for the GPU; where none is known to have it, the first."""
    doubts = [doubt_about(image, gpu) for image in images]
    for image, doubt in zip(images, doubts, strict=True):
        if not doubt:
            return ImageChoice(image, reasons.image_chosen(image == images[0], gpu))
    return ImageChoice(images[0], reasons.image_first(), doubts[0])


def doubt_about(image: str, gpu: Capability) -> str:
    """Why the image may not run on the GPU, or nothing."""
    match = _CUDA.search(image)
    if match is None:
        if _OFFICIAL.fullmatch(image) and "-gpu" not in image:
            return reasons.image_for_cpu(image)
        return reasons.image_unknown(image, gpu)
    cuda = (int(match[1]), int(match[2]))
    for since, lowest, highest in _RANGES:
        if cuda >= since:
            return "" if lowest <= gpu <= highest else reasons.image_unsuited(image, cuda, gpu)
    return reasons.image_unsuited(image, cuda, gpu)
