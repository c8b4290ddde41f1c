"""Noise: dealt by seats through the path of the data, in the sum to the unit, and nobody's to take off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sda.audit import audit
from sda.clerk import JobRefusedError, SumMismatchError, find_liar
from sda.crypto.curve import G
from sda.developer import PaddedSum, collect
from sda.errors import ParameterError
from sda.findings import BadShare, BadSignature, Finding
from sda.messages import Contribution, Kind
from sda.messages.contribution import Header
from sda.noise import NOBODY, deal, dealer
from sda.outcomes import Events
from sda.pairs import Pairs
from sda.params import TEST
from sda.relay import Reason, RefusedError
from sda.relay.store import Entry
from tests.roles.hostile import LyingRelay, commit
from tests.world import World, make_terms

BOUND = 50
PRIVATE = replace(TEST, noise_bound=BOUND)
SILENT = 2
N = TEST.n


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Five contributors have sent; n - 2 seats' noise is wanted."""
    world = World(tmp_path, PRIVATE, contributors=5, terms=make_terms(PRIVATE, sigma=1 << 16, silent=SILENT))
    world.contribute_all()
    return world


def noise_of(world: World, seat: int, noise: Sequence[int], nonce: bytes = b"once") -> Contribution:
    clerk = world.clerks[seat]
    return deal(world.view, world.view.seats[seat], clerk.account, clerk.secret, noise, nonce)


def deal_all(world: World, seats: Sequence[int] = range(N)) -> list[int]:
    """The seats deal; what their noise adds up to."""
    total = [0] * PRIVATE.length
    for seat in seats:
        noise = [world.random.randint(-BOUND, BOUND) for _ in range(PRIVATE.length)]
        world.relay.submit(noise_of(world, seat, noise).encode())
        total = [a + b for a, b in zip(total, noise, strict=True)]
    return total


def plus(*vectors: Sequence[int]) -> list[int]:
    return [sum(values) for values in zip(*vectors, strict=True)]


# ---------------------------------------------------------------------- honest


@pytest.mark.parametrize("seats", [range(N), [0, 1, 2], [1, 3, 4], range(SILENT, N)])
def test_noise__is_in_the_sum__whichever_seats_dealt(world: World, seats: Sequence[int]) -> None:
    total = deal_all(world, seats)
    snapshot = world.close().snapshot
    assert snapshot.noise == sum(1 << seat for seat in seats)
    assert snapshot.count == 5, "noise counts nothing"
    assert world.reveal() == plus(world.expected, total)
    late = list(range(N - PRIVATE.reconstruction, N))
    assert world.reveal(late) == plus(world.expected, total), "late seats' corrections have noise too"


def test_noise__padded_sums__survive_their_file(world: World) -> None:
    deal_all(world)
    padded_sum = world.close().padded_sum
    assert PaddedSum.from_json(padded_sum.to_json()) == padded_sum


def test_noise__is_left_out_at_nobodys_word_but_the_developers(world: World) -> None:
    total = deal_all(world, range(1, N))
    world.relay.submit(noise_of(world, 0, [BOUND] * PRIVATE.length).encode())
    collected = collect(world.view, world.relay, world.developer_secret, (), [0])
    assert [(each.kind, each.position) for each in collected.dropped] == [(Kind.NOISE, 0)]
    world.relay.publish(world.view.round_hash, collected.publication)
    world.accept_snapshot(collected.snapshot)
    world.collected = collected
    assert world.reveal() == plus(world.expected, total)


def test_collect__with_less_noise_than_promised__is_refused(world: World) -> None:
    deal_all(world, range(N - SILENT - 1))
    with pytest.raises(ParameterError, match=r"dealers = 2.*n - s = 3"):
        world.close()


def test_audit__of_a_private_round__holds(world: World) -> None:
    deal_all(world, [0, 2, 3])
    world.close()
    checks = {check.name: check for check in audit(world.view, world.relay, Events())}
    for name in ("roster", "leaves", "sum tree", "commitments add up", "corrections add up"):
        assert checks[name].ok, checks[name]


# ---------------------------------------------------------------------- at the door


def test_relay__takes_one_noise_of_each_seat(world: World) -> None:
    first = noise_of(world, 1, [1] * PRIVATE.length)
    assert world.relay.submit(first.encode()) == world.relay.submit(first.encode())
    with pytest.raises(RefusedError) as caught:
        world.relay.submit(noise_of(world, 1, [2] * PRIVATE.length, b"more").encode())
    assert caught.value.reason is Reason.DUPLICATE
    assert world.relay.count(world.view.round_hash) == 5


