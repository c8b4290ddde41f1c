"""What every metric knows: its coordinates, its sensitivity, how it is encoded, how its sum is read.

A coordinate is a number in [0, 1] in steps of 1 / `steps`; the layout multiplies it by the round's units. Sensitivities
are of *replacing* one contributor's data by any other: who contributes and N are public in a round, so there is
nothing to hide in them. Adding or removing somebody would give smaller numbers and promise something else.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sda.privacy.fields import Section

Point = Mapping[str, float]
"""A contributor's data: names of events with how often they occurred, names of values with the value. What is not named
did not occur, or was not measured."""

MAXIMUM_STEPS = 1 << 16


@dataclass(frozen=True)
class Known:
    """The names that a query declares."""

    events: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Sensitivity:
    """The most that replacing one contributor's data changes, in whole ranges of a coordinate.

    Attributes:
        l0: Coordinates that change.
        l1, l2: Norms of the change.
    """

    l0: int
    l1: float
    l2: float

    def __add__(self, other: Sensitivity) -> Sensitivity:
        """Of both vectors side by side."""
        return Sensitivity(self.l0 + other.l0, self.l1 + other.l1, math.hypot(self.l2, other.l2))


NOTHING = Sensitivity(0, 0.0, 0.0)


@dataclass(frozen=True)
class Spread:
    """How far noise may be off.

    Attributes:
        sd: Standard deviation of the noise in one coordinate, in whole ranges.
        confidence: Of the intervals.
        factor: Half an interval in standard deviations.
    """

    sd: float
    confidence: float
    factor: float

    def half(self, norm: float = 1.0) -> float:
        """Half the interval of a combination of coordinates whose weights have this L2 norm."""
        return self.factor * self.sd * norm


@dataclass(frozen=True)
class Estimate:
    """One figure with its error bar.

    Attributes:
        label: Of what.
        value: Unbiased where the metric is linear, so it may lie outside the possible range; NaN if nothing can be
            said.
        low, high: The interval that holds the figure of these contributors with the query's confidence, noise being the
            only uncertainty; cut to what is possible. Sampling contributors from a population adds its own.
        unit: Of the value.
    """

    label: str
    value: float
    low: float
    high: float
    unit: str


class Metric(ABC):
    """One thing that is asked. A subclass in a file of this package is found by its `kind`."""

    kind: ClassVar[str]
    name: str

    @classmethod
    @abstractmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """From the query; every field has its check.

        Raises:
            ParameterError: Names the field.
        """

    @property
    @abstractmethod
    def length(self) -> int:
        """Coordinates."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Encoded coordinates are integers in [0, steps]."""

    @property
    @abstractmethod
    def sensitivity(self) -> Sensitivity:
        """Of replacing one contributor's data."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """All its settings, defaults resolved: what contributors sign the hash of."""

    @abstractmethod
    def encode(self, point: Point) -> list[int]:
        """`length` integers in [0, steps].

        Raises:
            EncodingError: The data is not what the query allows; names the field, never its value.
        """

    @abstractmethod
    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """The figures.

        Args:
            sums: `length` sums of coordinates over all contributors, in whole ranges, with noise.
            count: N.
            spread: Of the noise.
        """

    @abstractmethod
    def truth(self, points: Sequence[Point]) -> list[float]:
        """The same figures computed plainly, in the order of `decode`: what tests and rehearsals compare with."""

    def expected_error(self, count: int, spread: Spread) -> float | None:
        """Half the interval of one figure for `count` contributors, before anything is measured; None if it depends on
        the data."""
        del count, spread
        return None


def cut(label: str, value: float, half: float, unit: str, low: float = -math.inf, high: float = math.inf) -> Estimate:
    """An estimate whose interval is cut to [low, high]."""
    return Estimate(label, value, min(max(value - half, low), high), max(min(value + half, high), low), unit)
