"""How much on average?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sda.privacy.fields import Section
from sda.privacy.metrics.intervals import ratio_interval
from sda.privacy.metrics.metric import Estimate, Known, Metric, Point, Sensitivity, Spread
from sda.privacy.metrics.ranges import Range, read_steps


@dataclass(frozen=True)
class Mean(Metric):
    """The mean of a clipped value over those who measured it.

    Two coordinates: where the value lies in the range, and whether there is one. Who measured nothing sends the
    middle of the range, which is then taken away again: the vectors lie closer together than with zeros, so less
    noise is needed.
    """

    kind = "mean"
    name: str
    span: Range
    steps_: int

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: value, range, outside, steps."""
        return cls(name, Range.read(section, known), read_steps(section))

    @property
    def length(self) -> int:
        """The value, whether there is one, and what is counted beside."""
        return 2 + self.span.extra

    @property
    def steps(self) -> int:
        """Of the range."""
        return self.steps_

    @property
    def sensitivity(self) -> Sensitivity:
        """From (1/2, 0) to (0 or 1, 1); from (0, 1) to (1, 1) is less."""
        return Sensitivity(2, 1.5, math.sqrt(1.25)) + self.span.extra_sensitivity

    def describe(self) -> dict[str, Any]:
        """Range and steps."""
        return {"metric": self.kind, "name": self.name, **self.span.describe(), "steps": self.steps_}

    def encode(self, point: Point) -> list[int]:
        """Where the value lies in the range, and whether there is one."""
        place, outside = self.span.place(point)
        flags = self.span.flags(outside, self.steps_)
        return [self.steps_ // 2, 0, *flags] if place is None else [round(place * self.steps_), self.steps_, *flags]

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """The mean, NaN while there may be nobody who measured, and how many did."""
        r, half = self.span, spread.half()
        off_middle, present = sums[0] - count / 2, sums[1]
        low, high = ratio_interval(off_middle, present, half, half)
        rounding = 0.5 / self.steps_
        value = r.low + r.width * (0.5 + off_middle / present) if present > 0 else math.nan
        low, high = (r.low + r.width * min(max(0.5 + end, 0.0), 1.0) for end in (low - rounding, high + rounding))
        measured = Estimate("measured", present, max(present - half, 0.0), min(present + half, count), "contributors")
        return [Estimate(r.value, value, low, high, "mean"), measured, *r.decode_flags(list(sums[2:]), count, spread)]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """The same of values as they are clipped but not rounded."""
        r = self.span
        places = [place for place, _ in map(r.place, points) if place is not None]
        mean = r.low + r.width * sum(places) / len(places) if places else math.nan
        return [mean, float(len(places)), *r.truth_flags(list(points))]

    def expected_error(self, count: int, spread: Spread) -> float:
        """If all measure it, and the mean is in the middle of the range."""
        return self.span.width * (spread.half() / count + 0.5 / self.steps_)
