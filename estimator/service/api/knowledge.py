"""What the service knows: GPU types, templates, kinds of job, models, past jobs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from estimator.cli.gpus import document as gpu_document
from estimator.gpus.catalogue import load_catalogue
from estimator.manifest.authoring import difference
from estimator.manifest.catalogue import (
    explain_path,
    list_templates,
    show_template,
    template_library,
)
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.layers import resolve_template
from estimator.messages import localise
from estimator.records.columns import COLUMNS, TEXT_COLUMNS
from estimator.records.rows import to_row
from estimator.records.store import default_address, is_there, open_store
from estimator.service.api.answers import problems
from estimator.service.api.models import Audit, AuditLine, Document, ModelEntry, Models
from estimator.service.context import caller, context_of, language_of
from estimator.service.intake.models import registered_models
from estimator.service.intake.question import TEMPLATE_NAME
from estimator.service.problems import Refused
from estimator.service.security.tokens import Caller

router = APIRouter(prefix="/api/v1", tags=["knowledge"])

Who = Annotated[Caller, Depends(caller)]
Template = Annotated[str, Path(pattern=TEMPLATE_NAME, max_length=120)]
_SCHEMA = {"schema_version": 1}


@router.get("/gpus", response_model=Document, responses=problems(), summary="GPU types")
def gpus(request: Request, who: Who) -> Any:
    """The catalogue, with the source of every figure."""
    return gpu_document(load_catalogue(context_of(request).settings.site.gpus_file))


@router.get("/models", response_model=Models, responses=problems(), summary="Registered models")
def models(request: Request, who: Who) -> Models:
    """Those that an estimate can name instead of uploading one."""
    found = registered_models(context_of(request).settings.site.models)
    return Models(models=[ModelEntry(name=one.name, title=one.title) for one in found.values()])


@router.get("/kinds", response_model=Document, responses=problems(), summary="Kinds of job")
def kinds(request: Request, who: Who) -> Any:
    """What a manifest can be written as."""
    return _SCHEMA | {"kinds": [kind.value for kind in ManifestKind]}


@router.get("/templates", response_model=Document, responses=problems(), summary="Templates")
def templates(request: Request, who: Who) -> Any:
    """Every template, base layer first."""
    found = list_templates(context_of(request).settings.site.templates)
    return _SCHEMA | {"templates": [asdict(one) for one in found]}


@router.get(
    "/templates/{name}", response_model=Document, responses=problems(404), summary="One template"
)
def template(request: Request, who: Who, name: Template) -> Any:
    """All its layers merged, with the origin of every value, its locks and its policy."""
    folders = context_of(request).settings.site.templates
    _known(name, folders)
    return _SCHEMA | asdict(localise(show_template(name, folders), language_of(request)))


@router.get(
    "/templates/{name}/explain",
    response_model=Document,
    responses=problems(404),
    summary="Every layer's say on a path",
)
def explain(
    request: Request, who: Who, name: Template, path: Annotated[str, Query(max_length=300)]
) -> Any:
    """Of a value, or of each one below a path: what each layer says, which won, who locked it."""
    folders = context_of(request).settings.site.templates
    _known(name, folders)
    stories = localise(explain_path(name, path, folders), language_of(request))
    return _SCHEMA | {"paths": [asdict(one) for one in stories]}


@router.get(
    "/templates/{name}/diff/{other}",
    response_model=Document,
    responses=problems(404),
    summary="Values in which two templates differ",
)
def diff(request: Request, who: Who, name: Template, other: Template) -> Any:
    """Each with both origins."""
    folders = context_of(request).settings.site.templates
    _known(name, folders)
    _known(other, folders)
    library = template_library(folders)
    left, right = (resolve_template(library, one) for one in (name, other))
    return _SCHEMA | {"differences": [asdict(one) for one in difference(left, right)]}


@router.get(
    "/history/records", response_model=Document, responses=problems(), summary="Job records"
)
def records(request: Request, who: Who, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Any:
    """The newest records of the store, one row each."""
    from estimator.records.stores import query

    if not is_there(default_address()):
        return _SCHEMA | {"records": []}
    with open_store() as store:
        frame = query.newest(store, query.Selection(), [one.name for one in COLUMNS], limit)
    return _SCHEMA | {"records": [_plain(row) for row in frame.to_dict("records")]}


@router.get(
    "/history/records/{name}",
    response_model=Document,
    responses=problems(404),
    summary="One record",
)
def record(
    request: Request, who: Who, name: Annotated[str, Path(pattern=r"^[\w.:-]+$", max_length=200)]
) -> Any:
    """All that is known of one job."""
    found = None
    if is_there(default_address()):
        with open_store() as store:
            found = store.get(name)
    if found is None:
        raise Refused("not-found", 404)
    return _SCHEMA | {"record": _plain(to_row(found))}


@router.get(
    "/history/statistics",
    response_model=Document,
    responses=problems(),
    summary="Past jobs in groups",
)
def statistics(
    request: Request,
    who: Who,
    by: Annotated[str, Query(json_schema_extra={"enum": sorted(TEXT_COLUMNS)})] = "template",
) -> Any:
    """How many jobs there are of each kind and what they took."""
    from estimator.records.stores import query

    if by not in TEXT_COLUMNS:
        raise Refused("no-such-column", 422)
    if not is_there(default_address()):
        return _SCHEMA | {"groups": []}
    with open_store() as store:
        frame = query.statistics(store, query.Selection(), by)
    return _SCHEMA | {"groups": [_plain(row) for row in frame.to_dict("records")]}


@router.get("/audit", response_model=Audit, responses=problems(), summary="Who did what")
def audit(request: Request, who: Who, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Audit:
    """For admins: what was submitted and stopped, and by whom."""
    if not who.is_admin:
        raise Refused("admins-only", 403)
    entries = context_of(request).store.audit(limit)
    return Audit(
        entries=[
            AuditLine(
                at=datetime.fromtimestamp(one.at, UTC),
                who=one.who,
                what=one.what,
                detail=one.detail,
            )
            for one in entries
        ]
    )


def _known(name: str, folders: tuple[Any, ...]) -> None:
    """Raise Refused for a template that is not there."""
    if name not in {one.name for one in template_library(folders).newest}:
        raise Refused("not-found", 404)


def _plain(row: Any) -> dict[str, Any]:
    """A row as JSON has it: times as text, no NaN."""
    return {
        str(name): None if value is None or value != value else _value(value)
        for name, value in row.items()
    }


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if hasattr(value, "item"):
        return value.item()
    return value
