from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.records.correction import CACHE_FILE, fit_correction, load_or_fit
from estimator.records.fitted import FittedCorrection, Level, NoHistory, TargetFit, model_key
from estimator.records.types import JobFacts, ResidualSample, Target
from estimator.values import Bounded, Source

PRIOR = Bounded(100.0, 90.0, 120.0, Source.VIRTUAL, "roofline")
CHECKOUT = Path(__file__).parents[2]


def facts(model: str = "ResNet-50", gpu: str = "T4") -> JobFacts:
    return JobFacts(model, gpu, "fp32", 32)


def sample(
    ratio: float, model: str = "ResNet-50", target: Target = Target.STEP_TIME
) -> ResidualSample:
    return ResidualSample(facts(model), target, PRIOR, 100.0 * ratio, "test")


def many(count: int, ratio: float = 1.2, model: str = "ResNet-50") -> tuple[ResidualSample, ...]:
    """Jobs that took ``ratio`` times the prior, give or take two percent in turns."""
    return tuple(sample(ratio * (1.02 if i % 2 else 0.98), model) for i in range(count))


def test_no_history_is_the_prior_with_a_reason() -> None:
    answer = NoHistory().correct(Target.STEP_TIME, facts(), PRIOR)
    assert replace(answer, reason="") == replace(PRIOR, reason="")
    assert answer.reason == "roofline; not corrected by history: no past jobs to learn from"


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_little_history_says_how_much(count: int) -> None:
    answer = fit_correction(many(count)).correct(Target.STEP_TIME, facts(), PRIOR)
    assert replace(answer, reason="") == replace(PRIOR, reason="")
    assert f"{count} past jobs with step time, 5 are needed" in answer.reason


def test_a_target_learns_from_its_own_samples_only() -> None:
    correction = fit_correction(many(20))
    answer = correction.correct(Target.DEVICE_MEMORY, facts(), PRIOR)
    assert "0 past jobs with device memory" in answer.reason
    assert answer.target == PRIOR.target


def test_one_group_shrinks_by_n_over_n_plus_k() -> None:
    # Constant, model and GPU type are the same column x here. The ridge solution of three equal
    # columns is sum(y) / (3 n + k) for each, 3 sum(y) / (3 n + k) together: with n = 40 jobs
    # 1.2 times the prior, and the smallest k of 1, that is 120 / 121 of ln 1.2.
    fit = fit_correction([sample(1.2)] * 40).fits[Target.STEP_TIME]
    total = fit.shift + fit.models["resnet50"].shift + fit.gpus["T4"].shift
    assert total == pytest.approx(math.log(1.2) * 120 / 121)


def test_a_model_with_history_moves_more_than_one_without() -> None:
    correction = fit_correction((*many(20, 1.5), *many(20, 1.0, "BERT")))
    known = correction.correct(Target.STEP_TIME, facts(), PRIOR)
    other = correction.correct(Target.STEP_TIME, facts("BERT"), PRIOR)
    new = correction.correct(Target.STEP_TIME, facts("unheard of", "H100-SXM5-80GB"), PRIOR)
    assert known.target == pytest.approx(150, rel=0.03)
    assert other.target == pytest.approx(100, rel=0.03)
    assert new.target == 100  # the two differ so much that they say nothing of a third
    assert new.upper > 150
    assert known.source is Source.REGRESSED
    assert "40 past jobs, 20 of ResNet-50, 40 on T4: +4" in known.reason


def test_the_interval_narrows_where_jobs_of_the_model_support_it() -> None:
    correction = fit_correction(many(20))
    known = correction.correct(Target.STEP_TIME, facts(), PRIOR)
    new = correction.correct(Target.STEP_TIME, facts("unheard of"), PRIOR)
    assert known.upper / known.lower < 1.06  # they scatter by two percent either way
    assert new.lower / new.target <= PRIOR.lower / PRIOR.target
    assert new.upper / new.target >= PRIOR.upper / PRIOR.target


@pytest.mark.parametrize("change", ["few", "seen by the prior"])
def test_the_interval_stays_where_they_do_not(change: str) -> None:
    samples = many(8) if change == "few" else [replace(s, seen_by_prior=True) for s in many(40)]
    answer = fit_correction(samples).correct(Target.STEP_TIME, facts(), PRIOR)
    assert answer.lower / answer.target == pytest.approx(0.9)
    assert answer.upper / answer.target == pytest.approx(1.2)


def test_the_interval_widens_where_jobs_scatter_more_than_the_prior_says() -> None:
    scatter = [sample(2.0 if i % 2 else 0.5, f"m{i}") for i in range(20)]
    answer = fit_correction(scatter).correct(Target.STEP_TIME, facts("unheard of"), PRIOR)
    assert answer.lower <= 0.55 * answer.target
    assert answer.upper >= 1.8 * answer.target


def test_nine_in_ten_new_jobs_fall_inside() -> None:
    # Deciles of a normal distribution with a spread of 0.1, each four times, in mixed order.
    deciles = (-0.164, -0.104, -0.067, -0.039, -0.013, 0.013, 0.039, 0.067, 0.104, 0.164)
    ratios = [math.exp(d) for d in deciles * 4]
    answer = fit_correction([sample(r) for r in ratios]).correct(Target.STEP_TIME, facts(), PRIOR)
    inside = sum(answer.lower <= 100 * r <= answer.upper for r in ratios)
    assert inside >= 36


