"""What both kinds of noise have in common.

h = n - s - t dealers together make noise of the scale that is promised: even if s are left out of the snapshot and t
tell the developer theirs, that much stays unknown. What the others add never hurts privacy; it is the price in
accuracy.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

SIGMA_UNIT = 1 << 16
"""`Terms.sigma` is in units of 2^-16."""

MAXIMUM_EPSILON = 50.0
"""Beyond it nothing is promised."""

OVERFLOW_DELTA = 2.0**-64
"""What bounded draws add to δ, whatever ε is (PROTOCOL §11.13)."""

OVERFLOW_BITS = 137
"""Any draw of any dealer lies beyond ±T with probability η = 2^-137 at most, and is then cut off.

Noise that is within η of the noise accounted for adds η on the one side of P(S) ≤ e^ε·P'(S) + δ and e^ε·η on the other:
(1 + e^50)·2^-137 < 2^-64.
"""


@dataclass(frozen=True)
class Noise(ABC):
    """The noise of a round, in the integer units of its coordinates.

    Attributes:
        scaled_sigma: Standard deviation of the sum of `dealers` draws, times 2^16: as it stands in the terms.
        dealers: h.
    """

    scaled_sigma: int
    dealers: int

    @property
    def sigma(self) -> float:
        """Standard deviation of the sum of h draws."""
        return self.scaled_sigma / SIGMA_UNIT

    @property
    def dealer_sigma(self) -> float:
        """Standard deviation of one draw."""
        return self.sigma / math.sqrt(self.dealers)

    def sd(self, present: int) -> float:
        """Standard deviation of the sum of `present` draws."""
        return self.sigma * math.sqrt(present / self.dealers)

    @abstractmethod
    def draw(self, length: int, bound: int) -> list[int]:
        """One dealer's vector: `length` independent integers in [-bound, bound], from a cryptographic generator."""

    @abstractmethod
    def bound(self, coordinates: int, seats: int) -> int:
        """T: that any of `seats` dealers draws beyond ±T in any of so many coordinates has probability 2^-64 at
        most."""

    @abstractmethod
    def factor(self, confidence: float, present: int) -> float:
        """Half of the interval that holds the sum of `present` draws with this confidence, in its standard
        deviations."""
