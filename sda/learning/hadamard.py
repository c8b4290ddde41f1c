"""The randomised Hadamard rotation: spreads an update evenly over its coordinates, and is undone after the sum.

y = H·D·x / √d with public random signs D and the Walsh-Hadamard matrix H, d a power of two. It keeps lengths; after
it no coordinate of an update of length c is much longer than c·√(2·ln d / d), so few bits hold it.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_TAG = b"SDA/1 learning signs"


def padded_length(size: int) -> int:
    """The power of two that `size` coordinates are filled up to."""
    return 1 << (size - 1).bit_length()


def signs(seed: bytes, length: int) -> Vector:
    """`length` signs ±1, the same for everybody who knows the public seed: bits of SHAKE-256(tag ‖ seed)."""
    stream = np.frombuffer(hashlib.shake_256(_TAG + seed).digest(-(-length // 8)), dtype=np.uint8)
    bits = np.unpackbits(stream, count=length, bitorder="little")
    return 1.0 - 2.0 * bits.astype(np.float64)


def walsh_hadamard(vector: Vector) -> Vector:
    """H·x / √d, its own inverse; d·log2(d) additions.

    Args:
        vector: d coordinates, d a power of two.
    """
    out, half = vector.astype(np.float64), 1
    while half < len(out):
        pairs = out.reshape(-1, 2, half)
        out = np.stack((pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]), axis=1).reshape(-1)
        half *= 2
    out /= np.sqrt(len(out))
    return out


def rotate(vector: Vector, seed: bytes) -> Vector:
    """H·D·x / √d of the vector filled up with zeros."""
    length = padded_length(len(vector))
    filled = np.zeros(length)
    filled[: len(vector)] = vector
    return walsh_hadamard(filled * signs(seed, length))


def rotate_back(vector: Vector, seed: bytes, size: int) -> Vector:
    """The first `size` coordinates of what `rotate` was given."""
    return (walsh_hadamard(vector) * signs(seed, len(vector)))[:size]