def test_device_memory_never_goes_below_the_lower_bound_of_the_prior() -> None:
    samples = [sample(0.5, target=Target.DEVICE_MEMORY)] * 30
    answer = fit_correction(samples).correct(Target.DEVICE_MEMORY, facts(), PRIOR)
    assert answer.target == 90.0


def test_left_out_errors_are_those_of_fitting_again() -> None:
    import numpy as np
    from sklearn.linear_model import Ridge

    from estimator.records.correction import _LeftOut

    rows = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1], [1, 0, 1]]
    logs = [0.3, 0.1, -0.2, 0.0, 0.4]
    groups = ["a", "a", "b", "b", "b"]
    x, y = np.array(rows, dtype=float), np.array(logs)
    full = Ridge(alpha=2.0, fit_intercept=False).fit(x, y)
    left_out = _LeftOut.of(x, y - full.predict(x), 2.0)
    for i in range(5):
        for errors, keep in (
            (left_out.each(), [j != i for j in range(5)]),
            (left_out.whole_groups(groups), [group != groups[i] for group in groups]),
        ):
            again = Ridge(alpha=2.0, fit_intercept=False).fit(x[keep], y[keep])
            assert errors[i] == pytest.approx(y[i] - again.predict(x[[i]])[0])


@pytest.mark.parametrize("actual", [0.0, -1.0, math.nan, math.inf, 1e30])
def test_an_absurd_outcome_is_refused(actual: float) -> None:
    with pytest.raises(ValueError, match="actual of a job cannot be"):
        ResidualSample(facts(), Target.STEP_TIME, PRIOR, actual, "test")


def test_a_prediction_in_the_wrong_unit_teaches_nothing() -> None:
    good = many(20)
    assert fit_correction((*good, sample(1000.0))) == fit_correction(good)


@pytest.mark.parametrize("target", [0.0, math.inf])
def test_a_prior_that_cannot_be_scaled_comes_back(target: float) -> None:
    prior = Bounded(target, target, target, Source.VIRTUAL, "")
    assert fit_correction(many(20)).correct(Target.STEP_TIME, facts(), prior).target == target


def test_spellings_of_a_model_are_one_model() -> None:
    assert model_key("ResNet-50") == model_key("resnet_50") == model_key("RESNET50")


_NUMBERS = st.floats(-10, 10)
_SPREADS = st.floats(0, 10)
_LEVELS = st.dictionaries(st.text(), st.builds(Level, _NUMBERS, st.integers(0, 9999)), max_size=3)
_FITS = st.builds(
    TargetFit,
    count=st.integers(0, 9999),
    shift=_NUMBERS,
    models=_LEVELS,
    gpus=_LEVELS,
    spread_known=st.none() | _SPREADS,
    spread_new=st.none() | _SPREADS,
    spread_of_model=st.dictionaries(st.text(), _SPREADS, max_size=3),
)


@given(st.dictionaries(st.sampled_from(Target), _FITS))
def test_every_fit_survives_json(fits: dict[Target, TargetFit]) -> None:
    correction = FittedCorrection(fits)
    assert FittedCorrection.from_json(correction.to_json()) == correction


@given(st.dictionaries(st.just(Target.STEP_TIME), _FITS), st.floats(1e-6, 1e6))
def test_every_fit_gives_a_valid_interval(fits: dict[Target, TargetFit], scale: float) -> None:
    prior = Bounded(scale, scale * 0.5, scale * 2.0, Source.VIRTUAL, "")
    FittedCorrection(fits).correct(Target.STEP_TIME, facts(), prior)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fits": {"colour": {}}}', '{"fits": 1}'])
def test_json_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="FittedCorrection"):
        FittedCorrection.from_json(text)


def test_no_samples_need_no_cache(tmp_path: Path) -> None:
    assert load_or_fit((), tmp_path / "cache") == NoHistory()
    assert not (tmp_path / "cache").exists()


def test_a_warm_run_loads_no_sklearn(tmp_path: Path) -> None:
    first = load_or_fit(many(20), tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.records.test_correction import load_or_fit, many\n"
        "print(load_or_fit(many(20), Path(sys.argv[1])).to_json())\n"
        "assert 'sklearn' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert FittedCorrection.from_json(run.stdout) == first


@pytest.mark.parametrize("damage", [b"", b"\xff\xff", b"half", None])
def test_a_damaged_cache_is_fitted_again(tmp_path: Path, damage: bytes | None) -> None:
    first = load_or_fit(many(20), tmp_path)
    path = tmp_path / CACHE_FILE
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2] if damage is None else damage)
    assert load_or_fit(many(20), tmp_path) == first
    assert path.read_bytes() == good
    assert os.listdir(tmp_path) == [CACHE_FILE]


def test_other_samples_are_fitted_again(tmp_path: Path) -> None:
    assert load_or_fit(many(20), tmp_path) != load_or_fit(many(20, 1.5), tmp_path)
    assert load_or_fit(many(20, 1.5), tmp_path) == fit_correction(many(20, 1.5))


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert load_or_fit(many(20), tmp_path / "file") == fit_correction(many(20))
