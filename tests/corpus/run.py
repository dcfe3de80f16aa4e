"""Real suites: peak allocated on the virtual GPU against Paddle's CPU allocator.

    python -m tests.corpus.run [--only TEXT ...] [--quick] [--recompute] [--record] [--json FILE]

Each architecture is built by its suite with random weights and does its second training step
through the product's own child process. The step on the CPU is recorded in reference.json by
suite version, Paddle version and configuration, and computed where it is not. Ends with 1 where
an architecture fails or an error above 0.5 % has no verified cause, or is worse than before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimator.drystep.device.build import Plugin, ensure_plugin
from estimator.drystep.device.installation import PaddleInstallation, find_paddle
from estimator.paths import user_cache_folder
from estimator.values import Missing
from tests.corpus import install, rows
from tests.corpus.cases import CASES, Case
from tests.corpus.install import ROOT, SUITES
from tests.corpus.rows import Row

LOG = install.FOLDER / "corpus.log"
"""What the suites and failing architectures write."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bench:
    """How to run an architecture here: which Paddle, and where its virtual GPU lies."""

    paddle: PaddleInstallation
    plugin: Plugin


def bench() -> Bench | Missing:
    """The bench of this machine, or why there is none."""
    paddle = find_paddle()
    if isinstance(paddle, Missing):
        return paddle
    plugin = ensure_plugin(paddle, user_cache_folder(), lambda line: print(line, file=sys.stderr))
    return plugin if isinstance(plugin, Missing) else Bench(paddle, plugin)


def compared(
    cases: list[Case], here: Bench, *, recompute: bool = False, record: bool = False
) -> Iterator[Row]:
    """Run all on the virtual GPU, and on the CPU what is not recorded.

    ``record`` keeps every figure as soon as it is there: all of the corpus takes long.
    """
    known: dict[str, Answer] = {}
    for case, reference in references(cases, here, recompute=recompute):
        known[case.key] = reference
        if record:
            rows.keep(rows.REFERENCE, rows.reference_key(case, reference), reference)
    for case, answer in on_virtual_gpu(cases, here):
        if record and "peak_bytes" in answer:
            rows.keep(rows.RECORDED, case.key, answer["peak_bytes"])
        yield rows.row(case, known[case.key], answer)


def references(
    cases: list[Case], here: Bench, *, recompute: bool = False
) -> Iterator[tuple[Case, Answer]]:
    """The step of each on the CPU, recorded or computed: its conditions and figures."""
    kept = {} if recompute else rows.load(rows.REFERENCE)
    missing = []
    for case in cases:
        conditions = _conditions(case, here)
        recorded = kept.get(rows.reference_key(case, conditions))
        if recorded is None:
            missing.append(case)
        else:
            yield case, recorded
    for case, answer in _computed("cpu", missing, {}):
        yield case, _conditions(case, here) | answer


def on_virtual_gpu(cases: list[Case], here: Bench) -> Iterator[tuple[Case, Answer]]:
    """The step of each as the tool measures it, or ``failure``."""
    return _computed(str(here.plugin.library), cases, here.plugin.environment())


def _computed(
    device: str, cases: list[Case], variables: Mapping[str, str]
) -> Iterator[tuple[Case, Answer]]:
    """What the child answers, one process for each suite. Its errors go to our own."""
    suites: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        suites[case.suite].append(case)
    for suite, those in suites.items():
        command = [sys.executable, "-m", "tests.corpus.child", device, *(c.key for c in those)]
        own = install.environment(SUITES[suite]) | {"GLOG_minloglevel": "2"} | variables
        with (
            LOG.open("a") as log,
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | own,
                cwd=ROOT,
            ) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("ANSWER"):
                    answer = json.loads(line.removeprefix("ANSWER"))
                    yield CASES[answer.pop("key")], answer


def _conditions(case: Case, here: Bench) -> dict[str, Any]:
    """What a reference depends on."""
    return {
        "suite_version": str(install.version(SUITES[case.suite])),
        "paddle_version": here.paddle.version,
    }


def main() -> int:
    options = _arguments()
    here = bench()
    if isinstance(here, Missing):
        print(here.reason, file=sys.stderr)
        return 2
    wanted = [case for case in CASES.values() if _is_wanted(case, options)]
    if problem := install.install(sorted({case.suite for case in wanted})):
        print(problem, file=sys.stderr)
        return 2
    runnable = [case for case in wanted if _is_there(case)]
    found = []
    print(rows.HEAD)
    for row in compared(runnable, here, recompute=options.recompute, record=options.record):
        found.append(row)
        print(rows.line(row), flush=True)
    print(rows.summary(found))
    if options.json:
        options.json.write_text(rows.as_json(found))
    return int(any(row.complaint for row in found))


def _is_there(case: Case) -> bool:
    missing = install.version(SUITES[case.suite])
    if isinstance(missing, Missing):
        print(f"{case.key}: not run: {missing.reason}", file=sys.stderr)
    return isinstance(missing, str)


def _is_wanted(case: Case, options: argparse.Namespace) -> bool:
    if options.quick and not case.quick:
        return False
    return not options.only or any(text in case.key for text in options.only)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="TEXT", help="names that hold this")
    parser.add_argument("--quick", action="store_true", help="only what CI runs")
    parser.add_argument("--recompute", action="store_true", help="compute the CPU steps anew")
    parser.add_argument("--record", action="store_true", help="keep the figures of this run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
