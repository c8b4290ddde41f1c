"""Which of a known list are the most common?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sda.privacy.fields import Section
from sda.privacy.metrics.events import Events
from sda.privacy.metrics.metric import Estimate, Known, Point, Spread, cut


@dataclass(frozen=True)
class Top(Events):
    """The most common events of a list. An order among them that their intervals do not support is chance.

    Attributes:
        show: How many.
    """

    kind = "top"
    show: int

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: events (all by default), per_user (1 by default), show."""
        events = section.names("events", known.events, known.events)
        per_user = section.integer("per_user", 1, len(events), 1)
        return cls(name, events, per_user, section.integer("show", 1, len(events), min(10, len(events))))

    def describe(self) -> dict[str, Any]:
        """With how many are shown."""
        return {**super().describe(), "show": self.show}

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """Contributors of the most common events, most common first."""
        order = sorted(range(self.length), key=lambda index: -sums[index])[: self.show]
        return [cut(self.events[i], sums[i], spread.half(), "contributors", 0, count) for i in order]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """The highest counts."""
        return [float(total) for total in sorted(self.totals(points), reverse=True)[: self.show]]

    def expected_error(self, count: int, spread: Spread) -> float:
        """The same for every N."""
        del count
        return spread.half()
