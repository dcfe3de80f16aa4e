"""Estimates: ask for one, follow it, read the answer, stop it."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from estimator.manifest.kindnames import ManifestKind, parse_kind
from estimator.manifest.provenance import annotated
from estimator.messages import localise
from estimator.rerender import again, against_template
from estimator.service.api.answers import problems
from estimator.service.api.body import ask_in, body_schema
from estimator.service.api.models import (
    ChangedLine,
    Estimate,
    Estimates,
    ManifestChanges,
    estimate_of,
)
from estimator.service.context import Context, caller, context_of, language_of
from estimator.service.intake.asking import asked
from estimator.service.jobs.types import Run, State
from estimator.service.problems import Refused
from estimator.service.security.tokens import Caller

router = APIRouter(prefix="/api/v1/estimates", tags=["estimates"])

Who = Annotated[Caller, Depends(caller)]
Name = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Identifier of an estimate.")]
OtherKind = Annotated[ManifestKind | None, Query(description="Another kind of job.")]
_PING_SECONDS = 15
_PAGE = 20


@router.post(
    "",
    status_code=202,
    response_model=Estimate,
    responses=problems(413, 415)
    | {200: {"model": Estimate, "description": "Asked before: the estimate that is there."}},
    openapi_extra=body_schema(),
    summary="Ask for an estimate",
)
async def create(request: Request, who: Who) -> Response:
    """Queue an estimate, or give the answer at once where the same was asked before."""
    context, language = context_of(request), language_of(request)
    ask = await ask_in(request, context)
    run, known = await run_in_threadpool(asked, ask, who, context)
    if not known:
        await run_in_threadpool(
            context.store.note, who.name, "submit", f"{run.identifier} {run.title}"
        )
    text = estimate_of(run, language).model_dump_json()
    headers = {"Location": f"/api/v1/estimates/{run.identifier}"}
    return Response(text, 200 if known else 202, headers, "application/json")


@router.get("", response_model=Estimates, responses=problems(), summary="List estimates")
def list_(
    request: Request,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=100)] = _PAGE,
    before: Annotated[float | None, Query(ge=0, le=1e12, allow_inf_nan=False)] = None,
) -> Estimates:
    """Those of the token, newest first; of everybody for an admin."""
    context, language = context_of(request), language_of(request)
    runs = context.store.newest(None if who.is_admin else who.name, limit, before)
    after = (
        f"/api/v1/estimates?limit={limit}&before={runs[-1].created!r}"
        if len(runs) == limit
        else None
    )
    return Estimates(estimates=[estimate_of(run, language) for run in runs], next=after)


@router.get("/{name}", response_model=Estimate, responses=problems(404), summary="One estimate")
def show(request: Request, who: Who, name: Name) -> Estimate:
    """Where it stands; with the error where it failed and a summary where it is done."""
    context = context_of(request)
    run = find(context, name)
    ahead = context.store.ahead_of(run) if run.state is State.QUEUED else None
    return estimate_of(run, language_of(request), ahead)


@router.get(
    "/{name}/result",
    responses=problems(404, 409)
    | {
        200: {"description": "As of `paddle-estimate --json`.", "content": {"application/json": {}}}
    },
    response_class=Response,
    summary="The whole answer",
)
def result(request: Request, who: Who, name: Name) -> Response:
    """The JSON document of the command line's --json."""
    context = context_of(request)
    packed = packed_document(context, find(context, name), language_of(request).value)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(packed, media_type="application/json", headers=headers)
    return Response(gzip.decompress(packed), media_type="application/json")


@router.get(
    "/{name}/events",
    responses=problems(404)
    | {
        200: {"description": "Server-sent events `estimate`.", "content": {"text/event-stream": {}}}
    },
    response_class=Response,
    summary="Progress as it happens",
)
async def events(request: Request, who: Who, name: Name) -> EventSourceResponse:
    """An event `estimate` now and after each change; its data is the estimate. Ends with it."""
    context, language = context_of(request), language_of(request)
    run = await run_in_threadpool(find, context, name)

    async def told() -> AsyncIterator[ServerSentEvent]:
        async for current in context.hub.changes(run):
            ahead = None
            if current.state is State.QUEUED:
                ahead = await run_in_threadpool(context.store.ahead_of, current)
            text = estimate_of(current, language, ahead).model_dump_json()
            yield ServerSentEvent(text, event="estimate", id=str(current.version))

    return EventSourceResponse(told(), ping=_PING_SECONDS)


@router.post("/{name}/cancel", response_model=Estimate, responses=problems(404), summary="Stop it")
def cancel(request: Request, who: Who, name: Name) -> Estimate:
    """End an estimate that waits or is under way; one that is over stays as it is."""
    context = context_of(request)
    run = find(context, name)
    if not who.is_admin and run.owner != who.name:
        raise Refused("not-yours", 403)
    context.store.cancel(name)
    context.store.note(who.name, "cancel", name)
    return estimate_of(find(context, name), language_of(request))


@router.get(
    "/{name}/manifest",
    responses=problems(404, 409)
    | {200: {"description": "The job's YAML.", "content": {"application/yaml": {}}}},
    response_class=Response,
    summary="The YAML, as any kind of job",
)
def manifest(
    request: Request,
    who: Who,
    name: Name,
    kind: OtherKind = None,
    provenance: Annotated[bool, Query(description="With the origin behind every value.")] = False,
) -> Response:
    """Made again from what the estimate decided."""
    context = context_of(request)
    wanted = None if kind is None else parse_kind(kind.value)
    estimate = _answered(find(context, name))
    made = localise(again(estimate, wanted, context.settings.site.templates), language_of(request))
    text = annotated(made) if provenance else made.text
    return Response(text, media_type="application/yaml; charset=utf-8")


@router.get(
    "/{name}/manifest/diff",
    response_model=ManifestChanges,
    responses=problems(404, 409),
    summary="What the YAML adds to its template and changes in it",
)
def manifest_diff(
    request: Request,
    who: Who,
    name: Name,
    kind: OtherKind = None,
) -> ManifestChanges:
    """Line by line, with the reason of every value that was added."""
    context = context_of(request)
    wanted = None if kind is None else parse_kind(kind.value)
    estimate = _answered(find(context, name))
    found = localise(
        against_template(estimate, wanted, context.settings.site.templates), language_of(request)
    )
    lines = [
        ChangedLine(sign=one.sign, text=one.text, origin=one.origin, reason=one.reason)
        for one in found.lines
    ]
    return ManifestChanges(template=found.template, kind=found.kind, diff=found.text, lines=lines)


def _answered(run: Run) -> str:
    """The identifier of a run's answer; raises Refused where there is none."""
    if run.state is not State.DONE or run.summary is None:
        raise Refused("not-done", 409)
    return str(run.summary["estimate"])


def find(context: Context, name: str) -> Run:
    """The run of an identifier; raises Refused where there is none."""
    run = context.store.get(name)
    if run is None:
        raise Refused("not-found", 404)
    return run


def packed_document(context: Context, run: Run, language: str) -> bytes:
    """The compressed document of a run that is done; raises Refused where it is not."""
    found = context.store.document(run.digest, language) if run.state is State.DONE else None
    if found is None:
        raise Refused("not-done", 409)
    return found[1]
