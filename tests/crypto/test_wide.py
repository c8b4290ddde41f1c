"""Rows of several chunks: each is committed to as a narrow round's row, and a Merkle root holds them together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.curve import commit_row, commit_rows, msm
from sda.crypto.field import Q
from sda.crypto.hashes import ZERO_WORD, keccak
from sda.crypto.merkle import verify_merkle_path
from sda.crypto.pads import add, make_pads, sum_of_pads
from sda.crypto.shamir import packed_shamir
from sda.crypto.sumtree import Sums, no_sums
from sda.errors import ParameterError
from sda.params import Parameters
from tests.crypto.strategies import matrix
from tests.reference import sharing

few = settings(max_examples=10, deadline=None)

# 12 slots of 20 bits an element: 77 coordinates are 7 elements, in 4 columns of 2; two a chunk.
WIDE = Parameters(n=5, t=2, k=2, length=77, bits=10, maximum=1000, chunk=3)
C, M, R = WIDE.chunks, WIDE.chunk_length, WIDE.reconstruction


def sums_of(rows: list[list[int]], parameters: Parameters) -> Sums:
    """What a contributor with these rows commits to."""
    chunks = zip(*map(parameters.chunked, rows[:R]), strict=True)
    points = tuple(point for chunk in chunks for point in commit_rows(chunk))
    corrections = tuple(map(tuple, make_pads(rows, parameters).corrections))
    return Sums(1, points, corrections, parameters.chunks)


def test_chunks__follow_from_their_length() -> None:
    assert (WIDE.elements, WIDE.columns, C, M, WIDE.row_length) == (7, 4, 2, 3, 6)
    assert [WIDE.place(column) for column in range(WIDE.columns)] == [0, 1, 3, 4]
    narrow = replace(WIDE, chunk=0)
    assert (narrow.chunks, narrow.chunk_length, narrow.row_length) == (1, 5, 5)
    assert replace(WIDE, chunk=5) == narrow
    assert [narrow.place(column) for column in range(narrow.columns)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chunk": 1}, "chunk = 1: must be an integer in [2, 64]"),
        ({"chunk": 65}, "chunk = 65: must be an integer in [2, 64]"),
        ({"chunk": 6}, "chunk = 6: must be an integer in [2, 5]"),
        ({"chunk": 2, "length": 12 * 2 * 65536}, "chunks = 65536: must be an integer in [1, 65535]"),
        ({"chunk": 0, "length": 12 * 2 * 64}, "chunk_length = 65: must be an integer in [2, 64]"),
    ],
)
def test_chunks__that_cannot_be__are_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        replace(WIDE, **changes)
    assert message in str(caught.value)


@few
@given(matrix(WIDE.n, WIDE.row_length))
def test_pads__leave_out_the_blinding_of_every_chunk(rows: list[list[int]]) -> None:
    _, secrets = sharing.shares_and_secrets(rows, WIDE.n, WIDE.t, WIDE.k)
    data = [column for column in range(WIDE.row_length) if column % M != M - 1]
    assert make_pads(rows, WIDE).elements == [secrets[e % 2][data[e // 2]] for e in range(WIDE.elements)]


@few
@given(st.lists(matrix(WIDE.n, WIDE.row_length), min_size=1, max_size=3), st.permutations(range(WIDE.n)))
def test_any_r_summed_rows__give_the_sum_of_pads(people: list[list[list[int]]], seats: list[int]) -> None:
    made = [make_pads(rows, WIDE) for rows in people]
    summed = []
    for seat in seats[:R]:
        parts = [rows[seat] for rows in people]
        if seat >= R:
            parts += [pads.corrections[seat - R] for pads in made]
        summed.append(add(*parts))
    assert sum_of_pads(seats[:R], summed, WIDE) == add(*(pads.elements for pads in made))


@few
@given(st.lists(matrix(WIDE.n, WIDE.row_length), min_size=2, max_size=2))
def test_chunks_of_a_sum__are_sums_of_chunks__and_open_for_every_seat(people: list[list[list[int]]]) -> None:
    total = sums_of(people[0], WIDE) + sums_of(people[1], WIDE)
    rest = packed_shamir(WIDE.n, WIDE.t, WIDE.k).rest_matrix
    for index in range(C):
        chunk = total.chunk(index)
        assert chunk.body == (sums_of(people[0], WIDE).chunk(index) + sums_of(people[1], WIDE).chunk(index)).body
        for seat in range(WIDE.n):
            row = add(*(rows[seat] for rows in people))
            if seat >= R:
                row = add(row, *(sums_of(rows, WIDE).corrections[seat - R] for rows in people))
            opened = WIDE.chunked(row)[index]
            if seat < R:
                assert commit_row(opened) == chunk.points[seat]
            else:
                assert commit_row(opened) == msm(chunk.points, [int(factor) % Q for factor in rest[seat - R]])


def test_body__is_the_root_over_the_chunks_bodies() -> None:
    wide = Parameters(n=5, t=2, k=2, length=77, bits=10, maximum=1000, chunk=2)
    assert wide.chunks == 4
    sums = sums_of([[seat * 10 + i for i in range(wide.row_length)] for seat in range(5)], wide)
    a, b, c, d = sums.bodies
    assert sums.body == keccak(keccak(a + b) + keccak(c + d))
    assert verify_merkle_path(c, 2, [d, keccak(a + b)], sums.body)
    assert [sums.chunk(index).body for index in range(4)] == [a, b, c, d]


def test_body__of_three_chunks__is_filled_up() -> None:
    wide = Parameters(n=5, t=2, k=2, length=70, bits=10, maximum=1000, chunk=2)
    assert wide.chunks == 3
    a, b, c = no_sums(wide).bodies
    assert no_sums(wide).body == keccak(keccak(a + b) + keccak(c + ZERO_WORD))


def test_body__of_one_chunk__is_the_narrow_one() -> None:
    narrow = no_sums(replace(WIDE, chunk=0))
    assert narrow.bodies == (narrow.body,)
