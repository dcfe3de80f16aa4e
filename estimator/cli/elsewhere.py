"""``--dry-step-on``: the command line's step on a cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from estimator.cli.arguments import EstimateArguments
from estimator.drystep.launch import OnProgress
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.request import DryStepRequest, Limits
from estimator.drystep.where import HERE, Where
from estimator.errors import BadInput
from estimator.messages import message, sentence

KUBERNETES = "kubernetes"


def where(arguments: EstimateArguments) -> Where:
    """Where the command's step runs. Raises BadInput for a place that is not known."""
    if arguments.dry_step_on is None:
        return HERE
    kind, _, namespace = arguments.dry_step_on.partition(":")
    if kind != KUBERNETES:
        what = message("serve.no_engine", name=arguments.dry_step_on)
        raise BadInput(what, where="--dry-step-on", hint=f"--dry-step-on {KUBERNETES}")
    from estimator.cluster.connection import Place, way_to
    from estimator.cluster.dry_step import ClusterStep, Terms, choose_on_cluster
    from estimator.cluster.objects import Objects
    from estimator.cluster.own_files import files_of

    way = way_to(Place(arguments.kube_context, namespace or arguments.namespace))
    step = ClusterStep(
        Objects(way, way.namespace), files_of(arguments.model), Terms(tuple(arguments.templates))
    )

    def run(request: DryStepRequest, limits: Limits, heard: OnProgress) -> DryStepReport:
        name = Path(request.workload.model_file.name)
        bare = replace(request, workload=replace(request.workload, model_file=name))
        return step.run(bare, limits, heard)

    return Where(run, choose_on_cluster)


def require_here(arguments: EstimateArguments) -> None:
    """Raise BadInput for a command whose steps run on this machine only."""
    if arguments.dry_step_on is not None:
        hint = sentence("the same command without --dry-step-on")
        raise BadInput(message("error.only_here"), where="--dry-step-on", hint=hint)
