"""Wide rounds on Anvil: rows posted as roots, served, checked, doubted, opened; paid by their data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from sda.agents.clerk import ClerkAgent
from sda.agents.seat import SeatDesk
from sda.audit import audit
from sda.chain.checks import RowChecks
from sda.chain.devnet import Devnet
from sda.clerk import SumMismatchError
from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.params import TEST
from sda.round import State
from tests.adversary.forger import other_point
from tests.adversary.test_contributors import lie
from tests.adversary.test_withheld import mute
from tests.chain.stage import make_terms, make_wide_terms
from tests.rounds.attended import attended, wait_until
from tests.rounds.cast import Cast, killed


@pytest.fixture
def cast(devnet: Devnet, tmp_path: Path) -> Iterator[Cast]:
    cast = Cast(devnet, tmp_path)
    yield cast
    cast.relay.close()


def past_rows(cast: Cast) -> None:
    """The three row windows of a wide round pass."""
    cast.node.increase_time(3 * make_terms().row_window + 1)


def test_a_wide_round__from_the_request_to_the_last_payment(cast: Cast) -> None:
    round_id = cast.open(make_wide_terms())
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.run_all()
    cast.past_complaints()
    deeds = cast.run_all()
    assert [deed for deed in deeds if deed.failed] == []
    assert cast.rounds.state(round_id) is State.ANSWERING
    assert cast.developer.check_rows(round_id) == []
    assert cast.developer.reveal(round_id) == total
    past_rows(cast)
    assert cast.rounds.state(round_id) is State.COMPLETED
    cast.run_all()
    assert cast.rounds.round(round_id).closed


# ---------------------------------------------------------------------- clerks that lie, or are lied about


def answering(cast: Cast) -> tuple[int, list[int]]:
    """A wide round whose complaints are over, and what its contributors add up to."""
    round_id = cast.open(make_wide_terms())
    total = cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    cast.run_all()
    cast.past_complaints()
    return round_id, total


def spoil(agent: ClerkAgent, desk: SeatDesk, element: int) -> None:
    """One element of the row that this clerk is about to post is another one."""
    found = desk.compute()
    row = [*found.row]
    row[element] = (row[element] + 1) % Q
    desk.book.keep(desk.view.round_hash, replace(found, row=row))


def seat_agent(cast: Cast, round_id: int, seat: int) -> tuple[ClerkAgent, SeatDesk]:
    agent = cast.committee(round_id)[seat]
    return agent, agent.desk(cast.rounds.view(round_id))


@pytest.mark.parametrize("seat", [0, TEST.n - 1], ids=["early", "late"])
@pytest.mark.parametrize("element", [0, 7, 19], ids=["first", "middle", "last"])
def test_a_wrong_row__is_shown_by_the_developer__and_costs_the_bond(cast: Cast, seat: int, element: int) -> None:
    round_id, total = answering(cast)
    spoil(*seat_agent(cast, round_id, seat), element)
    cast.run_all()
    assert cast.developer.check_rows(round_id) == [
        f"seat {seat}: chunk {element // 4} of its row is wrong, its bond is gone"
    ]
    assert cast.developer.check_rows(round_id) == []
    assert cast.rounds.round(round_id).resolved >> seat & 1
    assert cast.developer.reveal(round_id) == total
    past_rows(cast)
    cast.run_all()
    facts = cast.rounds.round(round_id)
    assert (facts.closed, facts.answered >> seat & 1) == (True, 0)


def unserve(cast: Cast, round_id: int, seat: int) -> None:
    """The relay loses a seat's row, and takes none any more."""
    view = cast.rounds.view(round_id)
    cast.relay._store.add_row(view.round_hash, seat, b"")


@pytest.mark.parametrize("seat", [0, TEST.n - 1], ids=["early", "late"])
def test_a_row_that_the_relay_hides__is_doubted__and_its_clerk_opens_and_is_paid(cast: Cast, seat: int) -> None:
    round_id, total = answering(cast)
    cast.run_all()
    unserve(cast, round_id, seat)
    assert cast.developer.check_rows(round_id) == [], "it may come until roots are in"
    cast.node.increase_time(make_terms().row_window)
    (doubt,) = cast.developer.check_rows(round_id)
    assert doubt.startswith(f"seat {seat}: its row is not served; chunk ")
    assert cast.developer.check_rows(round_id) == [], "once"
    assert not cast.rounds.round(round_id).answered >> seat & 1, "it counts again once it is opened"
    agent, _ = seat_agent(cast, round_id, seat)
    deeds = [deed for deed in agent.run_once() if deed.action == "chunk opened"]
    assert [deed.failed for deed in deeds] == [False]
    checks = cast.rounds.checks
    assert checks.balance_of(agent.account.address) == checks.bond()
    assert cast.rounds.round(round_id).answered >> seat & 1
    assert cast.developer.reveal(round_id) == total
    past_rows(cast)
    cast.run_all()
    assert cast.rounds.state(round_id) is State.COMPLETED


