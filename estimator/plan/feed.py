"""How data reaches the GPUs of a plan, and how many DataLoader workers keep up with them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from estimator.drystep.loader import SampleCost
from estimator.drystep.measurement import DryStepReport
from estimator.plan.reasons import feed as reasons
from estimator.plan.types import CandidatePlan, DataFeed
from estimator.values import Missing, Source


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """min_workers: where nothing measured says how many keep up. max_workers: of one GPU.

    headroom: over the measured cost, for slower cores and dearer samples than those timed.
    """

    min_workers: int
    max_workers: int
    headroom: float


def data_feed(
    plan: CandidatePlan, report: DryStepReport, assumed_seconds: float, limits: FeedLimits
) -> DataFeed:
    """What keeps up with each GPU, by the measured cost of the script's own samples where there is
    one, else by ``assumed_seconds`` of a processor for each.

    A worker makes 1 / (processor + waiting) samples a second; with ``num_workers=0`` a thread of
    the training process does. Workers that the script has are never fewer in the answer.
    """
    loader, rate = report.loader, _rate_of_one_process(plan, report)
    if isinstance(loader, Missing):
        return _assumed(loader, loader, rate, assumed_seconds, limits)
    if isinstance(loader.cost, Missing):
        return _assumed(loader.workers, loader.cost, rate, assumed_seconds, limits)
    return _measured(loader.workers, loader.cost, rate, limits)


def on_data(feed: DataFeed) -> tuple[str, ...]:
    """What is said of data among the reasons: of a script, what a sample takes and what of it."""
    if isinstance(feed.workers_set, Missing):
        return ()
    return (feed.reason, feed.verdict) if feed.verdict else (feed.reason,)


def _assumed(
    own: int | Missing, why: Missing, rate: float | Missing, seconds: float, limits: FeedLimits
) -> DataFeed:
    needed = rate if isinstance(rate, Missing) else ceil(rate * seconds)
    known = [count for count in (own, needed) if not isinstance(count, Missing)]
    workers = _capped(max(*known, limits.min_workers, 0), own, limits)
    return DataFeed(
        source=Source.ASSUMED,
        processor_seconds=seconds,
        waiting_seconds=0.0,
        samples_per_second=rate,
        workers=workers,
        cores=workers,
        workers_needed=needed,
        workers_set=own,
        reason=reasons.assumed(seconds, why),
        verdict="",
    )


def _measured(own: int, cost: SampleCost, rate: float | Missing, limits: FeedLimits) -> DataFeed:
    needed: int | Missing
    if isinstance(rate, Missing):
        needed, verdict = rate, ""
        workers = cores = max(own, limits.min_workers)
    else:
        made = rate * (1 + limits.headroom)
        needed = ceil(made * cost.worker_seconds)
        # One that is enough is the training process itself, if the script leaves it to that.
        workers = _capped(max(own, needed), own, limits) if own or needed > 1 else 0
        cores = min(ceil(made * cost.processor_seconds), max(1, workers))
        verdict = _verdict(own, workers, cost, rate)
    return DataFeed(
        source=Source.MEASURED,
        processor_seconds=cost.processor_seconds,
        waiting_seconds=cost.waiting_seconds,
        samples_per_second=rate,
        workers=workers,
        cores=cores,
        workers_needed=needed,
        workers_set=own,
        reason=reasons.measured(cost),
        verdict=verdict,
    )


def _capped(wanted: int, own: int | Missing, limits: FeedLimits) -> int:
    """No more than a usual node has cores for, but all that the script starts."""
    started = 0 if isinstance(own, Missing) else own
    return min(wanted, max(started, limits.max_workers))


def _verdict(own: int, workers: int, cost: SampleCost, rate: float) -> str:
    made, asked = (max(1, count) / cost.worker_seconds for count in (own, workers))
    if asked < rate:
        bounded = reasons.bounded(workers, asked, rate)
        return reasons.bounded_and_fewer(bounded, own, made) if own < workers else bounded
    if made < rate:
        return reasons.waits(own, made, rate, workers)
    return reasons.keeps_up(own, made, rate)


def _rate_of_one_process(plan: CandidatePlan, report: DryStepReport) -> float | Missing:
    """Samples/s that each GPU's process loads while no GPU waits.

    Ranks that work on the same samples, as in tensor parallel, load all of them each.
    """
    rate = plan.throughput
    if isinstance(rate, Missing):
        return rate
    copies = report.ranks[0].seen.topology.copies if report.ranks else plan.gpu_count
    return rate.target / copies
