"""Lints the pods of every kind and template with checkov: ``make checkov``.

checkov knows core kinds only, so the pod of a custom kind is put into a Job. Every finding must
be waived, with a reason, in waived.csv, and every waiver must still be needed.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from estimator.manifest.catalogue import list_templates
from estimator.manifest.fill import fill
from estimator.manifest.types import Override
from estimator.manifest.walk import pods
from estimator.manifest.writer import write_yaml
from tests.manifest.builders import shipped
from tests.manifest.kinds.sizes import CLUSTER_CASES, SIZES

WAIVED = Path(__file__).parent / "waived.csv"
NAMESPACE = Override("metadata.namespace", "vision", "--namespace")


def waivers() -> dict[str, str]:
    """Reason by check."""
    with WAIVED.open(newline="") as file:
        return {row["check"]: row["reason"] for row in csv.DictReader(file)}


def linted_documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """What checkov sees: documents of core kinds, and a Job around the pod of any other."""
    for name in (one.name for one in list_templates()):
        for kind, size in CLUSTER_CASES:
            manifest = fill(shipped(name), SIZES[size], kind, (NAMESPACE,))
            for position, document in enumerate(manifest.document):
                file = f"{name}-{kind}-{size}-{position}"
                if document["apiVersion"] in ("v1", "batch/v1"):
                    yield file, dict(document)
                for _, pod in pods(document) if document["apiVersion"] != "batch/v1" else ():
                    yield file, _job_around(dict(pod), manifest.document[-1])


def _job_around(pod: dict[str, Any], main: Any) -> dict[str, Any]:
    """A TrainJob's own values go into its pod, as the controller puts them."""
    trainer = main["spec"].get("trainer", {})
    own = {key: trainer[key] for key in ("image", "command", "args") if key in trainer}
    if trainer:
        first = {**pod["containers"][0], **own, "resources": trainer["resourcesPerNode"]}
        pod = {**pod, "containers": [first, *pod["containers"][1:]]}
    metadata = {"name": "pod", "namespace": "vision"}
    policy = {"restartPolicy": "Never", **pod}
    spec = {"template": {"metadata": {"labels": {"a": "b"}}, "spec": policy}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def found(checkov: str) -> tuple[dict[str, tuple[str, int]], int]:
    """By failed check: its name and how often; and how many checks passed."""
    with TemporaryDirectory() as folder:
        for file, document in linted_documents():
            (Path(folder) / f"{file}.yaml").write_text(write_yaml([document]))
        command = [checkov, "--framework", "kubernetes", "--directory", folder, "--output", "json"]
        command += ["--compact", "--quiet", "--skip-download"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    failed: dict[str, tuple[str, int]] = {}
    for one in report["results"]["failed_checks"]:
        _, count = failed.get(one["check_id"], ("", 0))
        failed[one["check_id"]] = (one["check_name"], count + 1)
    return failed, int(report["summary"]["passed"])


def main(checkov: str) -> int:
    """0 where every finding is waived and every waiver is needed."""
    failed, passed = found(checkov)
    known = waivers()
    for check, (name, count) in sorted(failed.items()):
        print(f"{check} {name}: {count} times; {known.get(check, 'NOT WAIVED')}")
    unneeded = sorted(set(known) - set(failed))
    print(f"{passed} checks passed; waivers not needed: {', '.join(unneeded) or 'none'}")
    return 0 if not unneeded and set(failed) <= set(known) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
