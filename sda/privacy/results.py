"""What a round found, as JSON and CSV; tables are the command line's, charts those of `chart`."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict, dataclass
from typing import Any

from sda.privacy.metrics.metric import Estimate


@dataclass(frozen=True)
class Result:
    """Of one metric.

    Attributes:
        name, kind: Of the metric.
        estimates: Its figures.
    """

    name: str
    kind: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True)
class Results:
    """Of a query.

    Attributes:
        title: Of the query.
        count: N.
        dealers: Clerks whose noise is in the sum.
        confidence: Of the intervals.
        epsilon, delta: What the release cost each contributor at most.
        metrics: In the order of the query.
    """

    title: str
    count: int
    dealers: int
    confidence: float
    epsilon: float
    delta: float
    metrics: tuple[Result, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: figures that are no number, and ends that are not bounded, are null."""
        values = asdict(self)
        for metric in values["metrics"]:
            for estimate in metric["estimates"]:
                for field in ("value", "low", "high"):
                    estimate[field] = estimate[field] if math.isfinite(estimate[field]) else None
        return values

    def to_csv(self) -> str:
        """One line a figure."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(("metric", "kind", "label", "value", "low", "high", "unit"))
        for metric in self.metrics:
            for each in metric.estimates:
                numbers = (format(x, ".10g") if math.isfinite(x) else "" for x in (each.value, each.low, each.high))
                writer.writerow((metric.name, metric.kind, each.label, *numbers, each.unit))
        return out.getvalue()
