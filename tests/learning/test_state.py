from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator.learning.counting import observe_frame
from estimator.learning.ending import Ending, ending_of
from estimator.learning.frames import comparisons, kinds_of
from estimator.learning.state import Basis, Groups, Level, Outcome, State, levels_of, merged
from estimator.records.types import Target

NAMES = st.sampled_from([None, "a", "b", "'; DROP TABLE jobs; --", "名字", "\x1f"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "template": NAMES,
            "model": NAMES,
            "user": NAMES,
            "gpu": NAMES,
            "status": st.sampled_from([None, "succeeded", "failed", "OOMKilled"]),
            "requested_memory_bytes": st.sampled_from([np.nan, 0.0, 1e9, 4e9]),
            "peak_memory_bytes": st.sampled_from([np.nan, 0.0, 1.0, 5e8, 2e9]),
            "duration_s": st.sampled_from([np.nan, 0.0, 60.0]),
            "submitted_at": st.sampled_from([None, 0, 10**9, 4 * 10**9]),
        }
    ),
    max_size=8,
)


def frame_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    names = ["template", "model", "user", "gpu", "status", "requested_memory_bytes"]
    frame = pd.DataFrame(rows, columns=[*names, "peak_memory_bytes", "duration_s", "submitted_at"])
    frame = frame.astype(
        dict.fromkeys(["requested_memory_bytes", "peak_memory_bytes", "duration_s"], "float64")
    )
    moments = pd.to_datetime(frame["submitted_at"].astype("float64"), unit="s", utc=True)
    return frame.assign(submitted_at=moments.astype("datetime64[us, UTC]"))


def one_by_one(rows: list[dict[str, object]]) -> State:
    """What counting all at once must come to, job by job."""
    state = State()
    for row in rows:
        expected, actual = row["requested_memory_bytes"], row["peak_memory_bytes"]
        ending = ending_of(row["status"])  # type: ignore[arg-type]
        # out of memory says something without a peak too: that the limit was not enough
        actual = actual if actual == actual or ending is not Ending.OUT_OF_MEMORY else 0.0
        known = actual > 0 or (actual == 0 and ending is Ending.OUT_OF_MEMORY)  # type: ignore[operator]
        if row["submitted_at"] is None or not known or not expected > 0:  # type: ignore[operator]
            continue
        lasted = row["duration_s"]
        state.observe(
            Outcome(
                Target.HOST_MEMORY,
                Basis.REQUESTED,
                Groups(*(row[name] for name in ("template", "model", "user", "gpu"))),  # type: ignore[arg-type]
                expected,  # type: ignore[arg-type]
                actual,  # type: ignore[arg-type]
                row["submitted_at"] + (0 if lasted != lasted else lasted),  # type: ignore[operator]
                ending,
                expected,  # type: ignore[arg-type]
            )
        )
    return state


@settings(max_examples=20)
@given(ROWS)
def test_counting_all_at_once_is_counting_one_by_one(rows: list[dict[str, object]]) -> None:
    # models are spelled one way in a frame; names of the strategy are spelled so already or empty
    rows = [{**row, "model": row["model"] if row["model"] in ("a", "b") else None} for row in rows]
    state = State()
    observe_frame(state, frame_of(rows))
    single = one_by_one(rows)
    assert set(state.nodes) == set(single.nodes)
    for key, node in state.nodes.items():
        other = single.nodes[key]
        assert (node.counted, node.last_seen) == (other.counted, other.last_seen)
        assert node.out_of_memory == other.out_of_memory


@settings(max_examples=8)
@given(ROWS, st.integers(0, 99))
def test_four_shards_in_any_order_are_one(rows: list[dict[str, object]], seed: int) -> None:
    shards = []
    for place in range(4):
        shards.append(State())
        observe_frame(shards[-1], frame_of(rows[place::4]))
    whole = State()
    observe_frame(whole, frame_of(rows))
    random.Random(seed).shuffle(shards)
    assert merged(shards) == whole
    assert merged([merged(shards[:2]), merged(shards[2:])]) == whole


def test_levels_go_from_fine_to_coarse() -> None:
    assert [level for level, _ in levels_of(Groups("t", "m", "u", "g"))] == list(Level)
    assert [level for level, _ in levels_of(Groups())] == [Level.ALL]
    assert [level for level, _ in levels_of(Groups("", "", "", ""))] == [Level.ALL]


def test_an_empty_frame_teaches_nothing() -> None:
    state = State()
    assert observe_frame(state, frame_of([])) == 0
    assert state == State()


def test_predictions_in_a_wrong_unit_or_not_of_a_dry_step_teach_nothing() -> None:
    frame = pd.DataFrame(
        {
            "model": ["a"] * 4,
            "step_time_s": [1.0, 1.0, 1.0, np.nan],
            "prior_step_time_s_target": [0.8, 1e-6, 0.8, 0.8],
            "prior_step_time_s_source": ["virtual", "virtual", "assumed", "virtual"],
            "finished_at": pd.to_datetime([1, 2, 3, 4], unit="s", utc=True).astype(
                "datetime64[us, UTC]"
            ),
        }
    )
    assert [list(one.rows) for one in comparisons(frame) if one.basis is Basis.PREDICTED] == [[0]]
    assert kinds_of(frame).groups(0) == Groups(None, "a", None, None)


@pytest.mark.parametrize("status", ["OOMKilled", "failed"])
def test_a_killed_job_bounds_from_below(status: str) -> None:
    row = {"template": "t", "status": status, "requested_memory_bytes": 4e9}
    rows = [{**row, "peak_memory_bytes": 1e9, "submitted_at": 0, "duration_s": 1.0}]
    compared = next(comparisons(frame_of(rows)))
    # out of memory: it needed what it could get at least; another failure: what it took so far
    assert compared.least.tolist() == [4e9 if status == "OOMKilled" else 1e9]
    assert compared.killed.tolist() == [True]
