"""The sample models of notebooks/models, made small through their own options."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.accuracy.models.task import Case, Task, supervised

_FOLDER = Path(__file__).parents[3] / "notebooks" / "models"


def _sample(name: str, model: dict[str, Any], batch: dict[str, Any]) -> Callable[[], Task]:
    def build() -> Task:
        module = _load(_FOLDER / f"{name}.py")
        net = module.build_model(**model)
        optimizer = module.build_optimizer(net.parameters())
        return supervised(
            net, lambda size: module.example_batch(size, **batch), module.loss_fn, optimizer
        )

    return build


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = (
    Case("sample_resnet50", "Momentum+L2", 2, _sample("resnet50", {}, {"size": 128})),
    Case("sample_ocr_crnn", "Adam", 4, _sample("ocr_crnn", {}, {"width": 96, "length": 8})),
    Case(
        "sample_detector",
        "Momentum+global norm",
        2,
        _sample("detector", {"depth": 18, "width": 64}, {"size": 192}),
        quick=True,
    ),
    Case(
        "sample_llama",
        "AdamW+global norm",
        2,
        _sample("llama_7b", {"layers": 2, "hidden": 256, "heads": 4}, {"length": 64}),
    ),
)
