"""What Prometheus sees of a relay process, or of all processes together."""

from __future__ import annotations

import os

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SHARED = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """Counters of one application."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self._requests = Counter("sda_relay_requests", "Answered requests", labels, registry=self._registry)
        self._seconds = Histogram(
            "sda_relay_seconds", "From request to answer", ["method", "route"], registry=self._registry
        )
        self._refused = Counter("sda_relay_refusals", "Refused messages", ["reason"], registry=self._registry)
        self._waiting = Gauge(
            "sda_relay_waiting", "Contributions to be stored", registry=self._registry, multiprocess_mode="livesum"
        )

    def answered(self, request: Request, status: int, seconds: float, waiting: int) -> None:
        """Count a request, by its route and not by what was in its path."""
        route = getattr(request.scope.get("route"), "path", "none")
        self._requests.labels(request.method, route, status).inc()
        self._seconds.labels(request.method, route).observe(seconds)
        self._waiting.set(waiting)

    def refused(self, reason: str) -> None:
        """Count a refusal."""
        self._refused.labels(reason).inc()

    def page(self) -> bytes:
        """In Prometheus' text form."""
        if _SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call] # the library leaves it untyped
        return generate_latest(together)
