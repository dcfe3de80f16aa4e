"""Every kind at every size it can describe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.types import JobRequest
from tests.manifest.builders import EIGHT_GPUS, REQUEST

FOUR_NODES = replace(EIGHT_GPUS, nodes=4)
SIZES: dict[str, JobRequest] = {
    "1-gpu": REQUEST,
    "8-gpus": EIGHT_GPUS,
    "4-nodes": FOUR_NODES,
}
ONE_MACHINE = (ManifestKind.FLAT, ManifestKind.COMPOSE, ManifestKind.DOCKER)
CLUSTER = tuple(kind for kind in ManifestKind if kind not in ONE_MACHINE)
CASES = [
    (kind, size) for kind in ManifestKind for size in SIZES if kind in CLUSTER or size != "4-nodes"
]
CLUSTER_CASES = [(kind, size) for kind, size in CASES if kind in CLUSTER]
CRDS = Path(__file__).parents[3].parent / "shared" / "crds"
"""Definitions exported from real projects; not at a user's."""
