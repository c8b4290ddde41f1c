"""The clerks' noise beside its definition: laws, sums of dealers, tails, closeness.

Where chance decides, an honest sampler fails with probability 1e-9 at most, all draws together.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi2

from sda.errors import ParameterError
from sda.privacy.noise.gaussian import (
    ROUNDING_SIGMA,
    SMALLEST_DEALER_SIGMA,
    GaussianNoise,
    closeness,
    rounding_closeness,
    sum_closeness,
)
from sda.privacy.noise.laplace import LaplaceNoise, scaled_sigma_for
from sda.privacy.noise.noise import SIGMA_UNIT

FAILURE = 1e-10
BOUND = 10**6


def gaussian_masses(sigma: float, reach: int) -> np.ndarray:
    """P of -reach … reach, by the definition."""
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    return np.asarray(weights / weights.sum())


def laplace_masses(epsilon: float, reach: int) -> np.ndarray:
    weights = np.exp(-epsilon * np.abs(np.arange(-reach, reach + 1)))
    return np.asarray(weights / weights.sum())


def polya_masses(dealers: int, epsilon: float, reach: int) -> np.ndarray:
    """P of 0 … reach under NB(1/h, a), by products of exact fractions for the binomial coefficient."""
    coefficient, masses = Fraction(1), []
    for k in range(reach + 1):
        masses.append(float(coefficient) * (-math.expm1(-epsilon)) ** (1 / dealers) * math.exp(-epsilon * k))
        coefficient *= (k + Fraction(1, dealers)) / (k + 1)
    return np.array(masses)


def require_law(draws: list[int], masses: np.ndarray) -> None:
    """Chi-square over the integers that are common enough, and the rest together."""
    reach, found = len(masses) // 2, Counter(draws)
    expected = {value - reach: len(draws) * mass for value, mass in enumerate(masses) if len(draws) * mass >= 20}
    rest = len(draws) - sum(expected.values())
    terms = [(found[value] - each) ** 2 / each for value, each in expected.items()]
    others = sum(number for value, number in found.items() if value not in expected)
    terms += [(others - rest) ** 2 / rest] if rest >= 20 else []
    assert sum(terms) <= chi2.ppf(1 - FAILURE, len(terms) - 1)


def test_gaussian__one_dealer__draws_the_discrete_gaussian() -> None:
    noise = GaussianNoise(round(3.7 * SIGMA_UNIT), 1)
    require_law(noise.draw(40_000, BOUND), gaussian_masses(noise.sigma, 60))


def test_gaussian__sum_of_h_dealers__is_as_good_as_one() -> None:
    noise = GaussianNoise(round(6 * SIGMA_UNIT), 4)
    total = np.sum([noise.draw(20_000, BOUND) for _ in range(4)], axis=0)
    require_law(total.tolist(), gaussian_masses(noise.sigma, 80))


def test_laplace__one_dealer__draws_the_difference_of_two_negative_binomials() -> None:
    noise = LaplaceNoise(scaled_sigma_for(0.4), 5)
    part = polya_masses(5, noise.epsilon_per_unit, 150)
    require_law(noise.draw(40_000, BOUND), np.convolve(part, part[::-1]))


@pytest.mark.parametrize("dealers", [1, 2, 7])
def test_laplace__sum_of_h_dealers__is_exactly_the_discrete_laplace(dealers: int) -> None:
    noise = LaplaceNoise(scaled_sigma_for(0.5), dealers)
    part = polya_masses(dealers, noise.epsilon_per_unit, 400)
    one = np.convolve(part, part[::-1])
    whole = one
    for _ in range(dealers - 1):
        whole = np.convolve(whole, one)
    middle = len(whole) // 2
    assert whole[middle - 50 : middle + 51] == pytest.approx(
        laplace_masses(noise.epsilon_per_unit, 300)[250:351], rel=1e-9
    )
    total = np.sum([noise.draw(20_000, BOUND) for _ in range(dealers)], axis=0)
    require_law(total.tolist(), laplace_masses(noise.epsilon_per_unit, 300))


@settings(deadline=None)
@given(st.floats(1e-3, 20))
def test_laplace__scale_on_chain__never_gives_less_noise_than_was_asked(epsilon: float) -> None:
    noise = LaplaceNoise(scaled_sigma_for(epsilon), 3)
    assert noise.epsilon_per_unit <= epsilon
    # The grid of 2^-16 is felt only where σ itself is that small.
    assert noise.epsilon_per_unit >= epsilon * (1 - 1e-3) or noise.sigma < 0.05


def test_laplace__too_large_a_scale__is_refused_with_a_way_out() -> None:
    noise = LaplaceNoise(scaled_sigma_for(1e-6), 3)
    with pytest.raises(ParameterError, match="smaller for pure ε: grant a δ, choose fewer steps"):
        noise.bound(1, 8)


def test_draw__beyond_the_bound__is_clipped() -> None:
    for noise in (GaussianNoise(50 * SIGMA_UNIT, 1), LaplaceNoise(50 * SIGMA_UNIT, 1)):
        draws = noise.draw(2000, 7)
        assert (min(draws), max(draws)) == (-7, 7)


@pytest.mark.parametrize("sigma", [1.5, 4.0])
def test_bound__tail_beyond_it__is_rarer_than_2_to_the_minus_64(sigma: float) -> None:
    """All draws of all seats, from the definitions: sums of 1e-40 are exact enough in floats."""
    coordinates, seats = 1000, 26
    gaussian = GaussianNoise(round(sigma * SIGMA_UNIT), 1)
    bound = gaussian.bound(coordinates, seats)
    beyond = 2 * math.fsum(math.exp(-(k**2) / (2 * sigma**2)) for k in range(bound + 1, 10 * bound))
    normal = math.fsum(math.exp(-(k**2) / (2 * sigma**2)) for k in range(-bound, bound + 1))
    assert coordinates * seats * beyond / normal <= 2.0**-64
    laplace = LaplaceNoise(round(sigma * SIGMA_UNIT), 4)
    bound = laplace.bound(coordinates, seats)
    one_side = polya_masses(4, laplace.epsilon_per_unit, 6 * bound)[bound + 1 :].sum()
    assert coordinates * seats * 2 * one_side <= 2.0**-64


@pytest.mark.parametrize("sigma", [0.5, 0.55, 0.6])
@pytest.mark.parametrize("dealers", [2, 3, 8])
def test_sum_closeness__of_real_sums__is_an_upper_bound(sigma: float, dealers: int) -> None:
    """Compared where the difference can be seen, below the smallest scale that rounds use."""
    one = gaussian_masses(sigma, 40)
    whole = one
    for _ in range(dealers - 1):
        whole = np.convolve(whole, one)
    wanted = gaussian_masses(sigma * math.sqrt(dealers), len(whole) // 2)
    near = slice(len(whole) // 2 - 12, len(whole) // 2 + 13)
    off = float(np.abs(np.log(whole[near] / wanted[near])).max())
    assert 0 < off <= sum_closeness(sigma, dealers)


@pytest.mark.parametrize("rounding", [0.4, 0.5])
def test_rounding_closeness__by_integration__is_an_upper_bound(rounding: float) -> None:
    """The discrete Gaussian beside the continuous one that was rounded by a discrete Gaussian."""
    sigma = 3 * rounding
    before = math.sqrt(sigma**2 - rounding**2)

    def rounded(z: int) -> float:
        def density(y: float) -> float:
            whole = math.fsum(math.exp(-((k - y) ** 2) / (2 * rounding**2)) for k in range(-30, 31))
            return math.exp(-(y**2) / (2 * before**2) - (z - y) ** 2 / (2 * rounding**2)) / whole

        return quad(density, -12, 12, limit=400, epsabs=1e-13)[0] / (before * math.sqrt(2 * math.pi))

    masses = gaussian_masses(sigma, 60)
    off = max(abs(math.log(rounded(z) / masses[60 + z])) for z in range(4))
    assert 1e-9 < off <= rounding_closeness(rounding)


def test_closeness__at_the_smallest_scales__is_negligible() -> None:
    assert closeness(SMALLEST_DEALER_SIGMA, 64) < 3e-9
    assert rounding_closeness(ROUNDING_SIGMA) < 3e-12


@pytest.mark.parametrize("noise", [GaussianNoise(30 * SIGMA_UNIT, 3), LaplaceNoise(30 * SIGMA_UNIT, 3)])
@pytest.mark.parametrize("present", [3, 5])
def test_factor__of_the_interval__holds_as_many_draws_as_it_says(noise: GaussianNoise, present: int) -> None:
    total = np.sum([noise.draw(20_000, BOUND) for _ in range(present)], axis=0)
    half = noise.factor(0.95, present) * noise.sd(present)
    # 95% of 20,000, six and a half standard deviations down; integers make it a little more.
    assert 0.94 <= float((np.abs(total) <= half).mean()) <= 0.975


def test_sd__of_surplus_dealers__grows_with_the_root() -> None:
    noise = GaussianNoise(10 * SIGMA_UNIT, 15)
    assert (noise.sd(15), noise.sd(60)) == (10, 20)
