"""Lies in one chunk of a wide round: the walk names whoever told them, and the chunk.

Five seats, R = 4: seat 4 is late. Two chunks of three elements. Four contributors, at leaves 5 to 8 of 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sda.chain.evidence import fraud_call, nodes_of
from sda.clerk import JobRefusedError, SumMismatchError, answer, find_liar
from sda.crypto.codeword import commitment
from sda.crypto.curve import from_bytes128, to_bytes128
from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.crypto.merkle import merkle_root
from sda.crypto.sumtree import node_hash
from sda.findings import BadCount, BadPoint, BadShare, BadSum, Finding, OpenNode, Withheld
from sda.opening import Answers
from sda.pairs import Pairs
from sda.relay import LocalRelay
from tests.crypto.test_subgroup import TORSION
from tests.reference import curve as reference
from tests.roles.forged import (
    Change,
    ForgedRelay,
    other_correction,
    other_count,
    other_point,
    send_another,
)
from tests.roles.test_wide import LATE, WIDE
from tests.world import World

C, M, R, N = WIDE.chunks, WIDE.chunk_length, WIDE.reconstruction, WIDE.n
DEPTH = 4
OUTSIDE = from_bytes128(reference.encode(reference.outside_subgroup(5)), subgroup=False)
NO_POINT = bytes(16) + bytes(47) + b"\5" + bytes(16) + bytes(47) + b"\7"
"""In form, and off the curve."""
CHUNK_AND_SEAT = [(chunk, seat) for chunk in range(C) for seat in (0, R - 1)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A closed round of four honest contributors."""
    world = World(tmp_path, WIDE, contributors=4)
    world.contribute_all()
    world.close()
    return world


def place(chunk: int, seat: int) -> int:
    """Of a seat's commitment to a chunk, among all."""
    return chunk * R + seat


def ask(world: World, relay: LocalRelay, seat: int) -> Pairs:
    """What a clerk does first; its own sum must open, or it walks."""
    clerk = world.clerks[seat]
    pairs = Pairs(clerk.secret)
    answer(world.view, world.view.seats[seat], relay, clerk.secret, pairs)
    return pairs


def walked(world: World, relay: LocalRelay, seat: int, answers: Answers | None = None) -> Finding:
    """What the clerk of a seat finds, whose sum opens nothing."""
    clerk = world.clerks[seat]
    pairs = Pairs(clerk.secret)
    with pytest.raises(SumMismatchError):
        answer(world.view, world.view.seats[seat], relay, clerk.secret, pairs)
    return find_liar(world.view, world.view.seats[seat], relay, pairs, answers or {}).run()


# ---------------------------------------------------------------------- contributors


def closed_with_liar(tmp_path: Path, change: Change) -> World:
    """The third of four contributors lies."""
    world = World(tmp_path, WIDE, contributors=4)
    for number, party in enumerate(world.contributors):
        if number == 2:
            send_another(world, number, change)
        else:
            world.relay.submit(world.prepare(party).encode())
    world.close()
    return world


