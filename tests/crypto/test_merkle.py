from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto.merkle import Roster, enrolment_root, merkle_path, merkle_root, verify_merkle_path
from sda.errors import MessageError
from tests.crypto.strategies import words
from tests.reference import tree
from tests.reference.keccak import keccak256

few = settings(max_examples=15, deadline=None)


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    enrolled = draw(st.integers(1, 600))
    positions = sorted(draw(st.sets(st.integers(0, enrolled - 1), max_size=12)))
    nonces = [draw(st.binary(min_size=4, max_size=4)) for _ in positions]
    return Roster(enrolled, positions, nonces)


@few
@given(st.lists(words, max_size=9))
def test_roots_equal_the_reference(some: list[bytes]) -> None:
    root = tree.merkle_root(some)
    assert merkle_root(some) == root
    assert enrolment_root(some) == keccak256(len(some).to_bytes(32, "big") + root)


@few
@given(st.lists(words, min_size=1, max_size=9), st.data())
def test_paths_prove_their_word_at_their_index(some: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(some) - 1))
    path, root = merkle_path(some, index), merkle_root(some)
    assert verify_merkle_path(some[index], index, path, root)
    assert not verify_merkle_path(bytes([some[index][0] ^ 1]) + some[index][1:], index, path, root)
    assert not verify_merkle_path(some[index], index + (1 << len(path)), path, root)
    assert not verify_merkle_path(some[index], -1, path, root)
    assert not verify_merkle_path(some[index], index, [*path, bytes(32)], root)


def test_there_is_no_path_for_a_fill_word() -> None:
    with pytest.raises(IndexError, match=r"\[0, 3\)"):
        merkle_path([bytes(32)] * 3, 3)


def test_fill_words_do_not_enlarge_the_enrolment() -> None:
    one = bytes([1]) * 32
    assert merkle_root([one, one, one]) == merkle_root([one, one, one, bytes(32)])
    assert enrolment_root([one, one, one]) != enrolment_root([one, one, one, bytes(32)])


@few
@given(rosters())
def test_rosters_round_trip_and_equal_the_reference(roster: Roster) -> None:
    data = roster.to_bytes()
    assert data == tree.roster_file(roster.enrolled, list(roster.positions), list(roster.nonces))
    assert Roster.from_bytes(data, roster.enrolled, len(roster.positions)) == roster
    file_words = [data[i : i + 32] for i in range(0, len(data), 32)]
    assert roster.root() == tree.merkle_root(file_words)


GOOD = Roster(300, [0, 7, 8, 299], [bytes([i]) * 4 for i in range(4)])
BITMAP = 64


def _changed(at: int, value: int) -> bytes:
    data = bytearray(GOOD.to_bytes())
    data[at] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "enrolled", "count", "message"),
    [
        (b"", 300, 4, "roster of 0 bytes: must be 96"),
        (GOOD.to_bytes()[:-1], 300, 4, "95 bytes"),
        (GOOD.to_bytes() + bytes(32), 300, 4, "128 bytes"),
        (GOOD.to_bytes(), 300, 3, "4 positions: must be 3"),
        (GOOD.to_bytes(), 300, 5, "4 positions: must be 5"),
        (GOOD.to_bytes(), 299, 4, "position 299: must be below 299"),
        (GOOD.to_bytes(), 200, 4, "must be 64"),
        (_changed(1, 0), 300, 4, "3 positions"),
        (_changed(37, 0), 300, 4, "3 positions"),
        (_changed(1, 3), 300, 4, "5 positions"),
        (_changed(63, 1), 300, 5, "position 504"),
        (_changed(BITMAP + 16, 1), 300, 4, "after the nonces must be zero"),
        (_changed(BITMAP + 31, 1), 300, 4, "after the nonces must be zero"),
    ],
)
def test_bad_roster_files_are_refused(data: bytes, enrolled: int, count: int, message: str) -> None:
    with pytest.raises(MessageError, match=message):
        Roster.from_bytes(data, enrolled, count)


@pytest.mark.parametrize(
    ("positions", "nonces", "message"),
    [
        ([1], [], "1 positions and 0 nonces"),
        ([2, 1], [bytes(4)] * 2, "ascend"),
        ([1, 1], [bytes(4)] * 2, "ascend"),
        ([-1], [bytes(4)], r"in \[0, 3\)"),
        ([3], [bytes(4)], r"in \[0, 3\)"),
        ([1], [bytes(3)], "4 bytes"),
    ],
)
def test_impossible_rosters_are_refused(positions: list[int], nonces: list[bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Roster(3, positions, nonces)


def test_order_of_nonces_is_bound() -> None:
    swapped = Roster(300, GOOD.positions, [GOOD.nonces[1], GOOD.nonces[0], *GOOD.nonces[2:]])
    assert swapped.root() != GOOD.root()
