"""What the parts of the running service share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from estimator.messages import Language
from estimator.service.events import Hub
from estimator.service.intake.digest import Naming
from estimator.service.jobs.store import JobStore
from estimator.service.metrics import Metrics
from estimator.service.problems import Refused
from estimator.service.security.failures import Failures
from estimator.service.security.rates import Rates
from estimator.service.security.tokens import Caller, Tokens, caller_of
from estimator.service.settings import Settings

COOKIE = "paddle-estimate-token"
NOBODY = "-"
"""In the place of a name in the audit log."""

LANGUAGE_COOKIE = "paddle-estimate-language"


@dataclass(frozen=True, slots=True)
class Context:
    """The store, the listeners and the rules. ``uploads``: why none are taken, or empty."""

    settings: Settings
    store: JobStore
    hub: Hub
    naming: Naming
    rates: Rates
    failures: Failures
    tokens: Tokens | None
    metrics: Metrics
    uploads: str


def context_of(request: Request) -> Context:
    """That of the application."""
    return cast(Context, request.app.state.context)


async def caller(request: Request) -> Caller:
    """Who asks; raises Refused for nobody that is known, and for who asks too often."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.cookies.get(COOKIE, "")
    return await owner_of(token.strip(), request)


async def owner_of(token: str, request: Request) -> Caller:
    """Who shows a token; a wrong one is written down, without itself. Raises Refused."""
    context = context_of(request)
    address = request.client.host if request.client else ""
    found = caller_of(context.tokens, token, address)
    wait = context.rates.wait(found.key if found else f"unknown {address}")
    if found is None and token and not wait:
        failure = context.failures.count(address)
        wait = failure.wait
        if failure.written:
            detail = f"{address} {request.url.path}"
            await run_in_threadpool(context.store.note, NOBODY, "sign-in failed", detail)
    if wait:
        raise Refused("too-many-requests", 429, {"Retry-After": str(int(wait) + 1)})
    if found is None:
        raise Refused("unauthenticated", 401, {"WWW-Authenticate": "Bearer"})
    return found


def language_of(request: Request) -> Language:
    """``?lang=``, the choice made before, or what the browser likes best."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if asked in set(Language):
        return Language(asked)
    first = request.headers.get("accept-language", "").split(",")[0].strip().lower()
    return Language.ZH if first.startswith("zh") else Language.EN
