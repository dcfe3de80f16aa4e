"""From what is known of each GPU type to the plan to ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from estimator.drystep.measurement import DryStepReport
from estimator.gpus.types import GpuType
from estimator.plan.candidates import Inputs, candidate_plans
from estimator.plan.choose import choose, explained
from estimator.plan.feed import on_data
from estimator.plan.host import host_request
from estimator.plan.justify import justification
from estimator.plan.nearest import nothing_fits, rejected_by_miss
from estimator.plan.types import Collaborators, GpuAnswer, Question, Recommendation
from estimator.result import NothingFits


def recommend(
    question: Question,
    answers: Sequence[GpuAnswer],
    gpus: Iterable[GpuType],
    collaborators: Collaborators,
    report: DryStepReport,
) -> Recommendation | NothingFits:
    """The plan to ask for, or the nearest miss.

    ``answers`` hold every GPU type, precision and per-device batch size that was really run
    (or would be, without the limit of the device's memory); ``gpus`` are all types on offer.
    The first measurement of ``report`` is the user's own batch size and precision.

    Feasible is what fits at the upper bound of its device memory, at a precision the GPU has,
    within ``max_gpus`` and, at the upper bound of its duration, within the deadline. Of those,
    :func:`estimator.plan.ranking.measures` says what is minimised and
    :func:`estimator.plan.ranking.best` what counts as equal. Where step times are missing, a
    deadline and objectives in time cannot be judged, which the reasons say, and
    :data:`estimator.plan.ranking.WITHOUT_TIMES` decides. Candidates come back as: the
    chosen or nearest one, then from best to worst, infeasible ones last.

    Raises InternalError where the answers do not match the question or the catalogue.
    """
    inputs = Inputs(question, {gpu.name: gpu for gpu in gpus}, collaborators, report)
    plans = candidate_plans(inputs, answers)
    feasible = [plan for plan in plans if plan.feasible]
    rejected = [plan for plan in plans if not plan.feasible]
    if not feasible:
        return nothing_fits(inputs, answers, rejected)
    choice = choose(inputs, feasible)
    chosen, *others = explained(inputs, choice)
    host = host_request(chosen, report)
    return Recommendation(
        plan=chosen,
        host=host,
        reasons=(*justification(inputs, choice), *on_data(host.feed)),
        candidates=(chosen, *others, *rejected_by_miss(inputs, rejected)),
    )
