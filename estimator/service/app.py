"""The application: routes, errors, and what runs beside them."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from estimator import __version__
from estimator.errors import EstimatorError, InternalError
from estimator.messages import message
from estimator.service.api import comparing, estimates, health, knowledge
from estimator.service.api.models import Problem
from estimator.service.context import Context, language_of
from estimator.service.engines.local import confinement_of
from estimator.service.events import Hub
from estimator.service.intake.digest import Naming
from estimator.service.jobs.store import JobStore
from estimator.service.metrics import Measured, Metrics
from estimator.service.pages import report, routes, session
from estimator.service.pages.render import page
from estimator.service.pages.result import Documents
from estimator.service.problems import MEDIA_TYPE, Refused, problem_of, shown_whole, told
from estimator.service.reporting import Reports
from estimator.service.sandbox.limits import SandboxLimits
from estimator.service.security.failures import Failures
from estimator.service.security.guard import Guard, TooLarge
from estimator.service.security.rates import Rates
from estimator.service.security.tokens import read_tokens
from estimator.service.settings import KUBERNETES, Settings
from estimator.service.supervise import Workers

_THREADS = 8
"""Of the pool that waits for the database: each has a connection of its own."""

_DESCRIPTION = "Memory, speed, GPU count and job YAML of a PaddlePaddle model, without a GPU."
_KINDS = {404: "not-found", 405: "wrong-method", 400: "malformed", 413: "too-large"}


def context_for(settings: Settings, store: JobStore) -> Context:
    """What all parts of the service share."""
    uploads = ""
    elsewhere = settings.dry_step_on is not None
    limits = SandboxLimits(settings.memory_bytes)
    if not settings.unsafe_uploads and not elsewhere and not confinement_of(limits).safe:
        uploads = message("problem.no-uploads_detail")
    return Context(
        settings=settings,
        store=store,
        hub=Hub(store),
        naming=Naming(settings.site, KUBERNETES if settings.on_kubernetes else ""),
        rates=Rates(settings.bounds.requests_per_minute),
        failures=Failures(),
        tokens=None if settings.tokens is None else read_tokens(settings.tokens),
        metrics=Metrics(),
        uploads=uploads,
    )


def create_app(context: Context, workers: Workers | None = None) -> FastAPI:
    """The application. ``workers``: those that it keeps running, if any."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        tasks = [asyncio.create_task(context.hub.look_for_ever())]
        if workers is not None:
            tasks += map(asyncio.create_task, (workers.keep(), workers.tidy()))
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if workers is not None:
            workers.stop()
        context.store.close()

    app = FastAPI(
        title="paddle-estimate",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.state.workers = workers
    app.state.documents = Documents()
    app.state.reports = Reports(context.settings.cluster)
    for part in (estimates, comparing, knowledge, health, report, routes, session):
        app.include_router(part.router)
    _answer_errors(app)
    app.add_middleware(Measured, metrics=context.metrics)
    app.add_middleware(Guard, settings=context.settings)
    _describe(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return _problem(request, error.plain, error.headers)

    @app.exception_handler(TooLarge)
    async def too_large(request: Request, error: TooLarge) -> Response:
        return _problem(request, {"kind": "too-large", "status": 413})

    @app.exception_handler(EstimatorError)
    async def known(request: Request, error: EstimatorError) -> Response:
        return _problem(request, problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        found = [(str(one["loc"][-1]), str(one["msg"])) for one in error.errors()]
        what = "; ".join(f"{place}: {said}" for place, said in found)
        plain = {"kind": "bad-input", "status": 422, "what": what, "where": found[0][0]}
        return _problem(request, plain)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        kind = _KINDS.get(error.status_code, "malformed")
        plain = {"kind": kind, "status": error.status_code}
        return _problem(request, plain, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def defect(request: Request, error: Exception) -> Response:
        traceback.print_exception(error, file=sys.stderr)
        return _problem(request, problem_of(InternalError(type(error).__name__)))


def _problem(
    request: Request, plain: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    document = told(plain, language_of(request), request.url.path)
    if _is_page(request):
        if plain["kind"] == "unauthenticated":
            return session.to_login(request)
        return page(request, "error.html", status=plain["status"], error=shown_whole(document))
    return JSONResponse(document, plain["status"], headers, MEDIA_TYPE)


def _is_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        "/api/"
    )


def _describe(app: FastAPI) -> None:
    """The OpenAPI document with the problem's schema, which no operation names as its model."""
    generated = app.openapi

    def described() -> dict[str, Any]:
        document = generated()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas[Problem.__name__] = Problem.model_json_schema()
        return document

    app.openapi = described  # type: ignore[method-assign]
