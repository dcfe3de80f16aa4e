"""What every section counts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from estimator.report.cluster import Cluster
from estimator.report.jobs import UNKNOWN, Jobs, looked_up
from estimator.report.types import Window
from estimator.values import Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Data:
    """jobs: those submitted in the window. every: all that are known, for what was held when.

    zone: in which days and hours of the day are told. by: the column that groups jobs. top: rows
    of a ranked table at most.
    """

    jobs: Jobs
    every: Jobs
    window: Window
    cluster: Cluster | Missing
    zone: ZoneInfo
    by: str
    top: int = 20

    @property
    def frame(self) -> pd.DataFrame:
        """The jobs of the window."""
        return self.jobs.frame

    @property
    def currency(self) -> str:
        return "" if isinstance(self.cluster, Missing) else self.cluster.currency

    def rates(self, frame: pd.DataFrame) -> Any:
        """The price of one GPU-hour of each job; NaN where it is not known."""
        import numpy as np

        if isinstance(self.cluster, Missing):
            return np.full(len(frame), np.nan)
        return looked_up(self.types(frame), self.cluster.prices)

    def types(self, frame: pd.DataFrame) -> pd.Series[str]:
        """The GPU type of each job; one that does not say it ran on the only type there is."""
        types = frame["gpu"].astype(str)
        only = [] if isinstance(self.cluster, Missing) else list(self.cluster.gpus())
        return types.mask(types == UNKNOWN, only[0]) if len(only) == 1 else types
