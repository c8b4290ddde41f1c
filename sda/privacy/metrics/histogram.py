"""How many lie where?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from sda.errors import EncodingError, ParameterError
from sda.privacy.fields import Section, finite
from sda.privacy.metrics.metric import Estimate, Known, Metric, Point, Sensitivity, Spread, cut
from sda.privacy.metrics.ranges import OUTSIDE, OUTSIDE_LABEL

MAXIMUM_BINS = 100_000


@dataclass(frozen=True)
class Histogram(Metric):
    """Contributors by bin: one coordinate a bin, and one for values outside if they are counted.

    Attributes:
        value: Name of the value.
        bins: [low, high) each, ascending, disjoint; the last one holds its high end too. Between two there may be a
            gap.
        outside: As for ranges; "clip" takes the nearest bin.
    """

    kind = "histogram"
    name: str
    value: str
    bins: tuple[tuple[float, float], ...]
    outside: str

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: value; bins, edges in a row or a list of [low, high]; outside."""
        value, bins = section.known("value", known.values), _read_bins(section)
        return cls(name, value, bins, section.choice("outside", OUTSIDE, "clip"))

    @property
    def length(self) -> int:
        """One a bin."""
        return len(self.bins) + (self.outside == "count")

    @property
    def steps(self) -> int:
        """In it or not."""
        return 1

    @property
    def sensitivity(self) -> Sensitivity:
        """Out of one bin, into another."""
        changed = min(2, self.length)
        return Sensitivity(changed, float(changed), math.sqrt(changed))

    def describe(self) -> dict[str, Any]:
        """Value, bins and what becomes of the rest."""
        bins = [list(each) for each in self.bins]
        return {"metric": self.kind, "name": self.name, "value": self.value, "bins": bins, "outside": self.outside}

    def encode(self, point: Point) -> list[int]:
        """1 for its bin."""
        vector = [0] * self.length
        place = self._bin(point)
        if place is not None:
            vector[place] = 1
        return vector

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """Contributors a bin."""
        labels = [f"{low:g} to {high:g}" for low, high in self.bins] + [OUTSIDE_LABEL] * (self.outside == "count")
        pairs = zip(labels, sums, strict=True)
        return [cut(label, total, spread.half(), "contributors", 0, count) for label, total in pairs]

    def truth(self, points: Sequence[Point]) -> list[float]:
        """Contributors a bin."""
        totals = [0.0] * self.length
        for place in map(self._bin, points):
            if place is not None:
                totals[place] += 1
        return totals

    def expected_error(self, count: int, spread: Spread) -> float:
        """The same for every N."""
        del count
        return spread.half()

    def _bin(self, point: Point) -> int | None:
        """The coordinate to which a contributor belongs."""
        value = point.get(self.value)
        if value is None:
            return None
        for index, (low, high) in enumerate(self.bins):
            if low <= value < high or (index == len(self.bins) - 1 and value == high):
                return index
        if self.outside == "refuse":
            raise EncodingError(f"value {self.value!r}: must be in one of the bins")
        if self.outside == "clip":
            return min(range(len(self.bins)), key=lambda index: min(abs(value - end) for end in self.bins[index]))
        return len(self.bins) if self.outside == "count" else None


def _read_bins(section: Section) -> tuple[tuple[float, float], ...]:
    given, field = section.value("bins"), section.field("bins")
    if not isinstance(given, list) or not given:
        raise ParameterError(field, given, "a list of edges, or of [low, high]")
    if isinstance(given[0], list):
        bins = [_pair(f"{field}[{index}]", each) for index, each in enumerate(given)]
    else:
        bins = list(pairwise(section.numbers("bins")))
    if not 1 <= len(bins) <= MAXIMUM_BINS:
        raise ParameterError(field, given, f"1 to {MAXIMUM_BINS} bins")
    for index, (low, high) in enumerate(bins):
        if not low < high:
            raise ParameterError(f"{field}[{index}]", [low, high], "ascending: low < high")
        if index and low < bins[index - 1][1]:
            raise ParameterError(
                f"{field}[{index}]", [low, high], f"from {bins[index - 1][1]:g} on: bins must not overlap"
            )
    return tuple(bins)


def _pair(field: str, given: object) -> tuple[float, float]:
    if not isinstance(given, list) or len(given) != 2:
        raise ParameterError(field, given, "[low, high]")
    return finite(field, given[0]), finite(field, given[1])
