"""A tenth of the corpus, from PyPI; all of it is ``make corpus``."""

import pytest

from estimator.values import Missing
from tests.corpus import install, rows
from tests.corpus.cases import CASES
from tests.corpus.run import bench, compared

SLICE = [case for case in CASES.values() if case.quick]
pytestmark = [pytest.mark.paddle, pytest.mark.xdist_group("corpus"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def here():
    found = bench()
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    if problem := install.install(sorted({case.suite for case in SLICE})):
        pytest.skip(problem)
    return found


@pytest.mark.parametrize("suite", sorted({case.suite for case in SLICE}))
def test_peak_is_that_of_the_cpu_allocator(suite, here):
    cases = [case for case in SLICE if case.suite == suite]
    found = list(compared(cases, here))
    complaints = [f"{row.name}: {row.complaint}" for row in found if row.complaint]
    assert len(found) == len(cases)
    assert not complaints, "\n".join(complaints)


def test_the_slice_is_large_enough():
    assert len(SLICE) >= len(CASES) / 10
    assert len({case.suite for case in SLICE}) >= 3


def test_explanations_name_known_architectures():
    assert rows.explanations().keys() <= CASES.keys()
