"""What t corrupt seats and the developer see of a contribution fits every other vector, shown explicitly.

An unbounded adversary knows the generators' logarithms; so does this test, which lets it write down the
blinding that explains the same commitments (PROTOCOL §3, §10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto import curve
from sda.crypto.curve import G, Point
from sda.crypto.encoding import pack
from sda.crypto.field import Q, field_array, integers
from sda.crypto.pads import add, make_pads
from sda.crypto.shamir import lagrange_matrix, packed_shamir
from sda.params import Parameters
from tests.crypto.strategies import matrix

P = Parameters(n=6, t=2, k=2, length=24, bits=8, maximum=2**30)
R, M = P.reconstruction, P.row_length
LOGARITHMS = [3, 5, 7, 11][:M]
GENERATORS = [curve.multiply(G, h) for h in LOGARITHMS]

Rows = list[list[int]]


@dataclass
class View:
    """What the adversary sees."""

    padded: list[int]
    commitments: list[Point]
    corrections: Rows
    rows: Rows


def shares_of(rows: Rows) -> Rows:
    rest = packed_shamir(P.n, P.t, P.k).rest_matrix
    return [*rows[:R], *integers(rest @ field_array(rows[:R]))]


def view_of(vector: Sequence[int], rows: Rows, corrupt: Sequence[int]) -> View:
    pads = make_pads(rows, P)
    commitments = [curve.msm(GENERATORS, share) for share in shares_of(rows)]
    return View(add(pack(vector, P), pads.elements), commitments, pads.corrections, [rows[seat] for seat in corrupt])


def secrets_between(vector: Sequence[int], other: Sequence[int]) -> Rows:
    """packed(vector) - packed(other) as a k × B matrix: what the pad must make up for."""
    difference = [(a - b) % Q for a, b in zip(pack(vector, P), pack(other, P), strict=True)]
    difference += [0] * (P.k * P.columns - len(difference))
    return [[difference[c * P.k + i] for c in range(P.columns)] for i in range(P.k)]


def explain(vector: Sequence[int], rows: Rows, corrupt: Sequence[int], other: Sequence[int]) -> Rows:
    """Rows that would have given the same view for `other`.

    The shares change by the polynomials that vanish at the corrupt seats and make up for the difference at
    the secret points.
    """
    known = [seat + 1 for seat in corrupt] + [-(i + 1) for i in range(P.k)]
    values = [[0] * P.columns for _ in corrupt] + secrets_between(vector, other)
    change = integers(lagrange_matrix(known, range(1, P.n + 1)) @ field_array(values))
    explained = []
    for row, by in zip(rows, change, strict=True):
        shift = sum(h * x for h, x in zip(LOGARITHMS, by, strict=False))
        blinding = (row[-1] - shift * pow(LOGARITHMS[-1], -1, Q)) % Q
        explained.append([*add(row[:-1], by), blinding])
    return explained


vectors = st.lists(st.integers(0, 255), min_size=P.length, max_size=P.length)


def test_the_example_has_several_columns_and_late_seats() -> None:
    assert P.columns >= 2
    assert P.n > R


@settings(max_examples=15, deadline=None)
@given(vectors, vectors, matrix(P.n, M), st.sampled_from(list(combinations(range(P.n), P.t))))
def test_the_view_of_t_seats_fits_every_other_vector(
    vector: list[int], other: list[int], rows: Rows, corrupt: tuple[int, ...]
) -> None:
    explained = explain(vector, rows, corrupt, other)
    assert view_of(other, explained, corrupt) == view_of(vector, rows, corrupt)
    if other != vector:
        assert explained != rows


@pytest.mark.parametrize("corrupt", list(combinations(range(P.n), P.t)))
def test_the_same_for_every_set_of_t_seats(corrupt: tuple[int, ...]) -> None:
    vector, other = [1] * P.length, [255, 0] * (P.length // 2)
    rows = [[(31 * j + 7 * c + 1) ** 9 % Q for c in range(M)] for j in range(P.n)]
    assert view_of(other, explain(vector, rows, corrupt, other), corrupt) == view_of(vector, rows, corrupt)


@pytest.mark.parametrize("corrupt", list(combinations(range(P.n), P.t + 1)))
def test_t_plus_one_seats_can_tell_vectors_apart(corrupt: tuple[int, ...]) -> None:
    """The threshold is sharp (PROTOCOL §11.7): the rows that t of them leave possible contradict the next."""
    vector, other = [1] * P.length, [2] + [1] * (P.length - 1)
    rows = [[(31 * j + 7 * c + 1) ** 9 % Q for c in range(M)] for j in range(P.n)]
    explained = explain(vector, rows, corrupt[: P.t], other)
    assert view_of(other, explained, corrupt).rows != view_of(vector, rows, corrupt).rows
