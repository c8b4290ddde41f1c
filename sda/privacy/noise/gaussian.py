"""Discrete Gaussian noise: exact sampler of OpenDP, and what a sum of such draws is worth.

References:
    C. Canonne, G. Kamath, T. Steinke, The discrete Gaussian for differential privacy, 2020 (sampler, tails).
    P. Kairouz, Z. Liu, T. Steinke, The distributed discrete Gaussian mechanism, 2021 (sums of them).
    C. Peikert, An efficient and parallel Gaussian sampler for lattices, 2010 (rounding to an integer by a Gaussian).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

from sda.privacy.noise.noise import OVERFLOW_BITS, Noise

SMALLEST_DEALER_SIGMA = 1.5
"""Integer units. Below it a sum of discrete Gaussians is not nearly one."""

SMALLEST_SIGMA = 24.0
"""Integer units of the whole noise: rounding then costs less than 0.2% of accuracy."""

ROUNDING_SIGMA = 1.2
"""s, in integer units. See `rounding_closeness`."""


@dataclass(frozen=True)
class GaussianNoise(Noise):
    """Each dealer draws N_Z(0, σ²/h)."""

    def draw(self, length: int, bound: int) -> list[int]:
        """Exact: integer arithmetic on random bits of the operating system's generator."""
        draws = _sampler(math.nextafter(self.dealer_sigma, math.inf))([0] * length)
        return [min(max(each, -bound), bound) for each in draws]

    def bound(self, coordinates: int, seats: int) -> int:
        """From P(|X| > T) ≤ 2·exp(-T² / 2σ_i²), as a discrete Gaussian is subgaussian."""
        nats = math.log(2 * coordinates * seats) + OVERFLOW_BITS * math.log(2)
        return math.ceil(self.dealer_sigma * math.sqrt(2 * nats))

    def factor(self, confidence: float, present: int) -> float:
        """That of the normal distribution."""
        del present
        return NormalDist().inv_cdf((1 + confidence) / 2)


@cache
def _opendp() -> Any:
    """OpenDP takes more than a second to load: only whoever draws waits for it."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp


def _sampler(scale: float) -> Any:
    """Adds a discrete Gaussian to each of a list of integers."""
    dp = _opendp()
    return dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64"), scale=scale)


def sum_closeness(dealer_sigma: float, dealers: int) -> float:
    """τ = 10·Σ_{i=1}^{h-1} exp(-2π²σ_i²·i/(i+1)): the logarithm of how much the probability of any integer under a
    sum of h discrete Gaussians and under the one of the same variance may differ."""
    exponent = 2 * (math.pi * dealer_sigma) ** 2
    return 10 * math.fsum(math.exp(-exponent * i / (i + 1)) for i in range(1, dealers))


def rounding_closeness(deviation: float) -> float:
    """How far, as a logarithm, a discrete Gaussian may be from the continuous one of variance σ² - s² that was
    rounded to an integer by a discrete Gaussian of this deviation s, σ ≥ 2s.

    With η = 2·Σ_k exp(-2π²s²k²), the rounding's normalisation lies within 1 ± η of s·√(2π) wherever its centre is; 3η
    covers the quotient of that and of the discrete Gaussian's own.
    """
    return 6 * math.fsum(math.exp(-2 * (math.pi * deviation * k) ** 2) for k in (1, 2, 3))


def closeness(dealer_sigma: float, dealers: int) -> float:
    """κ of one coordinate: the sum of h draws differs by a factor of e^κ at most, in the probability of any integer,
    from continuous Gaussian noise of variance h·σ_i² - s² that was then rounded.

    So the accounting of the continuous Gaussian holds for the integers too, in any number of coordinates and for any
    vectors: (ε, δ) of the one is (ε + 2dκ, e^{dκ}·δ) of the other.
    """
    return sum_closeness(dealer_sigma, dealers) + rounding_closeness(ROUNDING_SIGMA)
