"""Past jobs as one frame that all sections count on.

Columns beside those of a record: ``submitted``, ``began``, ``ended`` (seconds since 1970, NaN where
not known), ``seconds`` of running, ``wait`` (measured ones only), ``gpus`` (whole GPUs times the
share of each), ``hours`` (GPU-hours), ``running`` (at the end of the data).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from estimator.learning.arrays import seconds_since_1970
from estimator.learning.frames import needed_columns
from estimator.messages import sentence
from estimator.records.columns import BY_NAME, Kind, prediction_column
from estimator.records.stores.query import has_predictions
from estimator.records.types import Status, Target
from estimator.report.types import Window
from estimator.values import Missing

if TYPE_CHECKING:
    import pandas as pd

    from estimator.records.stores.base import Store

NAMES = ("team", "template", "user", "gpu", "queue")
"""What jobs are grouped by. A job without a name is of the group ``UNKNOWN``."""

UNKNOWN = ""

WANTED = tuple(
    dict.fromkeys(
        (
            *("origin", "created_at", *NAMES, "model", "gpu_count", "gpu_share", "node_count"),
            *("requested_memory_bytes", "requested_cpu", "requested_gpu_memory_bytes"),
            *("requested_duration_s", "submitted_at", "started_at", "finished_at", "duration_s"),
            *("used_cpu_s", "gpu_utilization", "status", "exit_reason", "peak_memory_bytes"),
            *("peak_device_bytes", "step_time_s", "tool_version"),
            *(
                prediction_column("predicted", target, part)
                for target in Target
                for part in ("target", "lower", "upper")
            ),
            *needed_columns(),
        )
    )
)
"""The columns of a record that the report reads."""

_WITHOUT_PREDICTIONS = tuple(
    name for name in WANTED if not name.startswith(("predicted_", "prior_"))
)


@dataclass(frozen=True)
class Jobs:
    """frame: as the module says. as_of: the last moment that the data knows of."""

    frame: pd.DataFrame
    as_of: float

    def __len__(self) -> int:
        return len(self.frame)

    def within(self, window: Window) -> Jobs:
        """The jobs that were submitted in a window; those without any time are in none."""
        start, end = window.start.timestamp(), window.end.timestamp()
        submitted = self.frame["submitted"]
        chosen = (submitted >= start) & (submitted < end)
        return replace(self, frame=self.frame[chosen].reset_index(drop=True))

    @property
    def start(self) -> str:
        """The column that says from when on a job held its GPUs, as far as the data knows.

        Where no job says when it started, the time of its submission has to do.
        """
        return "began" if self.frame["began"].notna().any() else "submitted"

    @cached_property
    def with_gpus(self) -> pd.DataFrame:
        """The jobs that hold a GPU; nobody may change this frame."""
        return self.frame[self.frame["gpus"] > 0]


def read_jobs(store: Store, advance: Any = None) -> Jobs:
    """All jobs of a store. advance: called with (rows read, rows in all) now and then."""
    wanted = WANTED if has_predictions(store) else _WITHOUT_PREDICTIONS
    total = store.count()

    def read() -> Iterator[pd.DataFrame]:
        done = 0
        for frame in store.batches(wanted):
            yield frame
            done += len(frame)
            if advance is not None:
                advance(done, total)

    return jobs_of(read())


def jobs_of(frames: Iterable[pd.DataFrame]) -> Jobs:
    """Jobs of frames with columns of a record; a column that none has is empty."""
    import pandas as pd

    parts = [_compact(frame) for frame in frames]
    frame = _joined(parts) if parts else pd.DataFrame(index=range(0))
    for name in WANTED:
        if name not in frame:
            frame[name] = _nothing(name, len(frame))
    return _derived(frame)


def span(jobs: Jobs, since: datetime | None, before: datetime | None) -> Window | Missing:
    """From the first submission to the last moment that is known, or as asked."""
    import numpy as np

    known = jobs.frame["submitted"].to_numpy()
    known = known[np.isfinite(known)]
    if since is None and not len(known):
        return Missing(sentence("no job says when it was submitted, started or ended"))
    start = since or datetime.fromtimestamp(float(known.min()), UTC)
    end = before or datetime.fromtimestamp(max(jobs.as_of, start.timestamp()) + 1, UTC)
    return Window(start, max(end, start))


def looked_up(names: pd.Series[Any], values: Mapping[str, float]) -> Any:
    """The number of each name, NaN where there is none."""
    import numpy as np

    kinds = names.astype("category").cat
    of_kind = np.array([values.get(str(name), np.nan) for name in kinds.categories], "float64")
    return of_kind[kinds.codes] if len(of_kind) else np.full(len(names), np.nan)


def _nothing(name: str, count: int) -> Any:
    import numpy as np
    import pandas as pd

    kind = BY_NAME[name].kind
    if kind is Kind.TEXT:
        return pd.Categorical([UNKNOWN] * count)
    if kind is Kind.MOMENT:
        return pd.Series(pd.NaT, index=range(count), dtype="datetime64[us, UTC]")
    return np.full(count, np.nan)


def _compact(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with text as categories: a million rows of names then take a few megabytes."""
    known = {name: frame[name] for name in WANTED if name in frame}
    text = {
        name: _category(values)
        for name, values in known.items()
        if BY_NAME[name].kind is Kind.TEXT and str(values.dtype) != "category"
    }
    return frame[list(known)].assign(**text)


