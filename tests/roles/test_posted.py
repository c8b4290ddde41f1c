"""Posted rows: one root for each row, every other row refused, chunks opened as the contract wants them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sda.closed import Closed, Exclusion, Settled
from sda.crypto.curve import commit_chunks, from_bytes128
from sda.crypto.field import Q, row_to_bytes
from sda.crypto.hashes import keccak
from sda.crypto.merkle import merkle_root_from
from sda.messages import Leaf
from sda.posted import open_chunk, posted_row, row_root, wrong_chunk
from tests.roles.test_wide import LATE, WIDE
from tests.world import World

THREE = replace(WIDE, length=120)  # C = 3: one zero word fills the tree up
ROWS = st.lists(st.integers(0, Q - 1), min_size=THREE.row_length, max_size=THREE.row_length)


def slow_root(row: list[int]) -> bytes:
    m = THREE.chunk_length
    a, b, c = (keccak(b"".join(each.to_bytes(32, "big") for each in row[i : i + m])) for i in range(0, 3 * m, m))
    return keccak(keccak(a + b) + keccak(c + bytes(32)))


@given(ROWS)
def test_root__is_the_merkle_root_over_its_chunks(row: list[int]) -> None:
    assert THREE.chunks == 3
    assert row_root(row, THREE) == slow_root(row)
    assert posted_row(row_to_bytes(row), row_root(row, THREE), THREE) == row


@given(ROWS, st.data())
def test_any_other_row__is_not_the_posted_one(row: list[int], data: st.DataObject) -> None:
    root, served = row_root(row, THREE), bytearray(row_to_bytes(row))
    bit = data.draw(st.integers(0, 8 * len(served) - 1))
    served[bit // 8] ^= 1 << bit % 8
    assert posted_row(bytes(served), root, THREE) is None


@pytest.mark.parametrize("served", [b"", bytes(31), bytes(32), bytes(32 * (THREE.row_length + 1))])
def test_a_row_of_another_length__is_not_the_posted_one(served: bytes) -> None:
    assert posted_row(served, row_root([0] * THREE.row_length, THREE), THREE) is None


def test_an_element_beyond_the_field__is_not_the_posted_one() -> None:
    """Its alias below q is another row, with another root."""
    row = [0] * THREE.row_length
    aliased = Q.to_bytes(32, "big") + row_to_bytes(row[1:])
    assert posted_row(aliased, row_root(row, THREE), THREE) is None


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, WIDE, contributors=4)
    world.contribute_all()
    world.close()
    return world


@pytest.mark.parametrize("seat", [0, LATE])
@pytest.mark.parametrize("element", range(WIDE.row_length))
def test_wrong_chunk__is_the_one_with_the_wrong_element(world: World, seat: int, element: int) -> None:
    assert world.collected is not None
    points = world.collected.padded_sum.points[seat :: WIDE.n]
    row = world.answer(seat).row
    assert wrong_chunk(row, points, WIDE) is None
    row[element] = (row[element] + 1) % Q
    assert wrong_chunk(row, points, WIDE) == element // WIDE.chunk_length


@pytest.mark.parametrize("seat", [1, LATE])
@pytest.mark.parametrize("chunk", range(WIDE.chunks))
def test_opening__leads_from_the_chunk_to_both_roots(world: World, seat: int, chunk: int) -> None:
    assert world.collected is not None
    assert world.view.closed is not None
    snapshot, row = world.collected.snapshot, world.answer(seat).row
    opening = open_chunk(WIDE, world.view.closed, snapshot, [], row, seat, chunk)
    m = WIDE.chunk_length
    assert list(opening.row) == row[m * chunk : m * (chunk + 1)]
    hashed = keccak(row_to_bytes(opening.row))
    assert merkle_root_from(hashed, chunk, opening.row_path) == row_root(row, WIDE)
    body = keccak(opening.count.to_bytes(32, "big") + b"".join(opening.words))
    assert merkle_root_from(body, chunk, opening.path) == snapshot.body
    assert opening.closed_set.hash(world.view.round_hash) == world.view.closed.set_hash
    hashes = [keccak(point) for point in opening.points]
    assert hashes == ([opening.words[seat]] if seat < LATE else list(opening.words[: WIDE.reconstruction]))


@pytest.mark.parametrize("seat", [1, LATE])
def test_opening__after_an_exclusion__has_what_is_left(world: World, seat: int) -> None:
    assert world.collected is not None
    assert world.view.closed is not None
    snapshot, index = world.collected.snapshot, WIDE.n + 2
    sums = Leaf.decode(world.relay.leaves(world.view.round_hash, index, index + 1), WIDE).sums
    out = Settled((Exclusion(index, False, sums.body),), ())
    closed = Closed(snapshot.root, out.final_set(snapshot.closed_set).hash(world.view.round_hash), 4, out)
    opening = open_chunk(WIDE, closed, snapshot, [sums], world.answer(seat).row, seat, 1)
    first = seat if seat < LATE else 0
    for place, point in enumerate(opening.points, first):
        left = from_bytes128(point) + sums.chunk(1).points[place]
        assert left == from_bytes128(snapshot.committed(1)[place])
    assert opening.queue == out.excluded
    assert opening.closed_set.point_hashes == (snapshot.body,)
    assert opening.closed_set.count == 3
    assert len(commit_chunks(world.answer(seat).row, WIDE)) == WIDE.chunks
