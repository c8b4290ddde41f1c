"""A measured value with the range it is clipped to: what `sum`, `mean`, `variance` and `quantiles` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sda.errors import EncodingError, ParameterError
from sda.privacy.fields import Section
from sda.privacy.metrics.metric import MAXIMUM_STEPS, NOTHING, Estimate, Known, Point, Sensitivity, Spread, cut

OUTSIDE = ("clip", "count", "drop", "refuse")
DEFAULT_STEPS = 1000
OUTSIDE_LABEL = "outside the range"


@dataclass(frozen=True)
class Range:
    """Where a value may lie, and what becomes of one that does not.

    Attributes:
        value: Name of the value.
        low, high: Of the range; low < high.
        outside: "clip" to the nearest end; "count": clip, and one more coordinate counts whose value was clipped;
            "drop": as if not measured; "refuse": the contributor's client sends nothing.
    """

    value: str
    low: float
    high: float
    outside: str

    @classmethod
    def read(cls, section: Section, known: Known) -> Range:
        """Fields: value, range, outside."""
        value = section.known("value", known.values)
        bounds = section.numbers("range")
        if len(bounds) != 2 or not bounds[0] < bounds[1]:
            raise ParameterError(section.field("range"), list(bounds), "[low, high] with low < high")
        return cls(value, bounds[0], bounds[1], section.choice("outside", OUTSIDE, "clip"))

    @property
    def width(self) -> float:
        """high - low."""
        return self.high - self.low

    @property
    def extra(self) -> int:
        """Coordinates beside the metric's own."""
        return int(self.outside == "count")

    @property
    def extra_sensitivity(self) -> Sensitivity:
        """Of them."""
        return Sensitivity(1, 1.0, 1.0) if self.extra else NOTHING

    def describe(self) -> dict[str, Any]:
        """All fields."""
        return {"value": self.value, "range": [self.low, self.high], "outside": self.outside}

    def place(self, point: Point) -> tuple[float | None, bool]:
        """A contributor's value.

        Returns:
            Where it lies in the range, in [0, 1]; None if it is not measured. And whether it lay outside.

        Raises:
            EncodingError: It lies outside and the query refuses that.
        """
        value = point.get(self.value)
        if value is None:
            return None, False
        outside = not self.low <= value <= self.high
        if outside and self.outside == "refuse":
            raise EncodingError(f"value {self.value!r}: must be in [{self.low:g}, {self.high:g}]")
        if outside and self.outside == "drop":
            return None, True
        return (min(max(value, self.low), self.high) - self.low) / self.width, outside

    def flags(self, outside: bool, steps: int) -> list[int]:
        """The extra coordinates of one contributor."""
        return [steps * outside] * self.extra

    def decode_flags(self, sums: list[float], count: int, spread: Spread) -> list[Estimate]:
        """The figures of the extra coordinates."""
        return [cut(OUTSIDE_LABEL, total, spread.half(), "contributors", 0, count) for total in sums]

    def truth_flags(self, points: list[Point]) -> list[float]:
        """How many lay outside, if that is counted."""
        return [float(sum(self.place(point)[1] for point in points))] * self.extra


def read_steps(section: Section) -> int:
    """Field steps: how finely a range is divided; even, so that its middle is a step."""
    steps = section.integer("steps", 2, MAXIMUM_STEPS, DEFAULT_STEPS)
    if steps % 2:
        raise ParameterError(section.field("steps"), steps, "even")
    return steps
