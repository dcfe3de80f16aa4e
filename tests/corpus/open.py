"""From a case to its architecture, by the module of its suite."""

from __future__ import annotations

from importlib import import_module

from tests.corpus.cases import Case
from tests.corpus.suites.architecture import Architecture

_MODULES = {
    "PaddleClas": "clas",
    "PaddleSeg": "seg",
    "PaddleDetection": "detection",
    "PaddleOCR": "ocr",
    "PaddleNLP": "nlp",
}


def open_architecture(case: Case) -> Architecture:
    """Build ``case`` on the current device; whatever the suite raises passes through."""
    module = import_module(f"tests.corpus.suites.{_MODULES[case.suite]}")
    opened: Architecture = module.open_architecture(case)
    return opened
