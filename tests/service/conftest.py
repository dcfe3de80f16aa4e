"""Nothing that a test of the service does reaches the data of who runs it."""

from __future__ import annotations

import pytest

from estimator.paths import HOME_VARIABLE, user_cache_folder
from estimator.records.store import STORE_VARIABLE


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "cache").symlink_to(user_cache_folder())  # the built virtual GPU
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    return home
