"""What a private round promises, as it stands in its terms on chain (`Terms.query`; docs/FORMATS.md, "Query word").

The word names the kind of noise, so that a clerk needs nothing but the terms to draw it; ε and δ, so that anyone can
add up what a developer's rounds cost without having their queries; and the query's hash, which contributors compare
with the query that they are shown.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum

import numpy as np

from sda.crypto.hashes import keccak
from sda.errors import ParameterError
from sda.privacy.noise.noise import MAXIMUM_EPSILON

_TAG = b"SDA/1 query"
_HEAD = struct.Struct(">Bff")
WORD_BYTES = 32


class Mechanism(Enum):
    """The kind of noise; its value is the first byte of the word."""

    GAUSSIAN = 1
    LAPLACE = 2


@dataclass(frozen=True)
class Promise:
    """The head of a query's word.

    Attributes:
        mechanism: Laplace noise if no δ is granted.
        epsilon, delta: Of the query, rounded up to single precision.
    """

    mechanism: Mechanism
    epsilon: float
    delta: float

    @classmethod
    def make(cls, epsilon: float, delta: float) -> Promise:
        """What a query with this ε and δ promises."""
        return cls(Mechanism.GAUSSIAN if delta else Mechanism.LAPLACE, _rounded_up(epsilon), _rounded_up(delta))

    @classmethod
    def of(cls, word: bytes) -> Promise:
        """From the terms of a round.

        Raises:
            ParameterError: It is no private query's word.
        """
        if len(word) == WORD_BYTES:
            kind, epsilon, delta = _HEAD.unpack(word[: _HEAD.size])
            granted = {Mechanism.GAUSSIAN.value: 0 < delta < 1, Mechanism.LAPLACE.value: delta == 0}
            if granted.get(kind, False) and 0 < epsilon <= MAXIMUM_EPSILON:
                return cls(Mechanism(kind), epsilon, delta)
        raise ParameterError("query", f"0x{word.hex()}", "the word of a private query")

    def word(self, query: bytes) -> bytes:
        """For the terms: this, and 23 bytes of the hash of the query's canonical form."""
        head = _HEAD.pack(self.mechanism.value, self.epsilon, self.delta)
        return head + keccak(_TAG + b"\0" + query)[: WORD_BYTES - len(head)]


def _rounded_up(number: float) -> float:
    single = np.float32(number)
    return float(single if single >= number else np.nextafter(single, np.float32(np.inf)))
