from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.crypto.encoding import pack, pack_noise, unpack
from sda.crypto.field import Q
from sda.crypto.pads import add
from sda.errors import EncodingError
from sda.params import DEMO, TEST, Parameters
from tests.crypto.strategies import parameters
from tests.reference import sharing


@st.composite
def vectors(draw: st.DrawFn) -> tuple[Parameters, list[int]]:
    p = draw(parameters())
    low, high = -p.offset, 2**p.bits - 1 - p.offset
    coordinate = st.one_of(st.sampled_from([low, high]), st.integers(low, high))
    return p, draw(st.lists(coordinate, min_size=p.length, max_size=p.length))


@given(vectors())
def test_vectors_round_trip_and_equal_the_reference(case: tuple[Parameters, list[int]]) -> None:
    p, vector = case
    packed = pack(vector, p)
    shifted = [value + p.offset for value in vector]
    assert packed == sharing.pack(shifted, p.slot_bits, p.slots_per_element, p.elements)
    assert all(0 <= element < Q for element in packed)
    assert unpack(packed, p, 1) == vector


@given(vectors(), st.integers(2, 50))
def test_sums_unpack_to_sums(case: tuple[Parameters, list[int]], count: int) -> None:
    p, vector = case
    count = min(count, p.maximum)
    summed = [element * count % Q for element in pack(vector, p)]
    assert unpack(summed, p, count) == [value * count for value in vector]


@given(parameters())
def test_the_largest_sum_fits(p: Parameters) -> None:
    """As many contributors as allowed, each with the largest coordinates: nothing overflows."""
    highest = 2**p.bits - 1 - p.offset
    packed = pack([highest] * p.length, p)
    summed = [element * p.maximum for element in packed]
    assert max(summed) < Q
    assert unpack(summed, p, p.maximum) == [highest * p.maximum] * p.length


@given(parameters())
def test_the_smallest_sum_fits(p: Parameters) -> None:
    packed = pack([-p.offset] * p.length, p)
    assert packed == [0] * p.elements
    assert unpack(packed, p, p.maximum) == [-p.offset * p.maximum] * p.length


def test_noise_has_its_room_above_the_largest_sum() -> None:
    p = Parameters(n=4, t=1, k=2, length=3, bits=2, maximum=5, noise_bound=100)
    room = 2 * 4 * 100
    summed = [sum((3 * 5 + room) << p.slot_bits * i for i in range(3))]
    assert unpack(summed, p, 5, dealers=4) == [15 + 400] * 3
    summed[0] += 1
    with pytest.raises(EncodingError, match="sum of coordinate 0"):
        unpack(summed, p, 5, dealers=4)


@given(st.lists(st.lists(st.integers(-100, 100), min_size=3, max_size=3), min_size=0, max_size=4))
def test_noise__comes_out_as_the_plain_sum_with_that_of_vectors(dealt: list[list[int]]) -> None:
    p = Parameters(n=4, t=1, k=2, length=3, bits=2, maximum=5, offset=1, noise_bound=100)
    vectors = [[-1, 0, 2], [2, 2, 2]]
    elements = add(*(pack(vector, p) for vector in vectors), *(pack_noise(noise, p) for noise in dealt))
    expected = [sum(values) for values in zip(*vectors, *dealt, strict=True)]
    assert unpack(elements, p, len(vectors), dealers=len(dealt)) == expected


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ([0, 0], "noise of 2 coordinates: must be 3"),
        ([0, 101, 0], r"noise of coordinate 1: must be in \[-100, 100\]"),
        ([0, 0, -101], "noise of coordinate 2"),
        ([0, 0.5, 0], "coordinate 1: must be an integer"),
    ],
)
def test_noise_that_does_not_fit__is_refused_without_its_value(noise: list[int], message: str) -> None:
    p = Parameters(n=4, t=1, k=2, length=3, bits=2, maximum=5, noise_bound=100)
    with pytest.raises(EncodingError, match=message) as caught:
        pack_noise(noise, p)
    assert "-101" not in str(caught.value)


