"""Requests to try out."""

from __future__ import annotations

from typing import Any

_SOURCE = """import paddle


def build_model():
    return paddle.nn.Linear(64, 8)


def example_batch(batch_size):
    return paddle.rand([batch_size, 64]), paddle.rand([batch_size, 8])


def loss_fn(outputs, labels):
    return paddle.nn.functional.mse_loss(outputs, labels)
"""

ASK_EXAMPLES: dict[str, Any] = {
    "registered": {
        "summary": "A registered model on certain GPUs",
        "value": {"model": "resnet50", "gpu": ["A100-80G", "T4"], "max_gpus": 4},
    },
    "source": {
        "summary": "The text of a model file",
        "value": {"source": _SOURCE, "filename": "linear.py", "batch_size": 256},
    },
    "whole": {
        "summary": "A whole training",
        "value": {
            "model": "resnet50",
            "amp": "O1",
            "dataset_size": 1281167,
            "epochs": 90,
            "deadline": "24h",
            "kind": "volcano",
            "data_claim": "imagenet",
        },
    },
}
