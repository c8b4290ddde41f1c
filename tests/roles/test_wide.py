"""Rounds whose rows have several chunks, as the roles play them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sda.clerk import SumMismatchError, answer, find_liar
from sda.crypto.curve import G
from sda.crypto.merkle import merkle_root
from sda.crypto.sumtree import Sums
from sda.findings import BadShare
from sda.messages import Contribution
from sda.pairs import Pairs
from sda.params import Parameters
from sda.relay.wire import decode_snapshot, encode_snapshot
from tests.world import World, make_terms

WIDE = Parameters(n=5, t=2, k=2, length=77, bits=10, maximum=1000, chunk=3)
LATE = WIDE.n - 1


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Four contributors have sent."""
    world = World(tmp_path, WIDE, contributors=4)
    world.contribute_all()
    return world


def test_terms__say_how_many_chunks_there_are() -> None:
    terms = make_terms(WIDE)
    assert (terms.m, terms.parameters) == (3, WIDE)
    assert replace(terms, m=2).parameters.chunks == 4


@pytest.mark.parametrize("seats", [[0, 1, 2, 3], [1, 2, 3, 4]])
def test_whole_round__any_rows_give_the_sum(world: World, seats: Sequence[int]) -> None:
    world.close()
    assert world.reveal(seats) == world.expected


def test_snapshot__holds_every_chunk__and_the_set_its_body_alone(world: World) -> None:
    snapshot = world.close().snapshot
    assert (snapshot.chunks, len(snapshot.points), len(snapshot.corrections)) == (2, 8, 2)
    assert snapshot.closed_set.point_hashes == (snapshot.body,)
    assert decode_snapshot(encode_snapshot(snapshot)) == snapshot
    assert snapshot.body == merkle_root([sums.body for sums in map(root_of(world).chunk, range(2))])


def root_of(world: World) -> Sums:
    relay, view = world.relay, world.view
    return relay.opening(view.round_hash, 4, 0).sums


def lie(world: World, chunk: int, seat: int) -> None:
    """One contributor more, whose commitment to one chunk for a seat is another than that of its share."""
    honest = world.prepare(world.contributors[4])
    place = chunk * WIDE.reconstruction + seat
    points = tuple(point + G if i == place else point for i, point in enumerate(honest.leaf.sums.points))
    leaf = replace(honest.leaf, sums=replace(honest.leaf.sums, points=points), signature=b"")
    contributor = world.contributors[4]
    signed = leaf.sign(world.view.domain, contributor.key.account, contributor.key.public.hash)
    world.relay.submit(Contribution(signed, honest.padded).encode())


@pytest.mark.parametrize(("chunk", "seat"), [(0, 0), (1, 0), (1, 3), (1, LATE)])
def test_wrong_chunk__is_walked_to(tmp_path: Path, chunk: int, seat: int) -> None:
    world = World(tmp_path, WIDE, contributors=5)
    for contributor in world.contributors[:4]:
        world.relay.submit(world.prepare(contributor).encode())
    lie(world, chunk, min(seat, WIDE.reconstruction - 1))
    world.close()
    clerk, pairs = world.clerks[seat], Pairs(world.clerks[seat].secret)
    with pytest.raises(SumMismatchError):
        answer(world.view, world.view.seats[seat], world.relay, clerk.secret, pairs)
    finding = find_liar(world.view, world.view.seats[seat], world.relay, pairs, {}).run()
    assert isinstance(finding, BadShare)
    assert (finding.seat, finding.chunk) == (seat, chunk)
    assert finding.opened.leaf.account == world.contributors[4].key.account.address
