"""Signing in and out, and the choice of a language: what a browser keeps in cookies."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from estimator.messages import Language
from estimator.service.context import COOKIE, LANGUAGE_COOKIE, language_of, owner_of
from estimator.service.pages.render import SEE_OTHER, page
from estimator.service.problems import Refused, shown_whole, told

router = APIRouter(include_in_schema=False)

_DAY = 86_400


@router.get("/login")
async def login(request: Request, back: str = "/") -> Response:
    """Where a browser shows its token."""
    return page(request, "login.html", error=None, target=_local(back))


@router.post("/login")
async def sign_in(request: Request) -> Response:
    """Keep the token in a cookie that no script can read and no other site can send."""
    fields = await request.form()
    token, back = str(fields.get("token", "")).strip(), _local(str(fields.get("back", "/")))
    try:
        await owner_of(token, request)
    except Refused as refused:
        error = shown_whole(told(refused.plain, language_of(request)))
        status = int(error["status"])
        return page(request, "login.html", status=status, error=error, target=back)
    answer = RedirectResponse(back, SEE_OTHER)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)
    return answer


@router.post("/logout")
async def sign_out(request: Request) -> Response:
    """Forget the token."""
    answer = RedirectResponse("/login", SEE_OTHER)
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/language")
async def choose_language(request: Request) -> Response:
    """Remember the language that was chosen."""
    fields = await request.form()
    answer = RedirectResponse(_local(str(fields.get("back", "/"))), SEE_OTHER)
    language = str(fields.get("lang", ""))
    if language in set(Language):
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=365 * _DAY, httponly=True, samesite="strict"
        )
    return answer


def to_login(request: Request) -> Response:
    """Where a browser without a token is sent."""
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?back={quote(back)}", SEE_OTHER)


def _local(address: str) -> str:
    """An address of this service; the form for others."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"
