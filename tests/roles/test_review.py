"""Drafts: a seat names what is wrong for it, gives no secret away, and is not believed without measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sda.agents.drafts import leaves_to_leave_out, reviews
from sda.agents.inspection import turn
from sda.clerk import JobRefusedError, review
from sda.crypto.curve import G, from_bytes128, to_bytes128
from sda.crypto.sumtree import tree_depth
from sda.developer import collect
from sda.messages import Contribution, Review
from sda.pairs import Pairs
from sda.params import TEST
from sda.relay import Job, LocalRelay, Reason, RefusedError
from sda.relay.interface import Opening
from sda.round import State
from tests.world import START, World, make_terms

N = TEST.n


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, TEST, contributors=6)


def lie(world: World, index: int, seats: Sequence[int]) -> None:
    """Send, signed, other commitments for these seats than those of the shares."""
    party = world.contributors[index]
    honest = world.prepare(party)
    points = tuple(point + G if seat in seats else point for seat, point in enumerate(honest.leaf.sums.points))
    leaf = replace(honest.leaf, sums=replace(honest.leaf.sums, points=points), signature=b"")
    signed = leaf.sign(world.domain, party.key.account, party.enrolment.key.hash)
    world.relay.submit(Contribution(signed, honest.padded).encode())


def send(world: World, *indices: int) -> None:
    for index in indices:
        world.relay.submit(world.prepare(world.contributors[index]).encode())


def draft(world: World) -> bytes:
    """The developer shows a draft; its root."""
    collected = collect(world.view, world.relay, world.developer_secret)
    world.relay.publish(world.view.round_hash, collected.publication)
    return collected.root


def found(world: World, seat: int) -> tuple[int, ...]:
    secret = world.clerks[seat].secret
    return review(world.view, world.view.seats[seat], world.relay, secret, Pairs(secret))[1]


def test_review__of_an_honest_draft__names_nobody(world: World) -> None:
    world.contribute_all()
    root = draft(world)
    for seat, clerk in zip(world.view.seats, world.clerks, strict=True):
        assert review(world.view, seat, world.relay, clerk.secret, Pairs(clerk.secret)) == (root, ())


def test_review__names_every_leaf_that_is_wrong_for_the_seat__also_those_that_cancel(world: World) -> None:
    send(world, 0)
    lie(world, 1, [0, 2])
    send(world, 2, 3)
    lie(world, 4, [2])
    lie(world, 5, [0, 1, 2, 3])
    draft(world)
    assert found(world, 0) == (N + 1, N + 5)
    assert found(world, 1) == (N + 5,)
    assert found(world, 2) == (N + 1, N + 4, N + 5)
    late = found(world, TEST.reconstruction)
    assert set(late) <= {N + 1, N + 4, N + 5}, "a late seat's commitment follows from those of the first"
    assert late


def test_review__without_a_draft__is_refused(world: World) -> None:
    world.contribute_all()
    with pytest.raises(RefusedError) as caught:
        found(world, 0)
    assert caught.value.reason is Reason.NOT_PUBLISHED


class FalseRoot(LocalRelay):
    """Serves a tree whose root commits to another point for seat 0 than the sum of its children's."""

    def __init__(self, world: World) -> None:
        super().__init__(world.directory / "relay.sqlite", world.domain, clock=lambda: world.now)
        self.open_round(world.view)

    def job(self, round_hash: bytes, seat: int) -> Job:
        job = super().job(round_hash, seat)
        first = to_bytes128(from_bytes128(job.snapshot.points[0]) + G)
        return replace(job, snapshot=replace(job.snapshot, points=(first, *job.snapshot.points[1:])))

    def opening(self, round_hash: bytes, level: int, index: int) -> Opening:
        opening = super().opening(round_hash, level, index)
        if level < tree_depth(N, 6):
            return opening
        points = opening.sums.points
        return replace(opening, sums=replace(opening.sums, points=(points[0] + G, *points[1:])))


def test_review__of_a_tree_that_does_not_add_up__names_no_contributor(world: World) -> None:
    world.contribute_all()
    draft(world)
    secret = world.clerks[0].secret
    with pytest.raises(JobRefusedError, match="draft: a node of the developer's tree is not the sum of its children"):
        review(world.view, world.view.seats[0], FalseRoot(world), secret, Pairs(secret))


