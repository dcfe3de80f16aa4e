"""Section 12: how all of it was counted, and from what."""

from __future__ import annotations

from estimator.messages import sentence
from estimator.report.data import Data
from estimator.report.sections.common import table_of_rows
from estimator.report.types import Column, Section, Unit
from estimator.values import Missing

_RULES = (
    sentence(
        "A job belongs to the window in which it was submitted; where that is not known, in which "
        "it started. GPUs held, supply and utilisation count running time within the window, of "
        "all jobs."
    ),
    sentence("A share of a GPU counts as that share; GPU-hours are GPUs times running time."),
    sentence("A job that still runs counts until the last moment of the data."),
    sentence(
        "Quantiles have distribution-free intervals from order statistics, shares have Wilson's; "
        "means over simulated jobs are bounded by drawing whole weeks again. All at 95 %."
    ),
    sentence(
        "A value that the data does not have is left out of its figure, and n says how many were "
        "there; nothing is filled in."
    ),
    sentence(
        "Memory advice: the amount whose expected cost is least, given past peaks of the template "
        "and the price of running out of memory (see `history recommend`). Jobs that ran out of "
        "memory or were stopped are lower bounds, never peaks."
    ),
    sentence(
        "What-if and packing: each job is placed as it was submitted, on one node where it fits on "
        "one, else on whole nodes, the fullest first; nobody submits less because queues are long."
    ),
)


def method(data: Data, source: str) -> Section:
    """Rules of counting, and sources."""
    sources = [(sentence("job records"), source)]
    if not isinstance(data.cluster, Missing):
        sources.append((sentence("cluster"), data.cluster.source))
    origins = data.frame["origin"].astype(str).value_counts()
    for origin, count in origins[origins > 0].items():
        said = sentence("{count} jobs of the window", count=int(count))
        sources.append((sentence("origin {name}", name=str(origin)), said))
    return Section(
        "method",
        sentence("Method and sources"),
        sentence("How all of this was counted, and from what."),
        tables=(
            table_of_rows(
                "sources",
                sentence("Sources"),
                (
                    Column("what", sentence("what"), Unit.TEXT),
                    Column("where", sentence("where"), Unit.TEXT),
                ),
                sources,
            ),
        ),
        notes=_RULES,
    )
