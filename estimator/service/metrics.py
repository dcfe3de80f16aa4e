"""Figures for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from estimator.service.jobs.types import State

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Of one replica, but for the runs, which all replicas share."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Histogram(
            "paddle_estimate_request_seconds",
            "Time to answer, by route, method and status.",
            ("route", "method", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.asked = Counter(
            "paddle_estimate_asked_total",
            "Estimates asked for: answered from the cache, or queued.",
            ("answer",),
            registry=self._registry,
        )
        self._runs = Gauge(
            "paddle_estimate_runs", "Runs by state.", ("state",), registry=self._registry
        )
        self._listeners = Gauge(
            "paddle_estimate_listeners", "Open event streams.", registry=self._registry
        )

    def text(self, runs: dict[str, int], listeners: int) -> bytes:
        """All figures in Prometheus' format."""
        for state in State:
            self._runs.labels(state.value).set(runs.get(state.value, 0))
        self._listeners.set(listeners)
        return generate_latest(self._registry)


Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Measured:
    """Middleware that takes the time until an answer begins."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through and note how long its answer took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                labels = (route, scope["method"], str(message["status"]))
                spent = time.perf_counter() - began
                self._metrics.requests.labels(*labels).observe(spent)
            await send(message)

        await self._app(scope, receive, sent)
