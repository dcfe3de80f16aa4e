"""What is asked of a replay: other GPUs, other limits, or our advice taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.types import Target
from estimator.report.advice.types import GPU_COUNT, GPU_TYPE, Change
from estimator.report.cluster import Cluster

if TYPE_CHECKING:
    import pandas as pd

ADOPT = "adopt"
_PART = re.compile(r"(?P<queue>queue:)?(?P<name>[^=+]+?)(?P<how>\+|=|-(?=\d+$))(?P<count>\d+)")
_HINT = "adopt, A100+8, A100-8, A100=64,T4=0, or queue:vision=16"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One what-if. gpus: (type, difference) pairs, or (type, number) in ``mix``; queues: limits."""

    name: str
    adopt: bool = False
    gpus: tuple[tuple[str, int], ...] = ()
    mix: tuple[tuple[str, int], ...] = ()
    queues: tuple[tuple[str, int], ...] = field(default=())


def parse_scenario(words: str) -> Scenario:
    """The what-if that words mean, such as ``A100+8,queue:vision=16``. Raises BadInput."""
    made = Scenario(words)
    for part in words.split(","):
        part = part.strip()
        match = _PART.fullmatch(part)
        if part == ADOPT:
            made = replace(made, adopt=True)
        elif match is None or (match["queue"] and match["how"] != "="):
            what = sentence("'{words}' is no what-if", words=part)
            raise BadInput(what, where="--what-if", hint=_HINT)
        else:
            made = _with(made, match)
    return made


def with_types(made: Scenario, type_of: Callable[[str], str]) -> Scenario:
    """The same with the names of GPU types that people's words mean."""
    gpus = tuple((type_of(name), more) for name, more in made.gpus)
    return replace(made, gpus=gpus, mix=tuple((type_of(name), count) for name, count in made.mix))


def _with(made: Scenario, match: re.Match[str]) -> Scenario:
    pair = (match["name"].strip(), int(match["count"]))
    if match["queue"]:
        return replace(made, queues=(*made.queues, pair))
    if match["how"] == "=":
        return replace(made, mix=(*made.mix, pair))
    sign = 1 if match["how"] == "+" else -1
    return replace(made, gpus=(*made.gpus, (pair[0], sign * pair[1])))


def changed_cluster(cluster: Cluster, scenario: Scenario) -> Cluster:
    """The cluster of a what-if."""
    for name, more in scenario.gpus:
        cluster = cluster.with_gpus(name, more)
    for name, count in scenario.mix:
        cluster = cluster.with_gpus(name, count - cluster.gpus().get(name, 0))
    return replace(cluster, queues={**cluster.queues, **dict(scenario.queues)})


def changed_jobs(frame: pd.DataFrame, changes: Sequence[Change]) -> pd.DataFrame:
    """The jobs as if every template had asked as advised.

    Host memory: the advised amount where the job asked for more; who took more than that keeps
    its own. GPU type: the other type, with the running time that it has there. GPUs: the advised
    number, in the same time. Time limits leave the jobs as they are.
    """
    memory, gpus = frame["requested_memory_bytes"].copy(), frame["gpus"].copy()
    types, seconds = frame["gpu"].astype(str).copy(), frame["seconds"].copy()
    template, peak = frame["template"], frame["peak_memory_bytes"]
    for one in changes:
        of_it = template == one.template
        if one.target == Target.HOST_MEMORY and isinstance(one.after, int):
            fits = of_it & (memory > one.after) & ~(peak > one.after)
            memory = memory.mask(fits, float(one.after))
        elif one.target == GPU_COUNT and isinstance(one.after, float):
            gpus = gpus.mask(of_it & (gpus == one.before), one.after)
        elif one.target == GPU_TYPE:
            moved = of_it & (types == one.before)
            types = types.mask(moved, str(one.after))
            seconds = seconds.mask(moved, seconds * one.seconds_ratio)
    return frame.assign(requested_memory_bytes=memory, gpu=types, seconds=seconds, gpus=gpus)


def usual_scenarios(cluster: Cluster, changes: Sequence[Change]) -> tuple[Scenario, ...]:
    """What is asked where nobody asks: our advice, and a tenth more or fewer of the commonest."""
    found = [Scenario(ADOPT, adopt=True)] if changes else []
    types = cluster.gpus()
    if types:
        name = next(iter(types))
        tenth = max(1, round(types[name] / 10))
        found.append(Scenario(f"{name}+{tenth}", gpus=((name, tenth),)))
        if types[name] > tenth:
            found.append(Scenario(f"{name}-{tenth}", gpus=((name, -tenth),)))
    return tuple(found)
