"""How many contributors did each of these?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from sda.privacy.fields import Section
from sda.privacy.metrics.events import Events
from sda.privacy.metrics.metric import Estimate, Known, Point, Spread, cut


class Count(Events):
    """Contributors to whom an event occurred at least once."""

    kind = "count"

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: events (all by default), per_user."""
        events = section.names("events", known.events, known.events)
        return cls(name, events, section.integer("per_user", 1, len(events), len(events)))

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """Contributors an event."""
        pairs = zip(self.events, sums, strict=True)
        return [cut(event, total, spread.half(), "contributors", 0, count) for event, total in pairs]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """Contributors an event."""
        return [float(total) for total in self.totals(points)]

    def expected_error(self, count: int, spread: Spread) -> float:
        """The same for every N."""
        del count
        return spread.half()
