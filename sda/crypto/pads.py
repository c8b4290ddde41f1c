"""One contribution's pads: what n expanded rows become, and how the sum of pads is taken off again.

The rows of seats 0 … R-1 ARE the shares: they fix the polynomials, hence the pad. The other seats can only
derive their expanded rows, so the message carries corrections (PROTOCOL §3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sda.crypto.field import Q, integers
from sda.crypto.seeds import MASK_SEAT, SeedPrefix, expand
from sda.crypto.shamir import packed_shamir
from sda.crypto.tags import Tag
from sda.params import Parameters


@dataclass(frozen=True, repr=False)
class Pads:
    """What follows from a contributor's rows. Secret, but for the corrections.

    Attributes:
        elements: E pads, one per element of the packed vector.
        corrections: n - R rows of m elements: share minus expanded row of the seats R … n-1.
    """

    elements: list[int]
    corrections: list[list[int]]


def make_pads(rows: Sequence[Sequence[int]], parameters: Parameters) -> Pads:
    """The pads and corrections of one contributor.

    Args:
        rows: n rows of m elements, expanded from the seeds, in seat order.
        parameters: Of the round.
    """
    threshold = parameters.reconstruction
    shamir = packed_shamir(parameters.n, parameters.t, parameters.k)
    values, late_shares = shamir.extend(rows[:threshold])
    corrections = [
        [(share - expanded) % Q for share, expanded in zip(late, row, strict=True)]
        for late, row in zip(late_shares, rows[threshold:], strict=True)
    ]
    return Pads(_in_element_order(values, parameters), corrections)


def sum_of_pads(seats: Sequence[int], rows: Sequence[Sequence[int]], parameters: Parameters) -> list[int]:
    """Σ_u of all contributors' pads, E elements, from the summed rows of any R seats.

    Args:
        seats: R distinct seats.
        rows: Their accepted rows, m elements each, in the same order.
        parameters: Of the round.
    """
    shamir = packed_shamir(parameters.n, parameters.t, parameters.k)
    return _in_element_order(integers(shamir.reconstruct(seats, rows)), parameters)


def _in_element_order(values: Sequence[Sequence[int]], parameters: Parameters) -> list[int]:
    """k rows of C·m secrets, less their blinding columns: element e is in row e mod k, packed column e div k."""
    k = parameters.k
    return [values[e % k][parameters.place(e // k)] for e in range(parameters.elements)]


def developer_mask(round_hash: bytes, public: bytes, nonce: bytes, shared: bytes, elements: int) -> list[int]:
    """The mask that lets nobody but the developer read a padded vector (PROTOCOL §11.10).

    Args:
        round_hash: 32 bytes.
        public: The contributor's key, 48 bytes.
        nonce: Of the contribution, 4 bytes.
        shared: The point shared by the contributor and the developer's round key, 48 bytes, secret.
        elements: E.
    """
    return expand(SeedPrefix(Tag.MASK, round_hash, MASK_SEAT).seed(public, nonce, shared), elements)


def add(*terms: Sequence[int]) -> list[int]:
    """Sum of element lists mod q."""
    return [sum(values) % Q for values in zip(*terms, strict=True)]


def subtract(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """Difference of two element lists mod q."""
    return [(a - b) % Q for a, b in zip(left, right, strict=True)]
