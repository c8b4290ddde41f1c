"""Where each metric's coordinates stand in the vector."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sda.errors import ParameterError
from sda.privacy.metrics.metric import NOTHING, Metric, Point, Sensitivity

MAXIMUM_UNITS = (1 << 32) - 1


@dataclass(frozen=True)
class Layout:
    """Metrics side by side, one after another.

    Attributes:
        metrics: In the order of their coordinates.
    """

    metrics: tuple[Metric, ...]

    @cached_property
    def length(self) -> int:
        """d."""
        return sum(metric.length for metric in self.metrics)

    @cached_property
    def sensitivity(self) -> Sensitivity:
        """Of the whole vector, in whole ranges."""
        return sum((metric.sensitivity for metric in self.metrics), NOTHING)

    @cached_property
    def grain(self) -> int:
        """The least number of units in a whole range that makes every metric's step an integer.

        Raises:
            ParameterError: There is no such number of 32 bits.
        """
        steps = [metric.steps for metric in self.metrics]
        grain = math.lcm(*steps)
        if grain > MAXIMUM_UNITS:
            allowed = f"numbers with a common multiple up to {MAXIMUM_UNITS}: choose equal ones, or powers of ten"
            raise ParameterError("metrics' steps and most", steps, allowed)
        return grain

    def units(self, bits: int) -> int:
        """S, integer units in a whole range: the largest multiple of the grain below 2^bits; 0 if there is none."""
        return ((1 << bits) - 1) // self.grain * self.grain

    def slices(self) -> Iterator[tuple[Metric, slice]]:
        """Each metric with its place."""
        start = 0
        for metric in self.metrics:
            yield metric, slice(start, start + metric.length)
            start += metric.length

    def encode(self, point: Point, units: int) -> list[int]:
        """A contributor's vector: d integers in [0, units].

        Raises:
            EncodingError: The data is not what the query allows.
        """
        return [units // metric.steps * step for metric in self.metrics for step in metric.encode(point)]
