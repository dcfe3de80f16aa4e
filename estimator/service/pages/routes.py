"""The addresses of the pages."""

from __future__ import annotations

import shlex
from pathlib import Path as File
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, RedirectResponse

from estimator.errors import EstimatorError
from estimator.gpus.catalogue import load_catalogue
from estimator.manifest.catalogue import list_templates, show_template
from estimator.messages import localise, speaker
from estimator.service.api.body import ask_of, form_of
from estimator.service.api.comparing import compare
from estimator.service.api.estimates import find
from estimator.service.api.models import estimate_of
from estimator.service.context import (
    caller,
    context_of,
    language_of,
)
from estimator.service.intake.asking import asked
from estimator.service.intake.models import registered_models
from estimator.service.intake.question import TEMPLATE_NAME
from estimator.service.jobs.types import Run, State
from estimator.service.pages.figures import NONE, figure_row
from estimator.service.pages.form import Choices, is_any_set, main_fields, more_fields
from estimator.service.pages.render import SEE_OTHER, page
from estimator.service.pages.result import Documents, result_view
from estimator.service.problems import Refused, problem_of, shown_whole, told
from estimator.service.security.tokens import Caller
from estimator.units import format_bytes

router = APIRouter(include_in_schema=False)

Who = Annotated[Caller, Depends(caller)]
Name = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_STATIC = File(__file__).with_name("static")
_PAGE = 50
_ABOUT = ("model", "source", "entry", "script", "arguments")
"""Fields of the form that say what it is about."""

_DAY = 86_400
_MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@router.get("/")
def form(request: Request, who: Who) -> Response:
    """The form: empty, or filled in as for an earlier estimate."""
    values: dict[str, Any] = {}
    earlier = request.query_params.get("from")
    if earlier:
        values |= _of_earlier(request, find(context_of(request), earlier))
    return _form(request, values)


@router.post("/")
async def ask(request: Request, who: Who) -> Response:
    """Ask for the estimate; what cannot be used is said above the form, with its input kept."""
    context, language = context_of(request), language_of(request)
    plain, upload = await form_of(request, context)
    shown = dict(plain)
    if upload is not None or plain.get("source", "").strip():
        plain.pop("model", None)
    if upload is not None or not plain.get("source", "").strip():
        plain.pop("source", None)
    try:
        run, _ = await run_in_threadpool(asked, ask_of(plain, upload, request), who, context)
    except EstimatorError as error:
        if upload is not None and upload.name.endswith(".py"):
            shown["source"] = upload.content.decode(errors="replace")
        problem = told(problem_of(error), language)
        return await run_in_threadpool(_form, request, shown, problem)
    await run_in_threadpool(context.store.note, who.name, "submit", f"{run.identifier} {run.title}")
    return RedirectResponse(f"/estimates/{run.identifier}", SEE_OTHER)


@router.get("/estimates")
def estimates(request: Request, who: Who, before: float | None = None) -> Response:
    """The reader's estimates, newest first."""
    context, language = context_of(request), language_of(request)
    runs = context.store.newest(None if who.is_admin else who.name, _PAGE, before)
    return page(
        request,
        "list.html",
        "/api/v1/estimates",
        estimates=[estimate_of(run, language) for run in runs],
        admin=who.is_admin and context.tokens is not None,
        more=f"/estimates?before={runs[-1].created!r}" if len(runs) == _PAGE else "",
    )


@router.get("/estimates/{name}")
def estimate(request: Request, who: Who, name: Name, kind: str | None = None) -> Response:
    """Progress, the error, or the result."""
    context, language = context_of(request), language_of(request)
    run = find(context, name)
    one = estimate_of(run, language, context.store.ahead_of(run))
    if run.state is not State.DONE:
        command = shlex.join(one.command)
        return page(request, "waiting.html", one.links.self, one=one, command=command)
    document = _documents(request).document(context, run, language)
    values = result_view(context, run, document, language, kind)
    return page(request, "result.html", one.links.result, **values)


