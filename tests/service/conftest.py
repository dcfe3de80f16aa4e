"""Nothing that a test of the service does reaches the data of who runs it."""

from __future__ import annotations

import pytest

from estimator.paths import HOME_VARIABLE, user_cache_folder
from estimator.records.store import STORE_VARIABLE
from tests.records.servers import postgres_programs, postgres_server


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "cache").symlink_to(user_cache_folder())  # the built virtual GPU
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    return home


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request):
    """Words of the service's command line: the embedded database, then a real PostgreSQL."""
    if request.param == "sqlite":
        yield []
        return
    if postgres_programs() is None:
        pytest.skip("no PostgreSQL server is installed")
    with postgres_server() as url:
        yield ["--database", url]
