"""Packed Shamir, seeds, rows, slots and commitments by their definitions."""

from __future__ import annotations

from fractions import Fraction

from tests.reference.curve import Q
from tests.reference.sha256 import sha256


def interpolate(points: list[tuple[int, int]], at: int) -> int:
    """The value at `at` of the polynomial through the points, by Lagrange's formula."""
    total = 0
    for x, y in points:
        term = y
        for z, _ in points:
            if z != x:
                term = term * (at - z) * pow(x - z, -1, Q)
        total += term
    return total % Q


def extrapolation_coefficient(reconstruction: int, source: int, target: int) -> int:
    """Weight of the share at `source` for the share at `target`, from the exact rational number."""
    weight = Fraction(1)
    for z in range(1, reconstruction + 1):
        if z != source:
            weight *= Fraction(target - z, source - z)
    return weight.numerator * pow(weight.denominator, -1, Q) % Q


def seed(tag: str, round_hash: bytes, seat: int, key: bytes, nonce: bytes, shared: bytes) -> bytes:
    first = tag.encode().ljust(31, b"\0") + round_hash + bytes([seat])
    assert len(first) == 64
    return sha256(first + key + nonce + shared)


def expand(seed_: bytes, count: int) -> list[int]:
    def element(i: int) -> int:
        high, low = (sha256(seed_ + i.to_bytes(4, "big") + bytes([half])) for half in (0, 1))
        return (int.from_bytes(high, "big") << 256 | int.from_bytes(low, "big")) % Q

    return [element(i) for i in range(count)]


def shares_and_secrets(rows: list[list[int]], n: int, t: int, k: int) -> tuple[list[list[int]], list[list[int]]]:
    """All n share rows and the k rows of secrets, of the polynomials through the first t + k rows."""
    columns = range(len(rows[0]))
    through = [[(j + 1, rows[j][c]) for j in range(t + k)] for c in columns]
    shares = [[interpolate(through[c], j + 1) for c in columns] for j in range(n)]
    secrets = [[interpolate(through[c], -(i + 1)) for c in columns] for i in range(k)]
    return shares, secrets


def slot_layout(n: int, length: int, bits: int, maximum: int, noise_bound: int) -> tuple[int, int, int]:
    """(w, L, E), by counting up."""
    largest = maximum * (2**bits - 1) + 2 * n * noise_bound
    w = 1
    while 2**w <= largest:
        w += 1
    per_element = 0
    while (per_element + 1) * w <= 254:
        per_element += 1
    elements = 0
    while elements * per_element < length:
        elements += 1
    return w, per_element, elements


def pack(values: list[int], w: int, per_element: int, elements: int) -> list[int]:
    packed = [0] * elements
    for c, value in enumerate(values):
        packed[c // per_element] += value * 2 ** (w * (c % per_element))
    return packed