def test_a_clerk_that_has_its_one_right_chunk_asked_for__is_asked_for_another(cast: Cast) -> None:
    round_id, _ = answering(cast)
    agent, desk = seat_agent(cast, round_id, 1)
    row = [0] * make_wide_terms().parameters.row_length
    right = desk.compute().row
    row[:4] = right[:4]
    spoilt = replace(desk.compute(), row=row)
    desk.book.keep(desk.view.round_hash, spoilt)
    cast.run_all()
    unserve(cast, round_id, 1)
    cast.node.increase_time(make_terms().row_window)
    checks, friend = cast.rounds.checks, cast.committee(round_id)[2].account
    checks.doubt(friend, round_id, 1, 0, cast.contracts.token.permit(friend, checks.address, checks.bond()))
    (doubt,) = cast.developer.check_rows(round_id)
    assert "chunk 0" not in doubt
    agent.run_once()
    facts = cast.rounds.round(round_id)
    assert (facts.resolved >> 1 & 1, facts.answered >> 1 & 1) == (1, 0), "it opened the wrong one itself"


def test_a_root_of_nothing__is_never_opened__and_counts_as_silence(cast: Cast) -> None:
    round_id, _ = answering(cast)
    agent, desk = seat_agent(cast, round_id, 1)
    view = desk.view
    assert view.closed is not None
    cast.rounds.checks.post_row(agent.account, round_id, 1, view.closed.set_hash, keccak(b"no row"))
    cast.silent.add(cast.rounds.seats(round_id)[1])
    cast.run_all()
    cast.node.increase_time(make_terms().row_window)
    assert len(cast.developer.check_rows(round_id)) == 1
    past_rows(cast)
    cast.developer.close(round_id)
    checks = cast.rounds.checks
    assert checks.balance_of(cast.developer.account.address) == checks.bond()
    assert [event["seat"] for event in cast.rounds.events("Silent", round_id)] == [1]
    assert cast.rounds.round(round_id).closed


