"""Builds the virtual GPU plug-in on first use and keeps it by Paddle version and source."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from estimator.drystep.device.installation import PaddleInstallation
from estimator.messages import sentence
from estimator.values import Missing

OLDEST_PADDLE = (3, 2)
"""3.0 and 3.1 lack members of the device interface that the plug-in fills."""

_SOURCE = Path(__file__).with_name("source")
_FLAGS = ("-std=c++17", "-O1", "-fPIC", "-w", "-DPADDLE_WITH_CUSTOM_DEVICE")
_PADDLE_LIBRARIES = (
    "libs/libphi_core.so",
    "libs/libphi.so",
    "libs/libcommon.so",
    "base/libpaddle.so",
)
_COMPILE_SECONDS = 600
_OVERCOMMIT = Path("/proc/sys/vm/overcommit_memory")
_NEVER_OVERCOMMIT = "2"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A built plug-in in its folder of the cache."""

    folder: Path

    @property
    def library(self) -> Path:
        """The device, alone in the folder from which Paddle loads devices."""
        return self.folder / "device" / "libvirtual_gpu.so"

    @property
    def preload(self) -> Path:
        """What the child process loads before all else (source/*.c)."""
        return self.folder / "preload" / "libpreloaded.so"

    def environment(self) -> dict[str, str]:
        """The variables with which Paddle finds the device."""
        others = os.environ.get("LD_PRELOAD", "")
        return {
            "CUSTOM_DEVICE_ROOT": str(self.library.parent),
            "LD_PRELOAD": " ".join(filter(None, (str(self.preload), others))),
        }


def ensure_plugin(
    paddle: PaddleInstallation, cache: Path, announce: Callable[[str], None]
) -> Plugin | Missing:
    """The plug-in for this Paddle, built into ``cache`` if it is not there yet.

    ``announce`` gets one line before a build starts. Several processes may ask at once: one
    builds, the others wait. Missing says why there can be none (platform, version, compiler).
    """
    obstacle = _obstacle(paddle)
    if obstacle:
        return Missing(obstacle)
    plugin = _place(paddle, cache)
    if plugin.library.is_file():
        return plugin
    compiler = _compiler()
    if compiler is None:
        return Missing(sentence("no C++ compiler was found (install g++, or set CXX)"))
    try:
        return _build_once(plugin, paddle, compiler, announce)
    except OSError as error:
        return Missing(
            sentence(
                "the virtual GPU could not be built in {folder}: {why}",
                folder=cache,
                why=error.strerror,
            )
        )


def built_plugin(paddle: PaddleInstallation, cache: Path) -> Plugin | None:
    """The plug-in for this Paddle where ``cache`` has it already."""
    plugin = _place(paddle, cache)
    return plugin if not _obstacle(paddle) and plugin.library.is_file() else None


def _place(paddle: PaddleInstallation, cache: Path) -> Plugin:
    return Plugin(cache / "virtual-gpu" / f"{paddle.version}-{_fingerprint(paddle)}")


def _obstacle(paddle: PaddleInstallation) -> str:
    """Why no plug-in can serve this machine and Paddle; empty where one can."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        return sentence(
            "the virtual GPU needs Linux on x86-64, this is {system} on {machine}",
            system=system,
            machine=machine,
        )
    if paddle.for_cuda:
        return sentence(
            "Paddle's GPU builds leave custom devices out; the virtual GPU needs paddlepaddle"
        )
    if paddle.release < OLDEST_PADDLE:
        return sentence(
            "the virtual GPU needs Paddle 3.2 or later, found {version}", version=paddle.version
        )
    if _overcommit_policy() == _NEVER_OVERCOMMIT:
        return sentence("this machine forbids memory overcommit (vm.overcommit_memory=2)")
    return ""


def _overcommit_policy() -> str:
    try:
        return _OVERCOMMIT.read_text().strip()
    except OSError:
        return ""


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX", "g++"))


def _fingerprint(paddle: PaddleInstallation) -> str:
    """Changes with every source file, flag, and build of Paddle's own library."""
    digest = hashlib.sha256(" ".join(_FLAGS).encode())
    for source in sorted(_SOURCE.iterdir()):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    core = (paddle.folder / _PADDLE_LIBRARIES[0]).stat()
    digest.update(str(core.st_size).encode())
    return digest.hexdigest()[:16]


def _build_once(
    plugin: Plugin,
    paddle: PaddleInstallation,
    compiler: str,
    announce: Callable[[str], None],
) -> Plugin | Missing:
    plugin.folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(plugin.folder.parent / f"{plugin.folder.name}.lock"):
        if plugin.library.is_file():
            return plugin
        announce(
            sentence(
                "building the virtual GPU for Paddle {version} (once, about 10 s)",
                version=paddle.version,
            )
        )
        with tempfile.TemporaryDirectory(dir=plugin.folder.parent) as workspace:
            built = Plugin(Path(workspace) / "plugin")
            failure = _build(built, Path(workspace), paddle, compiler)
            if failure:
                return Missing(sentence("the virtual GPU did not build: {why}", why=failure))
            shutil.rmtree(plugin.folder, ignore_errors=True)
            built.folder.rename(plugin.folder)  # a reader sees all of it or nothing
    return plugin


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(plugin: Plugin, workspace: Path, paddle: PaddleInstallation, compiler: str) -> str:
    """Build both libraries; returns the compiler's first error, or nothing."""
    for library in (plugin.library, plugin.preload):
        library.parent.mkdir(parents=True)
    sources = sorted(path for path in _SOURCE.iterdir() if path.suffix in {".cc", ".S"})
    include = paddle.folder / "include"
    objects = [str(workspace / (source.name + ".o")) for source in sources]
    release = f"-DVGPU_PADDLE_RELEASE={paddle.release[0] * 100 + paddle.release[1]}"
    headers = [f"-I{include}", f"-I{include / 'third_party'}"]
    compile_one = [compiler, *_FLAGS, release, *headers, "-c"]
    preload = [
        compiler,
        "-O1",
        "-fPIC",
        "-shared",
        *_preloaded("c", "c"),
        *_preloaded("c++", "cpp"),
    ]
    commands = [[*preload, "-o", str(plugin.preload)]] + [
        [*compile_one, str(source), "-o", target]
        for source, target in zip(sources, objects, strict=True)
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        failures = list(filter(None, pool.map(_run, commands)))
    if failures:
        return failures[0]
    libraries = [str(paddle.folder / name) for name in _PADDLE_LIBRARIES]
    return _run([compiler, "-shared", *objects, "-o", str(plugin.library), *libraries])


def _preloaded(language: str, suffix: str) -> list[str]:
    """The compiler's words for the preloaded sources of one language."""
    return ["-x", language, *sorted(str(path) for path in _SOURCE.glob(f"*.{suffix}"))]


def _run(command: list[str]) -> str:
    """Run a compiler; returns its first error line, or nothing when it succeeded."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COMPILE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{Path(command[0]).name} took more than {_COMPILE_SECONDS} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.splitlines() or [f"{command[0]} ended with {done.returncode}"]
    return next((line for line in lines if "error" in line), lines[0])
