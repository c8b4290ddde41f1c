"""Queries and data that several tests use."""

from __future__ import annotations

from random import Random
from typing import Any

from sda.privacy.metrics.metric import Metric, Point
from sda.privacy.plan import Committee
from sda.privacy.query import Query

EVENTS = ["on", "off", "timer", "music", "news"]
COMMITTEE = Committee(n=8, t=3, k=3, silent=1)
AGREED: dict[str, int] = {
    "minimum": 100,
    "collect_window": 3600,
    "complaint_window": 600,
    "row_window": 600,
    "claim_window": 86400,
    "flat_fee": 1,
    "rate": 1,
    "reward": 1,
}
VALUE = {"value": "seconds", "range": [0, 600]}

METRICS: dict[str, dict[str, Any]] = {
    "count": {"metric": "count"},
    "count of two a user": {"metric": "count", "per_user": 2},
    "frequency": {"metric": "frequency", "most": 10},
    "frequency of one a user": {"metric": "frequency", "most": 7, "per_user": 1, "events": ["on", "off", "news"]},
    "top": {"metric": "top", "show": 3},
    "ratio": {"metric": "ratio", "numerator": "off", "denominator": "on"},
    "sum": {"metric": "sum", **VALUE},
    "sum from below zero": {
        "metric": "sum",
        "value": "seconds",
        "range": [-300, 100],
        "outside": "count",
        "steps": 800,
    },
    "mean": {"metric": "mean", **VALUE},
    "mean with clipped counted": {"metric": "mean", **VALUE, "outside": "count"},
    "variance": {"metric": "variance", **VALUE},
    "variance with dropped": {"metric": "variance", **VALUE, "outside": "drop"},
    "histogram": {"metric": "histogram", "value": "seconds", "bins": [0, 10, 60, 600]},
    "histogram with outside": {
        "metric": "histogram",
        "value": "seconds",
        "bins": [[0, 10], [60, 100]],
        "outside": "count",
    },
    "quantiles by tree": {"metric": "quantiles", **VALUE, "quantiles": [0.1, 0.5, 0.9], "leaves": 32},
    "quantiles by histogram": {"metric": "quantiles", **VALUE, "method": "histogram", "leaves": 16, "outside": "count"},
}


def query(*metrics: dict[str, Any], **changes: Any) -> Query:
    """A query of these metrics, (1, 1e-6) unless said otherwise."""
    named = [{"name": f"metric {index}", **metric} for index, metric in enumerate(metrics)]
    values = {"events": EVENTS, "values": ["seconds"], "privacy": {"epsilon": 1, "delta": 1e-6}, "metrics": named}
    return Query.from_mapping(values | changes)


def metric(name: str) -> Metric:
    """One of `METRICS`."""
    return query(METRICS[name]).metrics[0]


def people(number: int, seed: int = 1) -> list[Point]:
    """Data of some contributors; some did nothing, some lie outside the ranges."""
    random = Random(seed)
    points: list[Point] = []
    for _ in range(number):
        point = {event: float(random.randrange(15)) for event in EVENTS if random.random() < 0.4}
        if random.random() < 0.8:
            point["seconds"] = random.choice([random.expovariate(1 / 100), random.uniform(-400, 900)])
        points.append(point)
    return points
