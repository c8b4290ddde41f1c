"""What `count`, `frequency` and `top` share: one coordinate for each event of a list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sda.errors import EncodingError
from sda.privacy.metrics.metric import Metric, Point, Sensitivity

MAXIMUM_TIMES = 10_000


@dataclass(frozen=True)
class Events(Metric):
    """One coordinate an event.

    Attributes:
        name: Of the metric.
        events: In the order of the coordinates.
        per_user: Different events that one contributor reports at most: those that occurred most often, then those
            named first. Fewer make less noise.
    """

    name: str
    events: tuple[str, ...]
    per_user: int

    @property
    def length(self) -> int:
        """One coordinate an event."""
        return len(self.events)

    @property
    def steps(self) -> int:
        """Yes or no."""
        return 1

    @property
    def sensitivity(self) -> Sensitivity:
        """As many events appear as disappear, unless there are not so many."""
        changed = min(len(self.events), 2 * self.per_user)
        return Sensitivity(changed, float(changed), math.sqrt(changed))

    def describe(self) -> dict[str, Any]:
        """Kind, events and limit."""
        return {"metric": self.kind, "name": self.name, "events": list(self.events), "per_user": self.per_user}

    def encode(self, point: Point) -> list[int]:
        """1 for each event that is reported."""
        return [min(times, 1) for times in self.reported(point)]

    def reported(self, point: Point) -> list[int]:
        """How often each event occurred, 0 for those beyond `per_user`."""
        times = [_times(point, event) for event in self.events]
        kept = sorted(range(len(times)), key=lambda index: (-times[index], index))[: self.per_user]
        return [each if index in kept else 0 for index, each in enumerate(times)]

    def totals(self, points: Sequence[Point]) -> list[int]:
        """The plain sum of what is encoded."""
        return [sum(column) for column in zip(*map(self.encode, points), strict=True)] or [0] * self.length


def _times(point: Point, event: str) -> int:
    times = point.get(event, 0)
    if times < 0 or times != int(times):
        raise EncodingError(f"event {event!r}: how often it occurred must be an integer, 0 or more")
    return int(times)
