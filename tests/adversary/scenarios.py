"""Dishonest acts of one party; those of relays and of several together are in files of their own.

`python -m tests.adversary.table --write` plays them all on Anvil and writes docs/adversary.md; a test compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TypeAlias

from sda.agents.seat import SeatDesk
from sda.chain.points import key_struct, proof_struct
from sda.crypto import schnorr
from sda.crypto.curve import Point, decompress
from sda.crypto.sumtree import Sums
from sda.crypto.tags import Tag
from sda.errors import MessageError
from sda.findings import BadShare
from sda.messages import AccountKey, Contribution
from sda.messages.contribution import padded_hash
from tests.adversary.forger import Forge, Forger, other_correction, other_count, other_point, other_sums
from tests.adversary.scenario import HONEST, Scenario, answering, lie_and_close, refused, settled
from tests.adversary.test_withheld import mute
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast


def _point(seat: int) -> Callable[[Cast, int], None]:
    return lambda cast, round_id: lie_and_close(cast, round_id, other_point(seat))


def _second_message(cast: Cast, round_id: int) -> None:
    agent = cast.contributors[-1]
    view = cast.rounds.view(round_id)
    other = cast.contributor(f"another-device-{round_id}")
    sent = other.outbox.prepare(view, agent.key, agent.enrol(), [0] * view.terms.length, agent.key.account.address)
    refused(lambda: cast.relay.submit(sent.encode()))
    cast.developer.snapshot(round_id)


def _copied_message(cast: Cast, round_id: int) -> None:
    (message, *_) = cast.relay.contributions(cast.rounds.view(round_id).round_hash)
    thief = cast.contributor(f"thief-{round_id}")
    copied = message[:33] + thief.key.account.address + thief.enrol().to_bytes(4, "big") + message[57:]
    refused(lambda: cast.relay.submit(copied))
    cast.developer.snapshot(round_id)


Nodes: TypeAlias = dict[tuple[int, int], Forge]


def _forged(change: Callable[[Forger], None], nodes: Nodes | None = None) -> Callable[[Cast, int], None]:
    def play(cast: Cast, round_id: int) -> None:
        forger = Forger(cast, round_id)
        change(forger)
        forger.close(nodes)

    return play


def _nothing(forger: Forger) -> None:
    """The leaves are honest."""


def _unsigned(forger: Forger) -> None:
    index = forger.n + 1
    leaf = forger.leaves[index].leaf
    forger.leaves[index] = replace(forger.leaves[index], leaf=replace(leaf, sums=other_point(2)(leaf.sums)))


def _twice(forger: Forger) -> None:
    forger.leaves[forger.n + 2] = forger.leaves[forger.n + 1]


def _nonce(forger: Forger) -> None:
    forger.roster = replace(forger.roster, nonces=[b"\0\0\0\0", *forger.roster.nonces[1:]])


def _second_snapshot(cast: Cast, round_id: int) -> None:
    collected, _ = cast.developer.snapshot(round_id)
    refused(lambda: cast.rounds.snapshot(cast.developer.account, round_id, collected.snapshot))


def _late_snapshot(cast: Cast, round_id: int) -> None:
    cast.node.increase_time(make_terms().collect_window)
    refused(lambda: cast.developer.snapshot(round_id))


def _withheld(cast: Cast, round_id: int) -> None:
    lie_and_close(cast, round_id, other_point(0))
    mute(cast)


def _row(change: Callable[[list[int]], list[int]]) -> Callable[[Cast, int], None]:
    def play(cast: Cast, round_id: int) -> None:
        answering(cast, round_id)
        agent = cast.committee(round_id)[0]
        view = cast.rounds.view(round_id)
        found = agent.desk(view).compute()
        cast.rounds.submit_row(agent.account, round_id, 0, found.closed_set, change(list(found.row)))

    return play


def _silence(cast: Cast, round_id: int) -> None:
    cast.developer.snapshot(round_id)
    cast.silent = {cast.committee(round_id)[0].clerk_id}


def _false_complaint(cast: Cast, round_id: int) -> None:
    cast.developer.snapshot(round_id)
    agent = cast.committee(round_id)[0]
    view = cast.rounds.view(round_id)
    agent.desk(view).compute()
    here = agent.desk(view).walk()._at_leaf(view.terms.n)
    finding = BadShare(here.place, here.node, 0)  # type: ignore[union-attr, arg-type]
    refused(lambda: cast.rounds.disputes.file(agent.account, view, finding, secret=agent.desk(view).secret))


def _no_data(cast: Cast, round_id: int) -> None:
    cast.developer.snapshot(round_id)
    agent = cast.committee(round_id)[0]
    cast.rounds.declare_no_data(agent.account, round_id, 0)


def _stolen_claim(cast: Cast, round_id: int) -> None:
    settled(cast, round_id)
    thief, victim = cast.contributor(f"thief-{round_id}"), cast.contributors[-1]
    view = cast.rounds.view(round_id)
    contribution = victim.outbox.stored(view, victim.key.account.address)
    assert contribution is not None
    proof = cast.relay.claim_proof(view.round_hash, victim.key.account.address)
    stolen = replace(contribution.leaf, payout=thief.key.account.address)
    place = (round_id, proof.index, stolen, victim.enrolment, proof.path)
    refused(lambda: cast.rounds.claim(cast.developer.account, *place))


def _outside_of_the_group(cast: Cast, round_id: int) -> None:
    """The door does not look, the developer does: the contribution is left out before anything is committed to."""

    def change(sums: Sums) -> Sums:
        return replace(sums, points=(_torsion(), *sums.points[1:]))

    lie_and_close(cast, round_id, change)


def _torsion() -> Point:
    """A point on the curve and outside of the group."""
    for x in count():
        try:
            point = decompress(b"\x80" + x.to_bytes(47, "big"), subgroup=False)
        except MessageError:
            continue
        if not point.is_in_subgroup():
            return point
    raise AssertionError("there is one for every other x")


def _garbage(cast: Cast, round_id: int) -> None:
    view = cast.rounds.view(round_id)
    agent = cast.contributor(f"liar-{round_id}")
    sent = agent.outbox.prepare(view, agent.key, agent.enrol(), [1] * view.terms.length, agent.key.account.address)
    padded = tuple(element ^ 1 << 200 for element in sent.padded)
    leaf = replace(sent.leaf, padded_hash=padded_hash(padded), signature=b"")
    signed = leaf.sign(view.domain, agent.key.account, agent.enrolment.key.hash)
    cast.relay.submit(Contribution(signed, padded).encode())
    cast.developer.snapshot(round_id)


def _too_few(cast: Cast, round_id: int) -> None:
    forger = Forger(cast, round_id)
    for index in list(forger.leaves)[2:]:
        del forger.leaves[index]
    forger.count = 2
    forger.roster = replace(forger.roster, positions=forger.roster.positions[:2], nonces=forger.roster.nonces[:2])
    refused(lambda: forger.close())
    cast.developer.snapshot(round_id)


def _another_seats_row(cast: Cast, round_id: int) -> None:
    answering(cast, round_id)
    cheat, other = cast.committee(round_id)[:2]
    view = cast.rounds.view(round_id)
    copied = other.desk(view).compute()
    cast.rounds.submit_row(cheat.account, round_id, 0, copied.closed_set, copied.row)


def _late_row(cast: Cast, round_id: int) -> None:
    _silence(cast, round_id)
    cast.run_all()
    cast.past_complaints()
    cast.run_all()
    cast.node.increase_time(make_terms().row_window)
    agent = cast.committee(round_id)[0]
    view = cast.rounds.view(round_id)
    found = agent.desk(view).compute()
    refused(lambda: cast.rounds.submit_row(agent.account, round_id, 0, found.closed_set, found.row))


def _aliased_claim(cast: Cast, round_id: int) -> None:
    settled(cast, round_id)
    agent = cast.contributor(f"thief-{round_id}")
    victim = cast.contributors[-1]
    view = cast.rounds.view(round_id)
    leaf = victim.outbox.stored(view, victim.key.account.address)
    assert leaf is not None
    proof = cast.relay.claim_proof(view.round_hash, victim.key.account.address)
    refused(lambda: agent.claim(round_id))
    # Under the index of a node above it.
    place = (round_id, proof.index + (1 << len(proof.path)), leaf.leaf, victim.enrolment, proof.path)
    refused(lambda: cast.rounds.claim(cast.developer.account, *place))


def _late_seat(cast: Cast, round_id: int) -> None:
    lie_and_close(cast, round_id, other_correction(0))


# n = 5, R = 4 and four contributors: leaves 5 to 8 of 16.
_NODE: Nodes = {(2, 2): other_sums(other_point(1))}
_CORRECTION: Nodes = {(3, 0): other_sums(other_correction(0))}
_COUNTS: Nodes = {(2, 1): other_sums(other_count(1)), (2, 2): other_sums(other_count(-1))}


def _dropped(forger: Forger) -> None:
    del forger.leaves[forger.n + 1]


def _replayed(cast: Cast, round_id: int) -> None:
    """A contribution that was signed for another round is sent to this one."""
    view, agent = cast.rounds.view(round_id), cast.contributors[-1]
    (message, *_) = cast.relay.contributions(view.round_hash)
    sent = Contribution.decode(message, view.parameters)
    earlier = replace(sent.leaf, round_hash=b"\1" * 32, signature=b"")
    signed = earlier.sign(view.domain, agent.key.account, agent.enrolment.key.hash).signature
    again = Contribution(replace(sent.leaf, signature=signed), sent.padded)
    refused(lambda: cast.relay.submit(again.encode()))
    cast.developer.snapshot(round_id)


def _flood(cast: Cast, round_id: int) -> None:
    """A complaint of every leaf, one of them twice, one after the end."""
    cast.developer.snapshot(round_id)
    desk = cast.committee(round_id)[0].desk(cast.rounds.view(round_id))
    desk.compute()
    walk, n = desk.walk(), desk.view.terms.n

    def complain(index: int) -> None:
        here = walk._at_leaf(index)
        finding = BadShare(here.place, here.node, 0)  # type: ignore[union-attr, arg-type]
        cast.rounds.disputes.file(desk.account, desk.view, finding, secret=desk.secret)

    for index in (*range(n, n + HONEST), n):
        refused(lambda index=index: complain(index))  # type: ignore[misc]
    cast.run_all()
    cast.past_complaints()
    refused(lambda: complain(n))


def _leak(cast: Cast, round_id: int) -> None:
    """A stranger comes to know a clerk's key, and says so; somebody who copies its proof gets nothing."""
    cast.developer.snapshot(round_id)
    desk = cast.committee(round_id)[0].desk(cast.rounds.view(round_id))
    finder, thief = cast.contributor(f"finder-{round_id}"), cast.contributor(f"thief-{round_id}")
    cast.devnet.fund([finder.key.account.address, thief.key.account.address])
    reported(cast, desk, finder.key.account, thief.key.account)


