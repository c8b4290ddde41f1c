from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto import curve
from sda.crypto.codeword import codeword_scalars, extend, is_codeword
from sda.crypto.curve import IDENTITY, G
from sda.crypto.field import Q
from tests.crypto.strategies import elements, words
from tests.reference import curve as reference
from tests.reference import sharing
from tests.reference.keccak import keccak256

few = settings(max_examples=10, deadline=None)
N, T, K = 7, 2, 2
R = T + K


@few
@given(st.lists(elements, min_size=R, max_size=R), words)
def test_extended_points_are_a_codeword_and_lie_on_the_polynomial(logs: list[int], set_hash: bytes) -> None:
    through = [(j + 1, x) for j, x in enumerate(logs)]
    points = extend([curve.multiply(G, x) for x in logs], N, T, K)
    assert points == [curve.multiply(G, sharing.interpolate(through, j + 1)) for j in range(N)]
    assert is_codeword(points, set_hash, R)


@few
@given(st.lists(elements, min_size=R, max_size=R), words, st.integers(0, N - 1))
def test_one_changed_point_is_found(logs: list[int], set_hash: bytes, seat: int) -> None:
    points = extend([curve.multiply(G, x) for x in logs], N, T, K)
    points[seat] += G
    assert not is_codeword(points, set_hash, R)


@few
@given(words)
def test_scalars_equal_the_formula(set_hash: bytes) -> None:
    """(-1)^j·C(n-1, j) up to one factor is the weight 1/Π(α_j - α_i) of the dual code."""
    coefficients = [int.from_bytes(keccak256(set_hash + i.to_bytes(32, "big")), "big") % Q for i in range(N - R)]
    factorial, sign = 720, (-1) ** (N - 1)
    for j, scalar in enumerate(codeword_scalars(set_hash, N, R)):
        product = 1
        for i in range(N):
            product *= j - i if i != j else 1
        weight = sign * factorial * pow(product, -1, Q)
        p = sum(c * (j + 1) ** i for i, c in enumerate(coefficients))
        assert scalar == weight * p % Q


def test_the_weights_depend_on_the_transcript() -> None:
    assert codeword_scalars(bytes(32), N, R) != codeword_scalars(b"\1" + bytes(31), N, R)


def test_with_no_spare_seats_any_points_of_the_group_pass() -> None:
    assert codeword_scalars(bytes(32), 4, 4) == [0] * 4
    assert is_codeword([G, IDENTITY, G, G], bytes(32), 4)


@pytest.mark.parametrize("reconstruction", [R, N])
def test_cancelling_torsion_is_refused(reconstruction: int) -> None:
    """PROTOCOL §11.9: points outside the subgroup whose sum is inside."""
    torsion = reference.outside_subgroup()
    first, second = (
        curve.from_bytes128(reference.encode(point), subgroup=False) for point in (torsion, reference.negate(torsion))
    )
    points = extend([IDENTITY] * R, N, T, K)
    assert is_codeword(points, bytes(32), reconstruction)
    points[0], points[1] = first, second
    assert curve.add_all(points) == IDENTITY
    assert not is_codeword(points, bytes(32), reconstruction)
