"""Packed Shamir sharing over F_q: k secrets per polynomial, t shares tell nothing, R = t + k give everything.

Seat j's share point is α_j = j + 1, secret i sits at β_i = -(i + 1) (PROTOCOL §2). The shares of the first R
seats fix a polynomial of degree R - 1; everything else is a matrix over those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sda.crypto.field import FieldArray, Q, field_array, galois_field


def lagrange_matrix(from_points: Sequence[int], to_points: Sequence[int]) -> FieldArray:
    """The matrix that takes the values of a polynomial at `from_points` to its values at `to_points`.

    Args:
        from_points: Distinct mod q; the polynomial has a lower degree than there are points.
        to_points: Any points.

    Returns:
        Shape (len(to_points), len(from_points)): entry (a, b) is the b-th Lagrange basis polynomial at
        to_points[a].
    """
    if len({x % Q for x in from_points}) != len(from_points):
        raise ValueError("interpolation points must be distinct")
    weights = [pow(_product(x - z for z in from_points if z != x), -1, Q) for x in from_points]
    rows = [[_basis(from_points, weights, b, target) for b in range(len(from_points))] for target in to_points]
    return np.array(rows, dtype=object).reshape(len(to_points), len(from_points)).view(galois_field())


def _basis(points: Sequence[int], weights: Sequence[int], index: int, target: int) -> int:
    return weights[index] * _product(target - z for i, z in enumerate(points) if i != index) % Q


def _product(factors: Iterable[int]) -> int:
    result = 1
    for factor in factors:
        result = result * factor % Q
    return result


class PackedShamir:
    """The matrices of one (n, t, k); `packed_shamir` caches them."""

    def __init__(self, n: int, t: int, k: int) -> None:
        if not (t >= 1 and k >= 1 and t + k <= n):
            raise ValueError(f"n = {n}, t = {t}, k = {k}: must have 1 <= t, 1 <= k, t + k <= n")
        self.n = n
        self.t = t
        self.k = k
        self.reconstruction = t + k
        self.share_points = tuple(range(1, n + 1))
        self.secret_points = tuple(-(i + 1) for i in range(k))

    @cached_property
    def pad_matrix(self) -> FieldArray:
        """Λ_pad, shape (k, R): shares of seats 0 … R-1 to the secrets."""
        return lagrange_matrix(self.share_points[: self.reconstruction], self.secret_points)

    @cached_property
    def rest_matrix(self) -> FieldArray:
        """Λ_rest, shape (n - R, R): shares of seats 0 … R-1 to those of seats R … n-1."""
        return lagrange_matrix(self.share_points[: self.reconstruction], self.share_points[self.reconstruction :])

    @cached_property
    def _extension(self) -> npt.NDArray[Any]:
        """Λ_pad above Λ_rest, as integers of either sign.

        Between whole points Lagrange coefficients are whole: 39 bits at most for (26, 8, 10) where their residues
        have 255, so products take half the time.
        """
        residues = np.concatenate([self.pad_matrix, self.rest_matrix]).view(np.ndarray)
        return np.where(residues > Q // 2, residues - Q, residues)

    def extend(self, rows: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[list[int]]]:
        """What the rows of the seats 0 … R-1 fix: k rows of secrets, and the rows of the seats R … n-1.

        Args:
            rows: R rows of m elements.
        """
        values = (self._extension @ np.array(rows, dtype=object) % Q).tolist()
        return values[: self.k], values[self.k :]

    def reconstruction_matrix(self, seats: Sequence[int]) -> FieldArray:
        """The matrix, shape (k, R), that takes the shares of any R seats to the secrets.

        Args:
            seats: R distinct seats, in the order of the shares.
        """
        if len(seats) != self.reconstruction or len(set(seats)) != len(seats):
            raise ValueError(f"{len(seats)} seats: must be {self.reconstruction} distinct ones")
        if not all(0 <= seat < self.n for seat in seats):
            raise ValueError(f"seats must be in [0, {self.n})")
        return lagrange_matrix([seat + 1 for seat in seats], self.secret_points)

    def reconstruct(self, seats: Sequence[int], rows: Sequence[Sequence[int]]) -> FieldArray:
        """The secrets, shape (k, m), from the rows of R seats."""
        return self.reconstruction_matrix(seats) @ field_array(rows)


@cache
def packed_shamir(n: int, t: int, k: int) -> PackedShamir:
    """The matrices of (n, t, k), computed once per process."""
    return PackedShamir(n, t, k)