@router.get("/estimates/{name}/charts/{chart}.svg")
def picture(request: Request, who: Who, name: Name, chart: str) -> Response:
    """One picture of a result."""
    context, language = context_of(request), language_of(request)
    run = find(context, name)
    drawn = None
    if run.state is State.DONE:
        drawn = _documents(request).picture(context, run, language, chart)
    if drawn is None:
        raise Refused("not-found", 404)
    headers = {"Cache-Control": "private, max-age=300"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


@router.post("/estimates/{name}/cancel")
def cancel(request: Request, who: Who, name: Name) -> Response:
    """Stop an estimate and show it."""
    from estimator.service.api.estimates import cancel as stop

    stop(request, who, name)
    return RedirectResponse(f"/estimates/{name}", SEE_OTHER)


@router.get("/compare")
def compared(
    request: Request, who: Who, left: str | None = None, right: str | None = None
) -> Response:
    """Two results side by side, with every figure."""
    context, language = context_of(request), language_of(request)
    say = speaker(language)
    runs = context.store.newest(None if who.is_admin else who.name, _PAGE)
    values: dict[str, Any] = {
        "choices": [estimate_of(one, language) for one in runs if one.state is State.DONE],
        "chosen": {"left": left, "right": right},
        "comparison": None,
        "rows": [],
        "error": None,
    }
    twin = ""
    if left and right:
        comparison = compare(request, who, left, right)
        both = (*comparison.differences, *comparison.same)
        values["comparison"] = comparison
        values["rows"] = [figure_row(one.name, one.left, one.right, say) for one in both]
        twin = f"/api/v1/compare?left={left}&right={right}"
    return page(request, "compare.html", twin, **values)


@router.get("/gpus")
def gpus(request: Request, who: Who) -> Response:
    """The GPU types."""
    say = speaker(language_of(request))
    catalogue = load_catalogue(context_of(request).settings.site.gpus_file)
    heads = [
        {"text": say(f"gpus.{key}"), "number": at > 1}
        for at, key in enumerate(("name", "architecture", "memory", "bandwidth", "per_node"))
    ]
    rows = [
        _cells(
            gpu.name,
            gpu.architecture,
            format_bytes(gpu.memory_bytes),
            f"{gpu.memory_bandwidth / 1e9:,.0f}",
            str(gpu.gpus_per_node),
        )
        for gpu in catalogue.offered
    ]
    title = say("page.gpus")
    return page(request, "table.html", "/api/v1/gpus", title=title, heads=heads, rows=rows)


@router.get("/templates")
def templates(request: Request, who: Who) -> Response:
    """The templates."""
    say = speaker(language_of(request))
    found = list_templates(context_of(request).settings.site.templates)
    keys = ("name", "layer", "extends", "description")
    heads = [{"text": say(f"templates.{key}"), "number": False} for key in keys]
    rows = [
        [
            {"text": one.name, "link": f"/templates/{one.name}"},
            *_cells(one.layer, one.extends or NONE, one.description),
        ]
        for one in found
    ]
    title = say("page.templates")
    return page(request, "table.html", "/api/v1/templates", title=title, heads=heads, rows=rows)


@router.get("/templates/{name}")
def template(
    request: Request, who: Who, name: Annotated[str, Path(pattern=TEMPLATE_NAME)]
) -> Response:
    """One template with the origin of every value."""
    folders = context_of(request).settings.site.templates
    if name not in {one.name for one in list_templates(folders)}:
        raise Refused("not-found", 404)
    view = localise(show_template(name, folders), language_of(request))
    return page(request, "template.html", f"/api/v1/templates/{name}", view=view)


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """The two files of style and script."""
    path = _STATIC / name
    if path.suffix not in _MEDIA or path.parent != _STATIC or not path.is_file():
        raise Refused("not-found", 404)
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(path, media_type=_MEDIA[path.suffix], headers=headers)


def _form(
    request: Request, values: dict[str, Any], problem: dict[str, Any] | None = None
) -> Response:
    context = context_of(request)
    say = speaker(language_of(request))
    site = context.settings.site
    choices = Choices(
        [gpu.name for gpu in load_catalogue(site.gpus_file).offered],
        [one.name for one in list_templates(site.templates)],
    )
    error = None if problem is None else shown_whole(problem)
    return page(
        request,
        "form.html",
        status=200 if error is None else int(error["status"]),
        error=error,
        values={key: values.get(key, "") for key in _ABOUT},
        models=list(registered_models(site.models).values()),
        uploads=context.uploads,
        main_fields=main_fields(values, choices, say),
        more_fields=more_fields(values, choices, say),
        more_set=is_any_set(values),
    )


def _of_earlier(request: Request, run: Run) -> dict[str, Any]:
    """The options of a run, and its model or source."""
    options = run.request["options"]
    values = {**options, "arguments": shlex.join(options.get("arguments", []))}
    if not run.request["uploaded"]:
        return values | {"model": run.title}
    files = run.request["files"]
    entry = run.request["entry"]
    if len(files) == 1 and entry.endswith(".py"):
        content = context_of(request).store.upload(files[entry]) or b""
        values["source"] = content.decode(errors="replace")
    return values


def _documents(request: Request) -> Documents:
    documents: Documents = request.app.state.documents
    return documents


def _cells(*texts: str) -> list[dict[str, str]]:
    return [{"text": text, "link": ""} for text in texts]
