"""The audit of a wide round: an honest one passes, and a lie in one chunk fails the check that is named after it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sda.audit import Check, audit
from sda.closed import Exclusion, Settled
from sda.crypto.curve import G, from_bytes128, to_bytes128
from sda.crypto.field import Q, row_to_bytes
from sda.messages import ServedRow
from sda.outcomes import Credit, Events, PostedRow, Slashed
from sda.posted import row_root
from sda.round import State
from tests.roles.forged import ForgedRelay, other_count
from tests.roles.hostile import commit
from tests.roles.test_wide import LATE, WIDE
from tests.world import World

SILENT, HIDDEN = 1, 2
"""One seat sends nothing; another posts a right row and serves it to nobody."""
POSTED = [seat for seat in range(WIDE.n) if seat != SILENT]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Four contributors; three rows are served."""
    world = World(tmp_path, WIDE, contributors=4)
    world.contribute_all()
    world.close()
    for seat in POSTED:
        world.accept_row(world.answer(seat))
    world.view = replace(world.view, state=State.COMPLETED, answered=sum(1 << seat for seat in POSTED))
    world.relay.open_round(world.view)
    for seat in POSTED:
        if seat != HIDDEN:
            hand_over(world, seat)
    return world


def hand_over(world: World, seat: int) -> None:
    """The clerk of a seat serves its row."""
    data, account = row_to_bytes(world.rows[seat]), world.clerks[seat].account
    world.relay.serve_row(ServedRow.create(world.domain, account, world.view.round_hash, seat, data).encode())


def fee(world: World) -> int:
    """By PROTOCOL §8: flat + rate · N · elements of the row."""
    return world.view.terms.flat_fee + world.view.terms.rate * 4 * 6


def events_of(world: World) -> Events:
    seats = world.view.seats
    return Events(
        posted=tuple(PostedRow(seat, seats[seat].clerk_id, row_root(row, WIDE)) for seat, row in world.rows.items()),
        silent=(Slashed(SILENT, seats[SILENT].clerk_id, 50),),
        credits=tuple(Credit(seats[seat].operator, fee(world)) for seat in POSTED),
        settled=True,
    )


def run(world: World, **changes: Any) -> list[Check]:
    return audit(world.view, world.relay, replace(events_of(world), **changes))


def failed(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if not check.ok]


def spoil(world: World, seat: int, element: int) -> None:
    """The clerk of a seat posts and serves another row."""
    world.rows[seat] = [(value + (i == element)) % Q for i, value in enumerate(world.rows[seat])]
    hand_over(world, seat)


def test_honest_round__passes_every_check(world: World) -> None:
    checks = run(world)
    assert failed(checks) == []
    (rows,) = [check.detail for check in checks if check.name == "rows open the commitments"]
    assert rows == "4 rows, 4 reconstruct, 3 are served and open"


@pytest.mark.parametrize("seat", [0, LATE])
@pytest.mark.parametrize("element", range(WIDE.row_length))
def test_a_row_that_counts__and_is_wrong_in_one_chunk__fails(world: World, seat: int, element: int) -> None:
    spoil(world, seat, element)
    (check,) = [check for check in run(world) if not check.ok]
    assert check.name == "rows open the commitments"
    assert check.detail == f"seat {seat}: chunk {element // WIDE.chunk_length} of its row does not open its commitment"


def test_a_wrong_row__that_does_not_count__is_no_fault_of_the_round(world: World) -> None:
    spoil(world, 0, 0)
    answered = world.view.answered & ~1
    world.view = replace(world.view, answered=answered, state=State.ANSWERING)
    credits = events_of(world).credits[1:]
    assert failed(run(world, credits=credits, rejected=(Slashed(0, world.view.seats[0].clerk_id, 50),))) == []


def test_a_row_that_counts__and_was_never_posted__fails(world: World) -> None:
    assert "rows open the commitments" in failed(run(world, posted=events_of(world).posted[1:]))


@pytest.mark.parametrize("short", [1, 12])
def test_a_fee_for_fewer_elements__fails(world: World, short: int) -> None:
    """12 less is what a narrow round's rows of three elements would earn."""
    credits = tuple(replace(credit, amount=credit.amount - short) for credit in events_of(world).credits)
    assert failed(run(world, credits=credits)) == ["fees"]


@pytest.mark.parametrize("place", range(WIDE.chunks * WIDE.reconstruction))
def test_a_commitment_that_is_not_the_sum__in_any_chunk__fails(world: World, place: int) -> None:
    assert world.collected is not None
    points = list(world.collected.snapshot.points)
    points[place] = to_bytes128(from_bytes128(points[place]) + G)
    commit(world, points=tuple(points))
    (check,) = [check for check in run(world) if check.name == "commitments add up"]
    assert not check.ok
    assert check.detail.startswith(f"seat {place % WIDE.reconstruction}: ")


@pytest.mark.parametrize("chunk", range(WIDE.chunks))
def test_corrections_that_do_not_add_up__in_any_chunk__fail(world: World, chunk: int) -> None:
    assert world.collected is not None
    corrections = list(world.collected.snapshot.corrections)
    corrections[chunk] = bytes(32)
    commit(world, corrections=tuple(corrections))
    assert "corrections add up" in failed(run(world))


def test_a_tree_with_a_wrong_count__fails(world: World) -> None:
    world.relay = ForgedRelay(world, nodes={(3, 0): other_count(1, 0), (4, 0): other_count(-1, 0)})
    assert "sum tree" in failed(run(world))


@pytest.mark.parametrize("what", ["right", "wrong"])
def test_after_an_exclusion__rows_open_what_is_left(world: World, what: str) -> None:
    """The rows of the whole set do not, those without the excluded leaf do."""
    assert world.collected is not None
    assert world.view.closed is not None
    snapshot, index = world.collected.snapshot, WIDE.n + 2
    (body,) = [message.leaf.body for account, message in world.messages.items() if account == account_at(world, 2)]
    settled = Settled((Exclusion(index, False, body),), ())
    set_hash = settled.final_set(snapshot.closed_set).hash(world.view.round_hash)
    closed = replace(world.view.closed, set_hash=set_hash, settled=settled)
    world.view = replace(world.view, closed=closed)
    world.relay.open_round(world.view)
    if what == "right":
        for seat in POSTED:
            world.rows[seat] = world.answer(seat).row
            hand_over(world, seat)
    expected = [] if what == "right" else ["rows open the commitments"]
    left = world.view.terms.flat_fee + world.view.terms.rate * 3 * 6
    credits = tuple(replace(credit, amount=left) for credit in events_of(world).credits)
    assert failed(run(world, credits=credits)) == expected


def account_at(world: World, order: int) -> bytes:
    """Of the contributor whose data leaf is the one with this number."""
    return world.contributors[order].key.account.address
