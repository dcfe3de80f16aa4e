from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.learning.correction import NoHistory, correction_of, state_of
from estimator.learning.state import model_key
from estimator.paths import shipped_folder
from estimator.records.samples import published_samples, store_samples
from estimator.records.store import new_identifier, open_store
from estimator.records.types import (
    Correction,
    Happened,
    JobFacts,
    JobRecord,
    Predicted,
    ResidualSample,
    Submitted,
    Target,
)
from estimator.values import Bounded, Source

PRIOR = Bounded(100.0, 90.0, 120.0, Source.VIRTUAL, "roofline")


def facts(model: str = "ResNet-50", gpu: str = "T4") -> JobFacts:
    return JobFacts(model, gpu, "fp32", 32)


def sample(
    ratio: float, model: str = "ResNet-50", target: Target = Target.STEP_TIME, **changes: object
) -> ResidualSample:
    made = ResidualSample(facts(model), target, PRIOR, 100.0 * ratio, "test")
    return replace(made, **changes)  # type: ignore[arg-type]


def many(count: int, ratio: float = 1.2, model: str = "ResNet-50") -> tuple[ResidualSample, ...]:
    """Jobs that took ``ratio`` times the prior, give or take two percent in turns."""
    return tuple(sample(ratio * (1.02 if i % 2 else 0.98), model) for i in range(count))


def fit(samples: object) -> Correction:
    return correction_of(state_of(samples))  # type: ignore[arg-type]


def step(correction: Correction, model: str = "ResNet-50", gpu: str = "T4") -> Bounded[float]:
    return correction.correct(Target.STEP_TIME, facts(model, gpu), PRIOR)


def test_no_history_is_the_prior_with_a_reason() -> None:
    answer = step(fit(()))
    assert replace(answer, reason="") == replace(PRIOR, reason="")
    assert answer.reason == "roofline; not corrected by history: no past jobs to learn from"
    assert NoHistory().evidence(Target.STEP_TIME, facts()) == ()


@pytest.mark.parametrize("count", [1, 4])
def test_too_little_history_says_how_much(count: int) -> None:
    correction = fit(many(count))
    answer = step(correction)
    assert replace(answer, reason="") == replace(PRIOR, reason="")
    assert f"{count} past jobs with step time, 5 are needed" in answer.reason
    assert correction.evidence(Target.STEP_TIME, facts()) == ()


def test_a_target_learns_from_its_own_samples_only() -> None:
    answer = fit(many(20)).correct(Target.DEVICE_MEMORY, facts(), PRIOR)
    assert "0 past jobs with device memory" in answer.reason
    assert answer.target == PRIOR.target


def test_groups_shrink_by_n_over_n_plus_k() -> None:
    # 7 jobs of a model on one GPU type, all 1.2 times the prior: the job itself counts 7/10, the
    # model 7/10 of the rest, the GPU type and everything nothing: one kind of job shows nothing
    # of others. In all 0.7 + 0.3 x 0.7 = 0.91 of ln 1.2; a bin is 0.8 % wide.
    moved = math.log(step(fit([sample(1.2)] * 7)).target / 100)
    assert moved == pytest.approx(0.91 * math.log(1.2), abs=1 / 128)


def test_a_model_with_history_moves_more_than_one_without() -> None:
    correction = fit((*many(20, 1.5), *many(20, 1.0, "BERT")))
    known, other = step(correction), step(correction, "BERT")
    new = step(correction, "unheard of", "H100-SXM5-80GB")
    assert known.target == pytest.approx(150, rel=0.03)
    assert other.target == pytest.approx(100, rel=0.03)
    assert new.target == 100  # two models do not show what a third will do
    assert new.upper > 150
    assert known.source is Source.REGRESSED
    assert "40 past jobs, 20 of this job on this GPU type, 20 of ResNet-50, 40 on T4: +4" in (
        known.reason
    )


