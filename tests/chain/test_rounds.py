"""Rounds on a real chain, through the wrappers: whole ones, the ways out, and an error's name for what is
not allowed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sda.audit import audit
from sda.chain.devnet import Devnet
from sda.chain.header import header_of
from sda.chain.points import key_struct, proof_struct
from sda.chain.settings import DEVNET, TOKEN
from sda.chain.structs import Outcome
from sda.chain.token import NO_PERMIT
from sda.contributor import check_counted
from sda.crypto import schnorr
from sda.crypto.hashes import keccak
from sda.crypto.tags import Tag
from sda.errors import ChainError, ContractError, ProofError
from sda.round import State, Terms
from tests.chain.stage import COLLECT_WINDOW, Stage, make_terms

# ---------------------------------------------------------------------- a whole round


def test_a_whole_round(stage: Stage) -> None:
    rounds, token, terms = stage.rounds, stage.token, stage.terms
    quote = rounds.quote(terms)
    held = token.balance_of(stage.developer.address)

    stage.request()
    assert rounds.number() == 1
    assert rounds.state(0) is State.REQUESTED
    assert rounds.terms(0) == terms
    assert token.balance_of(stage.developer.address) == held - quote.total
    assert token.balance_of(rounds.address) == rounds.round(0).held == quote.total

    assert stage.draw()[0] is Outcome.DRAWN
    assert rounds.state(0) is State.COLLECTING
    assert len(set(rounds.seats(0))) == terms.n

    stage.contribute(6)
    stage.snapshot()
    assert rounds.state(0) is State.ANSWERING
    stage.answer_all()
    assert rounds.state(0) is State.COMPLETED
    assert stage.reveal() == stage.expected

    rounds.close(stage.developer, 0)
    fee = terms.flat_fee + terms.rate * 6 * terms.m
    for seat in stage.view().seats:
        assert rounds.balance_of(seat.operator) == fee
    stage.claim(stage.members[2])
    assert token.balance_of(stage.members[2].payout) == terms.reward
    assert rounds.is_claimed(0, leaf_index(stage, 2))
    checks = audit(stage.view(), stage.relay, rounds.audit_events(0))
    assert [check for check in checks if not check.ok] == []

    clerk = stage.account(stage.view().seats[0])
    before = token.balance_of(clerk.address)
    assert rounds.withdraw(clerk, clerk.address)[0] == fee
    assert token.balance_of(clerk.address) == before + fee
    with pytest.raises(ContractError) as caught:
        rounds.withdraw(clerk, clerk.address)
    assert caught.value.name == "NothingToWithdraw"


def leaf_index(stage: Stage, member: int) -> int:
    """The leaf of a contributor."""
    account = stage.members[member].key.account.address
    return stage.relay.claim_proof(stage.view().round_hash, account).index


def test_a_silent_seat_and_a_wrong_row_leave_the_sum(stage: Stage) -> None:
    stage.terms = make_terms(n=6)  # R = 4: two seats may fail
    stage.request()
    stage.draw()
    stage.contribute(5)
    stage.snapshot()
    stage.answer_all(silent=[4], wrong=[1])
    assert stage.reveal() == stage.expected
    stage.node.increase_time(stage.terms.row_window + 1)
    stage.rounds.close(stage.developer, 0)
    bond = stage.registry.seat_bond()
    events = stage.rounds.audit_events(0)
    assert [(event.seat, event.amount) for event in events.rejected] == [(1, bond)]
    assert [(event.seat, event.amount) for event in events.silent] == [(4, bond)]
    assert stage.rounds.state(0) is State.COMPLETED


def test_history_is_everything_in_order(answering: Stage) -> None:
    answering.answer_all()
    answering.rounds.close(answering.developer, 0)
    names = [event.name for event in answering.rounds.history(0)]
    assert names[:1] == ["Requested"]
    assert [name for name in names if name != "Credited"] == [
        "Requested",
        "Drawn",
        "SnapshotTaken",
        *["RowAccepted"] * 5,
        "Opened",
        "Closed",
    ]


def test_the_snapshot_is_found_on_chain(answering: Stage) -> None:
    published = answering.rounds.published_snapshot(0)
    view = answering.view()
    assert view.closed is not None
    assert published.root == view.closed.root
    job = answering.relay.job(view.round_hash, 0)
    assert published == job.snapshot


def test_deadlines_follow_from_the_terms(answering: Stage) -> None:
    facts, ends, terms = answering.rounds.round(0), answering.rounds.deadlines(0), answering.terms
    assert ends.collect_end == facts.drawn_at + terms.collect_window
    assert ends.complaint_end == facts.snapshot_at + terms.complaint_window
    assert ends.row_end == ends.complaint_end + terms.row_window
    assert ends.claim_end == ends.row_end + terms.claim_window


# ---------------------------------------------------------------------- ways out


def test_given_up(collecting: Stage) -> None:
    collecting.rounds.abandon(collecting.developer, 0)
    assert collecting.rounds.state(0) is State.ABANDONED
    assert collecting.rounds.abandoned_draws(collecting.developer.address) == 1
    for seat in collecting.view().seats:
        assert collecting.rounds.balance_of(seat.operator) == collecting.terms.flat_fee


def test_no_snapshot_in_time(collecting: Stage) -> None:
    collecting.node.increase_time(COLLECT_WINDOW + 1)
    assert collecting.rounds.state(0) is State.ABANDONED
    collecting.rounds.close(collecting.accounts[0], 0)
    assert collecting.rounds.round(0).closed


def test_no_draw_in_time(stage: Stage) -> None:
    stage.request()
    settings = stage.contracts.deployment.settings
    stage.node.mine(settings.rounds.seed_delay + settings.registry.draw_window + 2)
    assert stage.rounds.state(0) is State.MISSED
    with pytest.raises(ContractError):
        stage.rounds.draw(stage.developer, 0)
    stage.rounds.close(stage.accounts[0], 0)
    assert stage.rounds.balance_of(stage.developer.address) > 0


def test_a_pool_that_shrank(tmp_path: Path) -> None:
    with Devnet(settings=replace(DEVNET, rounds=replace(DEVNET.rounds, seed_delay=30))) as devnet:
        stage = Stage(devnet, tmp_path)
        stage.request()
        for account in stage.accounts[:4]:
            stage.registry.unbond(account)
        assert stage.registry.pool_size() == 4
        outcome, _ = stage.draw()
        assert outcome is Outcome.POOL_TOO_SMALL
        assert stage.rounds.state(0) is State.UNDRAWABLE
        with pytest.raises(ChainError, match="round 0: has no committee"):
            stage.view()
        stage.close_files()


def test_a_pool_that_would_shrink_under_a_seed_that_is_known(stage: Stage) -> None:
    stage.request()
    for account in stage.accounts[:4]:
        stage.registry.unbond(account)
    assert stage.registry.pool_size() == 8
    assert stage.draw()[0] is Outcome.DRAWN
    stage.registry.apply_queue(stage.accounts[0], 10)
    assert stage.registry.pool_size() == 4


def test_too_few_rows(answering: Stage) -> None:
    answering.answer_all(silent=[0, 1])
    answering.node.increase_time(answering.terms.row_window + 1)
    assert answering.rounds.state(0) is State.FAILED
    with pytest.raises(ProofError, match="has 3 accepted rows, must have 4"):
        answering.reveal()
    answering.rounds.close(answering.developer, 0)
    assert len(answering.rounds.audit_events(0).silent) == 2


def test_no_data(collecting: Stage) -> None:
    collecting.contribute(4)
    collecting.rounds.snapshot(collecting.developer, 0, collecting.collect().snapshot)
    assert collecting.rounds.state(0) is State.DISPUTING
    seat = collecting.view().seats[3]
    collecting.rounds.declare_no_data(collecting.account(seat), 0, 3)
    assert [(event.seat, event.clerk_id) for event in collecting.rounds.audit_events(0).no_data] == [(3, seat.clerk_id)]


# ---------------------------------------------------------------------- what is not allowed


def refusal(action: Any, *arguments: Any, **named: Any) -> ContractError:
    """The error a contract refuses with."""
    with pytest.raises(ContractError) as caught:
        action(*arguments, **named)
    return caught.value


def test_request__terms(stage: Stage) -> None:
    def refused(terms: Terms) -> ContractError:
        return refusal(stage.rounds.request, stage.developer, terms, stage.secret, 10**24)

    terms = stage.terms
    assert refused(replace(terms, t=4)).values == {"tPlusK": 6, "n": 5}
    error = refused(replace(terms, m=terms.m + 1))
    assert (error.name, error.values["field"], error.values["value"]) == ("InvalidTerm", "m", terms.m + 1)
    assert refused(replace(terms, collect_window=1)).values["field"] == "collectWindow"
    assert refused(replace(terms, n=7)).name == "CommitteeExceedsPool"
    assert refused(replace(terms, flat_fee=1000 * TOKEN)).name == "PaymentsExceedBonds"


def test_request__payment(stage: Stage) -> None:
    total = stage.rounds.quote(stage.terms).total
    request = (stage.rounds.request, stage.developer, stage.terms, stage.secret)
    error = refusal(*request, total - 1)
    assert (error.name, error.values) == ("EscrowTooSmall", {"offered": total - 1, "required": total})
    assert refusal(*request, total).name == "ERC20InsufficientAllowance"


def test_request__with_somebody_elses_proof(stage: Stage) -> None:
    """The proof of the round key is bound to the requester."""
    developer, stranger = stage.developer.address, stage.accounts[0]
    place = (stage.contracts.chain.chain_id, stage.rounds.address)
    proof = schnorr.prove(stage.secret, Tag.DEVELOPER_KEY, *place, int.from_bytes(developer, "big"))
    values = (stage.terms.values, key_struct(stage.secret.public), proof_struct(proof), 10**24)
    error = refusal(stage.rounds.contract.transact, stranger, "request", *values, NO_PERMIT.struct)
    assert error.name == "DeveloperKeyInvalid"


def test_draw__too_early(stage: Stage) -> None:
    stage.request()
    error = refusal(stage.rounds.draw, stage.developer, 0)
    assert error.name == "DrawTooEarly"
    assert error.values["seedBlock"] == stage.rounds.round(0).seed_block


def test_draw__from_another_block(stage: Stage) -> None:
    stage.request()
    stage.node.mine(5)
    another = header_of(stage.contracts.chain, stage.rounds.round(0).seed_block + 1)
    error = refusal(stage.rounds.contract.transact, stage.developer, "draw", 0, another)
    assert error.name == "WrongHeader"
    assert error.values["given"] == "0x" + keccak(another).hex()


def test_draw__twice(collecting: Stage) -> None:
    error = refusal(collecting.rounds.draw, collecting.developer, 0)
    assert (error.name, error.values["state"]) == ("WrongState", "collecting")


def test_snapshot__by_a_stranger_twice_or_late(collecting: Stage) -> None:
    collecting.contribute(4)
    snapshot = collecting.collect().snapshot
    stranger = collecting.accounts[0]
    assert refusal(collecting.rounds.snapshot, stranger, 0, snapshot).name == "NotDeveloper"
    collecting.rounds.snapshot(collecting.developer, 0, snapshot)
    assert refusal(collecting.rounds.snapshot, collecting.developer, 0, snapshot).name == "WrongState"


def test_snapshot__that_is_false(collecting: Stage) -> None:
    collecting.contribute(4)
    snapshot = collecting.collect().snapshot

    def refused(**changes: Any) -> ContractError:
        return refusal(collecting.rounds.snapshot, collecting.developer, 0, replace(snapshot, **changes))

    points = snapshot.points
    swapped = (points[1], points[0], *points[2:])
    off_curve = (bytes(63) + b"\1" + bytes(63) + b"\1", *points[1:])
    torsion = (bytes(127) + b"\2", *points[1:])
    assert refused(points=swapped).name == "NotACodeword"
    assert refused(points=off_curve).name == "PointsInvalid"
    assert refused(points=torsion).name == "PointsInvalid"
    assert refused(points=points[:-1]).values["field"] == "points"
    assert refused(count=2).name == "CountOutOfRange"


def test_submit_row(answering: Stage) -> None:
    rounds, seats = answering.rounds, answering.view().seats
    made = answering.answer(seats[0])
    holder, stranger = answering.account(seats[0]), answering.account(seats[1])
    send = (rounds.submit_row, holder, 0, 0)
    assert refusal(rounds.submit_row, stranger, 0, 0, made.closed_set, made.row).name == "NotSeatHolder"
    assert refusal(*send, replace(made.closed_set, count=5), made.row).name == "WrongSet"
    assert refusal(*send, made.closed_set, made.row[:-1]).name == "WrongNumber"
    assert refusal(*send, made.closed_set, [2**256 - 1, *made.row[1:]]).name == "ElementTooLarge"
    right, _ = rounds.submit_row(holder, 0, 0, made.closed_set, made.row)
    assert right
    assert rounds.rows(0) == {0: list(made.row)}
    assert refusal(*send, made.closed_set, made.row).name == "SeatResolved"


def test_claim(answering: Stage) -> None:
    answering.answer_all()
    answering.rounds.close(answering.developer, 0)
    rounds, first, second = answering.rounds, answering.members[0], answering.members[1]
    account = first.key.account.address
    proof = answering.relay.claim_proof(answering.view().round_hash, account)
    check_counted(answering.view(), first.contribution.leaf, first.enrolment, proof)
    leaf = (first.contribution.leaf, first.enrolment)

    def refused(index: int, path: Any, leaf: Any = leaf) -> ContractError:
        return refusal(rounds.claim, answering.developer, 0, index, *leaf, path)

    assert refused(proof.index, proof.path, (second.contribution.leaf, second.enrolment)).name == "NotInTree"
    assert refused(proof.index, proof.path[1:]).name == "WrongDepth"
    assert refused(proof.index + 1, proof.path).name == "NotInTree"
    assert refused(0, proof.path).name == "IndexOutOfRange"
    answering.claim(first)
    error = refused(proof.index, proof.path)
    assert (error.name, error.values["index"]) == ("AlreadyClaimed", proof.index)
    answering.node.increase_time(10**6)
    other = answering.relay.claim_proof(answering.view().round_hash, second.key.account.address)
    late = refused(other.index, other.path, (second.contribution.leaf, second.enrolment))
    assert late.name == "ClaimsOver"
    rounds.sweep(answering.developer, 0)
    pot = rounds.pot(0)
    assert (pot.claimed, pot.waiting) == (pot.count, 0)
    assert refusal(rounds.sweep, answering.developer, 0).name == "NothingToSweep"
