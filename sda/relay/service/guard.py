"""What stands before every request: it is counted, and who asks too often is held back."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sda.relay.service.answers import problem
from sda.relay.service.metrics import Metrics
from sda.relay.service.rate import Rate


class Guard:
    """ASGI middleware.

    Args:
        app: What it stands before.
        rate: How often an address may ask.
        metrics: Where requests are counted.
        waiting: How many contributions wait to be stored.
    """

    def __init__(self, app: ASGIApp, rate: Rate, metrics: Metrics, waiting: Callable[[], int]) -> None:
        self._app = app
        self._rate = rate
        self._metrics = metrics
        self._waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 429."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        client = scope.get("client")
        wait = self._rate.wait(client[0] if client else "")
        try:
            if wait:
                await problem(429, "too many requests", f"come back in {wait} s", wait)(scope, receive, watch)
            else:
                await self._app(scope, receive, watch)
        finally:
            self._metrics.answered(scope, status, time.perf_counter() - began, self._waiting())
