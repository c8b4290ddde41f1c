from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.field import Q
from sda.crypto.pads import Pads, add, make_pads, subtract, sum_of_pads
from sda.params import DEMO, TEST, Parameters
from tests.crypto.strategies import elements, matrix
from tests.reference import sharing

few = settings(max_examples=15, deadline=None)


@few
@given(matrix(DEMO.n, DEMO.row_length))
def test_pads_equal_the_reference(rows: list[list[int]]) -> None:
    shares, secrets = sharing.shares_and_secrets(rows, DEMO.n, DEMO.t, DEMO.k)
    pads = make_pads(rows, DEMO)
    assert pads.elements == [secrets[e % 3][e // 3] for e in range(DEMO.elements)]
    late = range(DEMO.reconstruction, DEMO.n)
    assert pads.corrections == [subtract(shares[j], rows[j]) for j in late]


@few
@given(st.lists(matrix(TEST.n, TEST.row_length), min_size=1, max_size=3), st.permutations(range(TEST.n)))
def test_any_r_summed_rows_give_the_sum_of_pads(people: list[list[list[int]]], seats: list[int]) -> None:
    made = [make_pads(rows, TEST) for rows in people]
    summed = []
    for seat in seats[: TEST.reconstruction]:
        parts = [rows[seat] for rows in people]
        if seat >= TEST.reconstruction:
            parts += [pads.corrections[seat - TEST.reconstruction] for pads in made]
        summed.append(add(*parts))
    assert sum_of_pads(seats[: TEST.reconstruction], summed, TEST) == add(*(pads.elements for pads in made))


def test_without_late_seats_there_are_no_corrections() -> None:
    p = Parameters(n=4, t=2, k=2, length=3, bits=1, maximum=5)
    assert make_pads([[1, 2]] * 4, p).corrections == []


def test_pads_are_not_shown() -> None:
    assert "12345" not in repr(Pads([12345], [[12345]]))


@given(st.lists(elements, max_size=4))
def test_subtract_undoes_add(values: list[int]) -> None:
    other = [(3 * value + 1) % Q for value in values]
    assert subtract(add(values, other), other) == values
    assert subtract(values, values) == [0] * len(values)


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        add([1], [1, 2])
    with pytest.raises(ValueError, match="zip"):
        subtract([1], [1, 2])
