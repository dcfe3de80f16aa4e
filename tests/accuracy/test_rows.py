"""When the comparison is content."""

from dataclasses import replace

import pytest

from tests.accuracy.models import CASES
from tests.accuracy.rows import Explanation, Row, explanations, largest_difference, summary, table

GOOD = Row("net", "SGD", 2, allocator=1_050_000, measured=1_000_000, predicted=1_004_000)
EXPLAINED = Explanation("another algorithm", limit=0.05)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (GOOD, ""),
        (replace(GOOD, predicted=1_006_000), "off by +0.60%"),
        (replace(GOOD, predicted=994_000), "off by -0.60%"),
        (replace(GOOD, predicted=1_006_000, explanation=EXPLAINED), ""),
        (replace(GOOD, predicted=1_060_000, explanation=EXPLAINED), "more than 5.00%"),
        (replace(GOOD, recorded=1_003_950), ""),  # 0.005 % worse is noise
        (replace(GOOD, recorded=996_000), ""),  # as far off, on the other side
        (replace(GOOD, recorded=1_000_000), "was +0.000%, is +0.400%"),
        (replace(GOOD, misplaced=6_000), "breakdown is off by 6000 bytes"),
        (replace(GOOD, predicted=None, failure="no kernel"), "failed: no kernel"),
    ],
)
def test_complaints(row, complaint):
    assert complaint in row.complaint
    assert bool(row.complaint) == bool(complaint)


def test_table_shows_the_cause_or_the_complaint():
    broken = replace(GOOD, name="broken", predicted=None, failure="no kernel")
    text = table([replace(GOOD, explanation=EXPLAINED), broken])
    assert "another algorithm" in text
    assert "!! failed: no kernel" in text
    assert "+0.400%" in text


def test_summary_counts_failures_against_us():
    broken = replace(GOOD, predicted=None)
    assert summary([GOOD, broken]).startswith("1 of 2 models within 0.5%, worst 0.400%")
    assert summary([broken]).startswith("0 of 1 models within 0.5%;")


def test_largest_difference():
    assert largest_difference({"a": 5, "b": 7}, {"a": 9, "b": 6}) == 4


def test_explanations_name_known_models():
    assert explanations().keys() <= CASES.keys()