def test_unpack__more_dealers_than_seats__is_refused() -> None:
    p = Parameters(n=4, t=1, k=2, length=3, bits=2, maximum=5, noise_bound=100)
    with pytest.raises(EncodingError, match="dealers = 5"):
        unpack([0], p, 5, dealers=5)


SECRET = 77_777


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ([], "vector of 0 coordinates: must be 7"),
        ([1] * 6, "vector of 6"),
        ([1] * 8, "vector of 8"),
        ([0, 0, SECRET, 0, 0, 0, 0], r"coordinate 2: must be in \[0, 255\]"),
        ([0, 0, 256, 0, 0, 0, 0], r"coordinate 2: must be in \[0, 255\]"),
        ([0, -1, 0, 0, 0, 0, 0], r"coordinate 1: must be in \[0, 255\]"),
        ([0, -SECRET, 0, 0, 0, 0, 0], "coordinate 1"),
        ([0, 0, 0, 0, 0, 0, math.nan], "coordinate 6: must be an integer"),
        ([0, 0, 0, math.inf, 0, 0, 0], "coordinate 3: must be an integer"),
        ([0.5, 0, 0, 0, 0, 0, 0], "coordinate 0: must be an integer"),
        ([0, 0, 0, 0, "77777", 0, 0], "coordinate 4: must be an integer"),
        ([0, 0, 0, 0, None, 0, 0], "coordinate 4: must be an integer"),
        ([0, 0, 0, 0, 1 + 0j, 0, 0], "coordinate 4: must be an integer"),
    ],
)
def test_bad_vectors_are_refused_without_showing_them(vector: list[Any], message: str) -> None:
    with pytest.raises(EncodingError, match=message) as caught:
        pack(vector, TEST)
    shown: BaseException | None = caught.value
    assert str(SECRET) not in str(shown)
    assert shown is not None
    assert shown.__cause__ is None
    assert shown.__suppress_context__ or shown.__context__ is None


def test_signed_ranges_are_named_as_the_contributor_sees_them() -> None:
    p = Parameters(n=4, t=1, k=2, length=1, bits=8, maximum=5, offset=100)
    assert unpack(pack([-100], p), p, 1) == [-100]
    assert unpack(pack([155], p), p, 1) == [155]
    for bad in (-101, 156):
        with pytest.raises(EncodingError, match=r"in \[-100, 155\]"):
            pack([bad], p)


def test_numpy_and_whole_floats_are_taken() -> None:
    expected = pack([0, 1, 2, 3, 4, 5, 255], TEST)
    arrays: list[Any] = [np.array([0, 1, 2, 3, 4, 5, 255], dtype=kind) for kind in (np.uint8, np.int64, float)]
    for vector in (*arrays, [False, True, 2.0, 3, 4, 5, 255]):
        assert pack(vector, TEST) == expected


def test_what_is_no_sum_of_vectors_is_refused() -> None:
    """One contributor can add any field element (PROTOCOL §11.17); most of those show."""
    good = pack([1] * 100, DEMO)
    with pytest.raises(EncodingError, match="4 elements: must be 5"):
        unpack(good[:4], DEMO, 1)
    with pytest.raises(EncodingError, match="element 0: has bits above its 23 slots"):
        unpack([Q - 1, *good[1:]], DEMO, 1)
    with pytest.raises(EncodingError, match="element 4: has bits above its 8 slots"):
        unpack([*good[:4], 1 << DEMO.slot_bits * 8], DEMO, 1)
    with pytest.raises(EncodingError, match="sum of coordinate 23: exceeds 1"):
        unpack([good[0], good[1] + 1, *good[2:]], DEMO, 1)
    for count in (-1, DEMO.maximum + 1):
        with pytest.raises(EncodingError, match="count"):
            unpack(good, DEMO, count)