def test_evidence_adds_up_to_less_than_all() -> None:
    found = fit((*many(20, 1.5), *many(20, 1.0, "BERT"))).evidence(Target.STEP_TIME, facts())
    assert [(one.level, one.count, one.killed) for one in found] == [
        ("same job on the same GPU type", 20, 0),
        ("model", 20, 0),
        ("GPU type", 40, 0),
        ("all", 40, 0),
    ]
    assert 0.9 < sum(one.share for one in found) < 1.0


def test_the_interval_narrows_where_jobs_of_the_model_support_it() -> None:
    correction = fit(many(200))
    known, new = step(correction), step(correction, "unheard of")
    assert known.upper / known.lower < 1.06  # they scatter by two percent either way
    assert new.upper / new.lower > 1.3


@pytest.mark.parametrize("change", ["few", "seen by the prior"])
def test_the_interval_hardly_narrows_where_they_do_not(change: str) -> None:
    seen = [sample(one.actual / 100, seen_by_prior=True) for one in many(40)]
    answer = step(fit(many(5) if change == "few" else seen))
    assert answer.lower / answer.target <= 0.95
    assert answer.upper / answer.target >= 1.08


def test_the_interval_widens_where_jobs_scatter_more_than_the_prior_says() -> None:
    scatter = [sample(2.0 if i % 2 else 0.5, f"m{i}") for i in range(20)]
    answer = step(fit(scatter), "unheard of")
    assert answer.lower <= 0.55 * answer.target
    assert answer.upper >= 1.8 * answer.target


def test_nine_in_ten_new_jobs_fall_inside() -> None:
    # Deciles of a normal distribution with a spread of 0.1, each four times, in mixed order.
    deciles = (-0.164, -0.104, -0.067, -0.039, -0.013, 0.013, 0.039, 0.067, 0.104, 0.164)
    ratios = [math.exp(d) for d in deciles * 4]
    answer = step(fit([sample(r) for r in ratios]))
    assert sum(answer.lower <= 100 * r <= answer.upper for r in ratios) >= 36


def test_models_that_are_predicted_well_are_not_made_worse_by_those_that_are_not() -> None:
    # Six models are predicted within 1 %, two are off by half: their mean is +10 %, their
    # median nothing, and a new model is more likely to be one of the six.
    noise = random.Random(0)
    samples = [sample(math.exp(noise.gauss(0, 0.01)), f"good{n % 6}") for n in range(36)]
    samples += [sample(math.exp(0.4 + noise.gauss(0, 0.01)), f"bad{n % 2}") for n in range(12)]
    correction = fit(samples)
    new = step(correction, "new")
    assert new.target == pytest.approx(100, rel=0.01)
    assert new.upper >= 100 * math.exp(0.38)  # a quarter of the models was off by 40 %
    assert step(correction, "bad0").target == pytest.approx(100 * math.exp(0.4), rel=0.1)


def test_device_memory_never_goes_below_the_lower_bound_of_the_prior() -> None:
    samples = [sample(0.5, target=Target.DEVICE_MEMORY)] * 30
    answer = fit(samples).correct(Target.DEVICE_MEMORY, facts(), PRIOR)
    assert answer.target == 90.0
    assert answer.reason.endswith("-10.0%")


@pytest.mark.parametrize("source", [one for one in Source if one is not Source.VIRTUAL])
def test_only_virtual_predictions_are_corrected_and_teach(source: Source) -> None:
    prior = replace(PRIOR, source=source)
    kept = fit(many(20)).correct(Target.STEP_TIME, facts(), prior)
    assert (kept.target, kept.lower, kept.upper, kept.source) == (100.0, 90.0, 120.0, source)
    taught = fit([sample(1.5, prior=prior)] * 20)
    assert step(taught).target == 100.0


def test_an_out_of_memory_is_a_bound_and_not_a_peak() -> None:
    fine = [sample(1.0, target=Target.DEVICE_MEMORY)] * 20
    died = sample(
        0.7, target=Target.DEVICE_MEMORY, status="failed", exit_reason="OOMKilled", limit=160.0
    )
    answer = fit([*fine, died]).correct(Target.DEVICE_MEMORY, facts(), PRIOR)
    assert answer.upper >= 160.0  # it needed more than it could get
    assert answer.target == pytest.approx(100, rel=0.02)  # and nothing says how much
    assert "20 and 1 killed of this job" in answer.reason


