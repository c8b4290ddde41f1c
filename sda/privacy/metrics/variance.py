"""How widely does it vary?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sda.privacy.fields import Section
from sda.privacy.metrics.metric import Estimate, Known, Metric, Point, Sensitivity, Spread, cut
from sda.privacy.metrics.ranges import Range, read_steps


@dataclass(frozen=True)
class Variance(Metric):
    """The variance (of the population, not n - 1) of a clipped value over those who measured it.

    With u = the value on a scale from -1 to 1 over its range, three coordinates: (u + 1) / 2, u² and whether there is a
    value. Who measured nothing sends the middle, u = 0.
    """

    kind = "variance"
    name: str
    span: Range
    steps_: int

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: value, range, outside, steps."""
        return cls(name, Range.read(section, known), read_steps(section))

    @property
    def length(self) -> int:
        """Value, square, whether there is one, and what is counted beside."""
        return 3 + self.span.extra

    @property
    def steps(self) -> int:
        """Of the range, and of the square's."""
        return self.steps_

    @property
    def sensitivity(self) -> Sensitivity:
        """From (1/2, 0, 0) to (0 or 1, 1, 1); between two who measured it is less."""
        return Sensitivity(3, 2.5, 1.5) + self.span.extra_sensitivity

    def describe(self) -> dict[str, Any]:
        """Range and steps."""
        return {"metric": self.kind, "name": self.name, **self.span.describe(), "steps": self.steps_}

    def encode(self, point: Point) -> list[int]:
        """Value, square, whether there is one."""
        place, outside = self.span.place(point)
        flags = self.span.flags(outside, self.steps_)
        if place is None:
            return [self.steps_ // 2, 0, 0, *flags]
        square = (2 * place - 1) ** 2
        return [round(place * self.steps_), round(square * self.steps_), self.steps_, *flags]

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """The variance; its interval is the first-order propagation of the three errors, and rounding at its worst."""
        r, unit = self.span, (self.span.width / 2) ** 2
        values, squares, present = 2 * sums[0] - count, sums[1], sums[2]
        flags = r.decode_flags(list(sums[3:]), count, spread)
        if present <= spread.half():
            return [Estimate(r.value, math.nan, 0.0, unit, "variance"), *flags]
        mean, mean_square = values / present, squares / present
        slopes = np.array([-4 * mean, 1.0, 2 * mean**2 - mean_square]) / present
        half = spread.half(float(np.linalg.norm(slopes))) + 2.5 / self.steps_
        return [cut(r.value, unit * (mean_square - mean**2), unit * half, "variance", 0.0, unit), *flags]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """The variance of values as they are clipped but not rounded."""
        r = self.span
        places = [place for place, _ in map(r.place, points) if place is not None]
        variance = float(np.var(places)) * r.width**2 if places else math.nan
        return [variance, *r.truth_flags(list(points))]

    def expected_error(self, count: int, spread: Spread) -> float:
        """If all measure it, evenly spread over the range: u has mean 0 and mean square 1/3."""
        half = spread.half(math.hypot(1, 1 / 3)) / count + 2.5 / self.steps_
        return (self.span.width / 2) ** 2 * half
