"""The reasons for the chosen plan, in order."""

from __future__ import annotations

from estimator.plan.candidates import Inputs
from estimator.plan.choose import Choice, amounts, comparison, ratio
from estimator.plan.ranking import best, group_of, measures, rate
from estimator.plan.reasons import choice as reasons
from estimator.plan.reasons import strategies
from estimator.plan.reasons.words import chosen
from estimator.plan.types import CandidatePlan, Measure, Objective
from estimator.values import Missing


def justification(inputs: Inputs, choice: Choice) -> tuple[str, ...]:
    """What the plan is, that it fits, how fast it is, why it and not another, what to mind."""
    plan = choice.plan
    return (
        chosen(plan),
        *_pinned(inputs, plan),
        reasons.memory_fits(plan.memory),
        *_strategy(plan),
        *_speed(plan),
        *_rule(inputs, choice),
        *_runner_up(inputs, choice),
        *_batch(inputs, choice),
        *_learning_rate(inputs, plan),
        *_precision(inputs, choice),
        *_deadline(inputs, plan),
    )


def _strategy(plan: CandidatePlan) -> list[str]:
    """Whether the plan was run, and what a program does for it."""
    if not plan.was_run:
        return []
    changes = [strategies.wrapping(plan)]
    if plan.strategy.recompute:
        changes.append(strategies.recompute())
    return [strategies.was_run(plan.gpu_count), *changes]


def _pinned(inputs: Inputs, plan: CandidatePlan) -> list[str]:
    question = inputs.question
    if question.pinned_gpus is None and question.pinned_nodes is None:
        return []
    say = reasons.pinned_nodes if question.pinned_gpus is None else reasons.pinned_gpus
    return [say(plan)]


def _speed(plan: CandidatePlan) -> list[str]:
    throughput, step = plan.throughput, plan.step_seconds
    if isinstance(throughput, Missing):
        return [reasons.no_step_time(throughput)]
    if isinstance(step, Missing):
        return [reasons.no_step_time(step)]
    return [reasons.speed(throughput, step), reasons.effort(plan)]


def _rule(inputs: Inputs, choice: Choice) -> list[str]:
    objective = inputs.question.objective
    if isinstance(choice.plan.throughput, Missing):
        return _rule_without_times(objective, choice, choice.plan.throughput)
    said = [reasons.rule(objective, choice.ranking[-1], len(choice.compared))]
    said += _not_compared(choice)
    if choice.ranking[-1] is Measure.MEMORY_HOURS:
        said.append(reasons.memory_hours_stand_for_money())
    if objective is Objective.GPU_HOURS:
        said += [reasons.gpu_hours_favour_large(), *_smaller_alternative(inputs, choice)]
    return said


def _rule_without_times(objective: Objective | None, choice: Choice, missing: Missing) -> list[str]:
    said = [reasons.rule_without_times(len(choice.feasible))]
    if objective in (Objective.TIME, Objective.GPU_HOURS):
        said.insert(0, reasons.objective_not_judged(objective, missing))
    return said


def _not_compared(choice: Choice) -> list[str]:
    """How many feasible plans have no step time, beside others that have one."""
    missing = [one.throughput for one in choice.feasible if isinstance(one.throughput, Missing)]
    return [reasons.plans_not_compared(len(missing), missing[0])] if missing else []


def _smaller_alternative(inputs: Inputs, choice: Choice) -> list[str]:
    """What the planner would take by its own rule, where that is another GPU type or count."""
    ranking = measures(None, inputs.gpus.values())
    rivals = list(choice.contenders.values())
    other = best(rivals, inputs.gpus, ranking, inputs.report.measurements[0].precision)
    if (other.gpu, other.gpu_count) == (choice.plan.gpu, choice.plan.gpu_count):
        return []
    compared = (Measure.GPU_HOURS, *ranking)
    ratios = [(measure, ratio(inputs, measure, other, choice.plan)) for measure in compared]
    return [reasons.alternative(other, ratios)]


def _runner_up(inputs: Inputs, choice: Choice) -> list[str]:
    """The best plan on another GPU type."""
    others = [
        one
        for one in choice.contenders.values()
        if one.gpu != choice.plan.gpu and one.precision == choice.plan.precision
    ]
    if not others:
        return []
    second = min(others, key=lambda plan: amounts(inputs, choice.ranking, plan))
    return [reasons.runner_up(second, comparison(inputs, choice, second))]


def _batch(inputs: Inputs, choice: Choice) -> list[str]:
    plan = choice.plan
    if inputs.question.pinned_batch_size is not None:
        return [reasons.pinned_batch(plan.per_device_batch_size)]
    if isinstance(plan.throughput, Missing):
        asked = inputs.report.measurements[0].per_device_batch_size
        return [reasons.batch_without_times(plan.per_device_batch_size, asked)]
    same = [one for one in choice.compared if group_of(one) == group_of(plan)]
    fastest = max(rate(one).target for one in same)
    sizes = sorted(one.per_device_batch_size for one in same)
    share = plan.throughput.target / fastest
    return [reasons.chosen_batch(plan.per_device_batch_size, share, sizes)]


def _learning_rate(inputs: Inputs, plan: CandidatePlan) -> list[str]:
    own = inputs.report.measurements[0].samples
    if plan.global_batch_size == own or inputs.report.ranks:
        return []
    return [reasons.learning_rate(plan.global_batch_size, own, inputs.report.optimizer)]


def _precision(inputs: Inputs, choice: Choice) -> list[str]:
    """That another precision was taken, or what it would give on the same GPUs."""
    plan, own = choice.plan, inputs.report.measurements[0].precision
    if plan.precision != own:
        return [reasons.other_precision(plan, own)]
    gpus = (plan.gpu, plan.gpu_count)
    return [
        reasons.would_take(one)
        for one in choice.contenders.values()
        if (one.gpu, one.gpu_count) == gpus and one.precision != own
    ]


def _deadline(inputs: Inputs, plan: CandidatePlan) -> list[str]:
    deadline = inputs.question.deadline_seconds
    if deadline is None:
        return []
    if isinstance(plan.duration_seconds, Missing):
        return [reasons.deadline_unchecked(plan.duration_seconds)]
    return [reasons.deadline_met(plan.duration_seconds, deadline)]