def reported(cast: Cast, desk: SeatDesk, finder: AccountKey, thief: AccountKey) -> None:
    registry, clerk_id, epoch = cast.registry, desk.seat.clerk_id, desk.view.epoch
    subject = int.from_bytes(finder.address, "big") << 32 | clerk_id
    proof = schnorr.prove(desk.secret, Tag.LEAKED_KEY, registry.chain.chain_id, registry.address, subject)
    copied = (clerk_id, epoch, key_struct(desk.secret.public), proof_struct(proof))
    refused(lambda: registry.contract.transact(thief, "reportLeak", *copied))
    registry.report_leak(finder, clerk_id, epoch, desk.secret)
    refused(lambda: registry.report_leak(finder, clerk_id, epoch, desk.secret))


def _copied_row(cast: Cast, round_id: int) -> None:
    answering(cast, round_id)
    desk = cast.committee(round_id)[0].desk(cast.rounds.view(round_id))
    seen = desk.compute()
    other = cast.committee(round_id)[1].account
    refused(lambda: cast.rounds.submit_row(other, round_id, 0, seen.closed_set, seen.row))


def _copied_complaint(cast: Cast, round_id: int) -> None:
    """Complaints are bound to who files them: the clerk's own comes through."""
    lie_and_close(cast, round_id, other_point(0))
    desk = cast.committee(round_id)[0].desk(cast.rounds.view(round_id))
    refused(desk.compute)
    finding, disputes = desk.walk().run(), cast.rounds.disputes
    assert isinstance(finding, BadShare)
    seen = disputes._complaint(desk.account, desk.view, finding, desk.secret)
    thief = cast.committee(round_id)[1].account
    refused(lambda: disputes.contract.transact(thief, "badShare", round_id, seen))


