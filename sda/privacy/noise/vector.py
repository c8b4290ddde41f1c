"""Gaussian noise for vectors of a known L2 sensitivity: what a release costs, and how wide the noise must be for it."""

from __future__ import annotations

import math

from sda.errors import ParameterError
from sda.privacy.noise.accounting import Loss, multiplier_for
from sda.privacy.noise.gaussian import (
    ROUNDING_SIGMA,
    SMALLEST_DEALER_SIGMA,
    SMALLEST_SIGMA,
    GaussianNoise,
    closeness,
)
from sda.privacy.noise.noise import OVERFLOW_DELTA, SIGMA_UNIT

_MARGIN = 1e-9
"""Of ε, kept back by whoever plans: rounding on another machine is then never taken for a broken promise."""


def with_margin(epsilon: float) -> float:
    """What is planned for, if ε is promised."""
    return epsilon * (1 - _MARGIN)


def gaussian_noise(
    epsilon: float, delta: float, sensitivity: float, length: int, dealers: int, rounds: int = 1
) -> GaussianNoise | None:
    """The least noise with which so many releases together are (ε, δ)-private; None if it is too little for integers.

    Args:
        epsilon, delta: Of all releases together.
        sensitivity: In L2 and integer units: the most that one contributor changes in a sum.
        length: d, coordinates.
        dealers: h, honest dealers at least.
        rounds: Releases.

    Raises:
        ParameterError: What sums of discrete Gaussians lack of one takes up all of ε.
    """
    least = max(SMALLEST_DEALER_SIGMA, SMALLEST_SIGMA / math.sqrt(dealers))
    added = rounds * 2 * length * closeness(least, dealers)
    if added >= epsilon:
        raise ParameterError("privacy.epsilon", epsilon, f"above {added:.3g} with {length} coordinates")
    left = (delta - rounds * OVERFLOW_DELTA) * math.exp(-added)
    continuous = multiplier_for(with_margin(epsilon) - added, left) * math.sqrt(rounds) * sensitivity
    noise = GaussianNoise(math.ceil(SIGMA_UNIT * math.hypot(continuous, ROUNDING_SIGMA)), dealers)
    return noise if noise.sigma >= SMALLEST_SIGMA and noise.dealer_sigma >= SMALLEST_DEALER_SIGMA else None


def gaussian_loss(noise: GaussianNoise, sensitivity: float, length: int) -> Loss:
    """What one release costs.

    Args:
        noise: Of the honest dealers.
        sensitivity, length: As for `gaussian_noise`.

    Raises:
        ParameterError: The noise is too small for integers.
    """
    if noise.dealer_sigma < SMALLEST_DEALER_SIGMA:
        raise ParameterError("sigma", noise.sigma, f"σ_i = σ/√h at least {SMALLEST_DEALER_SIGMA} integer units")
    continuous = math.sqrt(noise.sigma**2 - ROUNDING_SIGMA**2)
    return Loss(continuous / sensitivity, 2 * length * closeness(noise.dealer_sigma, noise.dealers), OVERFLOW_DELTA)
