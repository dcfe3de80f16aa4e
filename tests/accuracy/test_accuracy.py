"""The quick slice of the comparison; all of it is ``make accuracy``."""

import pytest

from estimator.values import Missing
from tests.accuracy import rows
from tests.accuracy.compare import Bench, bench, compare
from tests.accuracy.models import CASES

pytestmark = pytest.mark.paddle


@pytest.fixture(scope="module")
def here():
    found = bench()
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    return found


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.quick])
def test_peak_and_its_parts_are_those_of_the_cpu_allocator(name: str, here: Bench):
    row = compare(name, here)
    assert not row.complaint, row.complaint


def test_the_recorded_reference_is_what_the_cpu_gives_here(here: Bench):
    kept = rows.load(rows.REFERENCE)["lenet"]
    again = here.reference("lenet")
    if kept["paddle_version"] != again["paddle_version"]:
        pytest.skip(f"recorded with Paddle {kept['paddle_version']}")
    assert again == kept


def test_there_are_enough_models_with_a_reference():
    assert len(CASES) >= 30
    assert rows.load(rows.REFERENCE).keys() == CASES.keys()
