"""A relay that does not show what is under a node: the seat demands it on chain, and the developer answers or is
convicted."""

from __future__ import annotations

from typing import NoReturn

import pytest

from sda.agents.clerk import ClerkAgent, Deed
from sda.findings import Withheld
from sda.opening import OpenTree
from sda.relay import LocalRelay, Reason, RefusedError
from sda.relay.interface import Opening
from sda.round import State
from tests.adversary.forger import other_correction, other_point
from tests.adversary.test_contributors import lie
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast


class MuteRelay(LocalRelay):
    """Serves jobs, and nothing of the tree."""

    def opening(self, round_hash: bytes, level: int, index: int) -> Opening:
        self._refuse()

    def leaves(self, round_hash: bytes, start: int, stop: int) -> bytes:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RefusedError(Reason.NOT_FOUND, "lost")


def mute(cast: Cast) -> None:
    """From now on no clerk sees a node."""
    relay = MuteRelay(cast.home / "relay.sqlite", cast.domain, clock=cast.contracts.chain.now)
    for agent in cast.clerks.values():
        agent.relay = relay


def lied_to(cast: Cast, change: object) -> int:
    """A closed round in which somebody lied, and no clerk can find out who."""
    round_id = cast.open()
    cast.contribute(round_id, 3)
    lie(cast, round_id, "liar", change)
    cast.developer.snapshot(round_id)
    mute(cast)
    return round_id


def challenger(cast: Cast, round_id: int, seat: int) -> ClerkAgent:
    """The agent of a seat, with the bonds that it will need."""
    return cast.committee(round_id)[seat]


def test_silence__is_the_developers_fraud__and_the_bond_returns(cast: Cast) -> None:
    round_id = lied_to(cast, other_point(0))
    agent = challenger(cast, round_id, 0)
    (deed,) = agent.run_once()
    assert "does not show what is under node (4, 0)" in deed.detail
    (deed,) = agent.run_once()
    assert deed.action == "answer awaited"
    cast.node.increase_time(cast.rounds.disputes.settings().challenge_window)
    (deed,) = agent.run_once()
    assert (deed.action, deed.failed) == ("silence shown", False)
    assert cast.rounds.state(round_id) is State.FRAUD
    bond = cast.rounds.disputes.settings().challenge_bond
    assert cast.rounds.disputes.balance_of(agent.account.address) == bond


# Seat 4 is late: it gets its correction rows with the answers.
@pytest.mark.parametrize(("seat", "change"), [(0, other_point(0)), (3, other_point(3)), (4, other_correction(0))])
def test_answers__lead_the_seat_to_the_liar(cast: Cast, seat: int, change: object) -> None:
    round_id = lied_to(cast, change)
    agent = challenger(cast, round_id, seat)
    demands: list[Deed] = []
    cast.node.increase_time(make_terms().complaint_window // 2)
    while not cast.rounds.disputes.exclusions(round_id):
        demands += agent.run_once()
        assert not demands[-1].failed, demands[-1]
        assert len(demands) < 9
        if not cast.rounds.disputes.exclusions(round_id):
            cast.developer.answer_challenges(round_id)
    assert "committed to another share" in demands[5].detail, "after four levels above the leaves, and the leaf"
    disputes = cast.rounds.disputes
    demanded = disputes.challenges(round_id)
    assert len(demanded) >= 5
    assert all(each.held for each in demanded), "nobody earns anything while complaints last"
    assert disputes.balance_of(cast.developer.account.address) == 0, "its contributor lied: it earns nothing by that"


def test_answers_to_a_seat_that_demands_in_vain__are_paid_for(cast: Cast) -> None:
    round_id = cast.open()
    cast.contribute(round_id, 4)
    cast.developer.snapshot(round_id)
    view, disputes = cast.rounds.view(round_id), cast.rounds.disputes
    agent = cast.committee(round_id)[0]
    snapshot = cast.rounds.published_snapshot(round_id)
    root = OpenTree(view, cast.relay, snapshot).root()
    permit = cast.contracts.token.permit(agent.account, disputes.address, disputes.settings().challenge_bond)
    disputes.challenge(agent.account, view, view.seats[0], Withheld(root.place, root.node.hash, root.level), permit)
    cast.developer.answer_challenges(round_id)
    cast.node.increase_time(3 * make_terms().complaint_window)
    cast.run_all()
    cast.node.increase_time(make_terms().row_window)
    cast.developer.close(round_id)
    assert disputes.balance_of(cast.developer.account.address) == disputes.settings().challenge_bond


def test_what_is_left__is_computed_while_complaints_last__and_needs_the_relay_no_more(cast: Cast) -> None:
    round_id = cast.open()
    total = cast.contribute(round_id, 4)
    lie(cast, round_id, "liar", other_correction(0))
    cast.developer.snapshot(round_id)
    assert not any(deed.failed for deed in cast.take_turns() + cast.run_all())
    cast.node.increase_time(make_terms().complaint_window + 1)
    cast.clerks[cast.rounds.seats(round_id)[0]].run_once()
    assert cast.rounds.state(round_id) is State.ANSWERING, "somebody settled"
    mute(cast)
    cast.run_all()
    assert cast.developer.reveal(round_id) == total


def test_a_clerk_without_tokens_for_a_bond__says_in_time_that_it_has_no_data(cast: Cast) -> None:
    round_id = lied_to(cast, other_point(0))
    agent = challenger(cast, round_id, 0)
    token = cast.contracts.token
    token.transfer(agent.account, cast.developer.account.address, token.balance_of(agent.account.address))
    (deed,) = agent.run_once()
    assert deed.failed
    assert "ERC20InsufficientBalance" in deed.detail
    cast.node.increase_time(make_terms().complaint_window * 3 // 4)
    (deed,) = agent.run_once()
    assert "declared no data" in deed.detail
