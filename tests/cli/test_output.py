from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from estimator.cli.output import check_writable, write_document
from estimator.errors import BadInput


def test_stdout_is_utf8_whatever_the_locale(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_document("作业\n", None)
    assert capfdbinary.readouterr().out == "作业\n".encode()


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_document("a: 作业\n", tmp_path / "job.yaml")
    assert (tmp_path / "job.yaml").read_bytes() == "a: 作业\n".encode()
    assert os.listdir(tmp_path) == ["job.yaml"]


def test_a_file_gets_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_document("x", tmp_path / "job.yaml")
    assert (tmp_path / "job.yaml").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to("target.yaml")
    write_document("x", tmp_path / "link.yaml")
    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "target.yaml").read_text() == "x"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_document("x", Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_what_was_there_stays_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "job.yaml"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_document("half of it \ud800", target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["job.yaml"]


def test_a_folder_that_went_away_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="was not written"):
        write_document("x", tmp_path / "gone" / "job.yaml")


def test_what_can_be_written_passes(tmp_path: Path) -> None:
    check_writable(None)
    check_writable(tmp_path / "new.yaml")
    check_writable(Path("/dev/null"))


@pytest.mark.parametrize(("name", "why"), [("", "is a folder"), ("gone/job.yaml", "no folder")])
def test_what_cannot_be_written_is_known_before(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        check_writable(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_without_write_permission_is_known_before(tmp_path: Path) -> None:
    target = tmp_path / "job.yaml"
    target.touch(mode=0o400)
    with pytest.raises(BadInput, match="cannot be written"):
        check_writable(target)


def test_pieces_are_written_as_they_are_made(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        for number in range(3):
            yield f"{number}" * 100_000
            # what was made before is in the file beside: it is not kept in memory
            (unfinished,) = tmp_path.glob("*.unfinished")
            assert unfinished.stat().st_size >= number * 100_000

    write_document(pieces(), tmp_path / "out")
    assert (tmp_path / "out").stat().st_size == 300_000


def test_pieces_that_cannot_be_made_leave_the_file_unchanged(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "new"
        raise BadInput("no more")

    (tmp_path / "out").write_text("old")
    with pytest.raises(BadInput, match="no more"):
        write_document(pieces(), tmp_path / "out")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out", "old")]
