"""What releases cost: ε and δ by Google's dp-accounting.

A round with Gaussian noise is, up to the closeness of `noise.gaussian`, one continuous Gaussian release of its noise
multiplier; rounds compose by privacy loss distributions (PLD). A round with Laplace noise is pure ε, and composes as
the worst mechanism with that ε.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dp_accounting.gaussian_mechanism import get_epsilon_gaussian, get_sigma_gaussian
from dp_accounting.pld import privacy_loss_distribution as pld
from dp_accounting.pld.common import DifferentialPrivacyParameters

from sda.errors import ParameterError

_INTERVAL = 1e-4
_LONGEST_LOSS = 500.0
"""Beyond such an ε nothing is protected, and a distribution on that grid would be huge."""


@dataclass(frozen=True)
class Loss:
    """What one release costs a contributor.

    Attributes:
        multiplier: Noise multiplier of a Gaussian release: σ over L2 sensitivity; None for a pure one.
        epsilon: Pure ε, and what closeness adds to a Gaussian one.
        delta: What overflowing slots and closeness add.
    """

    multiplier: float | None
    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if self.multiplier is not None and not 0 < self.multiplier < math.inf:
            raise ParameterError("multiplier", self.multiplier, "above 0")
        if not 0 <= self.epsilon < math.inf:
            raise ParameterError("epsilon", self.epsilon, "0 or more")
        if not 0 <= self.delta < 1:
            raise ParameterError("delta", self.delta, "in [0, 1)")

    @property
    def rho(self) -> float:
        """Zero-concentrated: ρ = 1 / 2m², or ε²/2; without what closeness and overflow add."""
        return 0.5 / self.multiplier**2 if self.multiplier else 0.5 * self.epsilon**2


def epsilon_of(losses: Iterable[Loss], delta: float) -> float:
    """ε of several releases together, for a δ of all; infinite if δ is too small for any.

    Gaussian releases compose to one Gaussian exactly; pure ones as privacy loss distributions.
    """
    losses = list(losses)
    gaussian = [loss for loss in losses if loss.multiplier is not None]
    pure = [loss.epsilon for loss in losses if loss.multiplier is None]
    added = math.fsum(loss.epsilon for loss in gaussian)
    # (ε, δ) becomes (ε + x, e^x·δ) under closeness, so the share of the others in δ shrinks by e^x.
    left = (delta - math.fsum(loss.delta for loss in losses)) * math.exp(-added)
    if not losses:
        return 0.0
    multiplier = (
        1 / math.sqrt(math.fsum(loss.multiplier**-2 for loss in gaussian if loss.multiplier)) if gaussian else None
    )
    if left < 0 or (left == 0 and gaussian):
        return math.inf
    if not gaussian and (left == 0 or len(pure) == 1):
        return math.fsum(pure)
    if multiplier is not None and not pure:
        return float(get_epsilon_gaussian(multiplier, left)) + added
    return min(_composed(multiplier, pure, left), _simple(multiplier, pure, left)) + added


def multiplier_for(epsilon: float, delta: float) -> float:
    """The least noise multiplier of a Gaussian release that is (ε, δ)-private."""
    return float(get_sigma_gaussian(epsilon, delta))


def _simple(multiplier: float | None, pure: list[float], delta: float) -> float:
    """Pure ε just add up."""
    return math.fsum(pure) + (float(get_epsilon_gaussian(multiplier, delta)) if multiplier else 0.0)


def _composed(multiplier: float | None, pure: list[float], delta: float) -> float:
    if math.fsum(pure) > _LONGEST_LOSS or (multiplier is not None and multiplier < 1 / math.sqrt(_LONGEST_LOSS)):
        return math.inf
    whole = pld.identity(value_discretization_interval=_INTERVAL)
    if multiplier is not None:
        whole = whole.compose(pld.from_gaussian_mechanism(multiplier, value_discretization_interval=_INTERVAL))
    for epsilon in sorted(set(pure)):
        one = pld.from_privacy_parameters(DifferentialPrivacyParameters(epsilon, 0.0), _INTERVAL)
        whole = whole.compose(one.self_compose(pure.count(epsilon)))
    return float(whole.get_epsilon_for_delta(delta))
