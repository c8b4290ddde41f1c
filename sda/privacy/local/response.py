"""Basic randomised response over the same queries: every coordinate as one randomised bit.

A coordinate v in [0, 1] becomes a bit that is 1 with probability v, and the bit is told with probability e^ε' / (1 +
e^ε'), its opposite otherwise. With l0 coordinates that one contributor can change, ε' is ε / l0 for pure ε, and what
an l0-fold composition allows for (ε, δ).

Reference: S. L. Warner, Randomized response: a survey technique for eliminating evasive answer bias, 1965.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from secrets import SystemRandom
from statistics import NormalDist

from dp_accounting.pld import privacy_loss_distribution as pld

from sda.privacy.layout import Layout
from sda.privacy.metrics.metric import Point, Spread
from sda.privacy.query import Query
from sda.privacy.results import Result, Results

_INTERVAL = 1e-4
_STEPS = 30


def bit_epsilon(epsilon: float, delta: float, changed: int) -> float:
    """ε' of one bit such that `changed` of them together are (ε, δ)-private."""
    least, most = epsilon / changed, epsilon
    if delta == 0 or changed == 1:
        return least
    for _ in range(_STEPS):
        middle = (least + most) / 2
        if _composed_epsilon(middle, changed, delta) <= epsilon:
            least = middle
        else:
            most = middle
    return least


def _composed_epsilon(bit: float, changed: int, delta: float) -> float:
    flipped = 1 / (1 + math.exp(bit))
    one = pld.from_randomized_response(2 * flipped, 2, value_discretization_interval=_INTERVAL)
    return float(one.self_compose(changed).get_epsilon_for_delta(delta))


@dataclass(frozen=True)
class Response:
    """Randomised bits.

    Attributes:
        epsilon: ε' of one bit.
    """

    epsilon: float

    @property
    def kept(self) -> float:
        """Chance that a bit is told as it is."""
        return 1 / (1 + math.exp(-self.epsilon))

    def report(self, places: Sequence[float], random: Random | None = None) -> list[int]:
        """One contributor's bits, for coordinates in [0, 1]."""
        random = random or SystemRandom()
        bits = (random.random() < place for place in places)
        return [int(bit == (random.random() < self.kept)) for bit in bits]

    def estimate(self, ones: Sequence[float], count: int) -> list[float]:
        """Unbiased sums of the coordinates of `count` contributors, from how many told 1."""
        flipped = 1 - self.kept
        return [(each - count * flipped) / (self.kept - flipped) for each in ones]

    def variance(self, count: int) -> float:
        """Of the estimate of one sum, given bits: N·e^ε' / (e^ε' - 1)²; at most a quarter of N more with the
        rounding."""
        return count * math.exp(self.epsilon) / math.expm1(self.epsilon) ** 2


@dataclass(frozen=True)
class LocalQuery:
    """A query answered by randomised response.

    Attributes:
        query: What is asked, with its ε and δ.
    """

    query: Query

    @property
    def layout(self) -> Layout:
        """Of the bits."""
        return Layout(self.query.metrics)

    @property
    def response(self) -> Response:
        """How each bit is told."""
        return Response(bit_epsilon(self.query.epsilon, self.query.delta, self.layout.sensitivity.l0))

    def report(self, point: Point, random: Random | None = None) -> list[int]:
        """What one contributor sends: one bit a coordinate."""
        grain = self.layout.grain
        return self.response.report([step / grain for step in self.layout.encode(point, grain)], random)

    def decode(self, ones: Sequence[int], count: int) -> Results:
        """Results from how many contributors told 1, coordinate by coordinate."""
        response, confidence = self.response, self.query.confidence
        totals = response.estimate(ones, count)
        # The rounding of a coordinate to a bit has variance 1/4 a contributor at most; yes-or-no metrics have none.
        rounding = 0.25 * count * (self.layout.grain > 1)
        factor = NormalDist().inv_cdf((1 + confidence) / 2)
        spread = Spread(math.sqrt(response.variance(count) + rounding), confidence, factor)
        found = tuple(
            Result(metric.name, metric.kind, tuple(metric.decode(totals[place], count, spread)))
            for metric, place in self.layout.slices()
        )
        return Results(self.query.title, count, 0, confidence, self.query.epsilon, self.query.delta, found)
