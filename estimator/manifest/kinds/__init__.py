"""One neutral description of a job, written down as each kind of manifest."""

from __future__ import annotations

from collections.abc import Mapping

from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.kinds.base import Kind, queue_settings
from estimator.manifest.kinds.compose import COMPOSE
from estimator.manifest.kinds.docker import DOCKER
from estimator.manifest.kinds.flat import FLAT
from estimator.manifest.kinds.job import JOB
from estimator.manifest.kinds.jobset import JOBSET
from estimator.manifest.kinds.paddleflow import PADDLEFLOW
from estimator.manifest.kinds.paddlejob import PADDLEJOB
from estimator.manifest.kinds.trainjob import TRAINJOB
from estimator.manifest.kinds.volcano import VOLCANO

KINDS: Mapping[ManifestKind, Kind] = {
    ManifestKind.FLAT: FLAT,
    ManifestKind.JOB: JOB,
    ManifestKind.JOBSET: JOBSET,
    ManifestKind.VOLCANO: VOLCANO,
    ManifestKind.PADDLEJOB: PADDLEJOB,
    ManifestKind.PADDLEFLOW: PADDLEFLOW,
    ManifestKind.TRAINJOB: TRAINJOB,
    ManifestKind.COMPOSE: COMPOSE,
    ManifestKind.DOCKER: DOCKER,
}
"""Every kind of manifest."""

__all__ = ["KINDS", "Kind", "ManifestKind", "queue_settings"]
