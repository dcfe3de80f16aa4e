"""What every request passes first and every answer gets: hosts, origins, sizes, headers."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from estimator.messages import Language
from estimator.service.problems import MEDIA_TYPE, told
from estimator.service.settings import Settings

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""No other host is asked for anything; nothing in a page runs but our own file of script."""

_FORM_OVERHEAD = 1 << 20
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Middleware. A foreign page in a browser can neither read nor change anything here."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._hosts = {host.lower() for host in settings.hosts}
        self._most = settings.bounds.upload_bytes + _FORM_OVERHEAD

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._refusal(scope["method"], headers)
        with_headers = _with_headers(send, scope["path"])
        if refusal:
            await _refuse(refusal, scope["path"], with_headers)
        else:
            await self._app(scope, _bounded(receive, self._most), with_headers)

    def _refusal(self, method: str, headers: Mapping[str, str]) -> tuple[str, int] | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return "wrong-host", 400
        if method not in _SAFE_METHODS and not _same_origin(headers, host):
            return "foreign-origin", 403
        length = headers.get("content-length", "0")
        if not length.isdigit():
            return "malformed", 400
        return ("too-large", 413) if int(length) > self._most else None

    def _is_ours(self, host: str) -> bool:
        """Whether a host is one we are called by: a page that renames itself to us is not."""
        name = (urlsplit(f"//{host}").hostname or "").lower()
        if name in self._hosts or name == "localhost":
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _same_origin(headers: Mapping[str, str], host: str) -> bool:
    """Browsers say where a request comes from; other clients need not."""
    if site := headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host


class TooLarge(Exception):
    """A body without a length turned out longer than is allowed."""


def _bounded(receive: Receive, most: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise TooLarge
        return message

    return bounded


def _with_headers(send: Send, path: str) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there]
            if b"cache-control" not in there:
                more.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sent


async def _refuse(refusal: tuple[str, int], path: str, send: Send) -> None:
    kind, status = refusal
    body = json.dumps(told({"kind": kind, "status": status}, Language.EN, path)).encode()
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
