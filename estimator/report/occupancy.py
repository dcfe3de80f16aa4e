"""How many GPUs were held when: exact sums over jobs, without a grid of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Held:
    """Jobs by beginning and by end, with running sums of GPUs and of GPUs times moment."""

    began: Any
    ended: Any
    begun_gpus: Any
    begun_moments: Any
    ended_gpus: Any
    ended_moments: Any

    def gpu_seconds(self, moments: Any) -> Any:
        """GPU-seconds held until each moment.

        A job that began at b and ended at e has given g * (clip(t, b, e) - b) of them at t.
        """
        import numpy as np

        started = np.searchsorted(self.began, moments, side="right")
        stopped = np.searchsorted(self.ended, moments, side="right")
        return (
            moments * (self.begun_gpus[started] - self.ended_gpus[stopped])
            - self.begun_moments[started]
            + self.ended_moments[stopped]
        )

    def most(self) -> float:
        """The most GPUs that were held at one moment."""
        import numpy as np

        if not len(self.began):
            return 0.0
        started = self.begun_gpus[np.searchsorted(self.began, self.began, side="right")]
        stopped = self.ended_gpus[np.searchsorted(self.ended, self.began, side="right")]
        return float((started - stopped).max())


def held(frame: pd.DataFrame, start: str = "began") -> Held:
    """Of jobs whose beginning, length and GPUs are known.

    start: the column to take for the beginning; ``submitted`` says what would have been held if
    nobody had waited.
    """
    import numpy as np

    known = frame[np.isfinite(frame[start]) & (frame["hours"] > 0)]
    began, gpus = known[start].to_numpy(), known["gpus"].to_numpy()
    ended = began + known["seconds"].to_numpy()
    first, last = np.argsort(began, kind="stable"), np.argsort(ended, kind="stable")
    return Held(
        began[first],
        ended[last],
        _sums(gpus[first]),
        _sums(gpus[first] * began[first]),
        _sums(gpus[last]),
        _sums(gpus[last] * ended[last]),
    )


def hours_between(frame: pd.DataFrame, bounds: tuple[float, float], start: str = "began") -> float:
    """GPU-hours that were held between two moments."""
    import numpy as np

    before, after = held(frame, start).gpu_seconds(np.array(bounds))
    return float(after - before) / 3600


def by_step(frame: pd.DataFrame, edges: Any, start: str = "began") -> Any:
    """GPU-hours held between each two of the edges, in seconds since 1970."""
    import numpy as np

    return np.diff(held(frame, start).gpu_seconds(np.asarray(edges, "float64"))) / 3600


def _sums(values: Any) -> Any:
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(values)])
