"""A child that is started before its order is known."""

import os
import sys

import pytest

from estimator.drystep.early import started_early
from estimator.drystep.launch import run_dry_step
from estimator.drystep.request import DryStepRequest, Limits
from estimator.errors import BadInput, UserCodeFailed
from estimator.workload.types import Workload
from tests.drystep.test_launch import PLAIN, SMALL, assert_ends, written

TELLS_ITS_PARENT = "import os; open('pid', 'w').write(f\"{os.getpid()} {os.environ['ASKED_FOR']}\")"


def ran_in(start, folder, asked_for):
    """The process that ran the file, and the variable that it saw."""
    workload = Workload(written(folder, TELLS_ITS_PARENT))
    request = DryStepRequest(workload, 2, environment={"ASKED_FOR": asked_for})
    run_dry_step(request, Limits(60.0), start=start)
    pid, seen = (folder / "pid").read_text().split()
    return int(pid), seen


def test_the_first_request_is_given_to_it_and_later_ones_start_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with started_early({"ASKED_FOR": "this"}, PLAIN) as start:
        early = start.__self__.child.process.pid
        assert ran_in(start, tmp_path, "this") == (early, "this")
        another, seen = ran_in(start, tmp_path, "this")
    assert seen == "this"
    assert another != early


def test_a_request_with_other_variables_starts_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with started_early({"ASKED_FOR": "that"}, PLAIN) as start:
        early = start.__self__.child.process.pid
        pid, seen = ran_in(start, tmp_path, "this")
        assert start.__self__.child.has_ended()  # nobody is to wait for what it imports
    assert (pid != early, seen) == (True, "this")
    assert_ends(early)


def test_it_imports_paddle_first_and_measures_as_always(tmp_path):
    source = written(tmp_path, "import paddle; raise SystemExit(paddle.__name__)")
    with started_early({}, SMALL) as start, pytest.raises(UserCodeFailed, match="exit"):
        run_dry_step(DryStepRequest(Workload(source), 2), Limits(60.0), start=start)


def test_one_that_has_died_before_its_order(tmp_path):
    command = (sys.executable, "-c", "import os; os._exit(3)")
    request = DryStepRequest(Workload(written(tmp_path, "")), 2)
    with started_early({}, command) as start:
        os.waitid(os.P_PID, start.__self__.child.process.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(BadInput, match="Paddle did not start"):
            run_dry_step(request, Limits(60.0), start=start)
