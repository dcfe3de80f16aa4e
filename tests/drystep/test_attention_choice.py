"""Which attention Paddle's own Python takes on the virtual GPU: what it takes on a card."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

_CODE = """
from paddle.nn import functional as F
from estimator.drystep.child.cuda.pretend import pretend_cuda
from estimator.drystep.request import CudaCard
pretend_cuda(CudaCard("a card", {capability}, 80 << 30, 100))

def attention_of(operation):
    with gpu.recording():
        operation()
    return [kernel.name for kernel in gpu.record().kernels if "att" in kernel.name]

for dtype in ("float16", "float32"):
    q = paddle.zeros([2, 1024, 8, 64], dtype)
    result[dtype] = attention_of(lambda: F.scaled_dot_product_attention(q, q, q, is_causal=True))
    wide = paddle.zeros([2, 1024, 2, 512], dtype)
    result["wide " + dtype] = attention_of(lambda: F.scaled_dot_product_attention(wide, wide, wide))
"""


@pytest.mark.parametrize(
    ("capability", "half"), [((8, 0), "flash_attn"), ((7, 0), "memory_efficient_attention")]
)
def test_the_choice_follows_type_and_card(capability: tuple[int, int], half: str) -> None:
    told = on_virtual_gpu(_CODE.replace("{capability}", str(capability)))
    assert told["float16"] == [half]
    if "memory_efficient_attention" in told["float32"]:  # Paddle 3.3; 3.2 asks the device's name
        assert told["float32"] == ["memory_efficient_attention"]
    # Flash attention takes heads of at most 256.
    assert told["wide float16"] == ["memory_efficient_attention"]


def test_a_fused_decoder_block_keeps_what_arithmetic_says() -> None:
    told: dict[str, Any] = on_virtual_gpu("""
        sys.path.insert(0, "notebooks/models")
        import llama_7b
        from estimator.drystep.child.cuda.pretend import pretend_cuda
        from estimator.drystep.request import CudaCard
        pretend_cuda(CudaCard("a card", (8, 0), 80 << 30, 108))
        block = llama_7b.Block(4096, 32, flash=True, fused=True)
        block = paddle.amp.decorate(block, level="O2", dtype="float16")
        x = paddle.zeros([4, 2048, 4096], "float16")
        x.stop_gradient = False
        with paddle.amp.auto_cast(level="O2", dtype="float16"):
            block(x)
            before = statistics.allocated_bytes()
            y = block(x)
        result["kept"] = statistics.allocated_bytes() - before
    """)
    # In half precision, in units of the hidden size a token: 2 norms 2, query, key and value after
    # rotation 3, attention 1, residual sums 2 (the second is the output); then gate, up and their
    # product of 11008 each. In float32, one number a token: 2 norms; 32 heads of log-sum-exp.
    tokens = 4 * 2048
    half = 2 * tokens * (8 * 4096 + 3 * 11008)
    assert told["kept"] == half + 4 * tokens * (2 + 32)
