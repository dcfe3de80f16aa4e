"""The suites' own training scripts, where they are here; all of them are ``make suites``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from estimator.values import Missing
from tests.drystep.virtual import plugin_or_skip
from tests.suites import rows
from tests.suites.cases import CASES
from tests.suites.rows import Figures, Row
from tests.suites.run import RECORDED, ran, version

FIGURES = Figures(
    suite="checkout 1",
    paddle="3.3.1",
    steps=3,
    peak_allocated=1_000_000,
    peak_at="train, backward, net.py:3",
    largest_batch=100,
    kinds=("Job",),
    phases=rows.PHASES,
)


@pytest.mark.paddle
@pytest.mark.xdist_group("corpus")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.suite)
def test_a_training_script_comes_to_its_yaml(case):
    plugin_or_skip()
    if isinstance(missing := version(case), Missing):
        pytest.skip(missing.reason)
    row = ran(case)
    if isinstance(row, Missing):
        pytest.skip(row.reason)
    assert not row.complaint, rows.line(row)


def test_every_suite_has_a_script_and_a_record():
    assert len({case.suite for case in CASES}) == 5
    recorded = json.loads(RECORDED.read_text())
    for case in CASES:
        figures = rows.from_record(recorded[case.suite])
        assert Row(case.suite, case.script, figures.suite, 0, 1.0, figures).complaint == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.suite)
def test_data_sets_are_small(case, tmp_path):
    """Without a suite only PaddleNLP's model cannot be made: its weights come from its package."""
    if case.suite == "PaddleNLP":
        pytest.skip("its model is made by paddlenlp")
    case.make_data(tmp_path, {})
    files = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert 0 < sum(path.stat().st_size for path in files) < 8 << 20
    assert "{" not in case.arguments.format(data=tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, ""),
        ({"suite": "checkout 2", "peak_allocated": 2_000_000}, ""),  # another version
        ({"peak_allocated": 1_000_900}, ""),  # 0.09 %
        ({"peak_allocated": 1_001_100}, "peak allocated +0.11% against the recorded 1,000,000"),
        ({"peak_allocated": 998_900}, "peak allocated -0.11% against the recorded 1,000,000"),
        ({"largest_batch": 98}, ""),
        ({"largest_batch": 97}, "the largest batch was 100, is 97"),
        ({"largest_batch": None}, "the largest batch was 100, is None"),
        ({"steps": 2}, "2 steps were seen"),
        ({"phases": ("train_first", "train")}, "not seen: eval"),
        ({"kinds": ()}, "the YAML has nothing"),
        ({"kinds": ("Job", "ConfigMap")}, "the YAML has Job, ConfigMap"),
    ],
)
def test_what_is_complained_about(change, complaint):
    found = replace(FIGURES, **change)
    row = Row("PaddleClas", "tools/train.py", found.suite, 0, 30.0, found, recorded=FIGURES)
    assert row.complaint == complaint
    assert ("!!" in rows.line(row)) == bool(complaint)


def test_a_script_that_fails_is_told():
    row = Row("PaddleOCR", "tools/train.py", "checkout 1", 4, 9.0, failure="no module named x")
    assert row.complaint == "exit code 4: no module named x"
    assert rows.line(row).endswith("!! exit code 4: no module named x")
