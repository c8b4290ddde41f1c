"""Contributors that are the same in every run: what a crashed run sent, the next one does not have to send again.

Their secrets follow from a seed that everybody knows: never use them for anything else.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sda.crypto.hashes import keccak
from sda.crypto.seeds import NONCE_BYTES
from sda.keys import Identity
from sda.messages import AccountKey

_TAG = b"SDA scale bench "


def _derived(what: str, index: int, context: bytes = b"") -> bytes:
    return keccak(_TAG + what.encode() + index.to_bytes(8, "big") + context)


def identity(index: int) -> Identity:
    """Account and master secret of a contributor."""
    return Identity(AccountKey(_derived("account", index)), _derived("master", index))


def nonce(index: int, round_hash: bytes) -> bytes:
    """Of its contribution: one round, one vector, one nonce."""
    return _derived("nonce", index, round_hash)[:NONCE_BYTES]


@cache
def _thresholds(length: int) -> NDArray[np.uint8]:
    return np.linspace(4, 252, length).astype(np.uint8)


def vector(index: int, length: int) -> NDArray[np.int64]:
    """Which of `length` events happened to it: the first ones seldom, the last ones nearly always."""
    stream = np.frombuffer(hashlib.shake_256(_derived("vector", index)).digest(length), dtype=np.uint8)
    return (stream < _thresholds(length)).astype(np.int64)


def plain_sum(count: int, length: int) -> list[int]:
    """Σ of the vectors of contributors 0 … count-1, without any of this."""
    total = np.zeros(length, dtype=np.int64)
    for index in range(count):
        total += vector(index, length)
    return [int(value) for value in total]
