"""Trees on what shrinkage leaves over."""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from estimator.learning.boosting import (
    FEWEST_JOBS,
    Example,
    boosted,
    features_of,
    from_plain,
    to_plain,
)
from estimator.learning.correction import correction_of
from estimator.learning.fit import fit
from estimator.learning.model import from_json, to_json
from estimator.records.types import JobFacts, Target
from estimator.units import GIB
from estimator.values import Bounded, Source

JOBS = 2_000


def examples(trend, count=JOBS, noise=0.02, seed=0):
    """Jobs at batch sizes from 1 to 256, whose remainder follows ``trend`` of the batch's log."""
    random = np.random.default_rng(seed)
    made = []
    for batch in 2.0 ** random.integers(0, 9, count):
        facts = JobFacts(None, None, "fp32", int(batch), 1)
        remainder = trend(math.log(batch)) + noise * random.standard_normal()
        made.append(Example(features_of(facts, 8.0 * GIB), float(remainder)))
    return made


def at(boost, batch, expected=8.0 * GIB):
    return boost.shift(features_of(JobFacts(None, None, "fp32", batch, 1), expected))


def test_a_trend_with_the_batch_size_is_found() -> None:
    boost = boosted(examples(lambda log: 0.05 * log))
    assert boost is not None
    # ln 256 x 0.05 = 0.277, ln 1 = 0
    assert at(boost, 256) == pytest.approx(0.277, abs=0.03)
    assert at(boost, 1) == pytest.approx(0.0, abs=0.03)
    assert boost.jobs == JOBS // 5
    assert boost.after < 0.3 * boost.before


def test_noise_alone_is_not_learnt_from() -> None:
    assert boosted(examples(lambda log: 0.0)) is None


def test_too_few_jobs() -> None:
    assert boosted(examples(lambda log: 0.05 * log, FEWEST_JOBS - 1)) is None


def test_a_larger_batch_never_gets_a_smaller_correction() -> None:
    # the truth falls from batch 32 on; a plan with more must not seem to need less all the same
    boost = boosted(examples(lambda log: 0.1 * min(log, 3.5) - 0.02 * max(0.0, log - 3.5)))
    assert boost is not None
    shifts = [at(boost, batch) for batch in range(1, 300)]
    assert all(one <= other + 1e-12 for one, other in pairwise(shifts))


def test_a_feature_that_no_record_tells() -> None:
    bare = [
        Example((one.features[0], math.nan, math.nan, math.nan), one.remainder)
        for one in examples(lambda log: 0.05 * log)
    ]
    boost = boosted(bare)
    assert boost is not None
    assert at(boost, 256) == pytest.approx(0.277, abs=0.03)


def test_missing_features_have_an_answer() -> None:
    boost = boosted(examples(lambda log: 0.05 * log))
    assert boost is not None
    assert math.isfinite(boost.shift((math.nan,) * 4))


@settings(max_examples=30)
@given(st.lists(st.floats(-30, 30) | st.just(math.nan), min_size=4, max_size=4))
def test_our_trees_say_what_scikit_learn_says(features: list[float]) -> None:
    ours, theirs = both_models()
    assert ours.at(features) == pytest.approx(theirs.predict([features])[0], abs=1e-9)


@cache
def both_models():
    from sklearn.ensemble import HistGradientBoostingRegressor

    from estimator.learning.boosting import _MONOTONE, _SETTINGS, _fit

    made = examples(lambda log: 0.05 * log, 600)
    model = HistGradientBoostingRegressor(monotonic_cst=list(_MONOTONE), **_SETTINGS)
    with threadpool_limits(1):
        model.fit([one.features for one in made], [one.remainder for one in made])
    return _fit(made), model


def test_they_come_back_from_json_as_they_were() -> None:
    boost = boosted(examples(lambda log: 0.05 * log))
    assert boost is not None
    plain = json.loads(json.dumps(to_plain({Target.DEVICE_MEMORY: boost}), allow_nan=False))
    assert from_plain(plain) == {"device_memory_bytes": boost}


@pytest.mark.parametrize(
    "tree",
    [
        [[0], [0.0], [0], [5], [6], [0.0]],  # children that are not there
        [[0], [0.0], [0], [0], [1], [0.0]],
        [[0, 0, 0], [0.0] * 3, [0] * 3, [0, 1, 0], [0, 2, 0], [0.0] * 3],  # its own child
        [[9, 0, 0], [0.0] * 3, [0] * 3, [1, 0, 0], [2, 0, 0], [0.0] * 3],  # no such feature
        [[0], [0.0], [0], [0], [0]],  # a column short
        [[], [], [], [], [], []],
    ],
)
def test_trees_that_lead_nowhere_are_refused(tree) -> None:
    plain = {"x": {"base": 0, "before": 0, "after": 0, "jobs": 0, "trees": [tree]}}
    with pytest.raises((ValueError, TypeError)):
        from_plain(plain)


def records(count=3_000, seed=0):
    """Jobs whose prediction is 10 % short for each doubling of the batch size."""
    random = np.random.default_rng(seed)
    batch = 2.0 ** random.integers(0, 8, count)
    prior = GIB * (1.0 + batch)
    ended = pd.to_datetime(np.arange(count) * 60_000_000, unit="us", utc=True)
    return pd.DataFrame(
        {
            "template": [f"template{n}" for n in random.integers(0, 5, count)],
            "status": "succeeded",
            "precision": "fp32",
            "per_device_batch_size": batch,
            "gpu_count": 1.0,
            "peak_device_bytes": prior
            * 1.1 ** np.log2(batch)
            * np.exp(0.01 * random.standard_normal(count)),
            "prior_device_memory_bytes_target": prior,
            "prior_device_memory_bytes_lower": prior * 0.9,
            "prior_device_memory_bytes_upper": prior * 1.2,
            "prior_device_memory_bytes_source": "virtual",
            "submitted_at": ended.astype("datetime64[us, UTC]"),
            "finished_at": ended.astype("datetime64[us, UTC]"),
        }
    )


def test_a_correction_follows_the_batch_size_and_says_so() -> None:
    model = from_json(to_json(fit(records())))
    assert set(model.boosts) == {Target.DEVICE_MEMORY}
    correction = correction_of(model.state, model.calibration, model.boosts)
    for batch in (2, 16, 128):
        prior = GIB * (1.0 + batch)
        said = correction.correct(
            Target.DEVICE_MEMORY,
            JobFacts(None, None, "fp32", batch, 1, template="template1"),
            Bounded(prior, prior * 0.9, prior * 1.2, Source.VIRTUAL, "roofline"),
        )
        assert said.target == pytest.approx(prior * 1.1 ** math.log2(batch), rel=0.05)
        assert said.lower <= said.target <= said.upper
        assert "for batch size, GPU count and size" in said.reason
