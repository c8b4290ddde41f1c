"""Dishonest parties that act together."""

from __future__ import annotations

from dataclasses import replace

from sda.crypto.curve import G
from sda.crypto.sumtree import Sums
from sda.findings import BadShare
from tests.adversary.forger import Forger, other_point, other_sums
from tests.adversary.relays import LyingRelay
from tests.adversary.scenario import Scenario, answering, lie_and_close, refused
from tests.adversary.scenarios import reported
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast

_MARGIN = 15
"""Seconds before an end that a slow machine still meets."""


def _less(seat: int) -> object:
    """G less in a seat's point: cancels `other_point`."""

    def change(sums: Sums) -> Sums:
        points = [point - G if i == seat else point for i, point in enumerate(sums.points)]
        return replace(sums, points=tuple(points))

    return change


def _cancelling(cast: Cast, round_id: int) -> None:
    lie_and_close(cast, round_id, other_point(0), _less(0))


def _cancelling_and_a_third(cast: Cast, round_id: int) -> None:
    """The third is found; then every leaf is looked at, and the two that cancel each other go as well."""
    lie_and_close(cast, round_id, other_point(0), _less(0), other_point(1))


def _excluded_at_the_last_second(cast: Cast, round_id: int) -> None:
    """A clerk waits until the window's last moment to have one of two cancelling liars excluded: honest clerks, whose
    rows would not open any more, get the time to find the other.
    """
    lie_and_close(cast, round_id, other_point(0), _less(0))
    cast.run_all()
    view = cast.rounds.view(round_id)
    desk = cast.committee(round_id)[0].desk(view)
    desk.compute()
    first = view.terms.n + 4
    finding = next(each for each in desk.walk().every_bad_leaf() if isinstance(each, BadShare))
    assert finding.place.index == first
    cast.node.increase_time(view.complaint_end - cast.contracts.chain.now() - _MARGIN)
    cast.rounds.disputes.file(desk.account, view, finding, secret=desk.secret)


def _quiet_accomplice(cast: Cast, round_id: int) -> None:
    """The clerk of the seat that was lied to says nothing, and cannot answer."""
    lie_and_close(cast, round_id, other_point(0))
    cast.silent = {cast.committee(round_id)[0].clerk_id}


def _two_silent(cast: Cast, round_id: int) -> None:
    cast.developer.snapshot(round_id)
    cast.silent = {agent.clerk_id for agent in cast.committee(round_id)[:2]}


def _wrong_and_silent(cast: Cast, round_id: int) -> None:
    answering(cast, round_id)
    wrong, silent = cast.committee(round_id)[:2]
    found = wrong.desk(cast.rounds.view(round_id)).compute()
    cast.rounds.submit_row(wrong.account, round_id, 0, found.closed_set, [found.row[0] ^ 1, *found.row[1:]])
    cast.silent = {silent.clerk_id}


def _self_report(cast: Cast, round_id: int) -> None:
    """A developer that dislikes its committee lets its own clerk convict it."""
    forger = Forger(cast, round_id)
    forger.close({(2, 2): other_sums(other_point(1))})
    friend = cast.committee(round_id)[0]
    others = set(cast.clerks) - {friend.clerk_id}
    cast.silent = others
    cast.run_all()
    cast.silent = set()


def _two_rosters(cast: Cast, round_id: int) -> None:
    """The relay shows two seats two files: both refuse what is not on the chain."""
    cast.developer.snapshot(round_id)
    for seat in (0, 1):
        agent = cast.committee(round_id)[seat]
        agent.relay = LyingRelay(
            cast, job=lambda job, bit=1 << seat: replace(job, roster=bytes([job.roster[0] ^ bit]) + job.roster[1:])
        )
        assert any(deed.failed for deed in agent.run_once())
        agent.relay = cast.relay


def _leaked_to_a_friend(cast: Cast, round_id: int) -> None:
    """A clerk has its own stake paid out to a friend as the finder of its key."""
    cast.developer.snapshot(round_id)
    desk = cast.committee(round_id)[0].desk(cast.rounds.view(round_id))
    friend, thief = cast.contributor(f"friend-{round_id}"), cast.contributor(f"thief-{round_id}")
    cast.devnet.fund([friend.key.account.address, thief.key.account.address])
    reported(cast, desk, friend.key.account, thief.key.account)


def _late_complaint(cast: Cast, round_id: int) -> None:
    """A contributor lies to a late seat only, whose clerk complains when it is too late; the others need not look."""
    lie_and_close(cast, round_id, other_point(0))
    desk = cast.committee(round_id)[0].desk(cast.rounds.view(round_id))
    refused(desk.compute)
    finding = desk.walk().run()
    cast.silent = {desk.seat.clerk_id}
    cast.take_turns()
    cast.node.increase_time(make_terms().complaint_window)
    refused(lambda: cast.rounds.disputes.file(desk.account, desk.view, finding, secret=desk.secret))


PAIRS = (
    Scenario("two contributors", "commit to errors that cancel each other", _cancelling),
    Scenario("three contributors", "two cancel each other, the third is found", _cancelling_and_a_third),
    Scenario(
        "contributors and clerk",
        "one of two cancelling errors is excluded at the last moment",
        _excluded_at_the_last_second,
        seats=(0,),
    ),
    Scenario("contributor and clerk", "lies to a seat whose clerk keeps quiet", _quiet_accomplice, seats=(0,)),
    Scenario("contributor and clerk", "lies to a seat whose clerk complains too late", _late_complaint, seats=(0,)),
    Scenario("two clerks", "stay silent, and R rows do not come", _two_silent, seats=(0, 1)),
    Scenario("two clerks", "one sends a wrong row, one is silent", _wrong_and_silent, seats=(0, 1)),
    Scenario("developer and clerk", "has itself convicted by a clerk of its own", _self_report, seats=(0,)),
    Scenario("developer and relay", "shows two seats two rosters", _two_rosters),
    Scenario("clerk and outsider", "gives its key to a friend, who reports it", _leaked_to_a_friend, seats=(0,)),
)
