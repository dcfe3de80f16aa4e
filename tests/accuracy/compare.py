"""Peak allocated: the virtual GPU against Paddle's CPU allocator, for the same second step.

    python -m tests.accuracy.compare [--only NAME ...] [--quick] [--recompute] [--record]

Measured is the CPU allocator's own peak; "no scratch" leaves out what lives and dies inside one
CPU kernel and the powers of beta that Adam keeps on the host beside a GPU, and rounds every
allocation up to 256 bytes as a GPU's allocator does. Ends with 1 where an error above 0.5 % has no
explanation, or is worse than the recorded one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from estimator.drystep.device.build import Plugin, ensure_plugin
from estimator.drystep.device.installation import PaddleInstallation, find_paddle
from estimator.paths import user_cache_folder
from estimator.values import Missing
from tests.accuracy import rows
from tests.accuracy.models import CASES
from tests.accuracy.rows import Row

_SECONDS = 600
_QUIET = {"GLOG_minloglevel": "2", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True, slots=True)
class Bench:
    """How to run a model here: which Paddle, and where its virtual GPU lies."""

    paddle: PaddleInstallation
    plugin: Plugin

    def reference(self, name: str) -> dict[str, Any]:
        """The step on the CPU; a model that fails there is of no use here: SystemExit."""
        answer = _run(name, "cpu", {})
        if "failure" in answer:
            raise SystemExit(f"{name}: the CPU reference failed: {answer['failure']}")
        return answer

    def on_virtual_gpu(self, name: str) -> dict[str, Any]:
        """The step as the tool measures it, or ``failure``."""
        library = str(self.plugin.library)
        return _run(name, library, self.plugin.environment())


def bench() -> Bench | Missing:
    """The bench of this machine, or why there is none."""
    paddle = find_paddle()
    if isinstance(paddle, Missing):
        return paddle
    plugin = ensure_plugin(paddle, user_cache_folder(), lambda line: print(line, file=sys.stderr))
    return plugin if isinstance(plugin, Missing) else Bench(paddle, plugin)


def compare(name: str, here: Bench, *, recompute: bool = False) -> Row:
    """Run one model. The reference is computed where none of this Paddle version is recorded."""
    case = CASES[name]
    reference = rows.load(rows.REFERENCE).get(name, {})
    if recompute or reference.get("paddle_version") != here.paddle.version:
        reference = here.reference(name)
    answer = here.on_virtual_gpu(name)
    return Row(
        name=name,
        optimizer=case.optimizer,
        batch_size=case.batch_size,
        allocator=reference["allocator_bytes"],
        measured=reference["peak_bytes"],
        predicted=answer.get("peak_bytes"),
        failure=answer.get("failure", ""),
        misplaced=rows.largest_difference(
            reference["breakdown_bytes"],
            answer.get("breakdown_bytes", reference["breakdown_bytes"]),
        ),
        recorded=rows.load(rows.RECORDED).get(name),
        explanation=rows.explanations().get(name),
    )


def record_references(names: list[str], here: Bench) -> None:
    """Compute the CPU references and keep them."""
    kept = rows.load(rows.REFERENCE)
    for name in names:
        kept[name] = here.reference(name)
        rows.save(rows.REFERENCE, kept)


def record_predictions(found: list[Row]) -> None:
    """Keep what was predicted, for the next run to be no worse than."""
    new = {row.name: row.predicted for row in found if row.predicted is not None}
    rows.save(rows.RECORDED, rows.load(rows.RECORDED) | new)


def _run(name: str, where: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The child's answer, or its last line of error as ``failure``."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.accuracy.child", name, where],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env=os.environ | _QUIET | environment,
        cwd=rows.HERE.parents[1],
        check=False,
    )
    if done.returncode == 0:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer
    errors = [line for line in done.stderr.splitlines() if "Error" in line]
    return {"failure": errors[-1] if errors else f"ended with {done.returncode}"}


def main() -> int:
    options = _arguments(sorted(CASES))
    here = bench()
    if isinstance(here, Missing):
        print(here.reason, file=sys.stderr)
        return 2
    names = options.only or [n for n, case in CASES.items() if case.quick or not options.quick]
    if options.recompute and options.record:
        record_references(names, here)
    recompute = options.recompute and not options.record
    found = [compare(name, here, recompute=recompute) for name in names]
    print(rows.table(found))
    print(rows.summary(found))
    if options.record:
        record_predictions(found)
    return int(any(row.complaint for row in found))


def _arguments(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=names, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="only the models that CI runs")
    parser.add_argument("--recompute", action="store_true", help="compute the CPU reference anew")
    parser.add_argument("--record", action="store_true", help="keep the figures of this run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
