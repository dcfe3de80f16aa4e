"""For those who run the service: is it alive, can it work, how much does it do."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from estimator import __version__
from estimator.messages import text
from estimator.service.api.models import Ready
from estimator.service.context import Context, context_of, language_of
from estimator.service.supervise import Workers

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse, summary="Is the process alive")
async def healthz() -> str:
    """Always `ok`."""
    return "ok\n"


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "The database or all workers are not there."}},
    summary="Can it take work",
)
def readyz(request: Request, response: Response) -> Ready:
    """Whether the database answers and a worker can take work, and whether uploads are taken."""
    context = context_of(request)
    reason = _why_not(request, context)
    if reason:
        response.status_code = 503
    return Ready(
        ready=not reason,
        reason=reason,
        version=__version__,
        uploads=not context.uploads,
        uploads_reason=context.uploads,
    )


def _why_not(request: Request, context: Context) -> str:
    """Why no work can be taken now; empty where it can."""
    try:
        context.store.ping()
    except Exception:
        return text("ready.no_database", language_of(request))
    workers: Workers | None = request.app.state.workers
    if workers is not None and not workers.is_ready:
        return text("ready.no_worker", language_of(request))
    return ""


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus text format.", "content": {"text/plain": {}}}},
    summary="Figures for Prometheus",
)
def metrics(request: Request) -> Response:
    """Requests of this replica, runs of all."""
    context = context_of(request)
    text = context.metrics.text(context.store.counts(), context.hub.listeners)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
