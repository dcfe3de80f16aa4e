"""Real child processes, and every way in which they can end."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from estimator.drystep.launch import child_of, run_dry_step
from estimator.drystep.request import DryStepRequest, Limits
from estimator.errors import BadInput, InternalError, UserCodeFailed
from estimator.units import GIB
from estimator.workload.types import Workload

HERE = Path(__file__).parent
MODELS = HERE / "models"
ROOT = HERE.parents[1]

PLAIN = (sys.executable, "-P", "-u", str(HERE / "plain_child.py"))
"""Runs the model file within all limits, but without Paddle, so that it takes 50 ms."""

SMALL = (sys.executable, "-P", "-u", str(HERE / "small_child.py"))
"""The child of every day, but two steps on the CPU are all it measures."""


def dry_step(model_file, command=PLAIN, seconds=60.0, on_progress=lambda _: None, **limits):
    request = DryStepRequest(Workload(model_file), per_device_batch_size=2)
    return run_dry_step(request, Limits(seconds, **limits), on_progress, child_of(command))


def failure(model_file, kind=UserCodeFailed, **kwargs):
    with pytest.raises(kind) as caught:
        dry_step(model_file, **kwargs)
    assert "\n" not in caught.value.what
    return caught.value


def written(tmp_path, source):
    path = tmp_path / "model.py"
    path.write_text(textwrap.dedent(source))
    return path


def is_running(pid):
    """Whether ``pid`` is there and no zombie that its new parent has yet to reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_ends(*pids):
    until = time.monotonic() + 10
    while any(is_running(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
    assert not [pid for pid in pids if is_running(pid)]


@pytest.mark.paddle
def test_a_whole_dry_step_with_progress(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (MODELS / "tiny.py").read_text()
    source += "import os; print('hello'); os.write(1, b'hello')\nassert os.getcwd() == {!r}\n"
    path = written(tmp_path, source.format(str(tmp_path)))
    heard = []
    report = dry_step(path, SMALL, on_progress=heard.append)
    # (4 + 1) * 8 + (8 + 1) * 3 parameters
    assert (report.model.parameters, report.optimizer) == (67, "SGD")
    assert heard == ["running model.py", "stepping"]
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.paddle
def test_a_segmentation_fault_under_paddles_own_signal_handlers():
    error = failure(MODELS / "bad/segfault.py", command=SMALL)
    assert "SIGSEGV (a segmentation fault) while running segfault.py" in error.what
    assert error.where.endswith("bad/segfault.py:5")


@pytest.mark.paddle
def test_100_gb_of_host_memory():
    error = failure(MODELS / "bad/host_memory.py", command=SMALL, host_memory_bytes=8 * GIB)
    assert error.what.startswith("out of host memory, of which 8.00 GiB were to spare")
    assert error.where.endswith("bad/host_memory.py:5")


@pytest.mark.paddle
def test_an_exception_in_forward_comes_with_its_traceback():
    error = failure(MODELS / "bad/forward_raises.py", command=SMALL)
    assert error.what == "RuntimeError: no way forward"
    assert error.where.endswith("bad/forward_raises.py:12")
    assert "in forward" in error.__notes__[0]


def test_the_endless_loop_is_named():
    error = failure(MODELS / "bad/endless.py", seconds=1.0)
    assert error.what == "still not done after 1.0 s, stopped while running the file"
    # the loop is on lines 7 and 8, in count(), called on line 11; a busy machine may have come to 6
    assert error.where.rpartition(":")[2] in ("6", "7", "8")


def test_os_exit_is_not_an_answer():
    error = failure(MODELS / "bad/os_exit.py")
    assert error.what == "the process ended itself with exit code 0 while running the file"
    assert error.where.endswith("bad/os_exit.py")


@pytest.mark.parametrize("name", ["SIGKILL", "SIGABRT", "SIGALRM", "SIGUSR1"])
def test_a_deadly_signal_is_named(tmp_path, name):
    path = written(tmp_path, f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert f"died of {name} (" in failure(path).what


def test_a_flood_of_output_leaves_its_end(capfd):
    error = failure(MODELS / "bad/floods.py")
    assert error.what.startswith("the process ended itself with exit code 7")
    (note,) = error.__notes__
    assert note.endswith("the very last words")
    assert len(note) < 70_000
    assert capfd.readouterr() == ("", "")


def test_closed_outputs_do_not_matter():
    dry_step(MODELS / "bad/closes_outputs.py")


def test_a_closed_reply_pipe_is_one_clear_line(tmp_path):
    path = written(tmp_path, "import os; os.closerange(3, 100)")
    assert "exit code 1" in failure(path).what


def test_what_user_code_reads_is_empty(tmp_path):
    path = written(tmp_path, "import sys; assert sys.stdin.read() == ''")
    dry_step(path)


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dry_step(MODELS / "bad/forks.py")
    assert_ends(*map(int, Path("left_behind.txt").read_text().split()))


def test_nothing_is_left_behind_by_one_that_died(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (MODELS / "bad/forks.py").read_text() + "os._exit(3) if fork else time.sleep(600)\n"
    failure(written(tmp_path, source))
    assert_ends(*map(int, Path("left_behind.txt").read_text().split()))


PARENT = """
from pathlib import Path
from estimator.drystep.launch import child_of, run_dry_step
from estimator.drystep.request import DryStepRequest, Limits
from estimator.workload.types import Workload

request = DryStepRequest(Workload(Path("model.py")), 2)
run_dry_step(request, Limits(60.0), start=child_of({command!r}))
"""


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_child_dies_with_its_parent(tmp_path, name):
    written(
        tmp_path,
        """
        import os, time
        open("pid.part", "w").write(str(os.getpid()))
        os.rename("pid.part", "pid")
        time.sleep(600)
        """,
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(command=PLAIN)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 20
    while not (tmp_path / "pid").exists() and time.monotonic() < until:
        time.sleep(0.02)
    parent.send_signal(name)
    _, complaint = parent.communicate(timeout=20)
    assert ("KeyboardInterrupt" in complaint) == (name == signal.SIGINT)
    assert_ends(int((tmp_path / "pid").read_text()))


def test_a_file_that_cannot_be_compiled_starts_no_child():
    nothing = ("/nonexistent",)
    error = failure(MODELS / "bad/syntax_error.txt", BadInput, command=nothing)
    assert error.where.endswith("bad/syntax_error.txt:3")
    assert failure(MODELS / "bad/not_utf8.txt", BadInput, command=nothing).where.endswith("txt:3")


def test_a_child_that_never_comes_to_the_model_file():
    command = (sys.executable, "-c", "import os; os.abort()")
    error = failure(MODELS / "tiny.py", BadInput, command=command)
    assert error.what.startswith("Paddle did not start: the process died of SIGABRT")


def test_a_reply_that_is_no_json_is_our_fault():
    command = (sys.executable, "-c", "import os, sys; os.write(int(sys.argv[1]), b'hm\\n')")
    failure(MODELS / "tiny.py", InternalError, command=command)
