"""What a whole training may cost each contributor, and the clerks' noise in each of its rounds that keeps to it.

Every round is a Gaussian release of a sum in which no contributor changes more than `UpdateCode.sensitivity`; so many
of them compose to one. That cohorts are drawn by lottery counts for nothing: the lottery is public.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sda.errors import LearningError, ParameterError
from sda.learning.configuration import PrivacyRules
from sda.learning.updates import MINIMUM_BITS, UpdateCode, bits_for_slot
from sda.privacy.counting import ANNOUNCED
from sda.privacy.ledger import Entry
from sda.privacy.noise.accounting import Loss, epsilon_of
from sda.privacy.noise.gaussian import GaussianNoise
from sda.privacy.noise.promise import Promise
from sda.privacy.noise.vector import gaussian_loss, gaussian_noise
from sda.round import RoundView


@dataclass(frozen=True)
class PrivateCode:
    """How updates are sent in a training with noise.

    Attributes:
        code: Of the updates: fewer bits than without noise, as a slot has room for both.
        noise: Of a round.
        bound: T, noise of one dealer is within ±T.
        rules: What the training promises.
    """

    code: UpdateCode
    noise: GaussianNoise
    bound: int
    rules: PrivacyRules

    @classmethod
    def plan(
        cls, size: int, clip: float, rotate: bool, slot_bits: int, n: int, t: int, maximum: int, rules: PrivacyRules
    ) -> PrivateCode:
        """The finest code whose noise fits into the slots.

        Args:
            size, clip, rotate: As for `UpdateCode`.
            slot_bits: Width of a coordinate in the sum.
            n, t: Seats and privacy threshold.
            maximum: Contributors at most.
            rules: What is promised.

        Raises:
            ParameterError: No code has so little noise, or no slot room for it.
        """
        dealers = n - rules.silent - t
        if dealers < 1:
            raise ParameterError("privacy.silent", rules.silent, f"in [0, n - t - 1 = {n - t - 1}]: one honest dealer")
        for bits in range(bits_for_slot(slot_bits, maximum, n), MINIMUM_BITS - 1, -1):
            code = UpdateCode(size, clip, bits, rotate)
            noise = gaussian_noise(
                rules.epsilon, rules.delta, code.sensitivity, code.length, dealers, rounds=rules.rounds
            )
            if noise is None:
                continue
            bound = noise.bound(code.length, n)
            largest = maximum * ((1 << bits) - 1) + 2 * n * bound
            if largest.bit_length() <= slot_bits:
                return cls(code, noise, bound, rules)
        raise ParameterError("slot_bits", slot_bits, "more: updates and noise do not fit into a slot")

    @property
    def loss(self) -> Loss:
        """What one round costs a contributor."""
        return gaussian_loss(self.noise, self.code.sensitivity, self.code.length)

    @property
    def promise(self) -> Promise:
        """Of one round, at its share of δ."""
        delta = self.rules.delta / self.rules.rounds
        epsilon = epsilon_of([self.loss], delta)
        if not math.isfinite(epsilon):
            raise ParameterError("privacy.delta", self.rules.delta, "larger: nothing can be promised in so many rounds")
        return Promise.make(epsilon, delta)

    def entry(self, view: RoundView, announced: bytes) -> Entry:
        """A round for a privacy ledger.

        Args:
            view: Of the round.
            announced: Hash of its announcement.

        Raises:
            LearningError: Its terms have other noise than the training promises.
        """
        terms = view.terms
        wanted = (self.noise.scaled_sigma, self.bound, self.rules.silent)
        if (terms.sigma, terms.noise_bound, terms.silent) != wanted:
            found = (terms.sigma, terms.noise_bound, terms.silent)
            raise LearningError(f"round: its sigma, noise_bound, silent are {found}, the training promises {wanted}")
        return Entry(view.round_hash, view.round_id, ANNOUNCED + announced, self.loss)
