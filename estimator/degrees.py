"""Degrees of parallelism of a model file that the user gives by ``-o``: pinned in a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from estimator.drystep.measurement import DryStepReport
from estimator.drystep.request import PlanSpace
from estimator.drystep.strategy import OFFERED, TENSOR_PARALLEL
from estimator.errors import BadInput, UserCodeFailed
from estimator.messages import sentence
from estimator.options import EstimateOptions
from estimator.values import Missing
from estimator.workload.types import OptionValue, Workload


def pinned_degrees(options: EstimateOptions) -> Mapping[str, int]:
    """The degrees that the search keeps to, by name; none where nothing is searched.

    Raises BadInput for a value that is no degree, and for one above 1 without a search: one GPU
    cannot hold a part of a model and run it.
    """
    given = {name: options.workload.options.get(name) for name in sorted(OFFERED)}
    degrees = {name: _degree(name, value) for name, value in given.items() if value is not None}
    if options.search:
        return degrees
    for name, degree in degrees.items():
        if degree > 1:
            what = sentence(
                "a degree above 1 splits the model among GPUs; without --search it is run on one"
            )
            raise BadInput(what, where=f"-o {name}={degree}", hint=_ways(degree))
    return {}


def unsplit(workload: Workload, degrees: Mapping[str, int]) -> Workload:
    """The workload on one GPU, with the degrees left to the plans."""
    options = {k: value for k, value in workload.options.items() if k not in degrees}
    return replace(workload, options=options)


def check_counts(degrees: Mapping[str, int], counts: Sequence[int], gpus_per_node: int) -> None:
    """Raise BadInput where no plan on so many GPUs can have these degrees."""
    split, tensor = prod(degrees.values()), degrees.get(TENSOR_PARALLEL, 1)
    if split > max(counts, default=1):
        what = sentence(
            "{split} GPUs hold the model together, and plans may have {most}",
            split=split,
            most=max(counts, default=1),
        )
        flag = "--gpus" if len(counts) == 1 else "--max-gpus"
        raise BadInput(what, where=_flag(degrees), hint=f"{flag} {split}")
    if tensor > gpus_per_node:
        what = sentence(
            "tensor parallel {degree} needs a node of as many GPUs, and one has {each}",
            degree=tensor,
            each=gpus_per_node,
        )
        hint = f"-o {TENSOR_PARALLEL}={gpus_per_node}"
        raise BadInput(what, where=f"-o {TENSOR_PARALLEL}={tensor}", hint=hint)
    if counts and all(count % split for count in counts):
        what = sentence(
            "{split} GPUs hold the model together, and plans may have {counts}: no multiple",
            split=split,
            counts=tuple(counts),
        )
        raise BadInput(what, where=_flag(degrees), hint=f"--gpus {max(counts) // split * split}")


def check_ran(space: PlanSpace | None, report: DryStepReport) -> None:
    """Raise UserCodeFailed where degrees were pinned and the model can be run at none of them, and
    BadInput where it cannot be run in plans at all.
    """
    degrees = dict(space.degrees) if space is not None else {}
    if all(degree == 1 for degree in degrees.values()) or report.plans is None:
        return
    if isinstance(report.plans, Missing):
        hint = sentence("leave out {name}", name=_flag(degrees))
        raise BadInput(report.plans.reason, where=_flag(degrees), hint=hint)
    reasons = [run.ranks.reason for run in report.plans.runs if isinstance(run.ranks, Missing)]
    if reasons and len(reasons) == len(report.plans.runs):
        raise UserCodeFailed(
            sentence("the model cannot be split like this: {why}", why=reasons[0]),
            where=_flag(degrees),
            hint=sentence("another degree, or none, and --search finds those that can"),
        )


def in_words(degrees: Mapping[str, int]) -> str:
    """As the user gives them to ``-o``."""
    return " ".join(f"{name}={degree}" for name, degree in degrees.items())


def _degree(name: str, value: OptionValue) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    what = sentence("{name} is a number of GPUs from 1, not {value}", name=name, value=str(value))
    raise BadInput(what, where=f"-o {name}={value}", hint=f"-o {name}=2")


def _ways(degree: int) -> str:
    return sentence(
        "--search, which runs plans with it, or of a training script: {command}",
        command=f"paddle-estimate run --gpus {degree} -- python train.py",
    )


def _flag(degrees: Mapping[str, int]) -> str:
    return f"-o {in_words(degrees)}"
