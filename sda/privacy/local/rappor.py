"""RAPPOR as published: Bloom filters in cohorts, permanent and instantaneous randomised response.

Reference: Ú. Erlingsson, V. Pihur, A. Korolova, RAPPOR: randomized aggregatable privacy-preserving ordinal response,
2014; its numbers and names: k bits, h hash functions, m cohorts, f, p, q.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from secrets import SystemRandom

import numpy as np
import numpy.typing as npt

from sda.errors import ParameterError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rappor:
    """The parameters; the defaults of f, p and q are the common ones.

    Attributes:
        bits: k, of a Bloom filter.
        hashes: h, bits that a string sets.
        cohorts: m, groups of contributors with hash functions of their own.
        f: Of the permanent response: a bit is replaced by a fair coin with this probability, once and for all.
        p, q: Of the instantaneous one: chance to report 1 where the permanent bit is 0, or 1.
    """

    bits: int = 128
    hashes: int = 2
    cohorts: int = 8
    f: float = 0.5
    p: float = 0.5
    q: float = 0.75

    def __post_init__(self) -> None:
        if not 1 <= self.hashes <= self.bits <= 1 << 16:
            raise ParameterError("hashes", self.hashes, f"in [1, bits = {self.bits}], bits at most 65,536")
        if not 1 <= self.cohorts <= 1 << 16:
            raise ParameterError("cohorts", self.cohorts, "in [1, 65536]")
        if not 0 < self.f < 1:
            raise ParameterError("f", self.f, "in (0, 1)")
        if not self.q <= 1:
            raise ParameterError("q", self.q, "at most 1")
        if not 0 <= self.p < self.q:
            raise ParameterError("p", self.p, f"in [0, q = {self.q})")

    @property
    def one(self) -> float:
        """q*, chance that a report's bit is 1 where the Bloom filter's is."""
        return self.f * (self.p + self.q) / 2 + (1 - self.f) * self.q

    @property
    def zero(self) -> float:
        """p*, chance that it is 1 where the Bloom filter's is 0."""
        return self.f * (self.p + self.q) / 2 + (1 - self.f) * self.p

    @property
    def permanent_epsilon(self) -> float:
        """ε∞ = 2h·ln((1 - f/2) / (f/2)), of all reports of one string for ever."""
        return 2 * self.hashes * math.log((1 - self.f / 2) / (self.f / 2))

    @property
    def report_epsilon(self) -> float:
        """ε₁ = h·ln(q*(1 - p*) / p*(1 - q*)), of one report."""
        return self.hashes * math.log(self.one * (1 - self.zero) / (self.zero * (1 - self.one)))

    @property
    def yes_or_no_epsilon(self) -> float:
        """ε of one report of a single bit, where no other bit changes along."""
        return max(math.log(self.one / self.zero), math.log((1 - self.zero) / (1 - self.one)))

    @property
    def bit_variance(self) -> float:
        """Of a report's bit, as an estimate of a Bloom filter's zero bit: p*(1 - p*) / (q* - p*)²."""
        return self.zero * (1 - self.zero) / (self.one - self.zero) ** 2

    def bloom(self, value: str, cohort: int) -> list[int]:
        """The bits that a string sets in a cohort; hash functions may meet."""
        digests = (hashlib.sha256(f"{cohort}:{index}:{value}".encode()).digest() for index in range(self.hashes))
        return sorted({int.from_bytes(digest, "big") % self.bits for digest in digests})


@dataclass
class Client:
    """A contributor: permanent responses are drawn once a string and remembered.

    Attributes:
        rappor: The parameters.
        cohort: Its own, from the beginning.
        random: A cryptographic generator unless a simulation gives its own.
    """

    rappor: Rappor
    cohort: int
    random: Random = field(default_factory=SystemRandom)
    _permanent: dict[str, list[int]] = field(default_factory=dict, repr=False)

    def permanent(self, value: str) -> list[int]:
        """B': the remembered bits of a string."""
        if value not in self._permanent:
            true = set(self.rappor.bloom(value, self.cohort))
            self._permanent[value] = [self._permanent_bit(index in true) for index in range(self.rappor.bits)]
        return self._permanent[value]

    def report(self, value: str) -> list[int]:
        """S: what is sent, fresh every time."""
        chances = (self.rappor.q if bit else self.rappor.p for bit in self.permanent(value))
        return [int(self.random.random() < chance) for chance in chances]

    def _permanent_bit(self, true: bool) -> int:
        if self.random.random() < self.rappor.f:
            return self.random.randrange(2)
        return int(true)


@dataclass(frozen=True)
class Counts:
    """What a server adds up.

    Attributes:
        ones: m × k, reports with a 1, by cohort and bit.
        reports: m, by cohort.
    """

    ones: Ints
    reports: Ints


def add_up(rappor: Rappor, reports: Sequence[tuple[int, Sequence[int]]]) -> Counts:
    """Counts of reports, each with its cohort."""
    ones = np.zeros((rappor.cohorts, rappor.bits), dtype=np.int64)
    number = np.zeros(rappor.cohorts, dtype=np.int64)
    for cohort, bits in reports:
        ones[cohort] += np.asarray(bits, dtype=np.int64)
        number[cohort] += 1
    return Counts(ones, number)


def simulate(rappor: Rappor, values: Sequence[str], holders: Sequence[int], rng: np.random.Generator) -> Counts:
    """Counts of one report of each contributor, when `holders[i]` of them hold `values[i]`.

    Bits of a report are independent given its string, so sums of them are binomial: the same law as adding up reports
    of `Client`s, for millions in a moment.
    """
    members = rng.multinomial(np.asarray(holders), np.full(rappor.cohorts, 1 / rappor.cohorts))
    number = members.sum(axis=0)
    set_bits = np.zeros((rappor.cohorts, rappor.bits), dtype=np.int64)
    for value, row in zip(values, members, strict=True):
        for cohort in range(rappor.cohorts):
            set_bits[cohort, rappor.bloom(value, cohort)] += row[cohort]
    ones = rng.binomial(set_bits, rappor.one) + rng.binomial(number[:, None] - set_bits, rappor.zero)
    return Counts(ones, number)
