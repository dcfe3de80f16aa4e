"""``make bench-history``: a million job records imported and read, in an SQLite store."""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from estimator.records.importing import ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.store import open_store
from estimator.units import GIB

MAPPING = (
    *("job_id=id", "template=template", "user=user", "gpu=gpu", "gpu_count=gpus"),
    *("requested_memory=asked:MiB", "peak_memory=peak:MiB", "submitted=submit:ms"),
    *("started=start:ms", "finished=end:ms", "status=state"),
)
COLUMNS = ("template", "user", "gpu", "requested_memory_bytes", "peak_memory_bytes", "finished_at")


def write_jobs(path: Path, count: int) -> None:
    """Made-up jobs of 500 templates and 200 users, with a fixed seed."""
    draw = random.Random(0)
    with path.open("w") as stream:
        stream.write("id,template,user,gpu,gpus,asked,peak,submit,start,end,state\n")
        for n in range(count):
            start = 1_700_000_000_000 + n * 1000
            end = start + draw.randrange(1000, 10_000_000)
            peak = draw.randrange(500, 30_000)
            stream.write(
                f"job{n},t{draw.randrange(500)},u{draw.randrange(200)},T4,1,32768,{peak},"
                f"{start - 5000},{start},{end},{'FAILED' if n % 20 == 0 else 'COMPLETED'}\n"
            )


def main(count: int) -> None:
    """Print seconds and the peak of memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.csv"
        write_jobs(path, count)
        with open_store(Path(folder) / "records.sqlite3") as store:
            request = ImportRequest([path], "table", parse_mapping(MAPPING))
            for what in ("import", "import again"):
                start = time.monotonic()
                merged = import_files(store, request).merged
                print(f"{what}: {time.monotonic() - start:.1f} s, {merged}", flush=True)
            start = time.monotonic()
            read = sum(len(frame) for frame in store.batches(COLUMNS))
            print(f"read {len(COLUMNS)} columns of {read}: {time.monotonic() - start:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak resident memory: {peak / GIB:.2f} GiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
