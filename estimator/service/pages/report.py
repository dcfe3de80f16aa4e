"""The capacity report over the service's own records: ``/report``, and the same as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from estimator.service.api.answers import problems
from estimator.service.api.models import Document
from estimator.service.context import caller, language_of
from estimator.service.reporting import Made, Reports, Wish
from estimator.service.security.tokens import Caller

router = APIRouter()

Who = Annotated[Caller, Depends(caller)]
_Words = Annotated[str, Field(max_length=100)]

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The page holds its styles itself, as it does as a file; nothing in it can run or load."""


class Asked(BaseModel):
    """What a request may say, as the options of the command."""

    by: Literal["team", "template", "user", "gpu", "queue"] = "team"
    section: Annotated[list[_Words], Field(max_length=20)] = []
    since: _Words | None = None
    before: _Words | None = None
    compare: _Words | None = None
    timezone: _Words = "UTC"

    def wish(self) -> Wish:
        """As the maker of reports takes it."""
        return Wish(
            self.by, tuple(self.section), self.since, self.before, self.compare, self.timezone
        )


Said = Annotated[Asked, Query()]


@router.get("/report", include_in_schema=False)
async def report(request: Request, who: Who, said: Said) -> Response:
    """The page, in the reader's language."""
    made = await _made(request, said.wish())
    return HTMLResponse(made.page, headers={"content-security-policy": _POLICY})


@router.get(
    "/api/v1/report",
    response_model=Document,
    responses=problems(),
    summary="The capacity report over the job records",
    tags=["knowledge"],
)
async def document(request: Request, who: Who, said: Said) -> Response:
    """Every figure with its number of observations, its interval and its source."""
    made = await _made(request, said.wish())
    return Response(made.document, media_type="application/json")


async def _made(request: Request, wish: Wish) -> Made:
    reports: Reports = request.app.state.reports
    return await reports.of(wish, language_of(request))
