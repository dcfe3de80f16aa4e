"""The sandbox: bubblewrap's namespaces, a user of its own, limits, and a system call filter.

Of the machine it holds what Python and Paddle need to start, read-only, and nothing else: no home,
no data folder, no configuration, no other process, no network interface, no variable.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from estimator.messages import sentence
from estimator.service.sandbox import seccomp
from estimator.service.sandbox.confinement import Prepared, Wish
from estimator.service.sandbox.limits import SandboxLimits
from estimator.values import Missing

CODE = Path("/job")
"""Where the uploaded files stand inside, and the folder that the code starts in."""

SCRATCH = Path("/tmp/scratch")

_PROBE_SECONDS = 20
_FIRST_USER = 1_900_000_000
_USERS = 100_000
_PATH = "/usr/bin:/bin"
_TOOLS = ("bwrap", "nice", "prlimit", "setpriv", "env")
_NICE = ("nice", "-n", "5")
"""The service's own processes come first."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime")
_NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts")
_ROOT_MAY = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP")


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Runs commands in sandboxes. ``readable``: further files and folders to be seen inside."""

    limits: SandboxLimits
    readable: tuple[Path, ...] = ()

    @property
    def safe(self) -> bool:
        """Strangers' code is held by it."""
        return True

    def inside(self, folder: Path) -> Path:
        """What the code folder is called inside."""
        return CODE

    def scratch(self, folder: Path) -> Path:
        """One of its own, gone with the sandbox."""
        return SCRATCH

    @contextmanager
    def prepared(self, wish: Wish) -> Iterator[Prepared]:
        """The command line of a new sandbox, to be run while the context lasts.

        The variables inside are those of the wish; bubblewrap itself gets none.
        """
        with _system_call_filter() as descriptors:
            outer = ["bwrap", *_privileges(), *_NAMESPACES, "--unshare-cgroup-try"]
            outer += ["--die-with-parent", "--hostname", "sandbox", "--clearenv"]
            outer += self._files(wish.folder)
            for descriptor in descriptors:
                outer += ["--seccomp", str(descriptor)]
            outer += ["--chdir", str(CODE), "--"]
            inner = [*_NICE, *self._limited(), *_user(), "env", *_variables(wish.environment)]
            yield Prepared([*outer, *inner, *wish.words], {"PATH": _PATH}, descriptors)

    def probe(self) -> str:
        """Why it does not work on this machine; empty where it does."""
        for tool in _TOOLS:
            if shutil.which(tool) is None:
                return sentence("the program {tool} is not installed", tool=tool)
        with (
            tempfile.TemporaryDirectory() as folder,
            self.prepared(Wish(["true"], Path(folder), {})) as prepared,
        ):
            try:
                done = subprocess.run(
                    prepared.command,
                    env=dict(prepared.environment),
                    pass_fds=prepared.descriptors,
                    capture_output=True,
                    text=True,
                    timeout=_PROBE_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return sentence("bubblewrap does not end")
        return "" if done.returncode == 0 else (done.stderr.strip() or "bwrap").splitlines()[-1]

    def _files(self, folder: Path) -> Iterator[str]:
        yield from _system()
        yield from ("--proc", "/proc", "--dev", "/dev")
        for place in ("/dev/shm", "/tmp"):
            yield from ("--perms", "1777", "--size", str(self.limits.scratch_bytes))
            yield from ("--tmpfs", place)
        shown = _outermost((*_python(), *self.readable))
        for parent in sorted({parent for path in shown for parent in path.parents}):
            yield from ("--perms", "0755", "--dir", str(parent))  # else for root's eyes only
        for path in shown:
            yield from ("--ro-bind", str(path), str(path))
        yield from ("--ro-bind", str(folder), str(CODE))
        yield from ("--remount-ro", "/dev", "--remount-ro", "/")

    def _limited(self) -> Sequence[str]:
        limits = self.limits
        return (
            "prlimit",
            f"--nproc={limits.processes}",
            f"--nofile={limits.open_files}",
            f"--fsize={limits.file_bytes}",
            f"--cpu={limits.cpu_seconds}",
            "--core=0",
            "--msgqueue=0",
            "--memlock=0",
            "--",
        )


def find_sandbox(limits: SandboxLimits, readable: Sequence[Path] = ()) -> Bubblewrap | Missing:
    """The sandbox of this machine, or why there is none."""
    sandbox = Bubblewrap(limits, tuple(readable))
    obstacle = sandbox.probe()
    return Missing(obstacle) if obstacle else sandbox


def _privileges() -> Sequence[str]:
    """Root makes the namespaces and then becomes nobody; others need a namespace of users."""
    return _ROOT_MAY if os.geteuid() == 0 else ("--unshare-user", "--disable-userns")


@contextmanager
def _system_call_filter() -> Iterator[tuple[int, ...]]:
    """An open file with the filter; one for each sandbox, as reading it moves its position."""
    program = seccomp.program()
    if program is None:
        yield ()
        return
    with tempfile.TemporaryFile() as file:
        file.write(program)
        file.seek(0)
        yield (file.fileno(),)


def _user() -> Sequence[str]:
    """Of root: another user for each sandbox, so that their limits on processes do not add up."""
    if os.geteuid() != 0:
        return ()
    number = str(_FIRST_USER + int.from_bytes(os.urandom(4)) % _USERS)
    return (
        *("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"),
        *("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"),
    )


def _variables(environment: Mapping[str, str]) -> Iterator[str]:
    plain = {"HOME": "/tmp", "PATH": _PATH, "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
    return (f"{name}={value}" for name, value in (plain | dict(environment)).items())


def _system() -> Iterator[str]:
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", os.readlink(path), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in _SYSTEM_FILES:
        yield from ("--ro-bind-try", name, name)


def _python() -> Iterator[Path]:
    """Where Python, its libraries and this package stand; not what else lies beside them."""
    package = Path(__file__).resolve().parents[2]
    yield package
    yield from map(Path, (sys.base_prefix, sys.prefix))
    yield Path(sys.executable).resolve().parent
    for entry in sys.path:
        path = Path(entry)
        if path.is_dir() and path.name in ("site-packages", "dist-packages"):
            yield path


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Each once, and none that lies in another or in what the sandbox has anyway."""
    found: list[Path] = []
    for path in sorted(set(paths)):
        inside = any(path.is_relative_to(one) for one in (*found, Path("/usr")))
        if path.exists() and not inside:
            found.append(path)
    return found