def test_relay__refuses_noise_of_others_than_the_seat(world: World) -> None:
    clerk = world.clerks[2]
    other = replace(world.view.seats[1], operator=clerk.account.address, key=clerk.secret.public)
    stolen = deal(world.view, other, clerk.account, clerk.secret, [0] * PRIVATE.length, b"once")
    with pytest.raises(RefusedError) as caught:
        world.relay.submit(stolen.encode())
    assert caught.value.reason is Reason.NOT_ENROLLED


def test_relay__refuses_noise_in_a_round_without(tmp_path: Path) -> None:
    public = World(tmp_path, TEST, contributors=1)
    clerk, seat = public.clerks[0], public.view.seats[0]
    with pytest.raises(ParameterError, match="takes no noise"):
        deal(public.view, seat, clerk.account, clerk.secret, [0] * TEST.length, b"once")


def test_deal__for_a_seat_of_another_clerk__is_refused(world: World) -> None:
    clerk = world.clerks[1]
    with pytest.raises(ParameterError, match="seat = 0"):
        deal(world.view, world.view.seats[0], clerk.account, clerk.secret, [0] * PRIVATE.length, b"once")


def test_deal__pays_nobody(world: World) -> None:
    assert noise_of(world, 0, [0] * PRIVATE.length).leaf.payout == NOBODY


# ---------------------------------------------------------------------- bad noise


def lied(world: World, seat: int, wrong: int) -> Contribution:
    """A seat's noise, signed, whose commitment for another seat is not that of its share."""
    honest, clerk = noise_of(world, seat, [0] * PRIVATE.length), world.clerks[seat]
    points = tuple(point + G if i == wrong else point for i, point in enumerate(honest.leaf.sums.points))
    leaf = replace(honest.leaf, sums=replace(honest.leaf.sums, points=points), signature=b"")
    signed = leaf.sign(world.domain, clerk.account, clerk.secret.public.hash)
    return Contribution(signed, honest.padded)


def found(world: World, seat: int) -> Finding:
    secret = world.clerks[seat].secret
    pairs = Pairs(secret)
    with pytest.raises(SumMismatchError):
        world.answer(seat, pairs)
    walk = find_liar(world.view, world.view.seats[seat], world.relay, pairs, {})
    finding = walk.run()
    assert list(walk.every_bad_leaf()) == [finding]
    return finding


@pytest.mark.parametrize("seat", [0, 2])
def test_walk__ends_at_the_seat_that_dealt_badly(world: World, seat: int) -> None:
    deal_all(world, [0, 1, 2, 4])
    world.relay.submit(lied(world, 3, seat).encode())
    world.close()
    finding = found(world, seat)
    assert isinstance(finding, BadShare)
    assert (finding.place.index, finding.opened.leaf.kind) == (3, Kind.NOISE)
    assert finding.opened.enrolment == dealer(world.view.seats[3])


class Inserting(LyingRelay):
    """Takes into the round what its door would have refused."""

    def insert(self, message: bytes) -> None:
        header = Header.decode(message)
        self._store.add_contributions([Entry(header.round_hash, header.kind, header.position, b"id", message)], [100])


def test_collect__noise_that_its_clerk_did_not_sign__is_left_out(world: World) -> None:
    total = deal_all(world, [1, 2, 3, 4])
    forged = noise_of(world, 0, [9] * PRIVATE.length)
    unsigned = replace(forged.leaf, payout=b"\1" * 20)
    Inserting(world).insert(Contribution(unsigned, forged.padded).encode())
    collected = world.close()
    assert [(each.kind, each.position) for each in collected.dropped] == [(Kind.NOISE, 0)]
    assert world.reveal() == plus(world.expected, total)


def test_walk__noise_that_nobody_signed__is_the_developers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer that deals in a seat's name: the seat's own row shows it."""
    deal_all(world, [1, 2, 3, 4])
    forged = noise_of(world, 0, [9] * PRIVATE.length)
    leaf = replace(forged.leaf, nonce=b"none")
    Inserting(world).insert(Contribution(leaf, forged.padded).encode())
    with monkeypatch.context() as patch:
        patch.setattr("sda.messages.contribution.Leaf.verify", lambda *_: None)
        world.close()
    assert isinstance(found(world, 0), BadSignature)


# ---------------------------------------------------------------------- the clerk's own checks


@pytest.mark.parametrize("noise", [0, 0b00011, 1 << N | 0b11111])
def test_answer__of_a_set_with_another_bitmap__is_refused(world: World, noise: int) -> None:
    deal_all(world)
    world.close()
    commit(world, noise=noise)
    with pytest.raises(JobRefusedError, match="noise"):
        world.answer(0)
