"""Takes the best way of measuring that this machine has."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from estimator.drystep.device.build import Plugin, built_plugin, ensure_plugin
from estimator.drystep.device.installation import PaddleInstallation, find_paddle
from estimator.drystep.measurement import Device
from estimator.drystep.request import DeviceChoice
from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.paths import user_cache_folder
from estimator.values import Missing

_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True, slots=True)
class ChosenDevice:
    """The device to measure on; ``reason`` says why a better one was not taken, or is empty."""

    device: Device
    plugin: Plugin | None = None
    reason: str = ""


ChooseDevice = Callable[[DeviceChoice, Callable[[str], None]], ChosenDevice]
"""As :func:`choose_device`: of some place."""


def choose_device(wish: DeviceChoice, announce: Callable[[str], None]) -> ChosenDevice:
    """Choose in the order gpu, virtual, cpu, or what the user asked for.

    Raises BadInput where Paddle is missing or the device that was asked for cannot be had.
    """
    paddle = find_paddle()
    if isinstance(paddle, Missing):
        raise BadInput(paddle.reason, hint="pip install paddlepaddle")
    if wish is DeviceChoice.CPU:
        return ChosenDevice(Device.CPU)
    no_gpu = _why_no_gpu(paddle)
    if wish is DeviceChoice.GPU and no_gpu:
        raise BadInput(sentence("--device gpu: {why}", why=no_gpu), hint="paddle-estimate doctor")
    if wish is not DeviceChoice.VIRTUAL and not no_gpu:
        return ChosenDevice(Device.GPU)
    plugin = ensure_plugin(paddle, user_cache_folder(), announce)
    if isinstance(plugin, Plugin):
        return ChosenDevice(Device.VIRTUAL, plugin)
    if wish is DeviceChoice.VIRTUAL:
        what = sentence("--device virtual: {why}", why=plugin.reason)
        raise BadInput(what, hint="paddle-estimate doctor")
    return ChosenDevice(Device.CPU, reason=plugin.reason)


def environment_at_hand(wish: DeviceChoice) -> Mapping[str, str] | None:
    """The variables of the child on the device that will be chosen; None where it must be built.

    None, too, where :func:`choose_device` would raise.
    """
    paddle = find_paddle()
    if isinstance(paddle, Missing):
        return None
    if wish in (DeviceChoice.CPU, DeviceChoice.GPU) or paddle.for_cuda:
        return {}
    plugin = built_plugin(paddle, user_cache_folder())
    return None if plugin is None else plugin.environment()


def _why_no_gpu(paddle: PaddleInstallation) -> str:
    """Why no real GPU can be used, or nothing."""
    if not paddle.for_cuda:
        return sentence("the installed Paddle is a CPU build")
    if not _DRIVER.exists():
        return sentence("no NVIDIA driver is loaded on this machine")
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return sentence("CUDA_VISIBLE_DEVICES hides every GPU")
    return ""
