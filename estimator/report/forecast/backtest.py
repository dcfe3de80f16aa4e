"""How far off forecasts would have been, and the bands that follow from it.

From many days of the past on (rolling origin) each model forecasts the sums of the weeks ahead,
knowing only what was before. A score is |ln((1 + truth) / (1 + forecast))| over the square root of
the weeks ahead: errors of a level that wanders grow like that. The band of a forecast is a quantile
of the scores that were known when it was made (split conformal), with the quantile raised for few
observations: scores of overlapping weeks count as many as there were weeks, not days.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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
    trials = [past.trial(name, _always(name)) for name in MODELS]
    trials.append(past.trial(CHOSEN, past.choice))
    return Forecast(model, tuple(target), tuple(lower), tuple(upper), tuple(trials))


def _always(model: str) -> Callable[[int], str]:
    return lambda origin: model


def horizon(days: int) -> int:
    """Weeks that a series of so many days is continued for: a third of it, 4 to 13."""
    return max(4, min(13, days // WEEK // 3))


def _band(target: Any, width: float) -> tuple[Any, Any]:
    import numpy as np

    spread = width * np.sqrt(np.arange(1, len(target) + 1))
    lower = np.expm1(np.log1p(target) - spread).clip(min=0.0)
    return np.minimum(lower, target), np.expm1(np.log1p(target) + spread)


class _Past:
    """All forecasts of the past of one series, their truths and scores.

    Arrays have one entry for each week that was forecast from one of the ``origins`` (days) and is
    over by now: the origin, the weeks ahead, the day by which it was over, what was true. By model:
    what was said, and the score.
    """

    def __init__(self, daily: Any, weeks: int) -> None:
        import numpy as np

        self._daily, self._weeks = daily, weeks
        last = len(daily) - WEEK
        step = max(1, math.ceil((last - FIRST) / MOST_ORIGINS))
        self.origins = list(range(last, FIRST - 1, -step))[::-1]
        pairs = [(origin, at) for origin in self.origins for at in range(self._whole(origin))]
        self._origin, self._ahead = np.array(pairs).T
        self._over = self._origin + (self._ahead + 1) * WEEK
        self._truth = np.array([daily[over - WEEK : over].sum() for over in self._over])
        said = [self._all_said(np.log1p(daily[:origin])) for origin in self.origins]
        self._said = {name: np.concatenate([each[name] for each in said]) for name in MODELS}
        self._scores = {
            name: abs(np.log1p(self._truth) - np.log1p(said)) / np.sqrt(self._ahead + 1)
            for name, said in self._said.items()
        }

    def _whole(self, origin: int) -> int:
        """Weeks from a day on that are whole and forecast."""
        return min(self._weeks, (len(self._daily) - origin) // WEEK)

    def _all_said(self, logs: Any) -> dict[str, Any]:
        """By model the sums of the weeks that follow some days and are whole."""
        whole = self._whole(len(logs))
        return {
            name: self.weekly(days)[:whole]
            for name, days in continued(logs, self._weeks * WEEK).items()
        }

    def weekly(self, logs: Any) -> Any:
        """Sums of weeks of a forecast in logarithms."""
        import numpy as np

        sums: Any = np.expm1(logs).clip(min=0.0).reshape(self._weeks, WEEK).sum(axis=1)
        return sums

    def _error(self, model: str, until: int) -> float:
        """Of the weeks that were over by a day."""
        known = self._over <= until
        truth = self._truth[known]
        return float(abs(truth - self._said[model][known]).sum() / (truth.sum() or 1.0))

    def choice(self, until: int) -> str:
        """The combination, as long as it has done at least as well as the naive forecast."""
        if self._known_weeks(until) < FEWEST_KNOWN:
            return COMBINED
        beaten = self._error(COMBINED, until) > self._error(NAIVE, until)
        return NAIVE if beaten else COMBINED

    def _known_weeks(self, until: int) -> int:
        return (until - FIRST) // WEEK

    def width(self, model: str, until: int) -> float:
        """Half the band of one week ahead, in logarithms, by the weeks that were over by a day."""
        import numpy as np

        known = self._known_weeks(until)
        level = min(1.0, math.ceil((known + 1) * NOMINAL) / known)
        return float(np.quantile(self._scores[model][self._over <= until], level))

    def trial(self, name: str, choose: Callable[[int], str]) -> Trial:
        """Go through the past with the model that ``choose`` says at each origin."""
        held, judged, off = 0, 0, 0.0
        for origin in self.origins:
            model, here = choose(origin), self._origin == origin
            off += float(abs(self._truth[here] - self._said[model][here]).sum())
            if self._known_weeks(origin) >= FEWEST_KNOWN:
                within = self._scores[model][here] <= self.width(model, origin) + 1e-9
                held, judged = held + int(within.sum()), judged + len(within)
        error = off / float(self._truth.sum() or 1.0)
        return Trial(name, len(self._truth), error, held / judged if judged else math.nan, judged)
