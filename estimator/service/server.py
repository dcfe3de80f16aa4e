"""The server process: the application, its workers, and uvicorn."""

from __future__ import annotations

import os
import sys

import uvicorn

from estimator.messages import Say
from estimator.paths import HOME_VARIABLE
from estimator.records.store import STORE_VARIABLE
from estimator.service.app import context_for, create_app
from estimator.service.jobs.store import open_jobs
from estimator.service.jobs.worker import engine_of
from estimator.service.settings import Settings
from estimator.service.supervise import Workers

_GRACE_SECONDS = 3
_KEEP_ALIVE_SECONDS = 75
"""Of a connection that nothing is asked on: longer than a proxy before us keeps it (60 s)."""


def serve(settings: Settings, say: Say) -> int:
    """Serve until interrupted. Raises BadInput where the database or a file cannot be used."""
    if settings.database.startswith("postgres"):
        # what the replicas learn is shared as well
        os.environ.setdefault(STORE_VARIABLE, settings.database)
    if home := os.environ.get(HOME_VARIABLE):
        os.environ[HOME_VARIABLE] = os.path.abspath(home)  # workers have other current folders
    store = open_jobs(settings.database)
    if settings.on_kubernetes:
        engine_of(settings).close()  # what is wrong with the way there is said now
    context = context_for(settings, store)
    app = create_app(context, Workers(settings, store))
    print(say("serve.listening", host=settings.host, port=settings.port), file=sys.stderr)
    if context.uploads:
        print(say("serve.no_uploads"), file=sys.stderr)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
    return 0
