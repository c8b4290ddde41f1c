"""The clerk answers the set on the chain, and nothing that others make of it (PROTOCOL §11.1)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sda.answers import AnswerBook, SecondAnswerError
from sda.clerk import Answer, JobRefusedError, SumMismatchError, answer
from sda.crypto.curve import IDENTITY, commit_row, to_bytes128
from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.merkle import Roster, enrolment_root
from sda.messages import ENROLMENT_BYTES, Enrolment
from sda.messages.enrolment import split_enrolments
from sda.pairs import Pairs
from sda.params import TEST, Parameters
from sda.relay import Job, RefusedError
from tests.roles.hostile import LyingRelay, commit, commit_roster, serve
from tests.world import World, make_terms, make_view

FIRST, LATE = 0, TEST.n - 1
BOTH = pytest.mark.parametrize("seat", [FIRST, LATE])


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, TEST, contributors=6)
    for party in world.contributors[:5]:
        world.relay.submit(world.prepare(party).encode())
    world.close()
    return world


def ask(world: World, seat: int, relay: LyingRelay | None = None) -> Answer:
    secret = world.clerks[seat].secret
    return answer(world.view, world.view.seats[seat], relay or world.relay, secret, Pairs(secret))


def refused(world: World, seat: int, relay: LyingRelay | None = None) -> str:
    with pytest.raises(JobRefusedError) as caught:
        ask(world, seat, relay)
    return caught.value.check


def roster_of(world: World) -> Roster:
    job = world.relay.job(world.view.round_hash, 0)
    return Roster.from_bytes(job.roster, job.enrolled, job.snapshot.count)


# ---------------------------------------------------------------------- honest


@pytest.mark.parametrize("seat", range(TEST.n))
def test_answer__opens_the_commitment_of_every_seat(world: World, seat: int) -> None:
    assert world.collected is not None
    given = ask(world, seat)
    assert to_bytes128(commit_row(given.row)) == world.collected.snapshot.points[seat]
    assert world.view.closed is not None
    assert given.closed_set.hash(world.view.round_hash) == world.view.closed.set_hash


def test_answer__with_what_it_remembers__is_the_same_and_asks_for_no_enrolment(world: World) -> None:
    secret = world.clerks[0].secret
    pairs = Pairs(secret)
    first = answer(world.view, world.view.seats[0], world.relay, secret, pairs)
    silent = LyingRelay(world, enrolments=lambda data: b"")
    assert answer(world.view, world.view.seats[0], silent, secret, pairs) == first


def test_answer__after_a_relay_lied_about_enrolments__reads_them_again(world: World) -> None:
    secret = world.clerks[0].secret
    pairs = Pairs(secret)
    honest = world.relay.enrolments(0, 6)
    swapped = honest[198:396] + honest[:198] + honest[396:]
    with pytest.raises(JobRefusedError, match="enrolment root"):
        answer(world.view, world.view.seats[0], LyingRelay(world, enrolments=lambda data: swapped), secret, pairs)
    assert answer(world.view, world.view.seats[0], world.relay, secret, pairs).row == ask(world, 0).row


def test_answer__members_that_take_part_later__are_verified_then(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=4)
    for party in world.contributors[:2]:
        world.relay.submit(world.prepare(party).encode())
    world.close()
    pairs = Pairs(world.clerks[0].secret)
    world.answer(0, pairs)
    assert [pairs.knows(position) for position in range(4)] == [True, True, False, False]
    world.view = make_view(world.view.terms, world.clerks, world.developer, world.developer_secret, round_id=1)
    world.relay.open_round(world.view)
    world.contribute_all()
    world.close()
    world.answer(0, pairs)
    assert all(pairs.knows(position) for position in range(4))


# ---------------------------------------------------------------------- what the relay serves


@BOTH
@pytest.mark.parametrize(
    ("field", "check"),
    [("left", "root"), ("right", "root"), ("roster_root", "set hash"), ("enrolment_root", "set hash")],
)
def test_snapshot_altered__is_refused(world: World, seat: int, field: str, check: str) -> None:
    changes: dict[str, Any] = {field: bytes(32)}

    def alter(job: Job) -> Job:
        return replace(job, snapshot=replace(job.snapshot, **changes))

    assert refused(world, seat, LyingRelay(world, alter)) == check


@BOTH
@pytest.mark.parametrize("changed", range(TEST.n))
def test_point_altered__is_refused(world: World, seat: int, changed: int) -> None:
    def alter(job: Job) -> Job:
        points = list(job.snapshot.points)
        points[changed] = to_bytes128(IDENTITY)
        return replace(job, snapshot=replace(job.snapshot, points=tuple(points)))

    check = "root" if changed < TEST.reconstruction else "set hash"
    assert refused(world, seat, LyingRelay(world, alter)) == check


@BOTH
def test_count_altered__is_refused(world: World, seat: int) -> None:
    def alter(job: Job) -> Job:
        return replace(job, snapshot=replace(job.snapshot, count=4))

    assert refused(world, seat, LyingRelay(world, alter)) == "root"


@BOTH
@pytest.mark.parametrize("size", [0, TEST.n - 1, TEST.n + 1])
def test_points_of_wrong_number__are_refused(world: World, seat: int, size: int) -> None:
    def alter(job: Job) -> Job:
        points = (job.snapshot.points * 2)[:size]
        return replace(job, snapshot=replace(job.snapshot, points=points))

    assert refused(world, seat, LyingRelay(world, alter)) == "snapshot"


@BOTH
def test_points_of_wrong_length__are_refused(world: World, seat: int) -> None:
    def alter(job: Job) -> Job:
        points = (b"", *job.snapshot.points[1:])
        return replace(job, snapshot=replace(job.snapshot, points=points))

    assert refused(world, seat, LyingRelay(world, alter)) == "snapshot"


@BOTH
def test_another_roster_than_committed__is_refused(world: World, seat: int) -> None:
    # Different rosters for different clerks give differences of few pads.
    roster = roster_of(world)
    other = Roster(roster.enrolled, [*roster.positions[:-1], 5], roster.nonces)

    def alter(job: Job) -> Job:
        return replace(job, roster=other.to_bytes())

    assert refused(world, seat, LyingRelay(world, alter)) == "roster root"


@BOTH
@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 32), slice(0, 0)])
def test_roster_truncated__is_refused(world: World, seat: int, cut: slice) -> None:
    assert refused(world, seat, LyingRelay(world, lambda job: replace(job, roster=job.roster[cut]))) == "roster"


@BOTH
@pytest.mark.parametrize("enrolled", [0, 5, 7, 10**9])
def test_enrolled_altered__is_refused(world: World, seat: int, enrolled: int) -> None:
    relay = LyingRelay(world, lambda job: replace(job, enrolled=enrolled))
    with pytest.raises((JobRefusedError, RefusedError)):
        ask(world, seat, relay)


@BOTH
@pytest.mark.parametrize("position", [0, 5])
def test_enrolments_altered__are_refused(world: World, seat: int, position: int) -> None:
    # Position 5 is enrolled and not in the set: the root covers it all the same.
    def alter(data: bytes) -> bytes:
        messages = split_enrolments(data, 6)
        messages[position] = world.make_key().enrol(world.domain).encode()
        return b"".join(messages)

    assert refused(world, seat, LyingRelay(world, enrolments=alter)) == "enrolment root"


@BOTH
def test_enrolments_truncated__are_refused(world: World, seat: int) -> None:
    assert refused(world, seat, LyingRelay(world, enrolments=lambda data: data[:-1])) == "enrolments"


def test_correction_altered__is_refused(world: World) -> None:
    def alter(job: Job) -> Job:
        return replace(job, correction=bytes(len(job.correction)))

    assert refused(world, LATE, LyingRelay(world, alter)) == "correction"


def test_correction_altered__does_not_matter_to_first_seats(world: World) -> None:
    relay = LyingRelay(world, lambda job: replace(job, correction=b"anything"))
    assert ask(world, FIRST, relay) == ask(world, FIRST)


# ---------------------------------------------------------------------- what the developer commits to


@BOTH
def test_roster_of_one_victim_under_a_large_count__is_refused(world: World, seat: int) -> None:
    # §11.1: a count of 5, the sums of one victim, and a roster of that one.
    roster = roster_of(world)
    commit_roster(world, Roster(roster.enrolled, roster.positions[:1], roster.nonces[:1]))
    assert refused(world, seat) == "roster"


@BOTH
def test_one_victim_with_a_count_of_one__is_refused(tmp_path: Path, seat: int) -> None:
    world = World(tmp_path, TEST, contributors=3, terms=make_terms(TEST, minimum=2))
    world.contribute_all()
    world.close()
    roster = roster_of(world)
    commit_roster(world, Roster(roster.enrolled, roster.positions[:1], roster.nonces[:1]), count=1)
    assert refused(world, seat) == "count"


@BOTH
def test_noise_that_was_not_sent__is_refused(world: World, seat: int) -> None:
    commit(world, noise=1 << seat)
    assert refused(world, seat) == "noise"


@BOTH
def test_wrong_nonce_in_the_committed_roster__is_no_sum(world: World, seat: int) -> None:
    roster = roster_of(world)
    commit_roster(world, Roster(roster.enrolled, roster.positions, [b"evil", *roster.nonces[1:]]))
    with pytest.raises(SumMismatchError, match=f"seat {seat}"):
        ask(world, seat)


@BOTH
def test_other_members_in_the_committed_roster__are_no_sum(world: World, seat: int) -> None:
    roster = roster_of(world)
    commit_roster(world, Roster(roster.enrolled, [*roster.positions[:-1], 5], roster.nonces))
    with pytest.raises(SumMismatchError):
        ask(world, seat)


@BOTH
def test_sums_of_fewer_than_the_roster__are_no_sum(world: World, seat: int) -> None:
    assert world.collected is not None
    points = list(world.collected.snapshot.points)
    points[seat] = to_bytes128(commit_row([7] * TEST.row_length))
    commit(world, points=tuple(points))
    with pytest.raises(SumMismatchError):
        ask(world, seat)


@pytest.mark.parametrize("same", ["account", "key"])
@BOTH
def test_one_contributor_under_two_names__is_refused(world: World, seat: int, same: str) -> None:
    """The developer's own enrolment list, with a second enrolment of a contributor in it."""
    messages = split_enrolments(world.relay.enrolments(0, 6), 6)
    party, stranger = world.contributors[0], world.make_key()
    if same == "account":
        twin = Enrolment.create(world.domain, party.key.account, stranger.secret)
    else:
        twin = Enrolment.create(world.domain, stranger.account, party.key.secret)
    messages[1] = twin.encode()
    _commit_enrolments(world, messages)
    relay = LyingRelay(world, enrolments=lambda data: b"".join(messages))
    assert refused(world, seat, relay) == "members"


