"""Pages from templates, with what every page needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from estimator import __version__
from estimator.messages import speaker
from estimator.service.context import COOKIE, language_of

SEE_OTHER = 303
_HERE = Path(__file__).parent


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    request: Request, name: str, twin: str = "", status: int = 200, **values: Any
) -> HTMLResponse:
    """A page in the reader's language. ``twin``: where the same is had as JSON."""
    language = language_of(request)
    query = {key: value for key, value in request.query_params.items() if key != "lang"}
    html = (
        _environment()
        .get_template(name)
        .render(
            say=speaker(language),
            language=language.value,
            path=request.url.path,
            back=request.url.path + (f"?{urlencode(query)}" if query else ""),
            twin=twin,
            signed_in=COOKIE in request.cookies,
            version=__version__,
            **values,
        )
    )
    headers = {"Content-Language": "zh-CN" if language == "zh" else "en"}
    return HTMLResponse(html, status, headers)
