"""A clerk's noise for a round, from the round's public terms alone."""

from __future__ import annotations

from sda.errors import ParameterError
from sda.privacy.noise.gaussian import GaussianNoise
from sda.privacy.noise.laplace import LaplaceNoise
from sda.privacy.noise.noise import Noise
from sda.privacy.noise.promise import Mechanism, Promise
from sda.round import Terms


def draw(terms: Terms) -> list[int]:
    """One dealer's fresh noise, from the operating system's generator.

    Whoever calls it keeps the draw to itself, and makes at most one vector per round public (`sda.dealt`).

    Args:
        terms: Of a private round, as they stand on chain.

    Returns:
        `terms.length` integers in [-T, T], T = `terms.noise_bound`, in units of a coordinate.

    Raises:
        ParameterError: It is no private round, or its noise is too wide to be drawn.
    """
    return noise_of(terms).draw(terms.length, terms.noise_bound)


def noise_of(terms: Terms) -> Noise:
    """The noise that a round's terms ask of its dealers.

    Raises:
        ParameterError: It is no private round.
    """
    mechanism = Promise.of(terms.query).mechanism
    if terms.sigma < 1:
        raise ParameterError("sigma", terms.sigma, "above 0 in a private round")
    kind = GaussianNoise if mechanism is Mechanism.GAUSSIAN else LaplaceNoise
    return kind(terms.sigma, terms.n - terms.silent - terms.t)
