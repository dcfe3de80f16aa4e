"""Two results side by side."""

from __future__ import annotations

import gzip
import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from estimator.document.comparing import figures
from estimator.service.api.answers import problems
from estimator.service.api.estimates import find, packed_document
from estimator.service.api.models import Comparison, Difference, estimate_of
from estimator.service.context import caller, context_of, language_of
from estimator.service.security.tokens import Caller

router = APIRouter(prefix="/api/v1", tags=["estimates"])

Who = Annotated[Caller, Depends(caller)]
Name = Annotated[str, Query(pattern=r"^[0-9a-f]{32}$", description="Identifier of an estimate.")]


@router.get(
    "/compare",
    response_model=Comparison,
    responses=problems(404, 409),
    summary="Compare two results",
)
def compare(request: Request, who: Who, left: Name, right: Name) -> Comparison:
    """The figures in which two answers differ, and those in which they do not."""
    context, language = context_of(request), language_of(request)
    runs = [find(context, name) for name in (left, right)]
    documents = [
        json.loads(gzip.decompress(packed_document(context, run, language))) for run in runs
    ]
    rows = [Difference(name=name, left=a, right=b) for name, a, b in figures(*documents)]
    return Comparison(
        left=estimate_of(runs[0], language),
        right=estimate_of(runs[1], language),
        differences=[one for one in rows if one.left != one.right],
        same=[one for one in rows if one.left == one.right and one.left is not None],
    )
