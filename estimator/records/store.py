"""The door to the stores of job records: opened by an address."""

from __future__ import annotations

import os
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.paths import user_data_folder
from estimator.records.stores.base import Store
from estimator.records.stores.sqlite import open_sqlite

STORE_NAME = "records.sqlite3"
STORE_VARIABLE = "PADDLE_ESTIMATE_STORE"
"""Environment variable with the address of the store that is used where none is named."""

FORMS = "sqlite:///FILE, duckdb:///FILE, postgresql://USER@HOST/DATABASE, spark:FOLDER"


SPARK = "spark:"
"""What an address of a lake begins with; what follows is a folder that Spark can reach."""


def open_store(address: str | Path | None = None) -> Store:
    """Open the store at an address, or the one of the environment, or the user's own file.

    A path is an SQLite file. Raises BadInput for an address that is not known, and where the
    place cannot be used or its driver is not installed.
    """
    where = default_address() if address is None else str(address)
    if where.startswith(SPARK):
        from estimator.records.stores.spark import open_spark

        return open_spark(_lake(where))
    scheme, colon, _ = where.partition("://")
    if not colon:
        return open_sqlite(Path(where))
    if scheme == "sqlite":
        return open_sqlite(_path(where))
    if scheme == "duckdb":
        from estimator.records.stores.duckdb import open_duckdb

        return open_duckdb(_path(where))
    if scheme in ("postgresql", "postgres"):
        from estimator.records.stores.postgres import open_postgres

        return open_postgres(where)
    what = sentence("'{scheme}' is no kind of store", scheme=scheme)
    raise BadInput(what, where="--store", hint=FORMS)


def default_address() -> str:
    """The address of PADDLE_ESTIMATE_STORE, or the SQLite file in the user's data folder."""
    return os.environ.get(STORE_VARIABLE) or str(user_data_folder() / STORE_NAME)


def is_address(text: str) -> bool:
    """Whether it names a store by its kind; anything else is the path of a file."""
    return "://" in text or text.startswith(SPARK)


def is_there(address: str) -> bool:
    """False for the embedded store of someone who has no record yet."""
    if is_address(address) and not address.startswith("sqlite:"):
        return True
    return (_path(address) if "://" in address else Path(address)).exists()


def new_identifier() -> str:
    """A unique identifier that sorts by time: 48 bits of milliseconds, 80 random bits, in hex."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{milliseconds:012x}{os.urandom(10).hex()}"


def _lake(address: str) -> str:
    """The folder of ``spark:/data/jobs``, ``spark:///data/jobs`` or ``spark:s3a://bucket/jobs``."""
    folder = address.removeprefix(SPARK).rstrip("/")
    folder = folder.removeprefix("//") if folder.startswith("///") else folder
    if not folder:
        what = sentence("'{address}' names no folder", address=address)
        raise BadInput(what, where="--store", hint="spark:/data/jobs")
    return folder


def _path(address: str) -> Path:
    """The file of ``sqlite:///folder/file``: relative, with a fourth slash absolute."""
    parts = urlsplit(address)
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc or not path:
        what = sentence("'{address}' names no file", address=address)
        raise BadInput(what, where="--store", hint=f"{parts.scheme}:///records.db")
    return Path(path)
