"""Rounds on a real chain, through the wrappers: a whole one, its ways out, and the named error for what is not
allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from sda.audit import audit
from sda.chain.client import Chain
from sda.chain.contracts import Contracts
from sda.chain.devnet import Devnet
from sda.chain.settings import TOKEN
from sda.chain.structs import Outcome
from sda.contributor import Minima, Pinned, check_counted, check_round
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey
from sda.errors import ChainError, ContractError, ProofError
from sda.messages import AccountKey
from sda.round import State, Terms
from tests.chain.proxy import hostile_node
from tests.chain.stage import COLLECT_WINDOW, Stage, make_terms


@pytest.fixture
def stage(devnet: Devnet, tmp_path: Path) -> Iterator[Stage]:
    """Eight clerks and a developer; nothing has been requested."""
    stage = Stage(devnet, tmp_path)
    yield stage
    stage.close_files()


@pytest.fixture
def collecting(stage: Stage) -> Stage:
    """A round with a committee."""
    stage.request()
    stage.draw()
    return stage


@pytest.fixture
def answering(collecting: Stage) -> Stage:
    """A round with six contributors that waits for rows."""
    collecting.contribute(6)
    collecting.snapshot()
    return collecting


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

    fee = terms.flat_fee + terms.rate * 6 * terms.m
    for seat in stage.view().seats:
        assert rounds.balance_of(seat.operator) == fee
    stage.claim(stage.members[2])
    assert token.balance_of(stage.members[2].payout) == terms.reward or (
        rounds.balance_of(stage.members[2].payout) == terms.reward
    )
    assert rounds.is_claimed(0, audit_index(stage, 2))
    checks = audit(stage.view(), stage.relay, rounds.audit_events(0))
    assert [check for check in checks if not check.ok] == []

    clerk = stage.account(stage.view().seats[0])
    before = token.balance_of(clerk.address)
    assert rounds.withdraw(clerk, clerk.address)[0] == fee
    assert token.balance_of(clerk.address) == before + fee
    with pytest.raises(ContractError) as caught:
        rounds.withdraw(clerk, clerk.address)
    assert caught.value.name == "NothingToWithdraw"


def audit_index(stage: Stage, member: int) -> int:
    """The leaf of a contributor."""
    account = stage.members[member].key.account.address
    return stage.relay.claim_proof(stage.view().round_hash, account).index


def test_a_silent_seat_and_a_wrong_row_leave_the_sum(devnet: Devnet, tmp_path: Path) -> None:
    terms = make_terms()
    wide = Stage(devnet, tmp_path, clerks=8, terms=replace(terms, n=6))
    wide.request()
    wide.draw()
    wide.contribute(5)
    wide.snapshot()
    wide.answer_all(silent=[4], wrong=[1])
    assert wide.reveal() == wide.expected
    wide.node.increase_time(terms.row_window + 1)
    wide.rounds.close(wide.developer, 0)
    bond = wide.registry.seat_bond()
    events = wide.rounds.audit_events(0)
    assert [(event.seat, event.amount) for event in events.rejected] == [(1, bond)]
    assert [(event.seat, event.amount) for event in events.silent] == [(4, bond)]
    assert wide.rounds.state(0) is State.COMPLETED
    wide.close_files()


def test_history_is_everything_in_order(answering: Stage) -> None:
    answering.answer_all()
    names = [event.name for event in answering.rounds.history(0)]
    assert names[:1] == ["Requested"]
    assert [name for name in names if name != "Credited"] == [
        "Requested",
        "Drawn",
        "SnapshotTaken",
        *["RowAccepted"] * 5,
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


def test_a_pool_that_shrank(stage: Stage) -> None:
    stage.request()
    for account in stage.accounts[:4]:
        stage.registry.unbond(account)
    outcome, _ = stage.draw()
    assert outcome is Outcome.POOL_TOO_SMALL
    assert stage.rounds.state(0) is State.UNDRAWABLE
    with pytest.raises(ChainError, match="round 0: has no committee"):
        stage.view()


def test_too_few_rows(answering: Stage) -> None:
    answering.answer_all(silent=[0, 1])
    answering.node.increase_time(answering.terms.row_window + 1)
    assert answering.rounds.state(0) is State.FAILED
    with pytest.raises(ProofError, match="has 3 accepted rows, must have 4"):
        answering.reveal()
    answering.rounds.close(answering.developer, 0)
    assert len(answering.rounds.audit_events(0).silent) == 2


def test_no_data(answering: Stage, devnet: Devnet, tmp_path: Path) -> None:
    other = Stage(devnet, tmp_path / "other", clerks=0)
    (tmp_path / "other").mkdir()
    other.clerks = answering.clerks
    other.request()
    other.round_id = 1
    other.draw()
    other.contribute(4)
    other.rounds.snapshot(other.developer, 1, other.collect().snapshot)
    seat = other.view().seats[3]
    other.rounds.declare_no_data(other.account(seat), 1, 3)
    assert [event.seat for event in other.rounds.audit_events(1).no_data] == [3]
    assert other.rounds.audit_events(0).no_data == ()
    other.close_files()


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
    assert refused(replace(terms, flat_fee=1000 * TOKEN)).name == "FeesExceedBonds"


def test_request__payment(stage: Stage) -> None:
    total = stage.rounds.quote(stage.terms).total
    request = (stage.rounds.request, stage.developer, stage.terms, stage.secret)
    error = refusal(*request, total - 1)
    assert (error.name, error.values) == ("EscrowTooSmall", {"offered": total - 1, "required": total})
    assert refusal(*request, total).name == "ERC20InsufficientAllowance"


def test_draw__too_early(stage: Stage) -> None:
    stage.request()
    error = refusal(stage.rounds.draw, stage.developer, 0)
    assert error.name == "DrawTooEarly"
    assert error.values["seedBlock"] == stage.rounds.round(0).seed_block


def test_draw__from_another_block(stage: Stage) -> None:
    from sda.chain.header import header_of

    stage.request()
    stage.node.mine(5)
    another = header_of(stage.contracts.chain, stage.rounds.round(0).seed_block + 1)
    error = refusal(stage.rounds.contract.transact, stage.developer, "draw", 0, another)
    assert error.name == "WrongHeader"
    assert error.values["given"] == "0x" + keccak(another).hex()


def test_draw__twice(collecting: Stage) -> None:
    error = refusal(collecting.rounds.draw, collecting.developer, 0)
    assert (error.name, error.values["state"]) == ("WrongState", State.COLLECTING)


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


# ---------------------------------------------------------------------- nodes that lie about a round


def test_two_nodes_that_agree(collecting: Stage) -> None:
    chain = collecting.contracts.chain
    both = Contracts.of(Chain(chain.urls[0], chain.urls[0]), collecting.contracts.deployment)
    view = both.rounds.view(0)
    assert view == collecting.view()
    assert both.rounds.committee(0) == view.seats
    assert [seat.operator for seat in view.seats] == [collecting.account(seat).address for seat in view.seats]
    check_round(view, Pinned(view.chain_id, both.rounds.address), Minima(5, 2, 3), chain.now())


def selector(signature: str) -> str:
    """The first four bytes of a call, as in a request."""
    return "0x" + keccak(signature.encode())[:4].hex()


def lie_about(signature: str, types: list[str], lie: Any) -> Any:
    """A change for `hostile_node`: another answer to one view."""

    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        if request["method"] != "eth_call":
            return answer
        call = request["params"][0]
        if not str(call.get("data", call.get("input"))).startswith(selector(signature)):
            return answer
        values = decode(types, bytes.fromhex(answer["result"][2:]))
        return {**answer, "result": "0x" + encode(types, lie(values)).hex()}

    return change


def with_other_minimum(values: tuple[Any, ...]) -> list[Any]:
    """Terms with another minimum of contributors."""
    terms = Terms(*values[0])
    return [replace(terms, minimum=1).values]


def in_other_order(values: tuple[Any, ...]) -> list[Any]:
    """The committee, reversed."""
    return [list(reversed(values[0]))]


LIES = [
    ("terms(uint256)", [Terms.ABI], with_other_minimum),
    ("seats(uint256)", ["uint32[]"], in_other_order),
]


@pytest.mark.parametrize(("signature", "types", "lie"), LIES, ids=["terms", "seats"])
def test_a_second_node_that_lies(collecting: Stage, signature: str, types: list[str], lie: Any) -> None:
    chain = collecting.contracts.chain
    with hostile_node(chain.urls[0], lie_about(signature, types, lie)) as url:
        both = Contracts.of(Chain(chain.urls[0], url), collecting.contracts.deployment)
        name = signature.split("(")[0]
        with pytest.raises(ChainError, match=rf"disagree about Rounds\.{name}"):
            both.rounds.view(0)


@pytest.mark.parametrize(("signature", "types", "lie"), LIES, ids=["terms", "seats"])
def test_the_only_node_lies_but_not_about_the_round_hash(
    collecting: Stage, signature: str, types: list[str], lie: Any
) -> None:
    chain = collecting.contracts.chain
    with hostile_node(chain.urls[0], lie_about(signature, types, lie)) as url:
        alone = Contracts.of(Chain(url), collecting.contracts.deployment)
        with pytest.raises(ProofError, match="do not hash to its round hash"):
            alone.rounds.view(0)


def test_a_node_that_puts_its_own_key_into_an_event(collecting: Stage) -> None:
    """The attack of PROTOCOL §11.2: whoever believes it opens its pads to the liar."""
    chain = collecting.contracts.chain
    from sda.crypto.curve import to_bytes128

    key = to_bytes128(SecretKey.generate().public.point)

    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        if request["method"] == "eth_getLogs":
            for log in answer["result"]:
                if len(log["data"]) == 2 + 2 * len(key):
                    log["data"] = "0x" + key.hex()
        return answer

    with hostile_node(chain.urls[0], change) as url:
        alone = Contracts.of(Chain(url), collecting.contracts.deployment)
        with pytest.raises(ProofError, match="do not hash to its round hash"):
            alone.rounds.view(0)


def test_a_node_that_shows_another_snapshot(answering: Stage) -> None:
    chain = answering.contracts.chain

    def change(request: dict[str, Any], answer: dict[str, Any]) -> Any:
        if request["method"] == "eth_getTransactionByHash":
            sent = answer["result"]["input"]
            # The left child is the first word of the struct, two words after the selector.
            start = 2 + 8 + 128
            answer["result"]["input"] = sent[:start] + "11" * 32 + sent[start + 64 :]
        return answer

    with hostile_node(chain.urls[0], change) as url:
        alone = Contracts.of(Chain(url), answering.contracts.deployment)
        with pytest.raises(ChainError, match="does not hold what was accepted"):
            alone.rounds.published_snapshot(0)


def test_an_unknown_round(stage: Stage) -> None:
    assert stage.rounds.state(99) is State.NONE
    with pytest.raises(ChainError, match="round 99"):
        stage.rounds.view(99)


def test_a_round_key_without_its_proof(stage: Stage) -> None:
    """The proof is bound to the requester: another account cannot use it."""
    total = stage.rounds.quote(stage.terms).total
    data = {}

    def keep(sender: AccountKey, function: str, *arguments: Any) -> Any:
        data["arguments"] = arguments
        raise ChainError("kept")

    original = stage.rounds.contract.transact
    stage.rounds.contract.transact = keep  # type: ignore[method-assign]
    with pytest.raises(ChainError, match="kept"):
        stage.rounds.request(stage.developer, stage.terms, stage.secret, total)
    stage.rounds.contract.transact = original  # type: ignore[method-assign]
    stranger = stage.accounts[0]
    error = refusal(stage.rounds.contract.transact, stranger, "request", *data["arguments"])
    assert error.name == "DeveloperKeyInvalid"
