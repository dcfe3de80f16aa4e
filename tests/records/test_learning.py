"""What a store of job records must leave alone, and what comes back from it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.records.store import open_store
from estimator.records.stores import sqlite as store_module
from estimator.records.types import Happened
from tests.records.jobs import FULL


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(BadInput, match="another program"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_network_home_uses_file_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"/dev/vda / ext4 rw 0 0\nserver:/home {tmp_path}/my\\040home nfs4 rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: mounts)
    assert store_module._on_network(tmp_path / "my home" / "data" / "records.sqlite3")
    assert not store_module._on_network(tmp_path / "records.sqlite3")


def test_times_and_host_memory_come_back(tmp_path: Path) -> None:
    start, end = datetime(2026, 11, 24, 3, tzinfo=UTC), datetime(2026, 11, 24, 4, tzinfo=UTC)
    happened = Happened(peak_memory_bytes=1 << 30, started_at=start, finished_at=end)
    record = replace(FULL, happened=happened)
    with open_store(tmp_path / "records.sqlite3") as store:
        store.save(record)
        assert store.get(record.identifier) == record
    with pytest.raises(ValueError, match="before it starts"):
        Happened(started_at=end, finished_at=start)