def _category(values: pd.Series[Any]) -> Any:
    """Text as categories; only the few names that there are get spelled and sorted."""
    import pandas as pd

    codes, names = pd.factorize(values.where(values.notna(), UNKNOWN).to_numpy(dtype=object))
    spelled = pd.Series([str(name) for name in names], dtype=str).astype("category")
    return spelled.array.take(codes)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd
    from pandas.api.types import union_categoricals

    columns: dict[str, Any] = {}
    for name in dict.fromkeys(str(name) for part in parts for name in part):
        series = [part[name] if name in part else _nothing(name, len(part)) for part in parts]
        if BY_NAME[name].kind is Kind.TEXT:
            columns[name] = union_categoricals(series, sort_categories=True)
        else:
            columns[name] = pd.concat([pd.Series(one) for one in series], ignore_index=True)
    return pd.DataFrame(columns)


def _derived(frame: pd.DataFrame) -> Jobs:
    import numpy as np

    submitted, began, ended = (
        seconds_since_1970(frame[name]) for name in ("submitted_at", "started_at", "finished_at")
    )
    duration = frame["duration_s"].to_numpy("float64")
    wait = began - submitted
    submitted = _first(submitted, began, ended - duration)
    moments = np.concatenate([part[np.isfinite(part)] for part in (submitted, began, ended)])
    as_of = float(moments.max()) if len(moments) else 0.0
    began = _first(began, ended - duration)
    status = frame["status"]
    running = np.isfinite(began) & ~np.isfinite(ended) & ~np.isfinite(duration)
    running &= status.isin((Status.RUNNING, UNKNOWN)).to_numpy()
    seconds = _first(duration, ended - began, np.where(running, as_of - began, np.nan))
    waiting = (status == Status.PENDING).to_numpy() & ~np.isfinite(began)
    seconds = np.where(waiting, 0.0, seconds)
    share = frame["gpu_share"].fillna(1.0).to_numpy("float64")
    gpus = frame["gpu_count"].to_numpy("float64") * share
    return Jobs(
        frame.assign(
            submitted=submitted,
            began=began,
            ended=_first(ended, began + seconds),
            wait=wait,
            seconds=seconds,
            running=running,
            gpus=gpus,
            hours=gpus * seconds / 3600,
        ),
        as_of,
    )


def _first(*arrays: Any) -> Any:
    """Of each place the first value that is known."""
    import numpy as np

    found = arrays[0]
    for other in arrays[1:]:
        found = np.where(np.isfinite(found), found, other)
    return found
