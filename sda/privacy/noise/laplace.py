"""Discrete Laplace noise for pure ε, dealt in parts that add up to it exactly.

A discrete Laplace variable, P(x) ∝ a^|x|, is the difference of two geometric ones; a geometric variable is the sum of h
negative binomial ones of shape 1/h. So each dealer draws the difference of two NB(1/h, a): any h of them give exactly
the discrete Laplace, without a correction term, and more of them give it plus independent noise. Dealers that each
draw a whole discrete Laplace would need h times the variance.

Sampling: inversion of a table of integer weights, computed by a recurrence with rational a. Rounding each weight down
changes the distribution of a whole round's draws by less than 2^-180, far below what bounded draws change anyway.
"""

from __future__ import annotations

import math
import secrets
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from sda.errors import ParameterError
from sda.privacy.noise.noise import OVERFLOW_BITS, SIGMA_UNIT, Noise

_DECAY_BITS = 64
_WEIGHT_BITS = 256
MAXIMUM_TABLE = 1 << 21
"""Weights in a table: 140 MB, for a σ of 28,000 units."""
_GRID_LIMIT = 1 << 22


@dataclass(frozen=True)
class LaplaceNoise(Noise):
    """Each dealer draws NB(1/h, a) - NB(1/h, a); a follows from σ² = 2a / (1 - a)²."""

    @property
    def decay(self) -> int:
        """a, times 2^64, rounded up: never less noise than promised."""
        numerator, denominator = self.scaled_sigma**2, 2 * SIGMA_UNIT**2  # of v = σ²/2
        # a/(1-a)² = v has the root a = (2v + 1 - √(4v + 1)) / 2v.
        root = math.isqrt((denominator * (4 * numerator + denominator)) << (2 * _DECAY_BITS))
        return -(-(((2 * numerator + denominator) << _DECAY_BITS) - root) // (2 * numerator))

    @property
    def epsilon_per_unit(self) -> float:
        """-ln a: pure ε of h draws for a change of one integer unit."""
        missing = (1 << _DECAY_BITS) - self.decay
        return -math.log1p(-missing / (1 << _DECAY_BITS))

    def draw(self, length: int, bound: int) -> list[int]:
        """Two table look-ups a coordinate.

        Raises:
            ParameterError: The scale needs too large a table.
        """
        reach = self._require_table(min(bound, self._reach(_WEIGHT_BITS * math.log(2))))
        table, below = _table(self.decay, self.dealers, reach), secrets.randbelow
        total = table[-1]
        return [bisect_right(table, below(total)) - bisect_right(table, below(total)) for _ in range(length)]

    def bound(self, coordinates: int, seats: int) -> int:
        """From P(X > T or Y > T) ≤ 2·a^(T+1) for a draw X - Y: NB(1/h) is below the geometric.

        Raises:
            ParameterError: The scale needs too large a table.
        """
        nats = math.log(2 * coordinates * seats) + OVERFLOW_BITS * math.log(2)
        return self._require_table(self._reach(nats))

    def _reach(self, nats: float) -> int:
        return math.ceil(nats / self.epsilon_per_unit)

    def _require_table(self, reach: int) -> int:
        if reach > MAXIMUM_TABLE:
            allowed = "smaller for pure ε: grant a δ, choose fewer steps, or ask less in a round"
            raise ParameterError("sigma", self.sigma, allowed)
        return reach

    def factor(self, confidence: float, present: int) -> float:
        """From the distribution of one sum, by its characteristic function; at least the normal one, so that it also
        serves combinations of coordinates."""
        normal = NormalDist().inv_cdf((1 + confidence) / 2)
        sd = self.sd(present)
        size = 1 << min(max(10, math.ceil(math.log2(80 * sd))), _GRID_LIMIT.bit_length() - 1)
        a = self.decay / (1 << _DECAY_BITS)
        angles = 2 * np.pi * np.arange(size // 2 + 1) / size
        shape = present / self.dealers
        wave = ((1 - a) ** 2 / (1 - 2 * a * np.cos(angles) + a * a)) ** shape
        masses = np.fft.irfft(wave, size)
        within = masses[0] + 2 * np.cumsum(masses[1 : size // 2])
        half = 0 if masses[0] >= confidence else int(np.searchsorted(within, confidence)) + 1
        return max(normal, half / sd)


def scaled_sigma_for(epsilon_per_unit: float) -> int:
    """σ·2^16, rounded up, of the discrete Laplace with P(x) ∝ exp(-ε|x|)."""
    a = math.exp(-epsilon_per_unit)
    return math.ceil(SIGMA_UNIT * math.sqrt(2 * a) / -math.expm1(-epsilon_per_unit) * (1 + 1e-9))


@lru_cache(maxsize=1)
def _table(decay: int, dealers: int, reach: int) -> list[int]:
    """Cumulative weights of NB(1/h, a) at 0, 1, …, reach: w_k = w_{k-1}·a·(k - 1 + 1/h)/k."""
    weight = total = 1 << _WEIGHT_BITS
    table = [total]
    for k in range(1, reach + 1):
        weight = weight * (dealers * (k - 1) + 1) * decay // (dealers * k << _DECAY_BITS)
        if weight == 0:
            break
        total += weight
        table.append(total)
    return table
