from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.crypto.field import (
    Q,
    element_from_bytes,
    element_to_bytes,
    field_array,
    galois_field,
    integers,
    random_scalar,
    row_from_bytes,
    row_to_bytes,
)
from sda.errors import MessageError
from tests.crypto.strategies import elements, matrix


@given(elements)
def test_elements_round_trip(element: int) -> None:
    data = element_to_bytes(element)
    assert len(data) == 32
    assert element_from_bytes(data) == element


@given(st.integers(Q, 2**256 - 1))
def test_an_element_has_one_encoding(value: int) -> None:
    with pytest.raises(MessageError, match="below q") as caught:
        element_from_bytes(value.to_bytes(32, "big"))
    assert str(value) not in str(caught.value)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_an_element_has_32_bytes(size: int) -> None:
    with pytest.raises(MessageError, match=f"of {size} bytes"):
        element_from_bytes(bytes(size))


@given(st.lists(elements, max_size=5))
def test_rows_round_trip(row: list[int]) -> None:
    assert row_from_bytes(row_to_bytes(row)) == row


def test_a_row_is_whole() -> None:
    with pytest.raises(MessageError, match="multiple of 32"):
        row_from_bytes(bytes(65))
    with pytest.raises(MessageError, match="below q"):
        row_from_bytes(bytes(32) + Q.to_bytes(32, "big"))


def test_scalars_are_never_zero_and_differ() -> None:
    drawn = {random_scalar() for _ in range(100)}
    assert len(drawn) == 100
    assert all(0 < scalar < Q for scalar in drawn)


@given(matrix(3, 4), matrix(4, 2))
def test_field_arrays_are_those_of_galois(left: list[list[int]], right: list[list[int]]) -> None:
    assert isinstance(field_array(left), galois_field())
    assert np.array_equal(field_array(left), galois_field()(left))
    columns = list(zip(*right, strict=True))
    plain = [[sum(x * y for x, y in zip(row, column, strict=True)) % Q for column in columns] for row in left]
    assert integers(field_array(left) @ field_array(right)) == plain