@BOTH
def test_committed_enrolment_without_proof__is_refused(world: World, seat: int) -> None:
    # A rogue key A_v + r·G, signed by an account but without a proof of possession.
    messages = split_enrolments(world.relay.enrolments(0, 6), 6)
    victim, rogue = world.contributors[0].key, world.make_key()
    honest = rogue.enrol(world.domain)
    key = PublicKey.from_point(victim.public.point + rogue.public.point)
    struct = keccak(b"Enrolment(address account,bytes32 key)") + rogue.account.address.rjust(32, b"\0") + key.hash
    signature = rogue.account.sign(world.domain.digest(keccak(struct)))
    messages[1] = replace(honest, key=key, signature=signature).encode()
    _commit_enrolments(world, messages)
    relay = LyingRelay(world, enrolments=lambda data: b"".join(messages))
    with pytest.raises(JobRefusedError, match="proof of possession"):
        ask(world, seat, relay)


@BOTH
def test_committed_enrolment_that_is_none__is_refused(world: World, seat: int) -> None:
    messages = split_enrolments(world.relay.enrolments(0, 6), 6)
    messages[1] = bytes(ENROLMENT_BYTES)
    _commit_enrolments(world, messages)
    relay = LyingRelay(world, enrolments=lambda data: b"".join(messages))
    assert refused(world, seat, relay) == "enrolments"


