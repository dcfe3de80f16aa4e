"""How learning scales: a hundred thousand and a million made-up records.

    python -m tests.learning.bench [RECORDS]

Prints seconds, the ratio of ten times the records to one, the peak of memory and the time of one
query. The distributions are made up: log-normal peaks of 2,000 templates, a few per cent killed.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from estimator.learning.coverage import coverage
from estimator.learning.evaluate import in_order_of_time
from estimator.learning.fit import fit
from estimator.learning.frames import comparisons, kinds_of
from estimator.learning.model import FittedModel, load, save
from estimator.learning.recommend import Recommender
from estimator.learning.state import Groups
from estimator.records.types import Target
from estimator.units import GIB

TEMPLATES = 2_000
ASKED = 50_000
"""Jobs whose bounds are judged: the share of each large template is known to a point then."""
YEAR = 365 * 86_400


def made_up(count: int, seed: int = 0) -> pd.DataFrame:
    """Records of a year, in no order."""
    random = np.random.default_rng(seed)
    template = random.zipf(1.3, count) % TEMPLATES
    typical = random.uniform(19.0, 25.0, TEMPLATES)
    spread = random.uniform(0.01, 0.4, TEMPLATES)
    peak = np.exp(typical[template] + spread[template] * random.standard_normal(count))
    prior = np.exp(typical[template] + 0.1 * random.standard_normal(TEMPLATES)[template])
    submitted = random.uniform(0, YEAR, count)
    lasted = random.lognormal(7.0, 1.0, count)
    killed = random.random(count) < 0.03

    def names(kind: str, numbers: Any) -> Any:
        distinct = np.array([f"{kind}{n}" for n in range(int(numbers.max()) + 1)], dtype=object)
        return distinct[numbers]

    def moments(seconds: Any) -> Any:
        return pd.to_datetime((seconds * 1e6).astype("int64"), unit="us", utc=True).astype(
            "datetime64[us, UTC]"
        )

    return pd.DataFrame(
        {
            "template": names("template", template),
            "user": names("user", template % 300),
            "gpu": names("gpu", random.integers(0, 8, count)),
            "status": np.where(killed, "failed", "succeeded").astype(object),
            "requested_memory_bytes": np.exp(np.ceil(typical[template] + 1.0)),
            "peak_memory_bytes": peak,
            "peak_device_bytes": peak,
            "prior_device_memory_bytes_target": prior,
            "prior_device_memory_bytes_lower": prior * 0.9,
            "prior_device_memory_bytes_upper": prior * 1.2,
            "prior_device_memory_bytes_source": np.full(count, "virtual", dtype=object),
            "duration_s": lasted,
            "submitted_at": moments(submitted),
            "finished_at": moments(submitted + lasted),
        }
    )


def main(arguments: list[str]) -> int:
    """Measure and print."""
    most = int(arguments[0]) if arguments else 1_000_000
    smallest, small = (_fit(most // less)[0] for less in (100, 10))
    taken, model, frame = _fit(most)
    print(
        f"processor time of a fit of {most // 100:,} records: {smallest:.1f} s, of {most // 10:,}: "
        f"{small:.1f} s, of {most:,}: {taken:.1f} s"
    )
    print(
        f"ten times the records cost {small / smallest:.1f} and {taken / small:.1f} times the fit",
        flush=True,
    )
    _query(model)
    _evaluate(frame)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    print(f"peak of memory, the made-up records included: {peak:.2f} GiB")
    return 0


def _fit(count: int) -> tuple[float, FittedModel, pd.DataFrame]:
    frame = made_up(count)
    start = time.process_time()
    model = fit(frame)
    return time.process_time() - start, model, frame


def _evaluate(frame: pd.DataFrame) -> None:
    kinds = kinds_of(frame)
    start = time.perf_counter()
    for compared in comparisons(frame):
        judged = in_order_of_time(compared, kinds, most=ASKED)
        reached = coverage(judged, compared.target)
        shares = " / ".join(f"{100 * share:.1f}" for share in reached.reached.values())
        short, beyond, over = (
            "/".join(map(str, reached.count(what).values()))
            for what in ("is_short", "is_short_beyond_chance", "is_over")
        )
        print(
            f"{compared.target} held against what was {compared.basis}: covered {shares} % of "
            f"{reached.jobs:,} jobs; {short} of {len(reached.templates)} templates of 100 short "
            f"by a point ({beyond} beyond chance), {over} over by a point"
        )
    print(f"time-ordered evaluation: {time.perf_counter() - start:.1f} s")


def _query(model: FittedModel) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "learnt.json"
        save(model, path)
        size = path.stat().st_size / (1 << 20)
        start = time.perf_counter()
        load(path)
        print(f"the model: {size:.1f} MiB, read in {time.perf_counter() - start:.2f} s")
    recommender = Recommender(model.state)
    times = []
    for number in range(50):
        groups = Groups(f"template{number}", None, f"user{number}", "gpu1")
        start = time.perf_counter()
        recommender.advise(Target.HOST_MEMORY, groups, 16 * GIB)
        times.append(time.perf_counter() - start)
    print(f"query: first {1000 * times[0]:.0f} ms, then at most {1000 * max(times[1:]):.1f} ms")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