@pytest.mark.parametrize("step", ["post_row", "serve_row", "open_chunk"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_clerk_that_is_killed__goes_on_where_it_was(
    cast: Cast, step: str, moment: Literal["before", "after"]
) -> None:
    round_id, total = answering(cast)
    agent, _ = seat_agent(cast, round_id, 0)
    if step == "open_chunk":
        cast.run_all()
        unserve(cast, round_id, 0)
        cast.node.increase_time(make_terms().row_window)
        cast.developer.check_rows(round_id)
    owner = type(cast.relay) if step == "serve_row" else RowChecks
    with killed(owner, step, moment):
        agent.run_once()
    again = cast.restarted(agent).run_once()
    assert [deed for deed in again if deed.failed] == []
    assert cast.restarted(agent).run_once() == []
    cast.run_all()
    assert cast.developer.reveal(round_id) == total


# ---------------------------------------------------------------------- excluded leaves, withheld files


def excluded(cast: Cast) -> tuple[int, list[int]]:
    """A wide round in which a contributor lied in one chunk, and is out."""
    round_id = cast.open(make_wide_terms())
    total = cast.contribute(round_id)
    lie(cast, round_id, "liar", other_point(2 * TEST.reconstruction + 1))
    cast.developer.snapshot(round_id)
    cast.take_turns()
    assert [each.index for each in cast.rounds.disputes.exclusions(round_id)] == [TEST.n + 4]
    end = cast.rounds.deadlines(round_id).complaint_end
    cast.node.increase_time(max(0, end - cast.contracts.chain.now()))
    (deed,) = cast.committee(round_id)[0].run_once()
    assert (deed.action, cast.rounds.state(round_id)) == ("settling awaited", State.SETTLING)
    settle(cast, round_id)
    return round_id, total


def settle(cast: Cast, round_id: int) -> None:
    """Half a complaint window later one clerk does it."""
    cast.node.increase_time(make_terms().complaint_window // 2)
    (deed,) = cast.committee(round_id)[0].run_once()
    assert (deed.action, cast.rounds.state(round_id)) == ("exclusions settled", State.ANSWERING)


def test_a_leaf_excluded_in_the_last_second__and_withheld__costs_no_clerk_its_bond(cast: Cast) -> None:
    """Those who cannot get the leaf say so while the settlement waits."""
    round_id = cast.open(make_wide_terms())
    cast.contribute(round_id)
    lie(cast, round_id, "liar", other_point(2 * TEST.reconstruction + 1))
    cast.developer.snapshot(round_id)
    agent, desk = seat_agent(cast, round_id, 1)
    with pytest.raises(SumMismatchError):
        desk.compute()
    finding = desk.walk().run()
    view = desk.view
    cast.node.increase_time(view.complaint_end - cast.contracts.chain.now() - 10)
    cast.rounds.disputes.file(agent.account, view, finding, secret=desk.secret)
    mute(cast)
    end = cast.rounds.deadlines(round_id).complaint_end
    cast.node.increase_time(end - cast.contracts.chain.now() + 1)
    assert cast.rounds.state(round_id) is State.SETTLING
    cast.run_all()
    cast.node.increase_time(make_terms().complaint_window // 2 - 5)
    cast.run_all()
    assert cast.rounds.round(round_id).no_data > 1
    assert cast.rounds.state(round_id) is State.ABANDONED
    cast.run_all()
    assert cast.rounds.round(round_id).closed
    assert cast.rounds.events("Silent", round_id) == []


@pytest.mark.parametrize("seat", [0, 1, TEST.n - 1])
def test_after_an_exclusion__right_chunks_open__and_wrong_ones_are_shown(cast: Cast, seat: int) -> None:
    round_id, total = excluded(cast)
    other = (seat + 1) % TEST.n
    spoil(*seat_agent(cast, round_id, other), 9)
    cast.run_all()
    assert cast.developer.check_rows(round_id) == [f"seat {other}: chunk 2 of its row is wrong, its bond is gone"]
    doubter, checks = cast.developer.account, cast.rounds.checks
    for chunk in (2, 4):
        permit = cast.contracts.token.permit(doubter, checks.address, checks.bond())
        checks.doubt(doubter, round_id, seat, chunk, permit)
    deeds = [deed for deed in cast.run_all() if deed.action == "chunk opened"]
    assert [deed.failed for deed in deeds] == [False, False], deeds
    assert cast.rounds.round(round_id).answered >> seat & 1
    assert cast.developer.reveal(round_id) == total
    past_rows(cast)
    cast.run_all()
    found = audit(cast.rounds.view(round_id), cast.relay, cast.rounds.audit_events(round_id))
    assert [check for check in found if not check.ok] == []


def test_a_relay_that_shows_nothing__the_developer_answers__and_the_liar_is_found(cast: Cast) -> None:
    round_id = cast.open(make_wide_terms())
    cast.contribute(round_id)
    lie(cast, round_id, "liar", other_point(3 * TEST.reconstruction))
    cast.developer.snapshot(round_id)
    mute(cast)
    cast.node.increase_time(make_terms().complaint_window // 2)
    cast.run_all()
    while cast.developer.answer_challenges(round_id):
        cast.run_all()
    (out,) = cast.rounds.disputes.exclusions(round_id)
    assert out.index == TEST.n + 4


def test_an_honest_wide_round__passes_its_audit(cast: Cast) -> None:
    round_id, _ = answering(cast)
    cast.run_all()
    past_rows(cast)
    cast.run_all()
    found = audit(cast.rounds.view(round_id), cast.relay, cast.rounds.audit_events(round_id))
    assert [check for check in found if not check.ok] == []
    assert f"{TEST.n} rows, {TEST.reconstruction} reconstruct, {TEST.n} are served and open" in {
        check.detail for check in found
    }
    unserve(cast, round_id, 2)
    found = audit(cast.rounds.view(round_id), cast.relay, cast.rounds.audit_events(round_id))
    assert [check for check in found if not check.ok] == []
    assert any(f"{TEST.n - 1} are served" in check.detail for check in found)


def test_daemons__post_serve_and_open(cast: Cast) -> None:
    checks, developer = cast.rounds.checks, cast.developer.account
    with attended(cast):
        round_id = cast.open(make_wide_terms())
        total = cast.contribute(round_id)
        cast.developer.snapshot(round_id)
        cast.node.increase_time(make_terms().complaint_window + 1)
        wait_until(cast, lambda: len(checks.posted(round_id)) == TEST.n, ticking=False)
        wait_until(cast, lambda: cast.developer.has_rows(round_id), ticking=False)
        checks.doubt(developer, round_id, 3, 2, cast.contracts.token.permit(developer, checks.address, checks.bond()))
        wait_until(cast, lambda: all(doubt.settled for doubt in checks.doubts(round_id)), ticking=False)
        assert cast.developer.reveal(round_id) == total
        past_rows(cast)
        wait_until(cast, lambda: cast.rounds.round(round_id).closed)
    assert cast.rounds.state(round_id) is State.COMPLETED
    assert len(cast.rounds.checks.posted(round_id)) == TEST.n


def test_noise__of_every_seat__is_in_a_wide_sum(cast: Cast) -> None:
    parameters = replace(make_wide_terms().parameters, noise_bound=1000)
    round_id = cast.open(make_terms(parameters, sigma=100 << 16, silent=1))
    total = cast.contribute(round_id)
    cast.run_all()
    cast.developer.snapshot(round_id)
    cast.run_all()
    cast.past_complaints()
    cast.run_all()
    assert len(cast.noise) == TEST.n
    assert cast.developer.reveal(round_id) == cast.with_noise(total)
