"""One unmodified training script of each suite, with a tiny data set, from command to YAML.

    python -m tests.suites.run [--only SUITE ...] [--record]

Suites are checkouts in CORPUS_DIR (as for ``make corpus``); what they import comes from PyPI into
folders there, which nothing but the scripts sees. Ends with 1 where a script fails, its YAML is not
valid, or a recorded figure of the same versions has got worse.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import kubernetes_validate
import yaml

from estimator.paths import HOME_VARIABLE, user_cache_folder
from estimator.values import Missing
from tests.accuracy.rows import load, save
from tests.corpus import install
from tests.suites import rows
from tests.suites.cases import CASES, Case
from tests.suites.rows import Row

RECORDED = Path(__file__).with_name("recorded.json")
GPU = "A100-SXM4-80GB"
KUBERNETES = "1.30"

OLD_NUMPY = ("numpy==1.26.4", "pandas==2.2.3", "python-dateutil==2.9.0.post0", "pytz", "tzdata")
"""The last NumPy that imgaug 0.4 runs with, and a pandas for it; in a folder of their own."""

MOST_SECONDS = 600


def script_of(case: Case) -> Path:
    return install.FOLDER / case.suite / case.folder / case.script


def version(case: Case) -> str | Missing:
    """What the script is here: a digest of it and of the suite's sources beside it."""
    checkout = install.FOLDER / case.suite
    if not script_of(case).is_file():
        return Missing(
            f"there is no {script_of(case)}: put a checkout of {case.suite} at {checkout}"
        )
    digest = hashlib.sha256(script_of(case).read_bytes())
    suite = install.SUITES[case.suite]
    for path in sorted((checkout / suite.imported).rglob("*.py")):
        digest.update(path.read_bytes())
    return f"checkout {digest.hexdigest()[:12]}"


def bring(case: Case) -> str:
    """Install what the script imports; returns why that failed, or nothing."""
    problem = install.install([case.suite]) or install.bring(case.needs, install.PACKAGES)
    if case.old_numpy:
        problem = problem or install.bring(OLD_NUMPY, _old_numpy())
    return problem


def _old_numpy() -> Path:
    return install.FOLDER / "numpy1"


def python_path(case: Case) -> str:
    """Where the script's Python looks for packages, first the checkout."""
    folders = [install.FOLDER / case.suite, *([_old_numpy()] if case.old_numpy else [])]
    return os.pathsep.join(map(str, (*folders, install.PACKAGES)))


def run(case: Case, suite_version: str, data: Path) -> Row:
    """Make the data in ``data`` and estimate the script with it, in an empty home of the tool."""
    path = f"PYTHONPATH={python_path(case)}"
    case.make_data(data, os.environ | {"PYTHONPATH": python_path(case)})
    words = shlex.split(case.arguments.format(data=data))
    command = ["run", "--gpu", GPU, "--json", "--", "env", path, "python", case.script, *words]
    started = time.perf_counter()
    with _home() as home:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "estimator", *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=install.FOLDER / case.suite / case.folder,
            env=os.environ | home,
            timeout=MOST_SECONDS,
        )
    return _row(case, suite_version, done, time.perf_counter() - started)


@contextmanager
def _home() -> Iterator[Mapping[str, str]]:
    """A home of the tool without past jobs, and with the virtual GPU that is built already."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cache").symlink_to(user_cache_folder())
        yield {HOME_VARIABLE: folder, "LC_ALL": "C.UTF-8", "COLUMNS": "200"}


def _row(
    case: Case, suite_version: str, done: subprocess.CompletedProcess[str], seconds: float
) -> Row:
    row = Row(case.suite, case.script, suite_version, done.returncode, seconds)
    recorded = load(RECORDED).get(case.suite)
    if done.returncode != 0:
        return replace(row, failure=done.stderr.strip().replace("\n", " | ")[-1000:])
    document = json.loads(done.stdout.replace(f"{install.PACKAGES}/", ""))
    text = document["manifest"]["text"]
    if text is None:
        return replace(row, failure=document["manifest"]["reason"])
    found = rows.figures(suite_version, document, _kinds(text))
    return replace(row, found=found, recorded=recorded and rows.from_record(recorded))


def _kinds(text: str) -> tuple[str, ...]:
    """The kinds of the YAML's documents; raises where Kubernetes' schema refuses one."""
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    return tuple(document["kind"] for document in documents)


def ran(case: Case) -> Row | Missing:
    """The row of a case, or why it cannot be run here."""
    found = version(case)
    if isinstance(found, Missing):
        return found
    if problem := bring(case):
        return Missing(problem)
    with tempfile.TemporaryDirectory(prefix=f"{case.suite}-") as folder:
        return run(case, found, Path(folder))


def main() -> int:
    options = _arguments()
    wanted = [c for c in CASES if not options.only or c.suite in options.only]
    complaints = 0
    print(rows.HEAD)
    for case in wanted:
        row = ran(case)
        if isinstance(row, Missing):
            print(f"{case.suite:17}not run: {row.reason}", flush=True)
            continue
        complaints += bool(row.complaint)
        print(rows.line(row), flush=True)
        if options.record and row.found is not None:
            save(RECORDED, load(RECORDED) | {case.suite: rows.record(row)})
    return int(complaints > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="SUITE", help="this suite alone")
    parser.add_argument("--record", action="store_true", help="keep the figures of this run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
