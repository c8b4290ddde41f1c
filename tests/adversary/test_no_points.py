"""A developer, or a relay, whose bytes are no points, rows or snapshots: no honest clerk loses its bond by that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from sda.agents.closed import closed_snapshot
from sda.chain.disputes import Challenge
from sda.chain.evidence import body_words, chunk_struct
from sda.chain.points import point_struct
from sda.closed import Snapshot
from sda.crypto.sumtree import PartialSums, Sums, node_hash
from sda.developer import collect
from sda.errors import MessageError
from sda.findings import OpenNode
from sda.opening import OpenTree
from sda.relay import Job, LocalRelay
from sda.round import State, Terms
from tests.adversary.forger import other_point
from tests.adversary.test_contributors import lie
from tests.adversary.test_withheld import lied_to
from tests.chain.stage import make_terms, make_wide_terms
from tests.rounds.cast import Cast

NO_POINT = bytes(16) + bytes(47) + b"\5" + bytes(16) + bytes(47) + b"\7"
"""In form, and off the curve."""
WIDE = make_wide_terms().parameters
CHUNK, SEAT = 2, 1


def stakes(cast: Cast) -> list[int]:
    return [cast.registry.clerk(clerk_id).stake for clerk_id in cast.clerks]


def late_in_complaints(cast: Cast) -> None:
    """What may still be put right was given its time."""
    cast.node.increase_time(make_terms().complaint_window * 3 // 4)


def to_the_end(cast: Cast, round_id: int) -> None:
    """Everybody does what is due until the round is closed."""
    cast.past_complaints()
    for _ in range(4):
        cast.run_all()
        cast.node.increase_time(make_terms().row_window + 1)
    cast.run_all()
    assert cast.rounds.round(round_id).closed


def with_no_point(cast: Cast) -> tuple[int, Snapshot]:
    """A wide round whose root commits, for one seat in one chunk, to what is no point."""
    round_id = cast.open(make_wide_terms())
    cast.contribute(round_id)
    view = cast.rounds.view(round_id)
    honest = collect(view, cast.relay, cast.developer.round_key).publication
    points = list(honest.snapshot.points)
    points[CHUNK * WIDE.reconstruction + SEAT] = NO_POINT
    snapshot = replace(honest.snapshot, points=tuple(points))
    cast.relay.publish(view.round_hash, replace(honest, snapshot=snapshot))
    cast.rounds.snapshot(cast.developer.account, round_id, snapshot)
    cast.developer.announce(round_id)
    return round_id, snapshot


def test_a_root_with_what_is_no_point__not_shown__convicts_the_developer(cast: Cast) -> None:
    round_id, _ = with_no_point(cast)
    before = stakes(cast)
    assert not any(deed.failed for deed in cast.run_all())
    challenges = cast.rounds.disputes.challenges(round_id)
    seats = {each.seat: (each.level, each.chunk) for each in challenges}
    assert seats == {SEAT: (4, CHUNK), 4: (4, CHUNK)}, "whose point it is, and the late seat"
    cast.node.increase_time(cast.rounds.disputes.settings().challenge_window)
    cast.run_all()
    assert cast.rounds.state(round_id) is State.FRAUD
    assert stakes(cast) == before


def honest_nodes(cast: Cast, round_id: int, challenge: Challenge) -> list[OpenNode]:
    """What the developer has of a node and its children, before it forges anything."""
    view = cast.rounds.view(round_id)
    cast.relay.open_round(view)
    _, snapshot = closed_snapshot(cast.rounds, cast.relay, view)
    tree = OpenTree(view, cast.relay, snapshot)
    here = tree.at(challenge.level, challenge.index)
    return [here.node, *(child.node for child in tree.children(here))]


def post(cast: Cast, challenge: Challenge, nodes: Sequence[tuple[OpenNode, Sums]], rows: Sequence[bytes]) -> None:
    """Answer a demand with these chunks of these nodes; the contract compares hashes."""
    openings = [
        (node.left, node.right, sums.count, body_words(sums), chunk_struct(node.sums, challenge.chunk))
        for node, sums in nodes
    ]
    points = [[point_struct(sums.value_of(i)) for i in range(len(sums.points))] for _, sums in nodes]
    disputes, account = cast.rounds.disputes, cast.developer.account
    disputes.contract.transact(account, "answerNode", challenge.id, openings, points, list(rows))


def test_a_root_with_what_is_no_point__shown__convicts_the_developer(cast: Cast) -> None:
    round_id, snapshot = with_no_point(cast)
    view, before = cast.rounds.view(round_id), stakes(cast)
    cast.run_all()
    challenge = next(each for each in cast.rounds.disputes.challenges(round_id) if each.seat == SEAT)
    # The relay still has the honest root: its children, and all sums but one.
    opened = cast.relay.opening(view.round_hash, 4, 0)
    assert node_hash(opened.left, opened.right, snapshot.body) == snapshot.root
    known = opened.sums.chunk(CHUNK)
    forged = PartialSums(known.count, known.points, known.corrections, 1, known.correction_hashes, {SEAT: NO_POINT})
    children = [cast.relay.opening(view.round_hash, 3, side) for side in (0, 1)]
    nodes: list[tuple[OpenNode, Sums]] = [(OpenNode(opened.left, opened.right, opened.sums), forged)]
    nodes += [(OpenNode(each.left, each.right, each.sums), each.sums.chunk(CHUNK)) for each in children]
    post(cast, challenge, nodes, [b""] * 3)
    agent = cast.committee(round_id)[SEAT]
    (deed,) = agent.run_once()
    assert (deed.failed, "is not the sum of its children for seat 1" in deed.detail) == (False, True), deed
    assert cast.rounds.state(round_id) is State.FRAUD
    assert stakes(cast) == before


@pytest.mark.parametrize("junk", [b"x", b"\xff" * 32], ids=["cut", "too large"])
def test_an_answer_with_junk_that_no_contract_looks_at__leads_to_the_liar(cast: Cast, junk: bytes) -> None:
    """A narrow round: rows are only looked at if they are a late seat's."""
    round_id = lied_to(cast, other_point(0))
    agent, disputes = cast.committee(round_id)[0], cast.rounds.disputes
    before = stakes(cast)
    cast.node.increase_time(make_terms().complaint_window // 2)
    for _ in range(9):
        deeds = agent.run_once()
        assert not any(deed.failed for deed in deeds), deeds
        if disputes.exclusions(round_id):
            break
        for challenge in disputes.challenges(round_id):
            if challenge.deadline and challenge.level:
                nodes = honest_nodes(cast, round_id, challenge)
                post(cast, challenge, [(node, node.sums) for node in nodes], [junk] * 3)
        cast.developer.answer_challenges(round_id)
    assert len(disputes.exclusions(round_id)) == 1
    assert stakes(cast) == before


# ---------------------------------------------------------------------- what cannot be shown to anybody


class JunkRelay(LocalRelay):
    """Its jobs cannot be read."""

    def job(self, round_hash: bytes, seat: int) -> Job:
        raise MessageError("snapshot of 7 bytes: ends in the middle of a field")


class BrokenRelay(LocalRelay):
    """Its jobs break the code that reads them in a way that nobody thought of."""

    def job(self, round_hash: bytes, seat: int) -> Job:
        raise ZeroDivisionError("a bug")


@pytest.mark.parametrize("relay_of", [JunkRelay, BrokenRelay])
@pytest.mark.parametrize("terms", [make_terms, make_wide_terms], ids=["narrow", "wide"])
def test_a_job_that_cannot_be_read__is_no_data__never_silence(
    cast: Cast, terms: Callable[[], Terms], relay_of: type[LocalRelay]
) -> None:
    round_id = cast.open(terms())
    cast.contribute(round_id)
    cast.developer.snapshot(round_id)
    before, burn = sum(stakes(cast)), cast.devnet.settings.rounds.no_data_burn
    relay = relay_of(cast.home / "relay.sqlite", cast.domain, clock=cast.contracts.chain.now)
    for agent in cast.clerks.values():
        agent.relay = relay
    assert all(deed.failed for deed in cast.run_all()), "it may come in time"
    late_in_complaints(cast)
    deeds = cast.run_all()
    assert ["declared no data" in deed.detail for deed in deeds] == [True] * make_terms().n
    to_the_end(cast, round_id)
    names = {event.name for event in cast.rounds.history(round_id)}
    assert ("NoData" in names, "Silent" in names) == (True, False)
    assert before - sum(stakes(cast)) == make_terms().n * burn


def test_a_job_that_cannot_be_read_any_more__when_somebody_was_excluded__is_no_data(cast: Cast) -> None:
    """A clerk that comes late, to a relay that has changed its mind."""
    round_id = cast.open()
    cast.contribute(round_id, 4)
    lie(cast, round_id, "liar", other_point(0))
    cast.developer.snapshot(round_id)
    agent = cast.committee(round_id)[1]
    cast.silent = {clerk_id for clerk_id, each in cast.clerks.items() if each is agent}
    cast.take_turns()
    assert len(cast.rounds.disputes.exclusions(round_id)) == 1
    agent.relay = JunkRelay(cast.home / "relay.sqlite", cast.domain, clock=cast.contracts.chain.now)
    cast.node.increase_time(make_terms().complaint_window // 4 + 2)
    deeds = agent.run_once()
    assert [(deed.action, deed.failed) for deed in deeds] == [("lies looked for", True), ("rest checked", False)]
    assert "declared no data" in deeds[-1].detail
