from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.field import Q, field_array, galois_field, integers
from sda.crypto.shamir import PackedShamir, lagrange_matrix, packed_shamir
from tests.crypto.strategies import elements, matrix
from tests.reference import sharing

few = settings(max_examples=15, deadline=None)
N, T, K = 7, 2, 3
SHAMIR = PackedShamir(N, T, K)
R = SHAMIR.reconstruction


@few
@given(matrix(R, 2))
def test_matrices_equal_plain_interpolation(rows: list[list[int]]) -> None:
    shares, secrets = sharing.shares_and_secrets(rows, N, T, K)
    assert integers(SHAMIR.pad_matrix @ field_array(rows)) == secrets
    assert integers(SHAMIR.rest_matrix @ field_array(rows)) == shares[R:]
    assert SHAMIR.extend(rows) == (secrets, shares[R:])


def test_rest_matrix_is_the_exact_rational_one() -> None:
    """Also for a large committee, where the contract's recurrence must give the same."""
    shamir = packed_shamir(64, 31, 15)
    rest = integers(shamir.rest_matrix)
    for target, row in zip(range(47, 65), rest, strict=True):
        assert row == [sharing.extrapolation_coefficient(46, source, target) for source in range(1, 47)]


@few
@given(matrix(R, 2), st.permutations(range(N)))
def test_any_r_rows_give_the_secrets(rows: list[list[int]], seats: list[int]) -> None:
    shares, secrets = sharing.shares_and_secrets(rows, N, T, K)
    chosen = seats[:R]
    assert integers(SHAMIR.reconstruct(chosen, [shares[seat] for seat in chosen])) == secrets


@few
@given(matrix(R - 1, 1), st.permutations(range(N)), elements, st.integers(0, K - 1))
def test_fewer_rows_leave_every_secret_open(rows: list[list[int]], seats: list[int], wanted: int, secret: int) -> None:
    """Any R - 1 rows: for every value of a secret there is an R-th row that gives it."""
    chosen = seats[:R]
    weights = integers(SHAMIR.reconstruction_matrix(chosen))[secret]
    known = sum(w * row[0] for w, row in zip(weights, rows, strict=False))
    last = (wanted - known) * pow(weights[-1], -1, Q) % Q
    assert integers(SHAMIR.reconstruct(chosen, [*rows, [last]]))[secret] == [wanted]


@pytest.mark.parametrize(("n", "t", "k"), [(4, 1, 2), (5, 2, 2), (6, 3, 3), (7, 2, 3), (7, 3, 2)])
def test_t_rows_say_nothing_whatever_seats_they_are(n: int, t: int, k: int) -> None:
    """Rank argument over ALL subsets: given any t rows, the secrets are an invertible image of any k others,
    which are uniform; so every secret is equally likely."""
    shamir = packed_shamir(n, t, k)
    for known in combinations(range(n), t):
        others = [seat for seat in range(n) if seat not in known]
        for free in combinations(others, k):
            weights = shamir.reconstruction_matrix([*known, *free])
            assert np.linalg.matrix_rank(weights[:, t:]) == k


@pytest.mark.parametrize(("n", "t", "k"), [(4, 1, 2), (5, 2, 2), (6, 3, 3)])
def test_t_plus_one_rows_do_say_something(n: int, t: int, k: int) -> None:
    """The threshold is sharp (PROTOCOL §11.7): with t + 1 rows a relation among the secrets is known."""
    shamir = packed_shamir(n, t, k)
    for known in combinations(range(n), t + 1):
        free = [seat for seat in range(n) if seat not in known][: k - 1]
        weights = shamir.reconstruction_matrix([*known, *free])
        assert np.linalg.matrix_rank(weights[:, t + 1 :]) == k - 1


def test_without_spare_seats_there_is_no_rest() -> None:
    shamir = PackedShamir(4, 2, 2)
    assert shamir.pad_matrix.shape == (2, 4)
    assert shamir.rest_matrix.shape == (0, 4)
    assert shamir.extend([[5], [5], [5], [5]]) == ([[5], [5]], [])


def test_matrices_are_field_arrays_of_stated_shape() -> None:
    assert isinstance(SHAMIR.pad_matrix, galois_field())
    assert SHAMIR.pad_matrix.shape == (K, R)
    assert SHAMIR.rest_matrix.shape == (N - R, R)
    assert packed_shamir(N, T, K) is packed_shamir(N, T, K)


@pytest.mark.parametrize("shape", [(3, 0, 2), (3, 2, 0), (3, 2, 2)])
def test_impossible_thresholds_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"t \+ k <= n"):
        PackedShamir(*shape)


@pytest.mark.parametrize("seats", [range(R - 1), range(R + 1), [0] * R, range(-1, R - 1)])
def test_impossible_sets_of_seats_are_refused(seats: range | list[int]) -> None:
    with pytest.raises(ValueError, match="seats"):
        SHAMIR.reconstruction_matrix(list(seats))


def test_seats_outside_the_committee_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 7\)"):
        SHAMIR.reconstruction_matrix([0, 1, 2, 3, 7])


def test_interpolation_points_are_distinct() -> None:
    with pytest.raises(ValueError, match="distinct"):
        lagrange_matrix([1, 2, Q + 1], [5])
