"""The contract of the store, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import threading
from itertools import count
from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.service.jobs.database import Sqlite, open_database
from estimator.service.jobs.store import JobStore
from estimator.service.jobs.types import (
    LEASE_SECONDS,
    MOST_ATTEMPTS,
    Result,
    State,
    Wanted,
)
from tests.records.servers import postgres_programs, postgres_server

NEEDS_POSTGRES = pytest.mark.skipif(
    postgres_programs() is None, reason="no PostgreSQL server is installed"
)


@pytest.fixture(scope="module")
def server():
    with postgres_server() as url:
        yield url


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=NEEDS_POSTGRES)])
def address(request, tmp_path):
    if request.param == "sqlite":
        return str(tmp_path / "service.sqlite3")
    url = request.getfixturevalue("server")
    database = open_database(url)
    for table in ("run", "result", "upload", "audit", "version"):
        database.write(f"DROP TABLE IF EXISTS {table}")
    database.close()
    return url


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(address, clock):
    made = JobStore(open_database(address), clock)
    yield made
    made.close()


NUMBERS = count(1)


def wanted(owner="ann", digest="d", key=None, created=None, files=None):
    number = next(NUMBERS)
    request = {"files": files or {}, "a": [1, "二"]}
    return Wanted(f"run-{number:06}", owner, "model.py", digest, request, created or number, key)


RESULT = Result("d", {"en": b"\x1f\x00english", "zh": b"chinese"}, {"fits": True})


def test_a_run_from_asking_to_its_answer(store, clock):
    made = store.add(wanted(), {"f" * 64: b"\x00code"})
    assert (made.state, made.version, made.request) == (
        State.QUEUED,
        1,
        {"files": {}, "a": [1, "二"]},
    )
    assert store.upload("f" * 64) == b"\x00code"
    assert store.has_queued()
    run = store.claim("w1")
    assert not store.has_queued()
    assert (run.identifier, run.state, run.attempts) == (made.identifier, State.RUNNING, 1)
    assert store.claim("w2") is None
    store.tell(run, {"stage": "stage.plan"})
    assert store.get(run.identifier).progress == {"stage": "stage.plan"}
    clock.now += 5
    assert store.finish(run, RESULT)
    done = store.get(run.identifier)
    assert (done.state, done.finished, done.summary) == (State.DONE, 1005.0, {"fits": True})
    assert done.version == 4  # made, claimed, told, finished
    assert store.summary("d") == {"fits": True}
    assert store.document("d", "zh") == ("zh", b"chinese")
    assert store.document("d", "en") == ("en", b"\x1f\x00english")
    assert store.document("d", "fr") in RESULT.documents.items()
    assert store.counts() == {"done": 1}


def test_a_request_sent_twice_under_one_key_is_one_run(store):
    first = store.add(wanted(key="k"))
    assert store.add(wanted(key="k")) == first
    assert store.add(wanted(owner="bob", key="k")) != first
    assert store.by_key("ann", "k") == first
    assert len(store.newest(None, 10)) == 2


def test_users_take_turns_each_first_come_first_served(store):
    for owner in ("ann", "ann", "ann", "bob", "eve"):
        store.add(wanted(owner))
    first, second, third = (store.claim(f"w{n}") for n in range(3))
    assert [one.owner for one in (first, second, third)] == ["ann", "bob", "eve"]
    for run in (first, second, third):
        assert store.finish(run, RESULT)
    rest = [store.claim("w"), store.claim("w")]
    assert [one.owner for one in rest] == ["ann", "ann"]
    assert rest[0].created < rest[1].created


def test_what_a_dead_worker_left_is_done_again_and_its_late_answer_does_not_count(store, clock):
    store.add(wanted())
    lost = store.claim("w1")
    clock.now += LEASE_SECONDS / 2
    assert store.beat(lost).is_mine
    clock.now += LEASE_SECONDS / 2 + 1
    assert store.reclaim() == 0
    clock.now += LEASE_SECONDS
    assert store.reclaim() == 1
    again = store.claim("w1")
    assert again.attempts == 2
    assert not store.beat(lost).is_mine
    assert not store.finish(lost, RESULT)
    assert not store.fail(lost, State.FAILED, {"kind": "x"})
    assert not store.give_back(lost)
    assert store.document("d", "en") is None
    assert store.finish(again, RESULT)
    assert not store.finish(again, RESULT)


def test_a_run_that_kills_its_workers_is_marked(store):
    store.add(wanted())
    for _ in range(MOST_ATTEMPTS):
        assert store.claim("w1")
        store.reclaim("w1")
    (run,) = store.newest("ann", 1)
    assert (run.state, run.error["kind"]) == (State.FAILED, "interrupted")
    assert store.claim("w1") is None


def test_a_worker_that_has_to_stop_gives_its_run_back(store):
    store.add(wanted())
    assert store.give_back(store.claim("w1"))
    assert store.claim("w2").attempts == 1


def test_cancelling_what_waits_what_runs_and_what_is_done(store):
    waits, runs = store.add(wanted(created=2.0)), store.add(wanted(created=1.0))
    running = store.claim("w1")
    assert running.identifier == runs.identifier
    store.cancel(waits.identifier)
    store.cancel(runs.identifier)
    assert store.get(waits.identifier).state is State.CANCELLED
    assert store.beat(running).cancel
    assert store.fail(running, State.CANCELLED, None)
    store.cancel(runs.identifier)
    assert store.unfinished() == 0


def test_a_dead_workers_run_that_was_to_be_stopped_is_cancelled(store):
    run = store.add(wanted())
    store.claim("w1")
    store.cancel(run.identifier)
    store.reclaim("w1")
    assert store.get(run.identifier).state is State.CANCELLED


def test_answered_at_once(store):
    run = store.add_answered(wanted(), {"fits": True})
    assert store.get(run.identifier) == run
    assert store.claim("w") is None
    first = store.add_answered(wanted(key="k"), {"fits": True})
    assert store.add_answered(wanted(key="k"), {"fits": True}).identifier == first.identifier


def test_newest_first_in_pages(store):
    runs = [store.add(wanted()) for _ in range(5)]
    page = store.newest("ann", 3)
    assert page == runs[:1:-1]
    assert store.newest("ann", 3, page[-1].created) == runs[1::-1]
    assert store.newest("bob", 3) == []
    assert store.versions([run.identifier for run in runs[:2]]) == {
        run.identifier: 1 for run in runs[:2]
    }
    assert store.ahead_of(runs[3]) == 3
    assert (store.unfinished("ann"), store.unfinished("bob")) == (5, 0)


def test_what_is_too_old_is_forgotten_with_all_that_only_it_needed(store, clock):
    old = store.add(wanted(digest="d", files={"a.py": "1" * 64}), {"1" * 64: b"old"})
    store.finish(store.claim("w"), RESULT)
    clock.now = 2000.0
    new = store.add(wanted(digest="e", files={"a.py": "2" * 64}), {"2" * 64: b"new"})
    store.finish(store.claim("w"), Result("e", {"en": b"x"}, {}))
    waits = store.add(wanted(digest="f", created=1.0))
    assert store.prune(1500.0) == 1
    kept = {run.identifier for run in store.newest(None, 9)}
    assert kept == {new.identifier, waits.identifier}
    assert store.get(old.identifier) is None
    assert (store.upload("1" * 64), store.upload("2" * 64)) == (None, b"new")
    assert store.document("d", "en") is None
    assert store.document("e", "en") == ("en", b"x")


def test_the_audit_log(store, clock):
    store.note("ann", "submit", "model.py")
    clock.now += 1
    store.note("root", "cancel", "run-1")
    assert [(one.who, one.what) for one in store.audit(10)] == [
        ("root", "cancel"),
        ("ann", "submit"),
    ]


def test_workers_of_several_replicas_never_take_the_same_run(address):
    stores = [JobStore(open_database(address)) for _ in range(4)]
    for number in range(40):
        stores[0].add(wanted(owner=f"user{number % 3}"))
    taken: list[str] = []

    def work(store, name):
        while run := store.claim(name):
            taken.append(run.identifier)
            store.finish(run, RESULT)

    threads = [
        threading.Thread(target=work, args=(store, f"w{at}")) for at, store in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40
    assert stores[0].counts() == {"done": 40}
    for store in stores:
        store.close()


def test_addresses(tmp_path):
    assert open_database("sqlite:///a.db").path == Path("a.db").absolute()
    assert open_database(f"sqlite:///{tmp_path}/a").path == tmp_path / "a"
    assert isinstance(open_database(str(tmp_path / "b")), Sqlite)
    with pytest.raises(BadInput, match="'mysql' is no kind of database"):
        open_database("mysql://host/name")