def _one_more(sums: Sums) -> Sums:
    return replace(sums, count=sums.count + 1)


_FILLED: Nodes = {(1, 3): other_sums(_one_more)}

ALONE = (
    Scenario("contributor", "commits to another share for seat 0 than it sent", _point(0)),
    Scenario("contributor", "commits to another share for a seat in the middle", _point(3)),
    Scenario("contributor", "sends another correction for a late seat", _late_seat),
    Scenario("contributor", "commits to a point outside of the group", _outside_of_the_group),
    Scenario("contributor", "sends garbage under right commitments", _garbage, spoils=True),
    Scenario("contributor", "sends a second message with other data", _second_message),
    Scenario("contributor", "sends somebody else's message as its own", _copied_message),
    Scenario("contributor", "sends again what it signed for another round", _replayed),
    Scenario("developer", "commits to a node that is not the sum of its children", _forged(_nothing, _NODE)),
    Scenario("developer", "commits to a wrong sum of corrections", _forged(_nothing, _CORRECTION)),
    Scenario("developer", "counts a contributor that is not there", _forged(_nothing, _COUNTS)),
    Scenario("developer", "leaves out a contributor that it counts", _forged(_dropped, _FILLED)),
    Scenario("developer", "forges a contributor's leaf", _forged(_unsigned)),
    Scenario("developer", "counts one contributor twice", _forged(_twice)),
    Scenario("developer", "shows a roster with another nonce", _forged(_nonce)),
    Scenario("developer", "closes with fewer than the minimum", _too_few),
    Scenario("developer", "takes a second snapshot", _second_snapshot),
    Scenario("developer", "takes its snapshot too late", _late_snapshot),
    Scenario("relay", "withholds the tree, and the developer stays silent", _withheld),
    Scenario("clerk", "sends a wrong row", _row(lambda row: [row[0] ^ 1, *row[1:]]), seats=(0,)),
    Scenario("clerk", "sends another seat's row", _another_seats_row, seats=(0,)),
    Scenario("clerk", "sends its row too late", _late_row, seats=(0,)),
    Scenario("clerk", "sends zeros", _row(lambda row: [0] * len(row)), seats=(0,)),
    Scenario("clerk", "stays silent", _silence, seats=(0,)),
    Scenario("clerk", "accuses an honest contributor", _false_complaint, seats=(0,)),
    Scenario("clerk", "accuses every contributor, one twice, one after the end", _flood, seats=(0,)),
    Scenario("clerk", "lets a stranger know its key, who says so", _leak, seats=(0,)),
    Scenario("clerk", "says that it has no data, and had it", _no_data, seats=(0,)),
    Scenario("outsider", "claims somebody else's reward", _stolen_claim),
    Scenario("outsider", "claims a leaf under another index", _aliased_claim),
    Scenario("outsider", "sends a row that it saw in the mempool", _copied_row),
    Scenario("outsider", "files a complaint that it saw in the mempool", _copied_complaint),
)
