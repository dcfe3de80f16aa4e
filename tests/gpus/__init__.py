import pytest

from estimator.gpus.catalogue import Catalogue, load_catalogue
from estimator.paths import HOME_VARIABLE


def shipped_catalogue() -> Catalogue:
    """The catalogue without the site file of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, "no-such-folder")
        return load_catalogue()
