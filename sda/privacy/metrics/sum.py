"""How much in all?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sda.privacy.fields import Section
from sda.privacy.metrics.metric import Estimate, Known, Metric, Point, Sensitivity, Spread, cut
from sda.privacy.metrics.ranges import Range, read_steps


@dataclass(frozen=True)
class Sum(Metric):
    """The sum of a clipped value, in `steps` steps. Who did not measure it adds zero, or the end of the range next to
    it."""

    kind = "sum"
    name: str
    span: Range
    steps_: int

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: value, range, outside, steps."""
        return cls(name, Range.read(section, known), read_steps(section))

    @property
    def length(self) -> int:
        """The value, and what is counted beside."""
        return 1 + self.span.extra

    @property
    def steps(self) -> int:
        """Of the range."""
        return self.steps_

    @property
    def sensitivity(self) -> Sensitivity:
        """From one end of the range to the other."""
        return Sensitivity(1, 1.0, 1.0) + self.span.extra_sensitivity

    def describe(self) -> dict[str, Any]:
        """Range and steps."""
        return {"metric": self.kind, "name": self.name, **self.span.describe(), "steps": self.steps_}

    def encode(self, point: Point) -> list[int]:
        """Where the value lies in the range."""
        place, outside = self.span.place(point)
        step = self._absent if place is None else round(place * self.steps_)
        return [step, *self.span.flags(outside, self.steps_)]

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """One figure. Rounding each value to a step adds at most half a step for each contributor."""
        r = self.span
        half = r.width * (spread.half() + 0.5 * count / self.steps_)
        total = cut(r.value, r.width * sums[0] + r.low * count, half, "sum", r.low * count, r.high * count)
        return [total, *r.decode_flags(list(sums[1:]), count, spread)]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """One figure, of values as they are clipped but not rounded."""
        r = self.span
        places = [self.span.place(point)[0] for point in points]
        absent = r.low + r.width * self._absent / self.steps_
        total = sum(absent if place is None else r.low + r.width * place for place in places)
        return [total, *r.truth_flags(list(points))]

    def expected_error(self, count: int, spread: Spread) -> float:
        """Noise, and rounding at its worst."""
        return self.span.width * (spread.half() + 0.5 * count / self.steps_)

    @property
    def _absent(self) -> int:
        zero = min(max(0.0, self.span.low), self.span.high)
        return round((zero - self.span.low) / self.span.width * self.steps_)
