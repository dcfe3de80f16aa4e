"""The way through all sections: from jobs and a cluster to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from estimator import __version__
from estimator.messages import sentence
from estimator.progress import Progress, Stage
from estimator.report.advice import Change, Prices, changes
from estimator.report.cluster import Cluster
from estimator.report.data import Data
from estimator.report.jobs import Jobs, span
from estimator.report.sections.demand import demand
from estimator.report.sections.forecast import forecasts
from estimator.report.sections.method import method
from estimator.report.sections.packing import packing
from estimator.report.sections.queueing import queueing
from estimator.report.sections.risk import risk
from estimator.report.sections.scope import scope
from estimator.report.sections.score import score
from estimator.report.sections.supply import supply
from estimator.report.sections.usage import usage
from estimator.report.sections.waste import waste
from estimator.report.sections.whatif import whatif
from estimator.report.simulate.scenario import Scenario
from estimator.report.types import Figure, Report, Section, Window
from estimator.values import Missing

SECTIONS = (
    *("scope", "supply", "demand", "usage", "waste", "risk", "queueing", "packing", "forecast"),
    *("whatif", "score", "method"),
)
"""In the order of the report."""

COMPARED = ("scope", "supply", "demand", "usage", "waste", "risk", "queueing", "score")
"""Sections whose figures can be held against those of an earlier time."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What the report is to be of.

    sections: keys, all where empty. since, before: bounds of the window, None for those of the
    data. compare: begin of an earlier window, which ends where the window begins. by: the column
    that groups jobs. source: where the jobs come from, for people. scenarios: what-ifs, the usual
    ones where empty.
    """

    source: str
    cluster: Cluster | Missing
    sections: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    compare: datetime | None = None
    by: str = "team"
    zone: str = "UTC"
    scenarios: tuple[Scenario, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(key for key in SECTIONS if not self.sections or key in self.sections)


def build_report(jobs: Jobs, request: ReportRequest, progress: Progress) -> Report:
    """The report. It has no section at all where no job is known to have a time."""
    window = span(jobs, request.since, request.before)
    sections: tuple[Section, ...] = ()
    earlier = None
    if not isinstance(window, Missing):
        data = _data(jobs, request, window)
        sections = tuple(_built(data, request, progress))
        if request.compare is not None:
            earlier = Window(request.compare, window.start)
            sections = _compared(sections, _data(jobs, request, earlier), request)
    return Report(
        title=sentence("Capacity report"),
        made_at=datetime.now(UTC),
        tool_version=__version__,
        source=request.source,
        window=window,
        earlier=earlier,
        zone=request.zone,
        currency="" if isinstance(request.cluster, Missing) else request.cluster.currency,
        sections=sections,
    )


def _data(jobs: Jobs, request: ReportRequest, window: Window) -> Data:
    within = jobs.within(window)
    zone = ZoneInfo(request.zone)
    return Data(within, jobs, window, request.cluster, zone, request.by)


@dataclass(slots=True)
class _Shared:
    """What several sections need and is worked out once, when first asked for."""

    data: Data
    found: tuple[Change, ...] | None = None

    def changes(self) -> tuple[Change, ...]:
        if self.found is None:
            self.found = changes(self.data.frame, prices_of(self.data))
        return self.found


def prices_of(data: Data) -> Prices:
    """The prices that changes are valued at."""
    if isinstance(data.cluster, Missing):
        return Prices({}, None)
    memory = data.cluster.memory_price
    return Prices(data.cluster.prices, None if isinstance(memory, Missing) else memory)


def _makers(shared: _Shared, request: ReportRequest) -> Mapping[str, Callable[[], Section]]:
    data = shared.data
    return {
        "scope": lambda: scope(data),
        "supply": lambda: supply(data),
        "demand": lambda: demand(data),
        "usage": lambda: usage(data),
        "waste": lambda: waste(data, shared.changes()),
        "risk": lambda: risk(data),
        "queueing": lambda: queueing(data),
        "packing": lambda: packing(data),
        "forecast": lambda: forecasts(data),
        "whatif": lambda: whatif(data, shared.changes(), request.scenarios),
        "score": lambda: score(data),
        "method": lambda: method(data, request.source),
    }


def _built(data: Data, request: ReportRequest, progress: Progress) -> Iterator[Section]:
    makers = _makers(_Shared(data), request)
    wanted = [key for key in request.wanted if key in makers]
    progress.stage(Stage.REPORT)
    for done, key in enumerate(wanted):
        progress.advance(done, len(wanted))
        yield makers[key]()


def _compared(
    sections: tuple[Section, ...], earlier: Data, request: ReportRequest
) -> tuple[Section, ...]:
    makers = _makers(_Shared(earlier), request)
    return tuple(
        _with_earlier(section, makers[section.key]()) if section.key in COMPARED else section
        for section in sections
    )


def _with_earlier(section: Section, earlier: Section) -> Section:
    before: dict[str, Any] = {figure.key: figure.value for figure in earlier.figures}
    return replace(
        section,
        figures=tuple(_beside(figure, before.get(figure.key)) for figure in section.figures),
    )


def _beside(figure: Figure, before: Any) -> Figure:
    known = before is not None and not isinstance(before, Missing)
    return replace(figure, earlier=before if known else None)
