"""How many did this for each that did that?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sda.errors import ParameterError
from sda.privacy.fields import Section
from sda.privacy.metrics.events import Events
from sda.privacy.metrics.intervals import ratio_interval
from sda.privacy.metrics.metric import Estimate, Known, Point, Spread


@dataclass(frozen=True)
class Ratio(Events):
    """Contributors with one event over contributors with another."""

    kind = "ratio"

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: numerator, denominator."""
        numerator = section.known("numerator", known.events)
        denominator = section.known("denominator", known.events)
        if numerator == denominator:
            raise ParameterError(section.field("denominator"), denominator, "another event than the numerator")
        return cls(name, (numerator, denominator), 2)

    def describe(self) -> dict[str, Any]:
        """Both events."""
        numerator, denominator = self.events
        return {"metric": self.kind, "name": self.name, "numerator": numerator, "denominator": denominator}

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """One figure; its interval is unbounded while the denominator may be none at all."""
        del count
        numerator, denominator = sums
        low, high = ratio_interval(numerator, denominator, spread.half(), spread.half())
        value = numerator / denominator if denominator > 0 else math.nan
        return [Estimate(f"{self.events[0]} / {self.events[1]}", value, max(low, 0.0), high, "ratio")]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """One figure."""
        numerator, denominator = self.totals(points)
        return [numerator / denominator if denominator else math.nan]
