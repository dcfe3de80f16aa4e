"""Mixed precision against arithmetic: parameters, master weights, gradients, optimizer state.

Paddle's CPU device ignores mixed precision, so no allocator can be asked. What each tensor takes
follows from its element count and from Paddle's rules: O1 keeps parameters in float32 and casts
for the moment; O2 keeps them in half precision, apart from batch norm (and, with float16, layer
norm), with a float32 master copy of each half one. Adam has two float32 moments of each. The
allocator rounds each tensor up to 256 bytes. Running statistics are no trained parameters.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

_CODE = """
from paddle import nn
from paddle.vision import models as vision
from estimator.drystep.child.cuda.pretend import pretend_cuda
from estimator.drystep.request import CudaCard
pretend_cuda(CudaCard("a card", (8, 0), 80 << 30, 108))

def words():
    return nn.Sequential(nn.Embedding(1000, 64), nn.Flatten(), nn.Linear(64 * 16, 10))

def encoder():
    layer = nn.TransformerEncoderLayer(64, 4, 128)
    return nn.Sequential(nn.Embedding(1000, 64), nn.TransformerEncoder(layer, 2), nn.Flatten(),
                         nn.Linear(64 * 16, 10))

def pictures(batch):
    return paddle.randn([batch, 3, 64, 64])

def sentences(batch):
    return paddle.randint(0, 1000, [batch, 16])

MODELS = {
    "resnet18": (lambda: vision.resnet18(num_classes=10), pictures),
    "mobilenet_v2": (lambda: vision.mobilenet_v2(num_classes=10), pictures),
    "squeezenet": (lambda: vision.squeezenet1_1(num_classes=10), pictures),
    "mlp": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 33), nn.ReLU(),
                                  nn.LayerNorm(33), nn.Linear(33, 10)), pictures),
    "words": (words, sentences),
    "encoder": (encoder, sentences),
}

def is_kept(layer, dtype):
    return isinstance(layer, nn.BatchNorm2D) or (
        isinstance(layer, nn.LayerNorm) and dtype == "float16")

def rounded(size):
    return -(-size // 256) * 256

def trained(build, batch_of, level, dtype):
    model = build()
    optimizer = paddle.optimizer.AdamW(1e-3, parameters=model.parameters())
    if level == "O2":
        model, optimizer = paddle.amp.decorate(model, optimizer, level="O2", dtype=dtype)
    scaler = paddle.amp.GradScaler(enable=dtype == "float16")
    for _ in range(2):
        with paddle.amp.auto_cast(level=level, dtype=dtype):
            loss = nn.functional.cross_entropy(model(batch_of(4)), paddle.zeros([4], "int64"))
        scaler.scale(loss).backward()
        gradients = {p.name: p.grad for p in model.parameters() if p.grad is not None}
        scaler.step(optimizer)
        scaler.update()
    return model, optimizer, gradients

def bytes_of(tensors):
    return sum(rounded(t.size * t.element_size()) for t in tensors)

def arithmetic(model, level, dtype):
    half = whole = master = moments = 0
    for layer in model.sublayers(include_self=True):
        for parameter in layer.parameters(include_sublayers=False):
            if parameter.stop_gradient:
                continue
            narrow = level == "O2" and not is_kept(layer, dtype)
            half += rounded(parameter.size * (2 if narrow else 4))
            master += rounded(parameter.size * 4) if narrow else 0
            moments += 2 * rounded(parameter.size * 4)
    return {"parameters": half, "gradients": half, "master": master, "moments": moments}

for name, (build, batch_of) in MODELS.items():
    for level in ("O1", "O2"):
        for dtype in ("float16", "bfloat16"):
            model, optimizer, gradients = trained(build, batch_of, level, dtype)
            state = optimizer.state_dict()
            masters = state.pop("master_weights", {})
            moments = [t for key, t in state.items() if "moment" in key]
            result[f"{name} {level} {dtype}"] = [{
                "parameters": bytes_of(p for p in model.parameters() if not p.stop_gradient),
                "gradients": bytes_of(gradients.values()),
                "master": bytes_of(masters.values()),
                "moments": bytes_of(moments),
            }, arithmetic(model, level, dtype)]
"""


def test_parameters_masters_gradients_and_state_are_those_of_arithmetic() -> None:
    told: dict[str, Any] = on_virtual_gpu(_CODE)
    assert len(told) == 6 * 2 * 2
    for name, (found, expected) in told.items():
        assert found == expected, name
        assert expected["master"] > 0 or " O1 " in name
