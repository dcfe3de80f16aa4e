"""Which template is recommended for which model, and which image for which GPU."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.measurement import KernelUse, Phase, TensorSpec
from estimator.errors import BadInput
from estimator.habits import past_jobs
from estimator.manifest.catalogue import template_library
from estimator.manifest.choose import FALLBACK, choose_template
from estimator.manifest.clues import Clues, clues_of
from estimator.manifest.images import choose_image, doubt_about
from estimator.manifest.names import (
    MAX_JOB_NAME,
    is_dns_1035_label,
    is_dns_subdomain,
    is_env_name,
    is_label_key,
    is_label_value,
    job_name,
)
from estimator.manifest.render import choose
from estimator.manifest.settings import TRAINING, Training, read_settings
from estimator.manifest.types import TemplateChoice
from estimator.options import ManifestOptions
from estimator.paths import HOME_VARIABLE
from estimator.records.store import open_store
from estimator.records.types import Happened, JobFacts, JobRecord, Submitted
from tests.builders import report
from tests.manifest.builders import facts, shipped

LIBRARY = template_library()
IMAGES = Path(__file__).parents[2].parent / "shared" / "data" / "paddle_images.csv"

MODELS = [
    ("ResNet", {"Conv2D": 53, "BatchNorm2D": 53, "Linear": 1}, "classification"),
    ("SwinTransformer", {"Conv2D": 1, "Linear": 50}, "classification"),
    ("MyNet", {"Conv2D": 8, "Linear": 2}, "classification"),
    ("YOLOv3", {"Conv2D": 75}, "detection"),
    ("FasterRCNN_ResNet50", {"Conv2D": 53, "Linear": 4}, "detection"),
    ("Net", {"Conv2D": 20, "RPNHead": 1, "Linear": 2}, "detection"),
    ("UNet", {"Conv2D": 18, "Conv2DTranspose": 4}, "segmentation"),
    ("MyNet", {"Conv2D": 18, "Conv2DTranspose": 4}, "segmentation"),
    ("Recognizer", {"Conv2D": 7, "LSTM": 2, "Linear": 1}, "ocr"),
    ("CRNN", {"Conv2D": 7, "LSTM": 2}, "ocr"),
    ("BertForSequenceClassification", {"Embedding": 3, "Linear": 73}, "nlp"),
    ("MyNet", {"Embedding": 1, "LSTM": 1, "Linear": 1}, "nlp"),
    ("MyNet", {"Embedding": 2, "MultiHeadAttention": 12, "Linear": 60}, "nlp"),
    ("LlamaForCausalLM", {"Embedding": 1, "Linear": 225}, "llm"),
    ("Net", {"Embedding": 1, "LlamaDecoderLayer": 32, "Linear": 225}, "llm"),
    ("Conformer", {"Conv1D": 36, "Linear": 100}, "speech"),
    ("MyNet", {"Conv1D": 4, "GRU": 2}, "speech"),
    ("MyNet", {"Linear": 2}, FALLBACK),
    ("", {}, FALLBACK),
]


@pytest.mark.parametrize(("name", "layers", "expected"), MODELS)
def test_recommended_template(name: str, layers: dict[str, int], expected: str) -> None:
    choice = choose_template(LIBRARY, Clues(facts(name, layers)))
    assert choice.name == expected
    assert choice.reason
    assert expected not in {other.name for other in choice.alternatives}


def test_name_of_the_file_counts_and_alternatives_have_reasons() -> None:
    choice = choose_template(
        LIBRARY, Clues(facts("Net", {"Conv2D": 3, "Linear": 1}), file="my_unet")
    )
    assert choice.name == "segmentation"
    assert [(other.name, other.reason) for other in choice.alternatives] == [
        ("classification", "the model has 3 Conv2D, 1 Linear")
    ]


CONV = KernelUse("conv2d", Phase.FORWARD, (TensorSpec((2, 3, 224, 224), "float32"),), ())
CTC = KernelUse("warpctc", Phase.FORWARD, (TensorSpec((30, 2, 97), "float32"),), ())
LOOKUP = KernelUse("embedding", Phase.FORWARD, (TensorSpec((2, 128), "int64"),), ())
SIGNAL = KernelUse("conv2d", Phase.FORWARD, (TensorSpec((2, 1, 1, 16000), "float32"),), ())


def chosen(
    folder: Path, *kernels: KernelUse, code: str = "", past: dict[str, int] | None = None
) -> TemplateChoice:
    """The choice for a model whose name and layers tell nothing."""
    path = folder / "model.py"
    path.write_text(code)
    measured = replace(report().measurements[0], kernels=kernels)
    told = replace(report(), model=facts("Net", {"Linear": 1}), measurements=(measured,))
    return choose_template(LIBRARY, clues_of(told, path, past or {}))


@pytest.mark.parametrize(
    ("kernels", "expected", "reason"),
    [
        ([CONV], "classification", "its first operators read images of 3x224x224"),
        ([CONV, CTC], "ocr", "a training step launches 1 conv2d, 1 warpctc"),
        ([LOOKUP], "nlp", "its first operators read token numbers of 128"),
        ([SIGNAL], FALLBACK, "neither past jobs"),
    ],
)
def test_operators_and_shapes_count(
    tmp_path: Path, kernels: list[KernelUse], expected: str, reason: str
) -> None:
    choice = chosen(tmp_path, *kernels)
    assert choice.name == expected
    assert choice.reason.startswith(reason)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from ppdet.core import workspace\n", "detection"),
        ("import os, paddlenlp.transformers as t\n", "nlp"),
        ("def build_model():\n    from paddleseg.models import UNet\n", "segmentation"),
        ("from . import ppdet\n", FALLBACK),
        ("not python at all (", FALLBACK),
    ],
)
def test_the_suite_of_a_model_file(tmp_path: Path, code: str, expected: str) -> None:
    assert chosen(tmp_path, code=code).name == expected


def test_a_folder_names_the_suite_too(tmp_path: Path) -> None:
    (tmp_path / "PaddleOCR").mkdir()
    assert chosen(tmp_path / "PaddleOCR").name == "ocr"


def test_past_jobs_count_most_and_three_alternatives_follow_with_scores(tmp_path: Path) -> None:
    choice = chosen(tmp_path, CONV, CTC, code="import ppdet\n", past={"speech": 2, "gone": 9})
    assert (choice.name, choice.score) == ("speech", "sure: used before")
    assert choice.reason == "2 past jobs of Net ran with it"
    assert [(one.name, one.score) for one in choice.alternatives] == [
        ("detection", "sure: by its suite"),
        ("ocr", "possible: by what it is made of"),
        ("classification", "weak: by the data that goes in"),
    ]


def test_template_that_was_asked_for_has_the_advised_one_as_alternative() -> None:
    told = choose(LIBRARY, ManifestOptions(template="nlp"), Clues(facts("UNet", {"Conv2D": 3})))
    assert (told.choice.name, told.choice.reason) == ("nlp", "asked for")
    assert told.choice.alternatives[0].name == "segmentation"


def test_only_jobs_that_ran_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert past_jobs("Net").templates == {}
    with open_store() as store:
        for number, ran in enumerate([True, True, False]):
            job = Submitted(JobFacts("Net", "T4", "fp32", 8, template="ocr"))
            happened = Happened(peak_device_bytes=1) if ran else None
            now = datetime.now(UTC)
            store.save(JobRecord(f"{number}", now, job, happened=happened))
    assert past_jobs("Net").templates == {"ocr": 2}
    assert past_jobs("Other").templates == {}


CUDA_11, CUDA_12, CUDA_12_9, CUDA_13 = (
    f"paddlepaddle/paddle:3.3.0-gpu-cuda{tag}"
    for tag in ("11.8-cudnn8.9", "12.6-cudnn9.5", "12.9-cudnn9.9", "13.0-cudnn9.13")
)


@pytest.mark.parametrize(
    ("image", "gpu", "runs"),
    [
        (CUDA_11, (8, 6), True),
        (CUDA_11, (8, 9), False),
        (CUDA_11, (9, 0), False),
        (CUDA_12, (7, 0), True),
        (CUDA_12, (9, 0), True),
        (CUDA_12, (10, 0), False),
        (CUDA_12_9, (10, 0), True),
        (CUDA_12_9, (12, 0), True),
        (CUDA_13, (7, 0), False),
        (CUDA_13, (6, 1), False),
        (CUDA_13, (7, 5), True),
        ("paddlepaddle/paddle:3.3.0", (8, 0), False),
        ("registry.example/mine:1", (8, 0), False),
    ],
)
def test_image_for_gpu(image: str, gpu: tuple[int, int], runs: bool) -> None:
    assert (doubt_about(image, gpu) == "") is runs


def test_first_image_with_code_is_taken() -> None:
    assert choose_image([CUDA_12, CUDA_12_9], (8, 0)).image == CUDA_12
    assert choose_image([CUDA_12, CUDA_12_9], (10, 0)).image == CUDA_12_9
    with pytest.raises(BadInput, match="sm_100"):
        choose_image([CUDA_12], (10, 0))


@pytest.mark.skipif(not IMAGES.exists(), reason="the table of Paddle images is not here")
def test_shipped_images_exist() -> None:
    with IMAGES.open() as file:
        known = {row["image"] for row in csv.DictReader(file)}
    for one in LIBRARY.newest:
        assert set(read_settings(shipped(one.name).tree, TRAINING, Training).images) <= known


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ResNet50 v2", "resnet50-v2"),
        ("--A__b--", "a-b"),
        ("3D-UNet", "job-3d-unet"),
        ("Café", "cafe"),
        ("模型", "paddle-job"),
        ("", "paddle-job"),
    ],
)
def test_job_name(text: str, expected: str) -> None:
    assert job_name(text) == expected


@given(st.text(max_size=120))
def test_any_text_makes_a_name(text: str) -> None:
    assert is_dns_1035_label(job_name(text))
    assert len(job_name(text)) <= MAX_JOB_NAME
    assert job_name(job_name(text)) == job_name(text)


def test_long_names_stay_different() -> None:
    assert job_name("a" * 90 + "b") != job_name("a" * 90 + "c")


def test_rules_for_names() -> None:
    assert is_label_key("nvidia.com/gpu.product")
    assert not is_label_key("a/b/c")
    assert not is_label_key("UPPER.com/x")
    assert not is_label_key("a/")
    assert is_label_value("")
    assert not is_label_value("-a")
    assert not is_label_value("a" * 64)
    assert is_dns_subdomain("a.b-c.d")
    assert not is_dns_subdomain("a..b")
    assert not is_env_name("1A")
    assert not is_env_name("A B")


def test_the_name_of_the_file_tells_and_not_how_the_model_was_found(tmp_path: Path) -> None:
    """ "the training loop of costly.py" has an 'fcos' in it, across two words."""
    told = replace(
        report(), model=facts("Net", {"Linear": 1}, source="the training loop of costly")
    )
    costly, named = (
        choose_template(LIBRARY, clues_of(told, tmp_path / name, {}))
        for name in ("costly.py", "my_fcos.py")
    )
    assert costly.name != "detection"
    assert named.name == "detection"
    assert "'my_fcos' contains 'fcos'" in named.reason or "my_fcos" in named.reason
