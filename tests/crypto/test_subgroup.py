"""The subgroup of many points at once, against asking each, and against points made to slip through."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto import subgroup
from sda.crypto.curve import IDENTITY, G, Point, add_all, from_bytes128, multiply
from sda.crypto.field import Q
from sda.crypto.subgroup import all_inside, find_outside
from tests.reference import curve as reference

COFACTOR = 0x396C8C005555E1568C00AAAB0000AAAB
SMALL_FACTORS = (3, 11, 10177, 859267, 52437899)
INSIDE = [multiply(G, 12345 + i) for i in range(300)]


def times(point: Point, factor: int) -> Point:
    """factor · point by doubling and adding: not reduced mod q, unlike `multiply`."""
    result = IDENTITY
    for bit in f"{factor:b}":
        result = result + result
        if bit == "1":
            result = result + point
    return result


def of_order(prime: int) -> Point:
    """A point of this order, for each prime factor of the cofactor."""
    for start in range(0, 400, 10):
        some = from_bytes128(reference.encode(reference.outside_subgroup(start)), subgroup=False)
        rest = COFACTOR * Q
        while rest % prime == 0:
            rest //= prime
        point = times(some, rest)
        while point != IDENTITY:
            following = times(point, prime)
            if following == IDENTITY:
                return point
            point = following
    raise AssertionError(f"no point of order {prime} was found")


TORSION = {prime: of_order(prime) for prime in SMALL_FACTORS}


def test_the_small_orders() -> None:
    rest = COFACTOR
    for prime, point in TORSION.items():
        assert point != IDENTITY
        assert times(point, prime) == IDENTITY
        assert not point.is_in_subgroup()
        while rest % prime == 0:
            rest //= prime
    assert rest == 1


@pytest.mark.parametrize("count", [0, 1, 128, 129, 300])
def test_points_inside_pass(count: int) -> None:
    assert all_inside(INSIDE[:count])
    assert all_inside([IDENTITY] * count)


@pytest.mark.parametrize("prime", SMALL_FACTORS)
@pytest.mark.parametrize("count", [1, 128, 129, 300])
def test_one_point_outside_fails(prime: int, count: int) -> None:
    for place in {0, count // 2, count - 1}:
        points = INSIDE[:count]
        points[place] += TORSION[prime]
        assert not all_inside(points)


@pytest.mark.parametrize("prime", SMALL_FACTORS)
def test_points_outside_that_cancel_fail(prime: int) -> None:
    """PROTOCOL §11.9: their sum, and so every tree node above them, is inside."""
    points = [*INSIDE[:200], INSIDE[0] + TORSION[prime], INSIDE[1] - TORSION[prime]]
    assert add_all(points).is_in_subgroup()
    assert not all_inside(points)


def test_a_random_linear_combination_would_miss_order_three() -> None:
    """Why subsets: every third factor makes a point of order 3 vanish."""
    random = Random(1)
    points = [*INSIDE[:10], INSIDE[10] + TORSION[3]]
    missed = 0
    for _ in range(300):
        missed += add_all(times(point, random.getrandbits(16)) for point in points).is_in_subgroup()
    assert 60 <= missed <= 140


def test_every_subset_sum_shows_a_point_with_chance_one_half() -> None:
    """And sums of one round are independent: two of them miss it a quarter of the time."""
    points = [IDENTITY] * 20 + [TORSION[11]]
    seen = [[total != IDENTITY for total in subgroup._random_subset_sums(points, 4)] for _ in range(1000)]
    for i in range(4):
        assert 400 <= sum(row[i] for row in seen) <= 600
        for j in range(i):
            assert 175 <= sum(not row[i] and not row[j] for row in seen) <= 325


@pytest.mark.parametrize("bits", [4, 7, 11])
def test_subset_sums_are_sums_of_the_chosen(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_bytes", Random(7).randbytes)
    choices = [int.from_bytes(Random(7).randbytes(600)[2 * i : 2 * i + 2], "little") for i in range(300)]
    for number, total in enumerate(subgroup._random_subset_sums(INSIDE, bits)):
        chosen = (point for point, choice in zip(INSIDE, choices, strict=True) if choice >> (bits - 1 - number) & 1)
        assert total == add_all(chosen)
    assert number == bits - 1


def test_enough_subsets_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 at least, whatever the number of points."""
    drawn: list[int] = []

    def sums(points: Sequence[Point], bits: int) -> list[Point]:
        drawn.append(bits)
        return []

    monkeypatch.setattr(subgroup, "_random_subset_sums", sums)
    for count in (129, 500, 2000, 40_000, 300_000):
        drawn.clear()
        assert all_inside([G] * count)
        assert sum(drawn) >= 64
        assert len(set(drawn)) == 1
        assert drawn[0] <= 16  # two random bytes a point


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 30),
    st.integers(1, 12),
    st.dictionaries(st.integers(0, 29), st.sampled_from(SMALL_FACTORS), max_size=6),
    st.integers(),
)
def test_find_outside__is_what_asking_each_finds(count: int, size: int, bad: dict[int, int], seed: int) -> None:
    random = Random(seed)
    groups = [random.sample(INSIDE, size) for _ in range(count)]
    for number, prime in bad.items():
        if number < count:
            groups[number][random.randrange(size)] += TORSION[prime]
    expected = [i for i, group in enumerate(groups) if not all(point.is_in_subgroup() for point in group)]
    assert find_outside(groups) == expected == sorted(number for number in bad if number < count)


def test_find_outside__of_nothing() -> None:
    assert find_outside([]) == []
    assert find_outside([[], [TORSION[3]], []]) == [1]
