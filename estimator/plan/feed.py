"""How data reaches the GPUs of a plan, and how many DataLoader workers keep up with them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from estimator.drystep.loader import SampleCost
from estimator.drystep.measurement import DryStepReport
from estimator.plan.reasons import feed as reasons
from estimator.plan.types import CandidatePlan, DataFeed
from estimator.values import Bounded, Missing, Source

MAX_WORKERS = 15
"""Of one GPU: 16 cores for each, one of them for training. MLPerf Training 1.0, Inspur NF5488A5:
2 x 64 cores for 8 x A100."""

HEADROOM = 0.25
"""For what nobody knows, such as slower cores than those of the machine that measured (assumed)."""


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


def most_made(report: DryStepReport, gpu_count: int) -> Bounded[float] | None:
    """Samples/s that the data pipeline of a script makes for all GPUs at most; None where nobody
    measured. The interval is that of cores slower or faster by ``HEADROOM`` than those here.
    """
    loader = report.loader
    if isinstance(loader, Missing) or isinstance(loader.cost, Missing):
        return None
    workers = max(MAX_WORKERS, loader.workers)
    most = workers * _copies(report, gpu_count) / loader.cost.worker_seconds
    return Bounded(
        target=most,
        lower=most / (1 + HEADROOM),
        upper=most * (1 + HEADROOM),
        source=Source.MEASURED,
        reason=reasons.most_made(workers),
    )


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
    """Samples/s that each GPU's process loads while no GPU waits."""
    rate = plan.if_fed or plan.throughput
    return rate if isinstance(rate, Missing) else rate.target / _copies(report, plan.gpu_count)


def _copies(report: DryStepReport, gpu_count: int) -> int:
    """How many processes load different samples.

    Ranks that work on the same ones, as in tensor parallel, load all of them each.
    """
    return report.ranks[0].seen.topology.copies if report.ranks else gpu_count
