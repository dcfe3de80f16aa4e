from __future__ import annotations

import numpy as np
import pandas as pd

from estimator.learning.counting import OneByOne, observe
from estimator.learning.frames import comparisons, kinds_of
from estimator.learning.node import EPOCH_SECONDS
from estimator.learning.state import Groups, Key, State


def frame_of(count: int) -> pd.DataFrame:
    """Jobs of several kinds over two years, some killed, some of no name."""
    random = np.random.default_rng(7)

    def some(*names: str | None) -> list[str | None]:
        return [names[place] for place in random.integers(0, len(names), count)]

    return pd.DataFrame(
        {
            "template": some("a", "b", None),
            "model": some("m", None),
            "user": some("u", "v", None),
            "gpu": some("g", None),
            "status": some("succeeded", "failed", "OOMKilled"),
            "requested_memory_bytes": np.full(count, 4e9),
            "peak_memory_bytes": random.lognormal(21, 0.5, count),
            "duration_s": random.choice([60.0, np.nan], count),
            "finished_at": pd.to_datetime(
                random.integers(0, 24 * EPOCH_SECONDS, count), unit="s", utc=True
            ).astype("datetime64[us, UTC]"),
        }
    )


def test_a_few_at_a_time_is_all_at_once() -> None:
    frame = frame_of(400)
    kinds, compared = kinds_of(frame), next(comparisons(frame))
    whole, pieces = State(), State()
    observe(whole, compared, kinds)
    counting = OneByOne(pieces, compared, kinds)
    for places in np.array_split(np.arange(len(compared.rows)), 37):
        counting.count(places)
    assert counted(whole) == counted(pieces)


def counted(state: State) -> dict[Key, object]:
    """Without what jobs took in all, which is for advice and not asked for in between."""
    return {
        key: (node.counted, node.last_seen, node.out_of_memory) for key, node in state.nodes.items()
    }


def test_jobs_of_the_same_names_are_told_in_order_of_appearance() -> None:
    frame = pd.DataFrame({"template": ["b", "a", "b", None], "gpu": ["g", "g", "g", "g"]})
    names, same = kinds_of(frame).distinct(np.array([2, 1, 0, 3]))
    assert names == [Groups("b", gpu="g"), Groups("a", gpu="g"), Groups(gpu="g")]
    assert same.tolist() == [0, 1, 0, 2]


def test_of_nothing_nothing_is_counted() -> None:
    frame = frame_of(20)
    state, compared = State(), next(comparisons(frame)).only(np.array([], dtype=int))
    observe(state, compared, kinds_of(frame))
    OneByOne(state, compared, kinds_of(frame)).count(np.array([], dtype=int))
    assert state.is_empty
