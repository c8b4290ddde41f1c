"""What do half of them, or nine of ten, stay below?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sda.errors import ParameterError
from sda.privacy.fields import Section
from sda.privacy.metrics.metric import Estimate, Known, Metric, Point, Sensitivity, Spread
from sda.privacy.metrics.ranges import Range

METHODS = ("tree", "histogram")
MAXIMUM_LEAVES = 1024

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Quantiles(Metric):
    """Quantiles of a clipped value over those who measured it.

    The range is divided into equal leaves. With "histogram" a contributor counts in its leaf; with "tree" in every node
    of a binary tree above it but the root, and the sums are reconciled by least squares: a count over many leaves then
    holds the noise of a few nodes. The tree needs √depth times the noise and wins from a few hundred leaves on.

    Reference: M. Hay et al., Boosting the accuracy of differentially private histograms through consistency, 2010.
    """

    kind = "quantiles"
    name: str
    span: Range
    quantiles: tuple[float, ...]
    method: str
    leaves: int

    @classmethod
    def read(cls, section: Section, known: Known, name: str) -> Self:
        """Fields: value, range, outside, quantiles, method, leaves."""
        quantiles = section.numbers("quantiles", (0.5,))
        if not quantiles or not all(0 < q < 1 for q in quantiles):
            raise ParameterError(section.field("quantiles"), list(quantiles), "numbers between 0 and 1, exclusive")
        leaves = section.integer("leaves", 2, MAXIMUM_LEAVES, 64)
        if leaves & (leaves - 1):
            raise ParameterError(section.field("leaves"), leaves, "a power of two")
        return cls(name, Range.read(section, known), quantiles, section.choice("method", METHODS, "tree"), leaves)

    @property
    def _levels(self) -> range:
        """Depths in the tree that have coordinates; the root is none."""
        depth = self.leaves.bit_length() - 1
        return range(1, depth + 1) if self.method == "tree" else range(depth, depth + 1)

    @property
    def length(self) -> int:
        """The nodes of all levels, and what is counted beside."""
        return sum(1 << level for level in self._levels) + self.span.extra

    @property
    def steps(self) -> int:
        """In it or not."""
        return 1

    @property
    def sensitivity(self) -> Sensitivity:
        """On each level, out of one node and into another."""
        changed = 2 * len(self._levels)
        return Sensitivity(changed, float(changed), math.sqrt(changed)) + self.span.extra_sensitivity

    def describe(self) -> dict[str, Any]:
        """Range, quantiles, method and leaves."""
        own = {"quantiles": list(self.quantiles), "method": self.method, "leaves": self.leaves}
        return {"metric": self.kind, "name": self.name, **self.span.describe(), **own}

    def encode(self, point: Point) -> list[int]:
        """1 for the node of every level."""
        place, outside = self.span.place(point)
        vector: list[int] = []
        for level in self._levels:
            nodes = [0] * (1 << level)
            if place is not None:
                nodes[min(int(place * len(nodes)), len(nodes) - 1)] = 1
            vector += nodes
        return vector + self.span.flags(outside, 1)

    def decode(self, sums: Sequence[float], count: int, spread: Spread) -> list[Estimate]:
        """One figure a quantile, at the precision of a leaf."""
        nodes, flags = len(sums) - self.span.extra, list(sums[len(sums) - self.span.extra :])
        leaves = self._precision @ (self._design.T @ np.asarray(sums[:nodes]))
        below = np.concatenate([[0.0], np.cumsum(leaves)])
        found = [self._quantile(q, below, spread) for q in self.quantiles]
        return [*found, *self.span.decode_flags(flags, count, spread)]

    def _quantile(self, q: float, below: Floats, spread: Spread) -> Estimate:
        """From the estimated number below each edge.

        An edge is surely below the quantile if the count there is less than q of all by more than the error of that
        difference. Walking in from each end while the next edge is surely outside leaves the interval: it misses only
        if the one edge beside the truth errs.
        """
        label, edges = f"{self.span.value} {100 * q:g}%", np.linspace(self.span.low, self.span.high, self.leaves + 1)
        if below[-1] <= spread.half(float(np.sqrt(self._precision.sum()))):
            return Estimate(label, math.nan, self.span.low, self.span.high, "quantile")
        off = below - q * below[-1]
        half = spread.factor * spread.sd * self._errors(q)
        first, last = 0, self.leaves
        while first + 1 < last and off[first + 1] + half[first + 1] < 0:
            first += 1
        while last - 1 > first and off[last - 1] - half[last - 1] > 0:
            last -= 1
        rising = np.maximum.accumulate(below)
        value = float(np.interp(q * below[-1], rising, edges))
        return Estimate(label, min(max(value, edges[first]), edges[last]), edges[first], edges[last], "quantile")

    def _errors(self, q: float) -> Floats:
        """Standard deviation of (number below an edge - q of all) at every edge, in those of one coordinate."""
        contrasts = np.tri(self.leaves + 1, self.leaves, -1) - q
        errors: Floats = np.sqrt(np.einsum("ij,jk,ik->i", contrasts, self._precision, contrasts, optimize=True))
        return errors

    @cached_property
    def _design(self) -> Floats:
        """Which leaves (columns) each coordinate (row) counts."""
        blocks = [np.kron(np.eye(1 << level), np.ones(self.leaves >> level)) for level in self._levels]
        return np.vstack(blocks)

    @cached_property
    def _precision(self) -> Floats:
        """Covariance of the leaves' least-squares estimates, for noise of variance 1."""
        return np.linalg.inv(self._design.T @ self._design)

    def truth(self, points: Sequence[Point]) -> list[float]:
        """Quantiles of values as they are clipped, ranks as in the inverse of their distribution."""
        r = self.span
        places = [place for place, _ in map(r.place, points) if place is not None]
        found = [
            r.low + r.width * float(np.quantile(places, q, method="inverted_cdf")) if places else math.nan
            for q in self.quantiles
        ]
        return [*found, *r.truth_flags(list(points))]
