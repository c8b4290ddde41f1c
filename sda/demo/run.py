"""One round from beginning to end on a local chain, with a clerk that stays silent and one that lies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from sda.agents import ClerkAgent, DeveloperAgent
from sda.agents.relay import make_relay
from sda.audit import Check, audit
from sda.chain.client import Receipt
from sda.chain.contracts import Contracts
from sda.chain.devnet import Devnet, named_account
from sda.chain.node import Anvil
from sda.chain.settings import TOKEN
from sda.chain.structs import Outcome
from sda.clerk import answer
from sda.contributor import ContributorKey, Minima, Pinned, check_counted, check_round
from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.demo.assistant import Event, load_events, simulate_days
from sda.errors import ChainError
from sda.keys import ClerkKeys, Identity, Strength
from sda.messages import Domain, Enrolment
from sda.outbox import Outbox
from sda.pairs import Pairs
from sda.params import DEMO
from sda.relay.client import HttpRelay
from sda.relay.service.serving import serving
from sda.round import RoundView, Seat, Terms

T = TypeVar("T")


class Track(Protocol):
    """Wraps an iteration of known length to show its progress."""

    def __call__(self, label: str, items: Iterable[T], total: int) -> Iterator[T]:
        """The same items."""


PASSWORD = "devnet"  # noqa: S105 - everybody knows a devnet's keys
QUERY = "which of 100 voice-assistant events did you use today?"
MINUTE = 60


@dataclass
class ClerkLine:
    """One clerk in the table at the end; money in token units."""

    name: str
    clerk_id: int
    stake: int
    weight: int
    seat: int | None = None
    deed: str = ""
    paid: int = 0
    slashed: int = 0


@dataclass
class Story:
    """What happened, for the tables and for `--json`.

    Attributes:
        totals: By event name, as revealed.
        matches: Whether the revealed sum is the plain one.
        gas: By step.
        contribution_ms, contribution_bytes: Of one contribution, on average.
        clerk_us: Per contributor, of a clerk's job done a second time, its shared points cached.
        claims: Rewards paid.
        seconds: Of everything.
    """

    contributors: int
    sample: str = ""
    totals: dict[str, int] = field(default_factory=dict)
    matches: bool = False
    clerks: list[ClerkLine] = field(default_factory=list)
    gas: dict[str, int] = field(default_factory=dict)
    contribution_ms: float = 0.0
    contribution_bytes: int = 0
    clerk_us: float = 0.0
    claims: int = 0
    checks: list[Check] = field(default_factory=list)
    burned: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class _Member:
    key: ContributorKey
    enrolment: Enrolment
    vector: list[int]


class Demo:
    """Plays all roles on a chain of its own.

    Args:
        home: Empty directory for keys, relay and deployment.
        contributors: How many; at least 100.
        clerks: How many stake; at least 11.
        tell: Called with a line for people before each step.
        track: Wraps an iteration of known length to show its progress.
        seed: Of the simulated days; cryptographic secrets are fresh every time.
    """

    def __init__(
        self, home: Path, contributors: int, clerks: int, tell: Callable[[str], None], track: Track, seed: int
    ) -> None:
        self.home = home
        self.clerk_count = clerks
        self.tell = tell
        self.track = track
        self.seed = seed
        self.story = Story(contributors)
        self.outbox = Outbox(home / "contributors")

    def run(self) -> Story:
        """All of it, in order."""
        started = time.perf_counter()
        self.tell("starting a local chain and deploying the contracts")
        with Devnet(Anvil(), file=self.home / "deployment.json") as devnet:
            self.devnet = devnet
            self.contracts = Contracts.of(devnet.chain, devnet.deployment)
            supply = self.contracts.token.total_supply()
            self.domain = Domain(devnet.chain.chain_id, self.contracts.rounds.address)
            with serving(make_relay(self.contracts, self.home / "relay.sqlite")) as url:
                self.tell(f"a relay serves at {url}")
                self.url = url
                self._round()
            self.story.burned = supply - self.contracts.token.total_supply()
        self.story.seconds = time.perf_counter() - started
        return self.story

    def _round(self) -> None:
        self.relay = HttpRelay(self.url, self.domain)
        self._stake()
        round_id = self._open()
        members = self._contribute(round_id)
        self._snapshot(round_id)
        self._answer(round_id)
        self._reveal(round_id, members)
        self._settle(round_id)
        self._claim(round_id, members)
        self._audit(round_id)

    # ------------------------------------------------------------------ the steps

    def _stake(self) -> None:
        """Clerks with unequal stakes register."""
        names = [f"clerk-{number}" for number in range(1, self.clerk_count + 1)]
        self.devnet.fund([named_account(name).address for name in ("developer", *names)])
        self.agents: dict[int, ClerkAgent] = {}
        for number, name in enumerate(self.track("clerks stake", names, len(names))):
            keys = ClerkKeys(self.home / "keys" / name, PASSWORD, Strength.LIGHT)
            keys.create_account(named_account(name))
            agent = ClerkAgent(self.contracts, keys, self.relay)
            clerk_id, receipt = agent.register((100 + 50 * number) * TOKEN)
            self._gas("register a clerk", receipt)
            self.agents[clerk_id] = agent
            _, clerk = agent.status()
            self.story.clerks.append(ClerkLine(name, clerk_id, clerk.stake, clerk.weight))

    def _open(self) -> int:
        """The developer asks and pays; the draw follows from a block that nobody knew."""
        self.tell(f"the developer asks: {QUERY}")
        identity = Identity.create(
            self.home / "keys" / "developer", PASSWORD, Strength.LIGHT, named_account("developer")
        )
        relay = HttpRelay(self.url, self.domain, identity.account)
        self.developer = DeveloperAgent(self.contracts, identity, relay, self.home / "developer")
        terms = Terms.for_parameters(
            DEMO,
            minimum=100,
            query=keccak(QUERY.encode()),
            collect_window=60 * MINUTE,
            complaint_window=10 * MINUTE,
            row_window=10 * MINUTE,
            claim_window=24 * 60 * MINUTE,
            flat_fee=TOKEN // 2,
            rate=TOKEN // 2000,
            reward=TOKEN // 100,
        )
        round_id, receipt = self.developer.open(terms)
        self._gas("request a round", receipt)
        self.devnet.node.mine(self.contracts.deployment.settings.rounds.seed_delay + 1)
        outcome, receipt = self.developer.draw(round_id)
        if outcome is not Outcome.DRAWN:
            raise ChainError(f"draw: {outcome.name.lower()}; more clerks are needed")
        self._gas("draw the committee", receipt)
        for seat in self.contracts.rounds.committee(round_id):
            self._line(seat.clerk_id).seat = seat.index
        return round_id

    def _contribute(self, round_id: int) -> list[_Member]:
        """Each contributor pads its day and sends one message."""
        events = load_events()
        self.events: list[Event] = events
        view = self.contracts.rounds.view(round_id)
        pinned = Pinned(view.chain_id, view.contract)
        check_round(view, pinned, Minima(), self.contracts.chain.now())
        count = self.story.contributors
        members, busy, size = [], 0.0, 0
        for day in self.track("contributors send", simulate_days(events, count, self.seed), count):
            self.story.sample = self.story.sample or day.sample
            identity = Identity.generate()
            key = ContributorKey(identity.account, identity.key(view.chain_id, view.contract))
            member = _Member(key, key.enrol(view.domain), day.vector(most=1))
            position = self.relay.enrol(member.enrolment.encode())
            began = time.perf_counter()
            contribution = self.outbox.prepare(view, key, position, member.vector, key.account.address)
            message = contribution.encode()
            busy += time.perf_counter() - began
            self.relay.submit(message)
            size = len(message)
            members.append(member)
        self.story.contribution_ms, self.story.contribution_bytes = 1000 * busy / count, size
        return members

    def _snapshot(self, round_id: int) -> None:
        self.tell("the developer closes the collection: every point checked, the sum tree built, a draft of it shown")
        self.developer.draft(round_id)
        seats = self.contracts.rounds.seats(round_id)
        for clerk_id in self.track("clerks review the draft", seats, len(seats)):
            self.agents[clerk_id].run_once()
        self.tell("every seat's sum opens its commitment: the root goes on chain")
        _, receipt = self.developer.snapshot(round_id)
        self._gas("snapshot", receipt)

    def _answer(self, round_id: int) -> None:
        """The committee checks its jobs, then sends its rows; one clerk stays silent and one lies."""
        view = self.contracts.rounds.view(round_id)
        silent, liar = view.seats[1], view.seats[4]
        self._line(silent.clerk_id).deed = "stayed silent"
        self._line(liar.clerk_id).deed = "sent a wrong row"
        honest = [seat for seat in view.seats if seat not in (silent, liar)]
        for seat in self.track("clerks check their jobs", honest, len(honest)):
            self.agents[seat.clerk_id].run_once()
        self._warp_to(view.complaint_end)
        for seat in self.track("clerks send their rows", honest, len(honest)):
            self.agents[seat.clerk_id].run_once()
            self._line(seat.clerk_id).deed = "sent its row"
        self._lie(round_id, liar)
        row = self.contracts.rounds.events("RowAccepted", round_id)[-1]
        self._gas("row", self.contracts.chain.wait(row.transaction))
        self._measure_clerk(self.contracts.rounds.view(round_id), honest[0])

    def _lie(self, round_id: int, seat: Seat) -> None:
        agent = self.agents[seat.clerk_id]
        view = self.contracts.rounds.view(round_id)
        secret = agent.keys.key(view.epoch)
        found = answer(view, seat, self.relay, secret, Pairs(secret))
        wrong = [(found.row[0] + 1) % Q, *found.row[1:]]
        _, receipt = self.contracts.rounds.submit_row(agent.account, round_id, seat.index, found.closed_set, wrong)
        self._gas("wrong row", receipt)

    def _measure_clerk(self, view: RoundView, seat: Seat) -> None:
        agent = self.agents[seat.clerk_id]
        secret = agent.keys.key(view.epoch)
        pairs = Pairs(secret)
        answer(view, seat, self.relay, secret, pairs)
        began = time.perf_counter()
        answer(view, seat, self.relay, secret, pairs)
        self.story.clerk_us = 1e6 * (time.perf_counter() - began) / self.story.contributors

    def _reveal(self, round_id: int, members: list[_Member]) -> None:
        self.tell("the developer puts the accepted rows together")
        sums = self.developer.reveal(round_id)
        plain = [sum(column) for column in zip(*(member.vector for member in members), strict=True)]
        self.story.totals = {event.name: total for event, total in zip(self.events, sums, strict=True)}
        self.story.matches = sums == plain

    def _settle(self, round_id: int) -> None:
        self.tell("the row window ends: the silent clerk is slashed, everybody else is paid")
        self._warp_to(self.contracts.rounds.deadlines(round_id).row_end)
        self._gas("settle the round", self.developer.close(round_id))
        rounds = self.contracts.rounds
        for event in rounds.events("RowAccepted", round_id):
            self._line(event["clerkId"]).paid += event["fee"]
        for name in ("RowRejected", "Silent"):
            for event in rounds.events(name, round_id):
                self._line(event["clerkId"]).slashed += event["slashed"]

    def _claim(self, round_id: int, members: list[_Member]) -> None:
        """Every contributor checks that it was counted and is paid; the developer's account pays the gas."""
        rounds = self.contracts.rounds
        view = rounds.view(round_id)
        for member in self.track("contributors claim", members, len(members)):
            account = member.key.account.address
            contribution = self.outbox.stored(view, account)
            if contribution is None:
                raise ChainError("outbox: lost a message")
            proof = self.relay.claim_proof(view.round_hash, account)
            check_counted(view, contribution.leaf, member.enrolment, proof)
            place = (contribution.leaf, member.enrolment, proof.path)
            receipt = rounds.claim(self.developer.account, round_id, proof.index, *place)
            self._gas("claim a reward", receipt)
            self.story.claims += 1

    def _audit(self, round_id: int) -> None:
        self.tell("anyone audits: tree, commitments, rows and payments, from public data")
        rounds = self.contracts.rounds
        self.story.checks = audit(rounds.view(round_id), self.relay, rounds.audit_events(round_id))

    # ------------------------------------------------------------------ helpers

    def _line(self, clerk_id: int) -> ClerkLine:
        return next(line for line in self.story.clerks if line.clerk_id == clerk_id)

    def _gas(self, step: str, receipt: Receipt) -> None:
        self.story.gas[step] = receipt.gas_used

    def _warp_to(self, timestamp: int) -> None:
        self.devnet.node.increase_time(max(0, timestamp - self.contracts.chain.now()))
