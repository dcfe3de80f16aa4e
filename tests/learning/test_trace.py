from __future__ import annotations

from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.learning.ending import Ending, ending_of
from estimator.learning.trace import read_trace
from estimator.records.mapping import parse_mapping

WORDS = (
    "template=process requested_memory_bytes=memory peak_memory_bytes=rss submitted_at=submit:s "
    "finished_at=complete:s duration=run:s status=status"
)
HEADER = "process,memory,rss,submit,complete,run,status\n"


def write(folder: Path, *rows: str) -> Path:
    path = folder / "trace.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def test_tasks_come_in_the_order_of_submission_and_ties_in_that_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "b,9,1,200,210,5,ok", "a,9,2,100,110,5,ok", "c,9,3,100,120,5,ok")
    tasks = read_trace(path, parse_mapping(WORDS.split())).tasks
    assert [task.template for task in tasks] == ["a", "c", "b"]
    assert (tasks[0].requested, tasks[0].peak, tasks[0].seconds) == (9.0, 2.0, 5.0)
    assert tasks[1].finished - tasks[1].submitted == 20.0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",9,1,100,110,5,ok", "no template"),
        ("a,,1,100,110,5,ok", "no requested_memory_bytes"),
        ("a,0,1,100,110,5,ok", "no requested_memory_bytes"),
        ("a,-9,1,100,110,5,ok", "no requested_memory_bytes"),
        ("a,9,,100,110,5,ok", "no peak_memory_bytes"),
        ("a,9,0,100,110,5,ok", "no peak_memory_bytes"),
        ("a,9,nan,100,110,5,ok", "no peak_memory_bytes"),
        ("a,9,1e99,100,110,5,ok", "no peak_memory_bytes"),
        ("a,9,1,,110,5,ok", "no submitted_at"),
        ("a,9,1,100,,,ok", "no finished_at and no duration"),
    ],
)
def test_rows_that_say_nothing_are_left_out_and_counted(
    row: str, reason: str, tmp_path: Path
) -> None:
    trace = read_trace(write(tmp_path, row, "good,9,1,100,110,5,ok"), parse_mapping(WORDS.split()))
    assert [task.template for task in trace.tasks] == ["good"]
    assert {why: problem.count for why, problem in trace.tally.skipped.items()} == {reason: 1}


def test_a_clock_that_goes_backwards_is_no_end_before_the_beginning(tmp_path: Path) -> None:
    path = write(tmp_path, "a,9,1,100,90,5,ok")
    task = read_trace(path, parse_mapping(WORDS.split())).tasks[0]
    assert (task.submitted, task.finished) == (100.0, 105.0)


def test_hostile_names_are_names(tmp_path: Path) -> None:
    path = write(tmp_path, '"\'; DROP TABLE jobs; --",9,1,100,110,5,ok')
    assert read_trace(path, parse_mapping(WORDS.split())).tasks[0].template.startswith("'; DROP")


def test_a_file_without_a_usable_row_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no row has"):
        read_trace(write(tmp_path, "a,9,,100,110,5,ok"), parse_mapping(WORDS.split()))


def test_a_map_without_what_a_replay_needs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="needs peak_memory_bytes, submitted_at, finished_at"):
        read_trace(write(tmp_path), parse_mapping(["template=process", "requested_memory=memory"]))


@pytest.mark.parametrize(
    ("status", "reason", "ending"),
    [
        (None, None, Ending.BY_ITSELF),
        ("COMPLETED", None, Ending.BY_ITSELF),
        ("succeeded", "exit 0", Ending.BY_ITSELF),
        ("OUT_OF_MEMORY", None, Ending.OUT_OF_MEMORY),
        ("failed", "OOMKilled", Ending.OUT_OF_MEMORY),
        ("FAILED", None, Ending.STOPPED),
        ("killed", "node lost", Ending.STOPPED),
    ],
)
def test_how_a_job_ended(status: str | None, reason: str | None, ending: Ending) -> None:
    assert ending_of(status, reason) is ending