@pytest.mark.parametrize("element", range(WIDE.row_length))
def test_a_wrong_correction__is_seen_by_the_late_seat_alone(tmp_path: Path, element: int) -> None:
    world = closed_with_liar(tmp_path, other_correction(0, element))
    finding = walked(world, world.relay, LATE)
    assert isinstance(finding, BadShare)
    assert (finding.place.index, finding.seat, finding.chunk) == (N + 2, LATE, element // M)
    for seat in range(R):
        ask(world, world.relay, seat)


@pytest.mark.parametrize(("chunk", "seat"), CHUNK_AND_SEAT)
def test_a_wrong_share__is_seen_by_its_seat_and_the_late_one(tmp_path: Path, chunk: int, seat: int) -> None:
    world = closed_with_liar(tmp_path, other_point(place(chunk, seat)))
    for walker in (seat, LATE):
        finding = walked(world, world.relay, walker)
        assert isinstance(finding, BadShare)
        assert (finding.place.index, finding.seat, finding.chunk) == (N + 2, walker, chunk)
    for other in set(range(R)) - {seat}:
        ask(world, world.relay, other)


def test_two_liars_in_two_chunks__are_both_found(tmp_path: Path) -> None:
    world = World(tmp_path, WIDE, contributors=4)
    for number, party in enumerate(world.contributors):
        if number in (0, 3):
            send_another(world, number, other_point(place(number // 3, 1)))
        else:
            world.relay.submit(world.prepare(party).encode())
    world.close()
    seat, pairs = world.view.seats[1], Pairs(world.clerks[1].secret)
    with pytest.raises(SumMismatchError):
        answer(world.view, seat, world.relay, world.clerks[1].secret, pairs)
    found = list(find_liar(world.view, seat, world.relay, pairs, {}).every_bad_leaf())
    assert all(isinstance(each, BadShare) for each in found)
    leaves = [(each.place.index, each.chunk) for each in found if isinstance(each, BadShare)]
    assert leaves == [(N, 0), (N + 3, 1)]


# ---------------------------------------------------------------------- developers: sums and counts


@pytest.mark.parametrize(("chunk", "seat"), CHUNK_AND_SEAT)
@pytest.mark.parametrize("node", [(4, 0), (3, 0), (2, 1), (1, 3)])
def test_a_wrong_sum__in_one_chunk(world: World, node: tuple[int, int], chunk: int, seat: int) -> None:
    relay = ForgedRelay(world, nodes={node: other_point(place(chunk, seat))})
    for walker in (seat, LATE):
        finding = walked(world, relay, walker)
        assert isinstance(finding, BadSum)
        assert (DEPTH - len(finding.place.path), finding.place.index) == node
        assert (finding.seat, finding.chunk) == (seat, chunk)


@pytest.mark.parametrize("element", [0, M - 1, M, 2 * M - 1])
def test_a_wrong_sum_of_corrections__in_one_chunk(world: World, element: int) -> None:
    relay = ForgedRelay(world, nodes={(3, 1): other_correction(0, element)})
    finding = walked(world, relay, LATE)
    assert isinstance(finding, BadSum)
    assert (finding.place.index, finding.seat, finding.chunk) == (1, LATE, element // M)


@pytest.mark.parametrize("chunk", range(C))
def test_a_wrong_count__of_a_node(world: World, chunk: int) -> None:
    here, there = other_count(1, place(chunk, 0)), other_count(-1, place(chunk, 0))
    relay = ForgedRelay(world, nodes={(2, 1): here, (3, 1): there})
    finding = walked(world, relay, 0)
    assert isinstance(finding, BadCount)
    assert finding.chunk == chunk
    counts = [each.sums.count for each in (finding.node, finding.left, finding.right)]
    assert counts[0] != counts[1] + counts[2]


def test_a_root_whose_chunk_counts_otherwise__is_answered_by_nobody(world: World) -> None:
    """A snapshot has one count for all chunks: the preimage of such a root is served by no relay."""
    assert world.collected is not None
    assert world.view.closed is not None
    honest = world.collected.snapshot
    body = merkle_root([honest.bodies[0], replace(honest, count=honest.count + 1).bodies[1]])
    root = node_hash(honest.left, honest.right, body)
    world.view = replace(world.view, closed=replace(world.view.closed, root=root))
    world.relay.open_round(world.view)
    for seat in (0, LATE):
        with pytest.raises(JobRefusedError, match="root"):
            ask(world, world.relay, seat)


# ---------------------------------------------------------------------- developers: points that are none


@pytest.mark.parametrize(("chunk", "seat"), CHUNK_AND_SEAT)
def test_a_leaf_with_a_point_outside_of_the_group(world: World, chunk: int, seat: int) -> None:
    """Sums are right, and contain it: the developer had to leave the contributor out."""
    relay = ForgedRelay(world, leaves={N + 1: other_point(place(chunk, seat), OUTSIDE)})
    for walker in (seat, LATE):
        finding = walked(world, relay, walker)
        assert isinstance(finding, BadPoint)
        assert (finding.place.index, finding.seat, finding.chunk) == (N + 1, seat, chunk)
    for other in set(range(R)) - {seat}:
        ask(world, relay, other)


@pytest.mark.parametrize("chunk", range(C))
def test_a_point_outside__that_the_late_seats_factors_take_away__is_seen_all_the_same(world: World, chunk: int) -> None:
    """Seat 0's factor is q - 1, a multiple of 3: what the late seat derives is right, and the contract refuses it."""
    relay = ForgedRelay(world, leaves={N + 1: other_point(place(chunk, 0), TORSION[3])})
    points = [from_bytes128(point, subgroup=False) for point in relay.snapshot.committed(chunk)]
    assert world.collected is not None
    assert to_bytes128(commitment(points, LATE, WIDE)) == world.collected.padded_sum.points[chunk * N + LATE]
    finding = walked(world, relay, LATE)
    assert isinstance(finding, BadPoint)
    assert (finding.place.index, finding.seat, finding.chunk) == (N + 1, 0, chunk)


@pytest.mark.parametrize(("chunk", "seat"), CHUNK_AND_SEAT)
def test_a_node_with_a_point_outside_of_the_group(world: World, chunk: int, seat: int) -> None:
    relay = ForgedRelay(world, nodes={(2, 1): other_point(place(chunk, seat), OUTSIDE)})
    for walker in (seat, LATE):
        finding = walked(world, relay, walker)
        assert isinstance(finding, BadSum)
        assert (len(finding.place.path), finding.place.index) == (2, 1)
        assert (finding.seat, finding.chunk) == (seat, chunk)


@pytest.mark.parametrize("data", [NO_POINT, b"\xff" * 128], ids=["off the curve", "in no form"])
@pytest.mark.parametrize(("chunk", "seat"), CHUNK_AND_SEAT)
def test_a_root_with_what_is_no_point__must_be_shown(world: World, chunk: int, seat: int, data: bytes) -> None:
    """Nobody can serve it; what is posted instead convicts, as below."""
    relay = ForgedRelay(world, unsound={(4, 0): (chunk, seat, data)})
    for walker in (seat, LATE):
        finding = walked(world, relay, walker)
        assert isinstance(finding, Withheld)
        assert (finding.level, finding.hash, finding.chunk) == (DEPTH, relay.snapshot.root, chunk)
    for other in set(range(R)) - {seat}:
        ask(world, relay, other)


# ---------------------------------------------------------------------- developers: what they show and do not show


@pytest.mark.parametrize(("chunk", "seat"), CHUNK_AND_SEAT)
@pytest.mark.parametrize("lost", [(3, 0), (2, 1), (1, 3), (0, 6)])
def test_a_node_that_is_withheld(world: World, lost: tuple[int, int], chunk: int, seat: int) -> None:
    """What is under its parent is demanded, in the chunk that is wrong."""
    relay = ForgedRelay(world, leaves={6: other_point(place(chunk, seat))}, withheld={lost})
    for walker in (seat, LATE):
        finding = walked(world, relay, walker)
        assert isinstance(finding, Withheld)
        assert (finding.level, finding.place.index) == (lost[0] + 1, lost[1] // 2)
        assert finding.hash == relay.node(lost[0] + 1, lost[1] // 2).hash
        assert finding.chunk == chunk


def read(arguments: Mapping[str, Any], level: int, index: int, chunk: int, seat: int) -> dict[Any, OpenNode]:
    """As `Disputes.answers` gives them."""
    nodes = nodes_of(arguments, WIDE, seat)
    places = (level, index), (level - 1, 2 * index), (level - 1, 2 * index + 1)
    return {(chunk, *where): node for where, node in zip(places, nodes, strict=True)}


@pytest.mark.parametrize("rows", [b"", b"x", b"\xff" * 32, bytes(33)])
@pytest.mark.parametrize("chunk", range(C))
def test_answers__lead_on__whatever_stands_where_an_early_seats_row_would(
    world: World, chunk: int, rows: bytes
) -> None:
    """The contract does not look at it either."""
    relay = ForgedRelay(world, nodes={(3, 0): other_point(place(chunk, 2))}, withheld={(4, 0)})
    arguments = relay.shown(4, 0, chunk, 2) | {"rows": [rows] * 3}
    finding = walked(world, relay, 2, read(arguments, 4, 0, chunk, 2))
    assert isinstance(finding, BadSum)
    assert (finding.place.index, finding.seat, finding.chunk, len(finding.place.path)) == (0, 2, chunk, 1)


@pytest.mark.parametrize("data", [NO_POINT, b"\xff" * 128], ids=["off the curve", "in no form"])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["node", "left", "right"])
@pytest.mark.parametrize("chunk", range(C))
@pytest.mark.parametrize("walker", [1, LATE])
def test_a_posted_point_that_is_none__is_no_sum(world: World, walker: int, chunk: int, which: int, data: bytes) -> None:
    """The finding has the bytes that the contract hashes, and cannot add."""
    at = [(4, 0), (3, 0), (3, 1)][which]
    lie = {(4, 0): other_point(place(chunk, 1))}  # so that somebody looks
    relay = ForgedRelay(world, nodes=lie, unsound={at: (chunk, 1, data)}, withheld={(4, 0)})
    finding = walked(world, relay, walker, read(relay.shown(4, 0, chunk, walker), 4, 0, chunk, walker))
    assert isinstance(finding, BadSum)
    assert (finding.seat, finding.chunk, finding.place.path) == (1, chunk, ())
    function, arguments = fraud_call(finding)
    assert function == "badSum"
    assert arguments[-1][which] == data
    assert [keccak(value) for value in arguments[-1]] == [opening[3][1] for opening in arguments[2:5]]


def test_a_posted_point_that_is_none__where_there_is_nothing__is_no_sum(world: World) -> None:
    """In an empty subtree, beside a contributor that lied: it does not pass for the identity."""
    level, index, chunk, seat = 3, 1, 1, 1
    relay = ForgedRelay(
        world,
        leaves={N + 3: other_point(place(chunk, seat))},
        unsound={(2, 3): (chunk, seat, NO_POINT)},
        withheld={(level, index)},
    )
    answers = read(relay.shown(level, index, chunk, seat), level, index, chunk, seat)
    finding = walked(world, relay, seat, answers)
    assert isinstance(finding, BadSum)
    assert (finding.place.index, finding.seat, finding.chunk, len(finding.place.path)) == (index, seat, chunk, 1)


@pytest.mark.parametrize("kind", ["too large", "cut", "no elements"])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["node", "left", "right"])
def test_a_posted_row_that_is_none__is_kept_as_it_is(world: World, which: int, kind: str) -> None:
    arguments = ForgedRelay(world).shown(4, 0, 1, LATE)
    row = arguments["rows"][which]
    first = int.from_bytes(row[:32], "big")
    others = {"too large": (first + Q).to_bytes(32, "big") + row[32:], "cut": row[:-32], "no elements": row[:-1]}
    arguments["rows"][which] = others[kind]
    nodes = [node.sums.chunk(1) for node in nodes_of(arguments, WIDE, LATE)]
    assert [each.is_sound(LATE) for each in nodes] == [i != which for i in range(3)]
    assert nodes[which].value_of(LATE) == others[kind]


@pytest.mark.parametrize("which", [1, 2], ids=["left", "right"])
def test_a_posted_row_that_is_none__is_no_sum(world: World, which: int) -> None:
    """At the root it is refused before (tests/roles/test_clerk.py)."""
    lie = {(4, 0): other_correction(0, M)}  # so that somebody looks
    data = Q.to_bytes(32, "big") * M
    relay = ForgedRelay(world, nodes=lie, unsound={(3, which - 1): (1, LATE, data)}, withheld={(4, 0)})
    finding = walked(world, relay, LATE, read(relay.shown(4, 0, 1, LATE), 4, 0, 1, LATE))
    assert isinstance(finding, BadSum)
    assert (finding.seat, finding.chunk, finding.place.path) == (LATE, 1, ())
    _, arguments = fraud_call(finding)
    assert arguments[-1][which] == data
    assert [keccak(value) for value in arguments[-1]] == [opening[3][LATE] for opening in arguments[2:5]]
