"""What became of earlier jobs of a model. Never costs the user the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estimator.errors import BadInput
from estimator.learning.nearest import COLUMNS, PastJob, nearest
from estimator.records.store import default_address, is_there, open_store
from estimator.records.types import JobFacts

if TYPE_CHECKING:
    import pandas as pd

MOST_JOBS = 500
"""Jobs of one model that are looked at, the newest: what people do now."""


@dataclass(frozen=True, slots=True)
class PastJobs:
    """Jobs of one model that really ran. An estimate alone does not count.

    frame: one row each, newest first, with the columns of ``nearest``; None where there is no
    store, no job of it is known to have run, or it cannot be read.
    """

    frame: pd.DataFrame | None = None

    @property
    def templates(self) -> Mapping[str, int]:
        """How many of the jobs used each template."""
        if self.frame is None:
            return {}
        return Counter(name for name in self.frame["template"] if name)

    def nearest(self, facts: JobFacts) -> tuple[PastJob, ...]:
        """Those that are most like a job."""
        return () if self.frame is None else nearest(self.frame, facts)


def past_jobs(model: str) -> PastJobs:
    """The newest jobs of a model in the own store."""
    if not is_there(default_address()):
        return PastJobs()
    try:
        with open_store() as store:
            if not store.may_have_outcomes():
                return PastJobs()
            from estimator.records.stores.query import ran

            return PastJobs(ran(store, model, COLUMNS, MOST_JOBS))
    except BadInput:
        return PastJobs()
