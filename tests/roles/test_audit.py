"""The audit: an honest round passes every check, and each lie fails the check that is named after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sda.audit import Check, audit
from sda.contributor import contribute
from sda.crypto.curve import IDENTITY, commit_row, to_bytes128
from sda.crypto.hashes import keccak
from sda.crypto.merkle import enrolment_root
from sda.messages import Enrolment
from sda.messages.contribution import leaf_size
from sda.messages.enrolment import split_enrolments
from sda.outcomes import AcceptedRow, Claimed, Credit, Events, SeatEvent, Slashed
from sda.params import TEST
from sda.relay import Job, LocalRelay, RefusedError
from sda.relay.interface import Relay
from sda.round import State
from tests.roles.hostile import LyingRelay, commit, serve
from tests.world import World

SILENT = 1
ANSWERING = [seat for seat in range(TEST.n) if seat != SILENT]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, TEST, contributors=6)
    world.contribute_all()
    world.close()
    for seat in ANSWERING:
        world.accept_row(world.answer(seat))
    world.view = replace(world.view, state=State.COMPLETED, answered=sum(1 << seat for seat in ANSWERING))
    world.relay.open_round(world.view)
    return world


def fee(world: World) -> int:
    terms = world.view.terms
    return terms.flat_fee + terms.rate * len(world.contributors) * terms.m


def events_of(world: World) -> Events:
    seats = world.view.seats
    rows = tuple(AcceptedRow(seat, seats[seat].clerk_id, fee(world), tuple(row)) for seat, row in world.rows.items())
    claims = []
    for party in world.contributors[::2]:
        proof = world.relay.claim_proof(world.view.round_hash, party.key.account.address)
        claims.append(Claimed(proof.index, party.payout, world.view.terms.reward))
    return Events(
        rows=rows,
        silent=(Slashed(SILENT, seats[SILENT].clerk_id, 50),),
        claims=tuple(claims),
        credits=tuple(Credit(seats[row.seat].operator, row.fee) for row in rows),
        settled=True,
    )


def failed(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if not check.ok]


def run(world: World, relay: Relay | None = None, **changes: Any) -> list[str]:
    return failed(audit(world.view, relay or world.relay, replace(events_of(world), **changes)))


def test_audit__honest_round__passes_every_check(world: World) -> None:
    checks = audit(world.view, world.relay, events_of(world))
    assert len(checks) == 12
    assert failed(checks) == []
    assert all(check.detail for check in checks)


def test_audit__never_reads_a_padded_vector(world: World) -> None:
    class Public(LocalRelay):
        def contributions(self, round_hash: bytes) -> Any:
            raise AssertionError("the audit asked for padded vectors")

    relay = Public(world.directory / "relay.sqlite", world.domain)
    relay.open_round(world.view)
    assert run(world, relay) == []


def test_audit__round_without_late_seats__passes(tmp_path: Path) -> None:
    world = World(tmp_path, replace(TEST, n=4), contributors=3)
    world.contribute_all()
    world.close()
    world.reveal()
    world.view = replace(world.view, state=State.COMPLETED, answered=0b1111)
    assert failed(audit(world.view, world.relay, replace(events_of(world), silent=()))) == []


def test_audit__without_snapshot__fails_but_ends(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=1)
    names = failed(audit(world.view, world.relay, Events()))
    assert "root and set hash" in names
    assert "round hash" not in names


# ---------------------------------------------------------------------- the set and the tree


def test_audit__altered_snapshot__fails(world: World) -> None:
    def alter(job: Job) -> Job:
        return replace(job, snapshot=replace(job.snapshot, left=bytes(32)))

    assert "root and set hash" in run(world, LyingRelay(world, alter))


def test_audit__altered_roster__fails(world: World) -> None:
    def alter(job: Job) -> Job:
        return replace(job, roster=job.roster[:-32] + bytes(32))

    assert "roster" in run(world, LyingRelay(world, alter))


def test_audit__altered_enrolments__fail(world: World) -> None:
    names = run(world, LyingRelay(world, enrolments=lambda data: data[:-1] + bytes([data[-1] ^ 3])))
    assert "enrolments" in names


def with_enrolment(world: World, position: int, message: bytes) -> Callable[[bytes], bytes]:
    def alter(data: bytes) -> bytes:
        messages = split_enrolments(data, len(world.contributors))
        messages[position] = message
        return b"".join(messages)

    return alter


def test_audit__another_enrolment_than_committed__fails(world: World) -> None:
    other = world.make_key().enrol(world.domain).encode()
    relay = LyingRelay(world, enrolments=with_enrolment(world, 1, other))
    first = next(check for check in audit(world.view, relay, events_of(world)) if not check.ok)
    assert first.detail == "the enrolments do not hash to their root"


@pytest.mark.parametrize("same", ["account", "key", "nothing"])
def test_audit__committed_enrolment_of_another__fails(world: World, same: str) -> None:
    party, stranger = world.contributors[0].key, world.make_key()
    account = party.account if same == "account" else stranger.account
    secret = party.secret if same == "key" else stranger.secret
    alter = with_enrolment(world, 1, Enrolment.create(world.domain, account, secret).encode())
    data = alter(world.relay.enrolments(0, len(world.contributors)))
    leaves = [keccak(message) for message in split_enrolments(data, len(world.contributors))]
    commit(world, enrolment_root=enrolment_root(leaves))
    checks = audit(world.view, LyingRelay(world, enrolments=alter), events_of(world))
    first = next(check for check in checks if not check.ok)
    if same == "nothing":
        assert (first.name, "is not of the account enrolled there" in first.detail) == ("leaves", True)
    else:
        assert (first.name, first.detail) == ("enrolments", f"one {same} is in the set more than once")


class LeafRelay(LocalRelay):
    """Serves altered leaves."""

    def __init__(self, world: World, alter: Callable[[bytes], bytes]) -> None:
        super().__init__(world.directory / "relay.sqlite", world.domain)
        self.open_round(world.view)
        self._alter = alter

    def leaves(self, round_hash: bytes, start: int, stop: int) -> bytes:
        return self._alter(super().leaves(round_hash, start, stop))


@pytest.mark.parametrize("position", [1, 21, 56, 57, 58, 78, 82])
def test_audit__altered_leaf__fails(world: World, position: int) -> None:
    def alter(data: bytes) -> bytes:
        return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]

    names = run(world, LeafRelay(world, alter))
    assert "leaves" in names


def test_audit__leaves_swapped__fail(world: World) -> None:
    size = leaf_size(TEST)

    def alter(data: bytes) -> bytes:
        return data[size : 2 * size] + data[:size] + data[2 * size :]

    names = run(world, LeafRelay(world, alter))
    assert "leaves" in names
    assert "sum tree" in names


def test_audit__leaves_truncated__fail(world: World) -> None:
    assert "leaves" in run(world, LeafRelay(world, lambda data: data[:-1]))


def test_audit__leaf_that_is_not_in_the_tree__fails(world: World) -> None:
    """The contributor signed something else as well; the tree on chain holds the first."""
    party = world.contributors[0]
    nonce = world.messages[party.key.account.address].leaf.nonce
    other = contribute(world.view, party.key, 0, [9] * TEST.length, party.payout, nonce).leaf.encode()
    names = run(world, LeafRelay(world, lambda data: other + data[len(other) :]))
    assert "leaves" not in names
    assert "sum tree" in names


def test_audit__point_that_is_not_the_sum__fails(world: World) -> None:
    assert world.collected is not None
    points = list(world.collected.snapshot.points)
    points[0] = to_bytes128(IDENTITY)
    commit(world, points=tuple(points))
    names = run(world)
    assert "commitments add up" in names
    assert "sum tree" in names


def test_audit__late_point_that_does_not_follow__fails(world: World) -> None:
    # A contract that skipped its codeword check would take it.
    assert world.collected is not None
    points = list(world.collected.snapshot.points)
    points[-1] = to_bytes128(commit_row([1] * TEST.row_length))
    commit(world, points=tuple(points))
    assert "commitments add up" in run(world)


def test_audit__corrections_that_do_not_add_up__fail(world: World) -> None:
    assert world.collected is not None
    snapshot = world.collected.snapshot
    serve(world, replace(snapshot, corrections=tuple(bytes(32) for _ in snapshot.corrections)))
    assert "corrections add up" in run(world)


# ---------------------------------------------------------------------- rows and money


def altered_row(world: World, **changes: Any) -> tuple[AcceptedRow, ...]:
    rows = events_of(world).rows
    return (replace(rows[0], **changes), *rows[1:])


def test_audit__row_that_opens_nothing__fails(world: World) -> None:
    assert run(world, rows=altered_row(world, row=(1,) * TEST.row_length)) == ["rows open the commitments"]


def test_audit__row_missing_from_the_log__fails(world: World) -> None:
    assert "rows open the commitments" in run(world, rows=events_of(world).rows[1:])


def test_audit__completed_with_too_few_rows__fails(world: World) -> None:
    rows = events_of(world).rows[:3]
    world.view = replace(world.view, answered=sum(1 << row.seat for row in rows))
    assert "rows open the commitments" in run(world, rows=rows)


def test_audit__wrong_fee__fails(world: World) -> None:
    assert run(world, rows=altered_row(world, fee=fee(world) + 1)) == ["fees"]


def test_audit__before_the_settlement__fees_are_due(world: World) -> None:
    assert run(world, credits=(), settled=False) == []


def test_audit__fee_not_credited__fails(world: World) -> None:
    assert run(world, credits=events_of(world).credits[1:]) == ["fees"]


def test_audit__seat_with_two_outcomes__fails(world: World) -> None:
    seat = world.view.seats[0]
    assert run(world, no_data=(SeatEvent(0, seat.clerk_id),)) == ["seats"]
    assert run(world, rejected=(Slashed(0, seat.clerk_id, 1),)) == ["seats"]


def test_audit__outcome_of_another_clerk__fails(world: World) -> None:
    assert run(world, silent=(Slashed(SILENT, 99, 1),)) == ["seats"]


def test_audit__slashed_by_nothing__fails(world: World) -> None:
    assert run(world, silent=(Slashed(SILENT, world.view.seats[SILENT].clerk_id, 0),)) == ["seats"]


@pytest.mark.parametrize("index", [0, TEST.n - 1, TEST.n + 6, 2**32])
def test_audit__claim_outside_the_data_leaves__fails(world: World, index: int) -> None:
    claims = (replace(events_of(world).claims[0], index=index),)
    assert run(world, claims=claims) == ["rewards"]


def test_audit__claim_twice__fails(world: World) -> None:
    assert run(world, claims=events_of(world).claims[:1] * 2) == ["rewards"]


def test_audit__claim_to_another__fails(world: World) -> None:
    assert run(world, claims=(replace(events_of(world).claims[0], payout=bytes(20)),)) == ["rewards"]


def test_audit__claim_of_another_amount__fails(world: World) -> None:
    assert run(world, claims=(replace(events_of(world).claims[0], amount=4),)) == ["rewards"]


def test_audit__relay_that_serves_nothing__fails_every_download(world: World) -> None:
    class Empty(LocalRelay):
        def job(self, round_hash: bytes, seat: int) -> Job:
            return super().job(bytes(32), seat)

    relay = Empty(world.directory / "relay.sqlite", world.domain)
    relay.open_round(world.view)
    with pytest.raises(RefusedError):
        relay.job(world.view.round_hash, 0)
    names = run(world, relay)
    assert names[:2] == ["root and set hash", "roster"]
    assert "round hash" not in names
