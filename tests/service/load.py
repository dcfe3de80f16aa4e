"""What the service bears, as measured here and now: ``make load``.

Every part prints one line with its figures. Nothing is mocked: the service runs as its owner starts
it, on the embedded database, with the machine's own number of workers.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from tests.service.apps import SOURCE
from tests.service.live import FINAL, service, wait_until
from tests.service.test_survival import workers_of

RESNET = Path(__file__).parents[2] / "notebooks" / "models" / "resnet50.py"
USERS = ("ann", "bob", "eve", "kim")
ESTIMATES = "/api/v1/estimates"
QUICK = {"gpu": ["T4"], "batch_size": 8}


class Connection:
    """One kept-alive connection, with as little work on this side as can be."""

    def __init__(self, live, token=""):
        self._host, self._port = live.base.removeprefix("http://").split(":")
        self._token = token

    async def open(self):
        self._reader, self._writer = await asyncio.open_connection(self._host, int(self._port))
        return self

    async def ask(self, method, path, body=None):
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        )
        if self._token:
            head += f"Authorization: Bearer {self._token}\r\n"
        self._writer.write(head.encode() + b"\r\n" + content)
        status = int((await self._reader.readline()).split()[1])
        length = 0
        while (line := await self._reader.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, json.loads(await self._reader.readexactly(length))

    async def lines(self, path):
        self._writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n".encode()
        )
        while line := await self._reader.readline():
            yield line

    def close(self):
        self._writer.close()


async def done(connection, identifier):
    while True:
        _, found = await connection.ask("GET", f"{ESTIMATES}/{identifier}")
        if found["state"] in FINAL:
            return found
        await asyncio.sleep(0.02)


async def cached(live, seconds, connections):
    first = await Connection(live).open()
    wish = {"source": SOURCE, **QUICK}
    _, made = await first.ask("POST", ESTIMATES, wish)
    assert (await done(first, made["id"]))["state"] == "done"
    times = []
    until = time.perf_counter() + seconds

    async def ask_again():
        connection = await Connection(live).open()
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, found = await connection.ask("POST", ESTIMATES, wish)
            times.append(time.perf_counter() - began)
            assert (status, found["state"]) == (200, "done")
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(ask_again() for _ in range(connections)))
    spent = time.perf_counter() - began
    times.sort()
    print(
        f"cached: {len(times) / spent:.0f} requests/s over {connections} connections,"
        f" p50 {times[len(times) // 2] * 1e3:.1f} ms,"
        f" p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms"
    )


def import_seconds():
    """What ``python -c "import paddle"`` takes here and now: a yardstick for other machines."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "import paddle"], check=True, capture_output=True, timeout=120
        )
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def uncached(live, repeats):
    print(f"import paddle takes {import_seconds():.2f} s")
    connection = await Connection(live).open()
    for words, options in (("all GPU types", {}), ("one GPU type", {"gpu": ["A100-80G"]})):
        times = []
        for number in range(repeats + 1):
            wish = {"source": f"{RESNET.read_text()}# {number} {words}\n", **options}
            began = time.perf_counter()
            _, made = await connection.ask("POST", ESTIMATES, wish)
            assert (await done(connection, made["id"]))["state"] == "done"
            times.append(time.perf_counter() - began)
            await asyncio.sleep(3)  # a warm worker is made ready
        first, *rest = times  # before the first one the worker may still be starting
        print(
            f"uncached ResNet-50, {words}: p50 {statistics.median(rest):.2f} s of {len(rest)},"
            f" {min(rest):.2f} to {max(rest):.2f} s (the first {first:.2f} s)"
        )


