"""Runs a piece of Paddle code on the virtual GPU, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from estimator.drystep.device.build import Plugin, ensure_plugin
from estimator.drystep.device.installation import find_paddle
from estimator.paths import user_cache_folder
from estimator.values import Missing

_PRELUDE = """
import json, sys
import numpy as np
import paddle
from paddle.base import core
from pathlib import Path
from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.virtual import BOUNDLESS, VirtualGpu
gpu = VirtualGpu(Path(sys.argv[1]))
gpu.set_capacity(BOUNDLESS)
result = {}
"""
_CODA = "\nprint('RESULT' + json.dumps(result))\n"


def plugin_or_skip() -> Plugin:
    """The built virtual GPU; skips where this machine cannot have one."""
    paddle = find_paddle()
    if isinstance(paddle, Missing):
        pytest.skip(paddle.reason)
    plugin = ensure_plugin(paddle, user_cache_folder(), lambda line: None)
    if isinstance(plugin, Missing):
        pytest.skip(plugin.reason)
    return plugin


_CPU_PRELUDE = """
import json, sys
import paddle
from pathlib import Path
from estimator.drystep.child.cpu import measure_on_cpu
from estimator.drystep.cpu_scaling import measured_peak
result = {}
"""


def on_virtual_gpu(
    code: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run ``code``, which fills the dict ``result``, and return that. sys.argv: ``arguments``."""
    plugin = plugin_or_skip()
    program = _PRELUDE + "del sys.argv[1]\n" + textwrap.dedent(code) + _CODA
    return _run(
        [program, str(plugin.library), *arguments], plugin.environment() | dict(environment or {})
    )


def on_cpu(code: str, *arguments: str) -> dict[str, Any]:
    """The same on Paddle's CPU device, in a process that holds no tensors yet."""
    return _run([_CPU_PRELUDE + textwrap.dedent(code) + _CODA, *arguments], {})


def _run(words: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", *words],
        env={**os.environ, **environment, "GLOG_minloglevel": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    return dict(json.loads(line.removeprefix("RESULT")))
