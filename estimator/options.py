"""One question to the tool, complete and checked: what every front end hands to the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from estimator.defaults import TIME_LIMIT_SECONDS
from estimator.drystep.request import DeviceChoice
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.types import Override
from estimator.messages import Language
from estimator.plan.types import Question
from estimator.workload.types import Workload


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    """What the user said about the YAML; None: not said.

    ``template`` is a name from the templates or a path; ``templates_folders`` are laid in their
    order over the templates that ship with the tool; ``command`` replaces the template's command;
    ``settings`` go over every layer, as far as no lock forbids it. ``crds`` is a folder of
    exported definitions to check against. ``own_name``: the name of the job is one that no other
    job has.
    """

    kind: ManifestKind = ManifestKind.JOB
    template: str | None = None
    templates_folders: tuple[Path, ...] = ()
    command: str | None = None
    settings: tuple[Override, ...] = ()
    crds: Path | None = None
    own_name: bool = False


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """Everything :func:`estimator.pipeline.estimate` needs to know.

    ``gpus`` are the names as the user wrote them; empty: the site's list or the whole
    catalogue. ``gpus_file`` is a site's GPU file. ``language`` is for comments in the YAML.
    ``verify``: compute a step at a small batch on the CPU as well. ``timeline``: follow what memory
    holds over the steady step. ``search``: run plans of a model file on several GPUs.
    """

    workload: Workload
    question: Question
    gpus: tuple[str, ...] = ()
    gpus_file: Path | None = None
    device: DeviceChoice = DeviceChoice.AUTO
    time_limit_seconds: float = TIME_LIMIT_SECONDS
    manifest: ManifestOptions = ManifestOptions()
    language: Language = Language.EN
    verify: bool = False
    timeline: bool = False
    search: bool = False
