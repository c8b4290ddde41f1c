"""The n points of a snapshot as a codeword: from R points to all seats, and the contract's check.

One MSM with random weights from the dual code checks that D_0 … D_{n-1} are the values of one polynomial of
degree below R, and (as G1MSM refuses other points) that they are in the subgroup (docs/FORMATS.md, "Codeword
check").
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from sda.crypto.curve import IDENTITY, Point, msm
from sda.crypto.field import Q, integers
from sda.crypto.hashes import keccak, word
from sda.crypto.shamir import packed_shamir
from sda.crypto.sumtree import Sums
from sda.params import Parameters


def extend(points: Sequence[Point], n: int, t: int, k: int) -> list[Point]:
    """The points of all n seats from those of the seats 0 … R-1: P_j = Σ_i Λ_rest[j, i]·P_i."""
    rest = integers(packed_shamir(n, t, k).rest_matrix)
    return [*points, *(msm(points, weights) for weights in rest)]


def commitments(sums: Sums, seat: int, parameters: Parameters) -> list[Point]:
    """A seat's commitment to each chunk; those of the seats R … n-1 follow from the first R.

    Args:
        sums: Of a leaf or node.
        seat: In [0, n).
        parameters: Of the round.
    """
    return [commitment(sums.chunk(index).points, seat, parameters) for index in range(sums.chunks)]


def commitment(points: Sequence[Point], seat: int, parameters: Parameters) -> Point:
    """A seat's commitment to one chunk.

    Args:
        points: P_0 … P_{R-1}.
        seat: In [0, n).
        parameters: Of the round.
    """
    p = parameters
    if seat < p.reconstruction:
        return points[seat]
    weights = integers(packed_shamir(p.n, p.t, p.k).rest_matrix)[seat - p.reconstruction]
    return msm(points, [weight % Q for weight in weights])


def codeword_scalars(set_hash: bytes, n: int, reconstruction: int) -> list[int]:
    """The weights of the check, n scalars: (-1)^j·C(n-1, j)·p(j+1), p random of degree n - R - 1.

    Args:
        set_hash: The transcript; the coefficients of p are hashed from it.
        n: Seats.
        reconstruction: R, below n.
    """
    coefficients = [int.from_bytes(keccak(set_hash + word(i)), "big") % Q for i in range(n - reconstruction)]
    return [(-1) ** j * comb(n - 1, j) * _evaluate(coefficients, j + 1) % Q for j in range(n)]


def is_codeword(points: Sequence[Point], set_hash: bytes, reconstruction: int) -> bool:
    """Whether the points pass the contract's check: all in the subgroup and, for n > R, one codeword."""
    if not all(point.is_in_subgroup() for point in points):
        return False
    return msm(points, codeword_scalars(set_hash, len(points), reconstruction)) == IDENTITY


def _evaluate(coefficients: Sequence[int], x: int) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % Q
    return value
