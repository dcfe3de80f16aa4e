"""Which form of attention Paddle takes is chosen by flags that a CPU build has switched off."""

from __future__ import annotations

import importlib


def offer_fused_attention() -> None:
    """Let flash attention and memory-efficient attention be chosen, as in Paddle's GPU wheels.

    Whether one is taken then follows the data type, the head size and the compute capability that
    the card tells. Paddle 3.2 has no such switch.
    """
    try:
        switches = importlib.import_module("paddle.nn.attention.sdpa")
    except ImportError:
        return
    backend = switches.SDPBackend
    switches._backend_enabled[backend.FLASH_ATTENTION] = True
    switches._backend_enabled[backend.EFFICIENT_ATTENTION] = True
