"""How often did each of these happen?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sda.privacy.fields import Section
from sda.privacy.metrics.events import MAXIMUM_TIMES, Events
from sda.privacy.metrics.metric import Estimate, Known, Point, Spread, cut


@dataclass(frozen=True)
class Frequency(Events):
    """Occurrences, `most` a contributor and event at most.

    Attributes:
        most: More than so many count as so many.
    """

    kind = "frequency"
    most: int

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: events (all by default), per_user, most."""
        events = section.names("events", known.events, known.events)
        per_user = section.integer("per_user", 1, len(events), len(events))
        return cls(name, events, per_user, section.integer("most", 1, MAXIMUM_TIMES))

    @property
    def steps(self) -> int:
        """One a time."""
        return self.most

    def describe(self) -> dict[str, Any]:
        """With the limit."""
        return {**super().describe(), "most": self.most}

    def encode(self, point: Point) -> list[int]:
        """Times, clipped."""
        return [min(times, self.most) for times in self.reported(point)]

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """Occurrences an event."""
        half, highest = self.most * spread.half(), self.most * count
        pairs = zip(self.events, sums, strict=True)
        return [cut(event, self.most * total, half, "times", 0, highest) for event, total in pairs]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """Occurrences an event, clipped as they are encoded."""
        return [float(total) for total in self.totals(points)]

    def expected_error(self, count: int, spread: Spread) -> float:
        """The same for every N."""
        del count
        return self.most * spread.half()
