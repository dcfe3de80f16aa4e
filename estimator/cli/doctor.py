"""``paddle-estimate doctor``: what is installed, what works here, and why something does not."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from estimator.cli.arguments import DoctorArguments
from estimator.cli.console import error_console, output_console
from estimator.cli.output import write_stdout
from estimator.cli.session import Session
from estimator.drystep.device.build import ensure_plugin
from estimator.drystep.device.choose import choose_device
from estimator.drystep.device.installation import PaddleInstallation, find_paddle
from estimator.drystep.request import DeviceChoice
from estimator.errors import BadInput
from estimator.messages import Say
from estimator.paths import user_cache_folder, user_config_folder, user_data_folder
from estimator.values import Missing

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``needed``: without it no estimate can be made."""

    name: str
    fine: bool
    needed: bool
    detail: str


def run(session: Session, arguments: DoctorArguments) -> int:
    """Print the findings; the exit code says whether an estimate can be made here."""
    findings = tuple(examine(session.say, error_console().print))
    can_estimate = all(one.fine for one in findings if one.needed)
    if arguments.json:
        document = {"can_estimate": can_estimate, "findings": [asdict(one) for one in findings]}
        write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        _show(findings, output_console(), session.say)
    return 0 if can_estimate else BadInput.exit_code


def examine(say: Say, announce: Announce) -> Iterator[Finding]:
    """Look at everything an estimate needs; builds the virtual GPU if it is not built yet."""
    paddle = find_paddle()
    yield Finding("python", True, True, f"{platform.python_version()}, {platform.platform()}")
    yield _paddle(paddle, say)
    yield _compiler(say)
    yield _virtual_gpu(paddle, announce)
    yield _device(announce, say)
    yield _folder("data", user_data_folder(), say, needed=True)
    yield _folder("cache", user_cache_folder(), say, needed=True)
    yield _folder("config", user_config_folder(), say, needed=False)


def _paddle(paddle: PaddleInstallation | Missing, say: Say) -> Finding:
    if isinstance(paddle, Missing):
        return Finding("paddle", False, True, paddle.reason)
    build = say("doctor.gpu_build" if paddle.for_cuda else "doctor.cpu_build")
    return Finding("paddle", True, True, f"{paddle.version} ({build}), {paddle.folder}")


def _compiler(say: Say) -> Finding:
    wanted = os.environ.get("CXX", "g++")
    found = shutil.which(wanted)
    return Finding(
        "compiler", found is not None, False, found or say("doctor.no_compiler", name=wanted)
    )


def _virtual_gpu(paddle: PaddleInstallation | Missing, announce: Announce) -> Finding:
    if isinstance(paddle, Missing):
        return Finding("virtual_gpu", False, False, paddle.reason)
    plugin = ensure_plugin(paddle, user_cache_folder(), announce)
    if isinstance(plugin, Missing):
        return Finding("virtual_gpu", False, False, plugin.reason)
    return Finding("virtual_gpu", True, False, str(plugin.library))


def _device(announce: Announce, say: Say) -> Finding:
    try:
        chosen = choose_device(DeviceChoice.AUTO, announce)
    except BadInput as error:
        return Finding("device", False, True, error.what)
    detail = f"{chosen.device.value}: {chosen.reason}" if chosen.reason else chosen.device.value
    return Finding("device", True, True, detail)


def _folder(name: str, folder: Path, say: Say, *, needed: bool) -> Finding:
    """A folder is made when first written to, so what matters is what it would be made in."""
    standing = next(path for path in (folder, *folder.parents) if path.exists())
    fine = standing.is_dir() and os.access(standing, os.W_OK)
    detail = str(folder) if fine else say("doctor.not_writable", path=folder)
    return Finding(name, fine, needed, detail)


def _show(findings: tuple[Finding, ...], console: Console, say: Say) -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    for one in findings:
        state = "doctor.fine" if one.fine else "doctor.bad" if one.needed else "doctor.absent"
        table.add_row(say(f"doctor.{one.name}"), say(state), one.detail)
    console.print(table)