def test_a_job_that_failed_early_does_not_pull_the_prediction_down() -> None:
    failed = [sample(0.1, target=Target.DEVICE_MEMORY, status="failed")] * 10
    fine = [sample(1.0, target=Target.DEVICE_MEMORY)] * 10
    both = fit([*fine, *failed]).correct(Target.DEVICE_MEMORY, facts(), PRIOR)
    assert both.target == pytest.approx(100, rel=0.02)


def test_history_of_failures_alone_bounds_from_below() -> None:
    failed = [sample(1.6, target=Target.DEVICE_MEMORY, status="out_of_memory")] * 10
    assert fit(failed).correct(Target.DEVICE_MEMORY, facts(), PRIOR).upper >= 160.0


def test_old_jobs_count_less() -> None:
    year = 365 * 86_400.0
    old = [sample(1.5)] * 20
    recent = [sample(1.0, ended_at=50 * year)] * 20
    assert step(fit([*old, *recent])).target == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize("actual", [0.0, -1.0, math.nan, math.inf, 1e30])
def test_an_absurd_outcome_is_refused(actual: float) -> None:
    with pytest.raises(ValueError, match="actual of a job cannot be"):
        ResidualSample(facts(), Target.STEP_TIME, PRIOR, actual, "test")


def test_a_prediction_in_the_wrong_unit_teaches_nothing() -> None:
    good = many(20)
    assert state_of((*good, sample(1000.0))) == state_of(good)


@pytest.mark.parametrize("target", [0.0, math.inf])
def test_a_prior_that_cannot_be_scaled_comes_back(target: float) -> None:
    prior = Bounded(target, target, target, Source.VIRTUAL, "")
    assert fit(many(20)).correct(Target.STEP_TIME, facts(), prior).target == target


def test_spellings_of_a_model_are_one_model() -> None:
    assert model_key("ResNet-50") == model_key("resnet_50") == model_key("RESNET50")


@given(
    st.lists(st.floats(0.06, 19.0), min_size=5, max_size=30),
    st.floats(1e-6, 1e6),
    st.floats(0.0, 1.0),
    st.floats(1.0, 50.0),
)
def test_every_history_gives_a_valid_interval(
    ratios: list[float], scale: float, below: float, above: float
) -> None:
    correction = fit([sample(ratio, f"m{i % 3}") for i, ratio in enumerate(ratios)])
    prior = Bounded(scale, scale * below, scale * above, Source.VIRTUAL, "")
    answer = correction.correct(Target.STEP_TIME, facts("m0"), prior)
    assert 0 <= answer.lower <= answer.target <= answer.upper < math.inf


def test_the_loop_of_predicting_and_learning_converges(tmp_path: Path) -> None:
    # Every job really takes 1.5 times its prior. Learning from what was said instead of from the
    # prior stops at 1.23: residuals of corrected values are near 0 and pull the shift back.
    noise = random.Random(0)
    prior = Bounded(1.0, 0.8, 1.2, Source.VIRTUAL, "roofline")
    with open_store(tmp_path / "records.sqlite3") as store:
        for _ in range(30):
            said = fit(store_samples(store)).correct(Target.STEP_TIME, facts(), prior)
            actual = 1.5 * math.exp(noise.gauss(0, 0.02))
            store.save(
                JobRecord(
                    new_identifier(),
                    datetime.now(UTC),
                    Submitted(facts()),
                    Predicted("0.1.0", step_time_s=said, prior_step_time_s=prior),
                    Happened(step_time_s=actual),
                )
            )
    assert said.target == pytest.approx(1.5, rel=0.03)


def test_published_runs_move_little_and_cover_what_was_measured() -> None:
    samples = published_samples(shipped_folder("history"))
    correction = fit(samples)
    for one in samples:
        answer = correction.correct(one.target, one.facts, one.prior)
        assert answer.lower <= one.actual <= answer.upper
        assert 0.9 <= answer.target / one.prior.target <= 1.3