async def queued(live, count):
    connections = {user: await Connection(live, f"{user}-token").open() for user in USERS}
    asked = defaultdict(list)
    began = time.perf_counter()
    for number in range(count):
        user = USERS[0] if number < count // 2 else USERS[number % len(USERS)]
        wish = {"source": f"{SOURCE}# queued {number}\n", **QUICK}
        status, made = await connections[user].ask("POST", ESTIMATES, wish)
        assert status == 202, made
        asked[user].append(made["id"])
    for connection in connections.values():
        connection.close()

    async def ends(user, names):
        connection = await Connection(live, f"{user}-token").open()
        return [await done(connection, name) for name in names]

    found = dict(
        zip(asked, await asyncio.gather(*(ends(*one) for one in asked.items())), strict=True)
    )
    spent = time.perf_counter() - began
    states = [one["state"] for runs in found.values() for one in runs]
    in_order = all(
        [one["started"] for one in runs] == sorted(one["started"] for one in runs)
        for runs in found.values()
    )
    late = {user: max(one["finished"] for one in runs) for user, runs in found.items()}
    heavy = max(late, key=late.get)
    print(
        f"queued: {states.count('done')} of {count} done in {spent:.0f} s, "
        f"first come first served within a user: {in_order}; "
        f"last to end: {heavy}, who asked for most"
    )


async def listeners(live, count):
    first = await Connection(live).open()
    wish = {"source": f"{SOURCE}import time\ntime.sleep(15)\n", **QUICK}
    _, made = await first.ask("POST", ESTIMATES, wish)
    ends = []

    async def listen():
        connection = await Connection(live).open()
        async for line in connection.lines(made["links"]["events"]):
            if line.startswith(b"data: ") and b'"state":"done"' in line:
                ends.append(time.time())
                break
        connection.close()

    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(listen()))
        await asyncio.sleep(0.002)
    slowest = 0.0
    while not all(task.done() for task in tasks):
        began = time.perf_counter()
        await first.ask("GET", f"{ESTIMATES}/{made['id']}")
        slowest = max(slowest, time.perf_counter() - began)
        await asyncio.sleep(0.1)
    run = await done(first, made["id"])
    from datetime import datetime

    finished = datetime.fromisoformat(run["finished"]).timestamp()
    print(
        f"listeners: {len(ends)} of {count} heard of the end, the last {max(ends) - finished:.2f} s"
        f" after it; slowest other request meanwhile {slowest * 1e3:.0f} ms"
    )


def killed(live, kills, seed):
    chance = random.Random(seed)
    names = []
    with live.client as client:
        for number in range(kills):
            wish = {"source": f"{SOURCE}# killed {number}\n", **QUICK}
            names.append(client.post(ESTIMATES, json=wish).json()["id"])
            time.sleep(chance.uniform(0.0, 4.0))
            if chance.random() < 0.5:
                live.kill()
                live.start()
            else:
                for pid in workers_of(live.process.pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

        def over():
            found = [client.get(f"{ESTIMATES}/{name}").json() for name in names]
            return found if all(one["state"] in FINAL for one in found) else None

        found = wait_until(over, 60 * kills)
        records = client.get("/api/v1/history/records?limit=500").json()["records"]
    states = [one["state"] for one in found]
    recorded = [one["identifier"] for one in records]
    marked = [one["error"]["title"] for one in found if one["error"]]
    print(
        f"kill -9: {kills} times; {states.count('done')} of {len(names)} estimates done,"
        f" {len(marked)} marked ({', '.join(sorted(set(marked))) or 'none'}),"
        f" {sum(name not in {one['id'] for one in found} for name in names)} lost,"
        f" {len(recorded) - len(set(recorded))} doubled"
    )


def tokens(folder):
    lines = [
        f"- {{name: {user}, role: submit, sha256: "
        f"{hashlib.sha256(f'{user}-token'.encode()).hexdigest()}}}"
        for user in USERS
    ]
    path = folder / "tokens.yaml"
    path.write_text("\n".join(lines))
    return str(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--queued", type=int, default=200)
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[])
    wanted = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before it began")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = {
            "cached": lambda live: asyncio.run(cached(live, wanted.seconds, wanted.connections)),
            "uncached": lambda live: asyncio.run(uncached(live, wanted.repeats)),
            "listeners": lambda live: asyncio.run(listeners(live, wanted.listeners)),
            "kills": lambda live: killed(live, wanted.kills, wanted.seed),
        }
        for part, run in parts.items():
            if not wanted.only or part in wanted.only:
                place = folder / part
                place.mkdir()
                with service(place) as live:
                    run(live)
        if not wanted.only or "queued" in wanted.only:
            place = folder / "queued"
            place.mkdir()
            with service(place, "--tokens", tokens(place)) as live:
                asyncio.run(queued(live, wanted.queued))


if __name__ == "__main__":
    main()