def test_collect__leaves_out_who_was_named(world: World) -> None:
    send(world, 0, 1, 2)
    lie(world, 3, [1])
    draft(world)
    assert found(world, 1) == (N + 3,)
    position = world.contributors[3].position
    collected = collect(world.view, world.relay, world.developer_secret, [position])
    assert [dropped.position for dropped in collected.dropped] == [position]
    assert "seats found it wrong in the draft" in collected.dropped[0].reason
    world.relay.publish(world.view.round_hash, collected.publication)
    world.accept_snapshot(collected.snapshot)
    world.collected = collected
    del world.vectors[world.contributors[3].key.account.address]
    assert world.reveal() == world.expected


# ---------------------------------------------------------------------- at the relay


def signed(
    world: World, seat: int, leaves: tuple[int, ...], *, by: int | None = None, root: bytes = b"r" * 32
) -> bytes:
    account = world.clerks[seat if by is None else by].account
    return Review.create(world.domain, account, world.view.round_hash, root, seat, leaves).encode()


def test_relay__keeps_the_latest_review_of_each_seat(world: World) -> None:
    first, again, other = signed(world, 1, (N,)), signed(world, 1, ()), signed(world, 0, (N, N + 1))
    for message in (first, other, again):
        world.relay.review(message)
    assert world.relay.reviews(world.view.round_hash) == [other, again]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (lambda world: signed(world, 1, (), by=0), Reason.INVALID),
        (lambda world: signed(world, 1, (N + TEST.maximum,)), Reason.INVALID),
        (lambda world: signed(world, 1, ())[:-1], Reason.MALFORMED),
        (lambda world: signed(world, 1, ())[:1] + bytes(32) + signed(world, 1, ())[33:], Reason.UNKNOWN_ROUND),
    ],
)
def test_relay__refuses_any_other(world: World, message: object, reason: Reason) -> None:
    with pytest.raises(RefusedError) as caught:
        world.relay.review(message(world))  # type: ignore[operator]
    assert caught.value.reason is reason
    assert world.relay.reviews(world.view.round_hash) == []


def test_relay__takes_no_review_once_the_snapshot_is_on_chain(world: World) -> None:
    message = signed(world, 1, ())
    world.relay.open_round(replace(world.view, state=State.DISPUTING))
    with pytest.raises(RefusedError) as caught:
        world.relay.review(message)
    assert caught.value.reason is Reason.NOT_COLLECTING


# ---------------------------------------------------------------------- what the developer makes of it


def test_reviews__that_no_seat_signed__are_passed_over(world: World) -> None:
    good = signed(world, 2, (N,))
    served = [b"", good, signed(world, 1, (), by=0), good[:33] + bytes(32) + good[65:], signed(world, 0, ())[:-1]]
    assert [each.seat for each in reviews(world.view, served)] == [2]


def test_leaves_to_leave_out__are_of_this_draft__and_no_seat_names_them_all(world: World) -> None:
    root, other = b"r" * 32, b"o" * 32
    many = tuple(range(N, N + 9))
    served = [
        signed(world, 0, (N + 4,)),
        signed(world, 1, (N + 2, N + 4)),
        signed(world, 2, (N + 6,), root=other),
        signed(world, 3, many),
    ]
    assert leaves_to_leave_out(reviews(world.view, served), root, 50) == {N + 2, N + 4}
    assert leaves_to_leave_out(reviews(world.view, served), root, 900) == {N + 2, N + 4, *many}


# ---------------------------------------------------------------------- turns


@pytest.mark.parametrize("index", range(N, N + 7))
def test_turn__every_seat_has_its_own_within_half_the_window(index: int) -> None:
    terms = make_terms(TEST)
    turns = [turn(terms, START, seat, index) for seat in range(N)]
    assert len(set(turns)) == N
    assert min(turns) == START, "somebody may complain at once"
    assert max(turns) < START + terms.complaint_window / 2


def test_turn__another_seat_is_first_for_each_leaf() -> None:
    terms = make_terms(TEST)
    first = [min(range(N), key=lambda seat: turn(terms, START, seat, index)) for index in range(N, 2 * N)]
    assert sorted(first) == list(range(N))
