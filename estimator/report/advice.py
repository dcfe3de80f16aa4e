"""What templates should ask for instead, from what their past jobs took, as diffs of YAML.

Memory and time limits by :mod:`estimator.learning` (the amount whose expected cost is least);
another GPU type where jobs of the same template ran on it for less money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from estimator.learning.frames import REQUESTED, comparisons, kinds_of, observe
from estimator.learning.recommend import Advice, Recommender
from estimator.learning.state import Basis, Groups, State, model_key
from estimator.messages import sentence
from estimator.records.types import Status, Target
from estimator.report.jobs import UNKNOWN, looked_up
from estimator.units import GIB, MIB, to_quantity

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 5
"""Jobs of a template that advice is given from."""
MOST_TEMPLATES = 500
"""Templates that advice is given for, those with the most to save or lose."""
MOST_LEARNT = 200_000
"""Jobs that advice is learnt from, the latest ones."""
_MATTERS = 0.05
"""A change by less than this share is not worth an edit."""
_SURE_JOBS, _FAIR_JOBS = 30, 10
_SURE_RISK = 0.02
_ASKED = (Target.HOST_MEMORY, Target.DEVICE_MEMORY)


class Confidence(StrEnum):
    """How much a change rests on. HIGH: 30 jobs or more and a risk of at most 2 %."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of a template.

    target: what is changed: a Target, or ``gpu``. before, after: bytes, or names of GPU types.
    jobs: past jobs behind it; affected: jobs of the window that it would have changed.
    gib_hours: of memory that they would not have held (less than 0: held in addition).
    money: what that is worth, None where no price is known. risk: that a job needs more than
    ``after``. seconds_ratio: how much longer a job takes after it.
    """

    template: str
    target: str
    before: int | str
    after: int | str
    jobs: int
    affected: int
    gib_hours: float
    money: float | None
    risk: float | None
    confidence: Confidence
    reasons: tuple[str, ...]
    diff: str
    seconds_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Prices:
    """gpu_hour: by GPU type. gib_hour: of host memory, None where it has no price of its own."""

    gpu_hour: Mapping[str, float]
    gib_hour: float | None


def changes(frame: pd.DataFrame, prices: Prices) -> tuple[Change, ...]:
    """Every change worth making, most valuable first."""
    found = [*_memory_changes(frame, prices), *_gpu_changes(frame, prices)]
    return tuple(sorted(found, key=lambda one: (-(one.money or 0.0), -one.gib_hours)))


def learnt(frame: pd.DataFrame) -> State:
    """What the latest jobs teach about memory, of those that say what they asked for and took."""
    state = State()
    told = frame[[REQUESTED[target] for target in _ASKED]].notna().any(axis=1)
    part = frame[told].sort_values("submitted", kind="stable").tail(MOST_LEARNT)
    part = part.reset_index(drop=True)
    if not len(part):
        return state
    kinds = kinds_of(part)
    for compared in comparisons(part):
        if compared.basis is Basis.REQUESTED and compared.target in _ASKED:
            observe(state, compared, kinds)
    return state


def _memory_changes(frame: pd.DataFrame, prices: Prices) -> Iterator[Change]:
    recommender = Recommender(learnt(frame))
    for target in _ASKED:
        for key, part in _templates(frame, target):
            change = _memory_change(target, key, part, recommender, prices)
            if change is not None:
                yield change


def _templates(frame: pd.DataFrame, target: Target) -> Iterator[tuple[tuple[str, str], Any]]:
    """The templates (with their model) that held most memory-time, and their jobs."""
    asked = frame[REQUESTED[target]]
    columns = ["template", "model", "seconds", "node_count", "status", REQUESTED[target]]
    known = frame.loc[(asked > 0) & (frame["template"] != UNKNOWN), columns]
    known = known.assign(weight=known[REQUESTED[target]] * known["seconds"].fillna(0.0))
    grouped = known.groupby(["template", "model"], observed=True)
    sizes = grouped.agg(jobs=("weight", "size"), weight=("weight", "sum"))
    sizes = sizes[sizes["jobs"] >= FEWEST].sort_values("weight", ascending=False)
    for key in sizes.head(MOST_TEMPLATES).index:
        yield (str(key[0]), str(key[1])), grouped.get_group(key)


def _memory_change(
    target: Target,
    key: tuple[str, str],
    part: pd.DataFrame,
    recommender: Recommender,
    prices: Prices,
) -> Change | None:
    asked = part[REQUESTED[target]]
    before = int(asked.mode().iloc[0])
    groups = Groups(key[0], model_key(key[1]) or None)
    advice = recommender.advise(target, groups, before)
    after = -(-advice.amount // MIB) * MIB
    if advice.level is None or advice.count < FEWEST or abs(after - before) < _MATTERS * before:
        return None
    hours, nodes = part["seconds"].fillna(0.0) / 3600, part["node_count"].fillna(1.0)
    gib_hours = float(((asked - after) / GIB * hours * nodes).sum())
    host = target is Target.HOST_MEMORY
    return Change(
        template=key[0],
        target=target.value,
        before=before,
        after=after,
        jobs=advice.count + advice.killed,
        affected=len(part),
        gib_hours=gib_hours,
        money=gib_hours * prices.gib_hour if host and prices.gib_hour is not None else None,
        risk=advice.risk,
        confidence=_confidence(advice),
        reasons=_reasons(advice, part),
        diff=_host_diff(before, after) if host else _device_diff(before, after),
    )


def _reasons(advice: Advice, part: pd.DataFrame) -> tuple[str, ...]:
    out = int((part["status"] == Status.OUT_OF_MEMORY).sum())
    said: list[str] = [
        sentence(
            "{count} past jobs of the {level}, {killed} of them killed (lower bounds)",
            count=advice.count + advice.killed,
            level=_LEVELS.get(advice.level.value if advice.level else "", ""),
            killed=advice.killed,
        )
    ]
    if out:
        said.append(sentence("{count} jobs of the window ran out of memory", count=out))
    return tuple(said)


_LEVELS = {
    "same job on the same GPU type": sentence("same job on the same GPU type"),
    "template": sentence("template"),
    "model": sentence("model"),
}


def _confidence(advice: Advice) -> Confidence:
    if advice.count >= _SURE_JOBS and advice.risk <= _SURE_RISK:
        return Confidence.HIGH
    return Confidence.MEDIUM if advice.count >= _FAIR_JOBS else Confidence.LOW


def _host_diff(before: int, after: int) -> str:
    pair = [f"-          memory: {to_quantity(before)}", f"+          memory: {to_quantity(after)}"]
    return "\n".join([*_CONTAINER, "         requests:", *pair, "         limits:", *pair])


def _device_diff(before: int, after: int) -> str:
    lines = [
        f"-          nvidia.com/gpumem: {-(-before // MIB)}",
        f"+          nvidia.com/gpumem: {-(-after // MIB)}",
    ]
    return "\n".join([" training:", "   sharing: hami", *_CONTAINER, "         limits:", *lines])


_CONTAINER = (" pod:", "   containers:", "     - name: paddle", "       resources:")


def _gpu_changes(frame: pd.DataFrame, prices: Prices) -> Iterator[Change]:
    """Templates whose jobs succeeded on several GPU types, on one of them for less money."""
    done = frame[(frame["status"] == Status.SUCCEEDED) & (frame["hours"] > 0)]
    done = done[(done["template"] != UNKNOWN) & (done["gpu"] != UNKNOWN)]
    cost = done["hours"] * looked_up(done["gpu"], prices.gpu_hour)
    # only jobs that train the same thing on as many GPUs are compared
    keys = ["template", "model", "per_device_batch_size", "gpu_count"]
    priced = done[[*keys, "gpu", "hours"]].assign(cost=cost)[cost.notna()]
    found = priced.groupby([*keys, "gpu"], observed=True, dropna=False).agg(
        jobs=("cost", "size"), mean=("cost", "mean"), std=("cost", "std"), hours=("hours", "mean")
    )
    enough = found[found["jobs"] >= FEWEST].reset_index()
    enough = enough[enough.duplicated(keys, keep=False)]
    for key, types in enough.groupby(keys, observed=True, dropna=False):
        yield from _gpu_change(str(key[0]), _costs(types))


@dataclass(frozen=True, slots=True)
class _Cost:
    """What jobs of one kind cost on one GPU type. hours: GPU-hours of one, in the mean."""

    gpu: str
    jobs: int
    mean: float
    error: float
    hours: float

    @property
    def whole(self) -> float:
        return self.mean * self.jobs


def _costs(types: pd.DataFrame) -> list[_Cost]:
    """Cheapest type first."""
    error = types["std"] / types["jobs"] ** 0.5
    columns = (types["gpu"], types["jobs"], types["mean"], error, types["hours"])
    found = [
        _Cost(str(gpu), int(jobs), float(mean), float(off), float(hours))
        for gpu, jobs, mean, off, hours in zip(*columns, strict=True)
    ]
    return sorted(found, key=lambda one: one.mean)


def _gpu_change(template: str, costs: list[_Cost]) -> Iterator[Change]:
    """Changes to the cheapest type, from those that cost more beyond doubt (two errors)."""
    for other in costs[1:]:
        best, saved = costs[0], other.whole - costs[0].mean * other.jobs
        sure = other.mean - best.mean > 2 * (other.error**2 + best.error**2) ** 0.5
        if sure and saved >= _MATTERS * other.whole:
            yield _to_type(template, other, best)


def _to_type(template: str, other: _Cost, best: _Cost) -> Change:
    enough = min(best.jobs, other.jobs) >= _SURE_JOBS
    reason = sentence(
        "a job cost {mean} on {best} ({n} jobs) and {more} on {gpu} ({m} jobs)",
        mean=f"{best.mean:.3g}",
        best=best.gpu,
        n=best.jobs,
        more=f"{other.mean:.3g}",
        gpu=other.gpu,
        m=other.jobs,
    )
    return Change(
        template=template,
        target="gpu",
        before=other.gpu,
        after=best.gpu,
        jobs=best.jobs + other.jobs,
        affected=other.jobs,
        gib_hours=0.0,
        money=(other.mean - best.mean) * other.jobs,
        risk=None,
        confidence=Confidence.HIGH if enough else Confidence.MEDIUM,
        reasons=(reason,),
        diff=f" policy:\n-  gpu_types: [{other.gpu}]\n+  gpu_types: [{best.gpu}]",
        seconds_ratio=best.hours / other.hours,
    )