def _commit_enrolments(world: World, messages: list[bytes]) -> None:
    commit(world, enrolment_root=enrolment_root([keccak(message) for message in messages]))


@pytest.mark.parametrize("row", [[Q, 0], [1] * (TEST.row_length + 1), []])
def test_committed_correction_that_is_no_row__is_refused(world: World, row: list[int]) -> None:
    assert world.collected is not None
    data = b"".join(element.to_bytes(32, "big") for element in row)
    late = LATE - TEST.reconstruction
    corrections = list(world.collected.snapshot.corrections)
    corrections[late] = keccak(data)
    serve(world, replace(world.collected.snapshot, corrections=tuple(corrections)))
    relay = LyingRelay(world, lambda job: replace(job, correction=data))
    assert refused(world, LATE, relay) == "correction"


# ---------------------------------------------------------------------- the clerk itself


def test_seat_of_another__is_refused(world: World) -> None:
    secret = SecretKey.generate()
    with pytest.raises(JobRefusedError, match="not held"):
        answer(world.view, world.view.seats[0], world.relay, secret, Pairs(secret))
    moved = replace(world.view.seats[0], index=1)
    with pytest.raises(JobRefusedError, match="not held"):
        answer(world.view, moved, world.relay, world.clerks[0].secret, Pairs(world.clerks[0].secret))


def test_before_the_snapshot__is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=1)
    with pytest.raises(JobRefusedError, match="none on chain"):
        ask(world, 0)


def test_all_seats_reconstruct__without_late_seats(tmp_path: Path) -> None:
    parameters = Parameters(n=4, t=2, k=2, length=5, bits=3, maximum=100)
    world = World(tmp_path, parameters, contributors=3)
    world.contribute_all()
    world.close()
    assert world.reveal() == world.expected


def test_second_answer__for_another_set__is_refused(world: World, tmp_path: Path) -> None:
    # A developer that closes twice, or a chain that reorganises, would see the difference of two sums.
    book = AnswerBook(tmp_path / "clerk")
    first = ask(world, 0)
    set_hash = first.closed_set.hash(world.view.round_hash)
    book.record(world.view.round_hash, 0, set_hash, first.row)
    book.record(world.view.round_hash, 0, set_hash, first.row)
    again = AnswerBook(tmp_path / "clerk")
    with pytest.raises(SecondAnswerError, match="must not answer"):
        again.record(world.view.round_hash, 0, bytes(32), first.row)
    with pytest.raises(SecondAnswerError):
        again.record(world.view.round_hash, 0, set_hash, [1] * TEST.row_length)
    assert again.find(world.view.round_hash, 0) == (set_hash, first.row)
    assert again.find(world.view.round_hash, 1) is None
    again.record(world.view.round_hash, 1, set_hash, first.row)
    again.record(bytes(32), 0, bytes(32), first.row)


def test_answer__repr_has_no_row(world: World) -> None:
    given = ask(world, 0)
    assert str(given.row[0]) not in repr(given)
