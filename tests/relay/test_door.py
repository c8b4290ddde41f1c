"""The door: what passes is stored once, what does not gets its reason, one bad message spoils no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sda.contributor import contribute
from sda.crypto.curve import compress
from sda.crypto.schnorr import prove
from sda.crypto.tags import Tag
from sda.messages import Contribution, Domain, Enrolment, Kind
from sda.params import TEST
from sda.relay import LocalRelay, Reason, Receipt, RefusedError
from sda.round import State
from tests.world import CHAIN_ID, CONTRACT, START, World, make_terms, make_view
from tools.vectors import torsion


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, TEST, contributors=4)


def message_of(world: World, index: int, nonce: bytes = b"once") -> bytes:
    party = world.contributors[index]
    vector = [0] * TEST.length
    return contribute(world.view, party.key, party.position, vector, party.payout, nonce).encode()


def refusal(world: World, message: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        world.relay.submit(message)
    return caught.value


# ---------------------------------------------------------------------- contributions


def test_submit__twice__gives_the_same_receipt(world: World) -> None:
    message = message_of(world, 0)
    receipt = world.relay.submit(message)
    assert receipt == Receipt(Contribution.decode(message, TEST).id, world.contributors[0].position)
    assert world.relay.submit(message) == receipt
    assert world.relay.count(world.view.round_hash) == 1


def test_submit__other_data_of_the_same_account__is_refused_by_name(world: World) -> None:
    world.relay.submit(message_of(world, 0))
    answer = refusal(world, message_of(world, 0, b"more"))
    assert answer.reason is Reason.DUPLICATE
    assert world.contributors[0].key.account.address.hex() in str(answer)
    assert world.relay.count(world.view.round_hash) == 1


def test_submit_many__bad_ones_spoil_no_other(world: World) -> None:
    good = [message_of(world, i) for i in range(3)]
    flipped = bytearray(message_of(world, 3))
    flipped[-40] ^= 1
    batch = [
        good[0],
        b"",
        good[1],
        bytes(flipped),
        good[0],
        message_of(world, 1, b"more"),
        good[2][:-1],
        good[2],
    ]
    answers = world.relay.submit_many(batch)
    reasons = [answer.reason if isinstance(answer, RefusedError) else None for answer in answers]
    invalid = (Reason.INVALID, Reason.MALFORMED)
    assert reasons[3] in invalid
    reasons[3] = None
    assert reasons == [None, Reason.MALFORMED, None, None, None, Reason.DUPLICATE, Reason.MALFORMED, None]
    assert answers[0] == answers[4]
    assert world.relay.count(world.view.round_hash) == 3
    assert list(world.relay.contributions(world.view.round_hash)) == good


def test_submit_many__of_nothing__is_nothing(world: World) -> None:
    assert world.relay.submit_many([]) == []


def test_submit__after_the_deadline__is_refused(world: World) -> None:
    early, late = message_of(world, 0), message_of(world, 1)
    world.now = world.view.collect_end - 1
    receipt = world.relay.submit(early)
    world.now = world.view.collect_end
    assert refusal(world, late).reason is Reason.TOO_LATE
    assert world.relay.submit(early) == receipt


@pytest.mark.parametrize("state", [state for state in State if state is not State.COLLECTING])
def test_submit__in_another_state__is_refused(world: World, state: State) -> None:
    world.relay.open_round(replace(world.view, state=state))
    assert refusal(world, message_of(world, 0)).reason is Reason.NOT_COLLECTING


def test_submit__after_closing__is_refused_but_a_retry_is_not(world: World) -> None:
    message = message_of(world, 0)
    receipt = world.relay.submit(message)
    world.relay.close_round(world.view.round_hash)
    answer = refusal(world, message_of(world, 1))
    assert answer.reason is Reason.NOT_COLLECTING
    assert world.relay.submit(message) == receipt
    assert refusal(world, message_of(world, 0, b"more")).reason is Reason.DUPLICATE


def test_submit__more_than_the_maximum__is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, replace(TEST, maximum=2), contributors=3)
    answers = world.relay.submit_many([message_of(world, i) for i in range(3)])
    assert [isinstance(answer, Receipt) for answer in answers] == [True, True, False]
    assert isinstance(answers[2], RefusedError)
    assert answers[2].reason is Reason.FULL


def test_submit__without_enrolment__is_refused(world: World) -> None:
    party = world.contributors[0]
    stranger = world.make_key()
    for position in (party.position, len(world.contributors)):
        message = contribute(world.view, stranger, position, [0] * TEST.length, party.payout, b"once").encode()
        assert refusal(world, message).reason is Reason.NOT_ENROLLED


def test_submit__at_the_position_of_another__is_refused(world: World) -> None:
    first, second = world.contributors[:2]
    message = contribute(world.view, first.key, second.position, [0] * TEST.length, first.payout, b"once").encode()
    assert refusal(world, message).reason is Reason.NOT_ENROLLED


def test_submit__to_an_unknown_round__is_refused(world: World) -> None:
    other = make_view(
        world.view.terms,
        world.clerks,
        world.developer,
        world.developer_secret,
        round_id=world.view.round_id + 1,
    )
    party = world.contributors[0]
    message = contribute(other, party.key, party.position, [0] * TEST.length, party.payout, b"once").encode()
    assert refusal(world, message).reason is Reason.UNKNOWN_ROUND


def test_submit__replayed_in_another_round__is_refused(world: World) -> None:
    other = make_view(
        world.view.terms,
        world.clerks,
        world.developer,
        world.developer_secret,
        round_id=world.view.round_id + 1,
    )
    world.relay.open_round(other)
    message = message_of(world, 0)
    replayed = message[:1] + other.round_hash + message[33:]
    assert refusal(world, replayed).reason is Reason.INVALID
    assert world.relay.count(other.round_hash) == 0


def test_submit__signed_for_another_chain__is_refused(world: World) -> None:
    party = world.contributors[0]
    contribution = Contribution.decode(message_of(world, 0), TEST)
    elsewhere = contribution.leaf.sign(Domain(CHAIN_ID + 1, CONTRACT), party.key.account, party.key.public.hash)
    assert refusal(world, replace(contribution, leaf=elsewhere).encode()).reason is Reason.INVALID


def test_submit__signed_by_another__is_refused(world: World) -> None:
    thief = world.contributors[1].key.account
    contribution = Contribution.decode(message_of(world, 0), TEST)
    stolen = replace(contribution.leaf, payout=bytes(20))
    stolen = stolen.sign(world.domain, thief, world.contributors[0].key.public.hash)
    assert refusal(world, replace(contribution, leaf=stolen).encode()).reason is Reason.INVALID


def test_submit__noise__is_refused(world: World) -> None:
    party = world.contributors[0]
    contribution = Contribution.decode(message_of(world, 0), TEST)
    sums = replace(contribution.leaf.sums, count=0)
    noise = replace(contribution.leaf, kind=Kind.NOISE, sums=sums)
    noise = noise.sign(world.domain, party.key.account, party.key.public.hash)
    answer = refusal(world, replace(contribution, leaf=noise).encode())
    assert answer.reason is Reason.INVALID
    assert "takes no noise" in str(answer)


def test_submit__point_off_the_curve__is_refused(world: World) -> None:
    good = message_of(world, 0)
    start = good.index(compress(Contribution.decode(good, TEST).leaf.sums.points[0]))
    bad = good[:start] + b"\x80" + bytes(46) + b"\x01" + good[start + 48 :]
    assert refusal(world, bad).reason is Reason.MALFORMED


def test_submit__point_outside_the_subgroup__is_dropped_by_the_developer(world: World) -> None:
    contribution = Contribution.decode(message_of(world, 0), TEST)
    party = world.contributors[0]
    points = (torsion(), *contribution.leaf.sums.points[1:])
    leaf = replace(contribution.leaf, sums=replace(contribution.leaf.sums, points=points))
    leaf = leaf.sign(world.domain, party.key.account, party.key.public.hash)
    world.relay.submit(replace(contribution, leaf=leaf).encode())
    world.relay.submit(message_of(world, 1))
    collected = world.close()
    assert [dropped.position for dropped in collected.dropped] == [party.position]
    assert "subgroup" in collected.dropped[0].reason
    assert collected.snapshot.count == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=1200))
def test_submit__random_bytes__are_refused(world: World, data: bytes) -> None:
    assert refusal(world, data).reason in (Reason.MALFORMED, Reason.UNKNOWN_ROUND)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0), change=st.integers(1, 255))
def test_submit__any_changed_byte__is_refused(world: World, position: int, change: int) -> None:
    message = bytearray(message_of(world, 0))
    message[position % len(message)] ^= change
    refusal(world, bytes(message))
    assert world.relay.count(world.view.round_hash) == 0


# ---------------------------------------------------------------------- rounds


def test_open_round__of_another_contract__is_refused(world: World) -> None:
    for chain_id, contract in ((CHAIN_ID + 1, CONTRACT), (CHAIN_ID, bytes(20))):
        other = make_view(
            make_terms(TEST),
            world.clerks,
            world.developer,
            world.developer_secret,
            chain_id=chain_id,
            contract=contract,
        )
        with pytest.raises(RefusedError, match="unknown round"):
            world.relay.open_round(other)


def test_open_round__again__keeps_what_is_stored(world: World) -> None:
    world.relay.submit(message_of(world, 0))
    world.relay.open_round(world.view)
    assert world.relay.count(world.view.round_hash) == 1


@pytest.mark.parametrize("method", ["count", "close_round", "contributions"])
def test_unknown_round__is_refused(world: World, method: str) -> None:
    with pytest.raises(RefusedError, match="unknown round"):
        getattr(world.relay, method)(bytes(32))


# ---------------------------------------------------------------------- enrolments


def test_enrol__again__gives_the_same_position(world: World) -> None:
    party = world.contributors[2]
    assert world.relay.enrol(party.enrolment.encode()) == party.position == 2
    assert party.key.enrol(world.domain) == party.enrolment
    subject = int.from_bytes(party.key.account.address, "big")
    proof = prove(party.key.secret, Tag.CONTRIBUTOR_KEY, CHAIN_ID, CONTRACT, subject)
    other = replace(party.enrolment, proof=proof)
    assert other.encode() != party.enrolment.encode()
    assert world.relay.enrol(other.encode()) == party.position
    assert world.relay.enrolments(2, 3) == party.enrolment.encode()
    assert world.relay.enrolled() == 4
    assert world.relay.position_of(party.key.account.address) == 2
    assert world.relay.position_of(bytes(20)) is None


def test_enrol__second_key_of_an_account__is_refused(world: World) -> None:
    party = world.contributors[0]
    other = world.make_key()
    enrolment = Enrolment.create(world.domain, party.key.account, other.secret)
    with pytest.raises(RefusedError, match="has another key"):
        world.relay.enrol(enrolment.encode())


def test_enrol__key_of_another__is_refused(world: World) -> None:
    party, other = world.contributors[0], world.make_key()
    enrolment = Enrolment.create(world.domain, other.account, party.key.secret)
    with pytest.raises(RefusedError, match="is another account's"):
        world.relay.enrol(enrolment.encode())


def test_enrol__rogue_key_without_its_secret__is_refused(world: World) -> None:
    # A_v + r·G for a victim's key A_v: nobody knows its secret (PROTOCOL §3).
    victim, rogue = world.contributors[0], world.make_key()
    shifted = type(victim.key.public).from_point(victim.key.public.point + rogue.public.point)
    honest = rogue.enrol(world.domain)
    signed = replace(honest, key=shifted)
    digest = world.domain.digest(_struct_hash(signed))
    signed = replace(signed, signature=rogue.account.sign(digest))
    signed.verify_signature(world.domain)
    with pytest.raises(RefusedError, match="proof of possession"):
        world.relay.enrol(signed.encode())


def _struct_hash(enrolment: Enrolment) -> bytes:
    from sda.crypto.hashes import keccak

    account = enrolment.account.rjust(32, b"\0")
    return keccak(keccak(b"Enrolment(address account,bytes32 key)") + account + enrolment.key.hash)


def test_enrol__for_another_chain__is_refused(world: World) -> None:
    enrolment = world.make_key().enrol(Domain(CHAIN_ID + 1, CONTRACT))
    with pytest.raises(RefusedError) as caught:
        world.relay.enrol(enrolment.encode())
    assert caught.value.reason is Reason.INVALID


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=200), st.binary(min_size=198, max_size=198)))
def test_enrol__random_bytes__are_refused(world: World, data: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        world.relay.enrol(data)
    assert caught.value.reason is Reason.MALFORMED
    assert world.relay.enrolled() == 4


def test_clock__is_the_given_one(tmp_path: Path) -> None:
    relay = LocalRelay(tmp_path / "r.sqlite", Domain(CHAIN_ID, CONTRACT), clock=lambda: START)
    assert relay.enrolled() == 0
