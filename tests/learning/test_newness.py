from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.learning.newness import MADE_UP_KINDS, Newness, score_of, stage_of
from estimator.learning.predict import Predictor, Question
from estimator.learning.state import Basis, Group, Groups, Level, Outcome, State
from estimator.records.types import Target

STAGE: Group = (Target.HOST_MEMORY, Basis.REQUESTED, Level.TEMPLATE, "3")


def test_without_scores_what_is_wanted_is_asked_for() -> None:
    assert Newness().miss(STAGE, 0.05) == pytest.approx(0.05)


def test_bounds_of_other_kinds_that_were_too_wide_are_tightened() -> None:
    newness = Newness()
    for kind in range(20):
        newness.note(STAGE, f"k{kind}", 1.0, 0.0)
    # all 20 kinds stayed where a chance of e^-1 = 0.37 was left: a tenth of 20 + 20 made-up kinds
    # is 4 misses, all from the made-up ones: 20 m = 4
    assert newness.miss(STAGE, 0.1) == pytest.approx(0.2)
    # another stage knows nothing of it
    assert newness.miss((*STAGE[:3], "4"), 0.1) == pytest.approx(0.1)


def test_bounds_of_other_kinds_that_were_missed_are_widened() -> None:
    newness = Newness()
    for kind in range(20):
        newness.note(STAGE, f"k{kind}", -math.log(0.01), 0.0)
    # half of the weight stands at a chance of 0.01, so that less than that is to be asked for
    assert newness.miss(STAGE, 0.1) == pytest.approx(0.01, rel=0.01)


def test_a_kind_counts_once_however_many_jobs_it_had() -> None:
    many, one = Newness(), Newness()
    one.note(STAGE, "fan-out", 3.0, 0.0)
    for _ in range(500):
        many.note(STAGE, "fan-out", 3.0, 0.0)
    assert many.miss(STAGE, 0.1) == pytest.approx(one.miss(STAGE, 0.1))
    # 1 / 21 of the weight stands at e^-3: 20 m + 1 = 2.1 beyond it, or 20 m = 2.1 above
    assert one.miss(STAGE, 0.1) == pytest.approx(1.1 / MADE_UP_KINDS, rel=0.01)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0, 16), st.floats(0, 3e8), st.integers(0, 15)),
        max_size=60,
    )
)
def test_one_shard_and_sixteen_give_the_same(
    noted: list[tuple[str, float, float, int]],
) -> None:
    whole, shards = Newness(), [Newness() for _ in range(16)]
    for kind, score, ended, shard in noted:
        whole.note(STAGE, kind, score, ended)
        shards[shard].note(STAGE, kind, score, ended)
    together = Newness()
    for shard in reversed(shards):
        together.merge(shard)
    assert together == whole
    assert together.miss(STAGE, 0.05) == Newness(whole.state).miss(STAGE, 0.05)


def test_a_stage_is_the_finest_level_and_how_much_it_knows() -> None:
    state, groups = State(), Groups("t", None, "mei")
    question = Question(Target.HOST_MEMORY, Basis.REQUESTED, groups, 8.0)
    assert stage_of(question, Predictor(state).ask(question)) is None
    for _ in range(5):
        state.observe(Outcome(Target.HOST_MEMORY, Basis.REQUESTED, groups, 8.0, 2.0, 60.0))
    answer = Predictor(state).ask(question)
    # 3 < 5 <= 7: log2(5 + 1) is between 2 and 3
    assert stage_of(question, answer) == STAGE
    other = Question(Target.HOST_MEMORY, Basis.REQUESTED, Groups("u", None, "mei"), 8.0)
    # one kind of job of this user
    assert stage_of(other, Predictor(state).ask(other)) == (*STAGE[:2], Level.USER, "1")
    assert score_of(answer, math.log(100)) > score_of(answer, math.log(2 / 8)) >= 0
