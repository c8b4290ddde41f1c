from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.errors import ParameterError, SDAError
from sda.params import DEFAULT, DEMO, EVENTS_250K, PROFILES, TEST, Parameters, profile
from tests.crypto.strategies import parameters
from tests.reference import sharing

GOOD: dict[str, Any] = {"n": 8, "t": 3, "k": 3, "length": 100, "bits": 1, "maximum": 2000}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"n": 65}, "n"),
        ({"n": 1}, "n"),
        ({"t": 0}, "t"),
        ({"k": 0}, "k"),
        ({"t": -1}, "t"),
        ({"t": 6}, "t + k"),
        ({"k": 6}, "t + k"),
        ({"length": 0}, "length"),
        ({"length": 2**32}, "length"),
        ({"bits": 0}, "bits"),
        ({"bits": 65}, "bits"),
        ({"maximum": 1}, "maximum"),
        ({"maximum": 2**32}, "maximum"),
        ({"offset": 2}, "offset"),
        ({"offset": -1}, "offset"),
        ({"noise_bound": -1}, "noise_bound"),
        ({"noise_bound": 2**64}, "noise_bound"),
        ({"length": 23 * 3 * 63 + 1}, "chunk_length"),
        ({"n": 8.0}, "n"),
        ({"t": True}, "t"),
        ({"bits": "1"}, "bits"),
    ],
)
def test_a_bad_parameter_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Parameters(**GOOD | change)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field} = ")
    assert "must be" in str(caught.value)
    assert isinstance(caught.value, SDAError)


def test_the_longest_row_is_allowed() -> None:
    assert Parameters(**GOOD | {"length": 23 * 3 * 63}).row_length == 64


@given(st.integers(3, 800), st.integers(2, 64))
def test_balanced__is_the_narrowest_of_as_many_chunks(length: int, chunk: int) -> None:
    columns = Parameters(**GOOD | {"length": 23 * 3 * length, "chunk": 2}).columns
    given = Parameters(**GOOD | {"length": 23 * 3 * length, "chunk": min(chunk, columns + 1)})
    balanced = given.balanced()
    assert balanced.chunks == given.chunks
    assert balanced.row_length <= given.row_length
    assert balanced.balanced() == balanced
    if balanced.chunk > 2:
        assert dataclasses.replace(balanced, chunk=balanced.chunk - 1).chunks > given.chunks


def test_parameters_are_frozen() -> None:
    frozen: Any = TEST
    with pytest.raises(dataclasses.FrozenInstanceError):
        frozen.n = 3


@given(parameters())
def test_what_follows_equals_the_reference(p: Parameters) -> None:
    layout = sharing.slot_layout(p.n, p.length, p.bits, p.maximum, p.noise_bound)
    assert (p.slot_bits, p.slots_per_element, p.elements) == layout
    assert p.reconstruction == p.t + p.k
    assert p.columns * p.k >= p.elements > (p.columns - 1) * p.k
    assert p.row_length == p.columns + 1


@given(parameters())
def test_no_slot_overflows(p: Parameters) -> None:
    assert p.maximum * (2**p.bits - 1) + 2 * p.n * p.noise_bound < 2**p.slot_bits
    assert p.slot_bits * p.slots_per_element <= 254


def test_examples_of_the_protocol() -> None:
    two_columns = Parameters(n=16, t=7, k=4, length=100, bits=1, maximum=2**18)
    assert (two_columns.slot_bits, two_columns.slots_per_element, two_columns.elements) == (19, 13, 8)
    assert (two_columns.columns, two_columns.row_length) == (2, 3)
    assert dataclasses.replace(two_columns, k=8).row_length == 2


def test_profiles() -> None:
    assert (DEFAULT.n, DEFAULT.t, DEFAULT.k, DEFAULT.reconstruction) == (32, 15, 8, 23)
    assert (DEMO.n, DEMO.t, DEMO.k, DEMO.length) == (8, 3, 3, 100)
    assert (EVENTS_250K.n, EVENTS_250K.t, EVENTS_250K.k) == (26, 8, 10)
    assert (EVENTS_250K.length, EVENTS_250K.maximum, EVENTS_250K.row_length) == (100, 250_000, 2)
    assert all(profile(name) is parameters_ for name, parameters_ in PROFILES.items())


def test_an_unknown_profile_lists_those_that_exist() -> None:
    with pytest.raises(ParameterError, match=r"profile = 'huge': must be one of test, demo"):
        profile("huge")
