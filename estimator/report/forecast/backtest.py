"""How far off forecasts would have been, and the bands that follow from it.

From many days of the past on (rolling origin) each model forecasts the sums of the weeks ahead,
knowing only what was before. A score is |ln((1 + truth) / (1 + forecast))| over the square root of
the weeks ahead: errors of a level that wanders grow like that. The band of a forecast is a quantile
of the scores that were known when it was made (split conformal), with the quantile raised for few
observations: scores of overlapping weeks count as many as there were weeks, not days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from estimator.report.forecast.models import COMBINED, MODELS, NAIVE, WEEK, continued

NOMINAL = 0.8
"""Share of weeks that a band is meant to hold."""
FIRST = 3 * WEEK
"""Days that the first forecast of a back-test knows."""
FEWEST_WEEKS = 8
"""Weeks of history that a forecast is made from."""
FEWEST_KNOWN = 4
"""Weeks of scores before a band is drawn, and before a model is chosen by its errors."""
MOST_ORIGINS = 30


@dataclass(frozen=True, slots=True)
class Trial:
    """How a model did in the back-test: weeks forecast, their error, and what bands held.

    error: sum of |truth - forecast| over the sum of truth. coverage: share of the weeks within
    their band, of ``judged`` weeks that had one.
    """

    model: str
    weeks: int
    error: float
    coverage: float
    judged: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Sums of the weeks ahead with bands. trials: of every model, and of what was chosen as one
    went along, by name ``chosen``.
    """

    model: str
    target: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    trials: tuple[Trial, ...]

    def trial(self, name: str) -> Trial:
        """The back-test of a model."""
        return next(one for one in self.trials if one.model == name)


CHOSEN = "chosen"


def forecast(daily: Any, weeks: int) -> Forecast | None:
    """Continue a daily series; None where it has fewer than FEWEST_WEEKS weeks."""
    import numpy as np

    daily = np.asarray(daily, "float64")
    if len(daily) < FEWEST_WEEKS * WEEK:
        return None
    past = _Past(daily, weeks)
    end = len(daily)
    model = past.choice(end)
    target = past.weekly(continued(np.log1p(daily), weeks * WEEK)[model])
    lower, upper = _band(target, past.width(model, end))
    trials = [past.trial(name, lambda origin, name=name: name) for name in MODELS]
    trials.append(past.trial(CHOSEN, past.choice))
    return Forecast(model, tuple(target), tuple(lower), tuple(upper), tuple(trials))


def horizon(days: int) -> int:
    """Weeks that a series of so many days is continued for: a third of it, 4 to 13."""
    return max(4, min(13, days // WEEK // 3))


def _band(target: Any, width: float) -> tuple[Any, Any]:
    import numpy as np

    spread = width * np.sqrt(np.arange(1, len(target) + 1))
    lower = np.expm1(np.log1p(target) - spread).clip(min=0.0)
    return np.minimum(lower, target), np.expm1(np.log1p(target) + spread)


class _Past:
    """All forecasts of the past of one series, their truths and scores."""

    def __init__(self, daily: Any, weeks: int) -> None:
        import numpy as np

        self._daily, self._weeks = daily, weeks
        last = len(daily) - WEEK
        step = max(1, math.ceil((last - FIRST) / MOST_ORIGINS))
        self.origins = list(range(last, FIRST - 1, -step))[::-1]
        self._truth = {origin: self._sums(origin) for origin in self.origins}
        logs = np.log1p(daily)
        self._said = {
            (name, origin): self.weekly(days)
            for origin in self.origins
            for name, days in continued(logs[:origin], weeks * WEEK).items()
        }

    def weekly(self, logs: Any) -> Any:
        """Sums of weeks of a forecast in logarithms."""
        import numpy as np

        sums: Any = np.expm1(logs).clip(min=0.0).reshape(self._weeks, WEEK).sum(axis=1)
        return sums

    def _sums(self, origin: int) -> list[float]:
        """The true sums of the weeks from a day on, as many as are whole."""
        whole = min(self._weeks, (len(self._daily) - origin) // WEEK)
        return [
            float(self._daily[origin + at * WEEK : origin + (at + 1) * WEEK].sum())
            for at in range(whole)
        ]

    def _pairs(self, model: str, until: int) -> Iterator[tuple[int, float, float]]:
        """(week ahead, truth, forecast) of all that was known by a day."""
        for origin in self.origins:
            for at, truth in enumerate(self._truth[origin]):
                if origin + (at + 1) * WEEK <= until:
                    yield at, truth, float(self._said[model, origin][at])

    def _error(self, model: str, until: int) -> float:
        pairs = list(self._pairs(model, until))
        total = sum(truth for _, truth, _ in pairs)
        return sum(abs(truth - said) for _, truth, said in pairs) / (total or 1.0)

    def choice(self, until: int) -> str:
        """The combination, as long as it has done at least as well as the naive forecast."""
        if self._known_weeks(until) < FEWEST_KNOWN:
            return COMBINED
        beaten = self._error(COMBINED, until) > self._error(NAIVE, until)
        return NAIVE if beaten else COMBINED

    def _known_weeks(self, until: int) -> int:
        return (until - FIRST) // WEEK

    def width(self, model: str, until: int) -> float:
        """Half the band of one week ahead, in logarithms."""
        import numpy as np

        scores = [_score(*pair) for pair in self._pairs(model, until)]
        known = self._known_weeks(until)
        level = min(1.0, math.ceil((known + 1) * NOMINAL) / known)
        return float(np.quantile(scores, level))

    def trial(self, name: str, choose: Any) -> Trial:
        """Go through the past with the model that ``choose`` says at each origin."""
        weeks, held, judged, off, total = 0, 0, 0, 0.0, 0.0
        for origin in self.origins:
            model, known = choose(origin), self._known_weeks(origin) >= FEWEST_KNOWN
            width = self.width(model, origin) if known else math.nan
            for at, truth in enumerate(self._truth[origin]):
                said = float(self._said[model, origin][at])
                weeks, off, total = weeks + 1, off + abs(truth - said), total + truth
                judged += known
                held += known and _score(at, truth, said) <= width + 1e-9
        return Trial(
            name, weeks, off / (total or 1.0), held / judged if judged else math.nan, judged
        )


def _score(at: int, truth: float, said: float) -> float:
    return abs(math.log1p(truth) - math.log1p(said)) / math.sqrt(at + 1)
