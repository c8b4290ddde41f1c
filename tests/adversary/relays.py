"""Acts of a relay that serves honest parties something else than what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sda.agents.developer import DeveloperAgent
from sda.relay import Job, LocalRelay
from tests.adversary.forger import other_point
from tests.adversary.scenario import Scenario, lie_and_close, refused
from tests.adversary.test_contributors import lie
from tests.adversary.test_withheld import mute
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast


class LyingRelay(LocalRelay):
    """A relay on the honest one's file, with an answer of its own to some questions."""

    def __init__(
        self,
        cast: Cast,
        *,
        job: Callable[[Job], Job] = lambda job: job,
        enrolments: Callable[[bytes], bytes] = lambda data: data,
        contributions: Callable[[list[bytes]], list[bytes]] = lambda messages: messages,
    ) -> None:
        super().__init__(cast.home / "relay.sqlite", cast.domain, clock=cast.contracts.chain.now)
        self._job, self._enrolments, self._contributions = job, enrolments, contributions

    def job(self, round_hash: bytes, seat: int) -> Job:
        return self._job(super().job(round_hash, seat))

    def enrolments(self, start: int, stop: int) -> bytes:
        return self._enrolments(super().enrolments(start, stop))

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        return iter(self._contributions(list(super().contributions(round_hash))))


def _to_clerks(relay: Callable[[Cast], LyingRelay], *, for_ever: bool = False) -> Callable[[Cast, int], None]:
    """Clerks refuse what does not fit the chain, and take it from an honest relay later, or say in time that they lack
    it.
    """

    def play(cast: Cast, round_id: int) -> None:
        cast.developer.snapshot(round_id)
        victims = cast.committee(round_id)[:1] if for_ever else cast.committee(round_id)
        for agent in victims:
            agent.relay = relay(cast)
        deeds = [deed for agent in victims for deed in agent.run_once()]
        assert all(deed.failed for deed in deeds if deed.round_id == round_id), deeds
        if for_ever:
            cast.node.increase_time(make_terms().complaint_window * 3 // 4)
            cast.run_all()
        for agent in victims:
            agent.relay = cast.relay

    return play


def _to_developer(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Cast, int], None]:
    """The developer notices before it commits to anything, and reads from an honest relay."""

    def play(cast: Cast, round_id: int) -> None:
        lying = LyingRelay(cast, contributions=change)
        developer = DeveloperAgent(cast.contracts, cast.developer.identity, lying, cast.home / "deceived", "serial")
        refused(lambda: developer.snapshot(round_id))
        cast.developer.snapshot(round_id)

    return play


def _stale(cast: Cast, round_id: int) -> None:
    """It goes on serving the draft to whoever asks for the snapshot."""
    lie(cast, round_id, f"liar-{round_id}", other_point(0))
    old = cast.developer.draft(round_id).snapshot
    cast.run_all()
    cast.developer.snapshot(round_id)
    for agent in cast.committee(round_id):
        agent.relay = LyingRelay(cast, job=lambda job: replace(job, snapshot=old))
        deeds = agent.run_once()
        assert all(deed.failed for deed in deeds if deed.round_id == round_id), deeds
        agent.relay = cast.relay


def _answered(cast: Cast, round_id: int) -> None:
    """The developer posts every node that is demanded, until the liar is found."""
    lie_and_close(cast, round_id, other_point(0))
    mute(cast)
    cast.node.increase_time(make_terms().complaint_window // 2)
    while not cast.rounds.disputes.exclusions(round_id):
        cast.run_all()
        cast.developer.answer_challenges(round_id)
    for agent in cast.clerks.values():
        agent.relay = cast.relay


def _other_roster(job: Job) -> Job:
    return replace(job, roster=bytes([job.roster[0] ^ 1]) + job.roster[1:])


RELAYS = (
    Scenario("relay", "shows clerks another roster", _to_clerks(lambda cast: LyingRelay(cast, job=_other_roster))),
    Scenario(
        "relay",
        "shows one clerk another roster, for good",
        _to_clerks(lambda c: LyingRelay(c, job=_other_roster), for_ever=True),
    ),
    Scenario(
        "relay",
        "cuts the enrolments short",
        _to_clerks(lambda cast: LyingRelay(cast, enrolments=lambda data: data[:-1])),
    ),
    Scenario("relay", "serves contributions in another order", _to_developer(lambda messages: messages[::-1])),
    Scenario("relay", "serves one contribution twice", _to_developer(lambda messages: messages[:1] + messages)),
    Scenario("relay", "withholds most contributions from the developer", _to_developer(lambda messages: messages[:2])),
    Scenario("relay", "goes on serving what the snapshot replaced", _stale),
    Scenario("relay", "withholds the tree from a liar's victims, and the developer posts what they demand", _answered),
)
