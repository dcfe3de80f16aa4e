"""Images that cannot run on the GPU or its driver are refused, with one that can."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.manifest import images
from estimator.manifest.fill import fill
from estimator.manifest.images import choose_image, doubt_about, refusal_of
from estimator.manifest.types import Override
from tests.manifest.builders import MINIMAL, REQUEST, shipped, template, write

TABLE = Path(__file__).parents[2].parent / "shared" / "data" / "paddle_images.csv"
CUDA_11 = "paddlepaddle/paddle:3.3.0-gpu-cuda11.8-cudnn8.9"
CUDA_12 = "paddlepaddle/paddle:3.3.0-gpu-cuda12.6-cudnn9.5"
CUDA_13 = "paddlepaddle/paddle:3.3.1-gpu-cuda13.0-cudnn9.13"
HOPPER = (9, 0)


def test_cuda_11_on_hopper_is_refused_with_the_right_tag(tmp_path: Path) -> None:
    text = MINIMAL.replace(CUDA_12, CUDA_11)
    with pytest.raises(BadInput, match=r"CUDA 11\.8, without code for sm_90") as caught:
        fill(template(tmp_path, text), replace(REQUEST, compute_capability=HOPPER), "job")
    assert caught.value.where.endswith("one.yaml:2")
    assert caught.value.hint == CUDA_12


def test_an_image_that_the_user_sets_is_refused_too() -> None:
    path = "pod.containers[paddle].image"
    with pytest.raises(BadInput, match=r"without code for sm_90") as caught:
        fill(
            shipped("ocr"),
            replace(REQUEST, compute_capability=HOPPER),
            "job",
            (Override(path, CUDA_11, "--set"),),
        )
    assert caught.value.where == "--set"


@pytest.mark.parametrize(
    ("image", "gpu", "refused"),
    [
        (CUDA_11, (8, 0), False),
        (CUDA_11, (8, 9), False),  # sm_86 code runs on sm_89; that is said, not refused
        (CUDA_11, (9, 0), True),
        (CUDA_12, (10, 0), True),
        (CUDA_12, (6, 1), False),
        (CUDA_13, (7, 0), True),  # CUDA 13 has dropped Volta
        (CUDA_13, (12, 0), False),
        ("paddlepaddle/paddle:3.3.0", (8, 0), True),  # the build for CPUs
        ("site/paddle:1", (8, 0), False),  # nothing is known of it
    ],
)
def test_what_is_refused(image: str, gpu: tuple[int, int], refused: bool) -> None:
    assert bool(refusal_of(image, gpu)) is refused


def test_code_for_an_older_chip_of_the_same_kind_is_doubted() -> None:
    assert "sm_89" in doubt_about(CUDA_11, (8, 9))


@pytest.mark.parametrize(
    ("driver", "chosen"),
    [("", CUDA_13), ("580.82.07", CUDA_13), ("550.54.14", CUDA_12), ("535.104.05", CUDA_11)],
)
def test_the_driver_decides(driver: str, chosen: str) -> None:
    """CUDA 13 needs 580.65.06, 12.6 needs 550.54.14, 11.x 450.80.02."""
    assert choose_image([CUDA_13, CUDA_12, CUDA_11], (8, 0), driver).image == chosen


def test_an_old_driver_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.yaml", 'extends: ocr\ntraining: {driver: "470.82.01"}\n')
    with pytest.raises(BadInput, match=r"needs driver 550\.54\.14 or newer.*470\.82\.01") as caught:
        fill(shipped(str(path)), REQUEST, "job")
    assert caught.value.hint == CUDA_11
    hopper = replace(REQUEST, compute_capability=HOPPER)
    with pytest.raises(BadInput) as caught:
        fill(shipped(str(path)), hopper, "job")
    assert caught.value.hint == "a newer driver on the nodes"


def test_no_driver_is_no_version(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.yaml", 'extends: ocr\ntraining: {driver: "new"}\n')
    with pytest.raises(BadInput, match=r"training\.driver"):
        shipped(str(path))


@pytest.mark.skipif(not TABLE.exists(), reason="the table of Paddle images is not here")
def test_proposed_images_exist() -> None:
    with TABLE.open() as file:
        known = {row["image"].removeprefix(MIRROR) for row in csv.DictReader(file)}
    assert set(images._OFFICIAL_IMAGES) <= known


MIRROR = "ccr-2vdh3abv-pub.cnc.bj.baidubce.com/"
