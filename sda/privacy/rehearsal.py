"""A query over everybody's data, in one real round on a local chain: what `sda analytics run` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sda.agents import ClerkAgent, DeveloperAgent
from sda.chain.contracts import Contracts
from sda.chain.devnet import Devnet, named_account
from sda.chain.node import Anvil
from sda.chain.settings import TOKEN
from sda.chain.standing import StandingOnChain
from sda.chain.structs import Outcome
from sda.contributor import ContributorKey, Minima, Pinned, check_round
from sda.errors import ChainError, ParameterError
from sda.keys import ClerkKeys, Identity, Strength
from sda.messages import Domain
from sda.outbox import Outbox
from sda.privacy import asking
from sda.privacy.counting import entry_of, note_end
from sda.privacy.ledger import DEFAULT_DELTA, Budget, Ledger
from sda.privacy.metrics.metric import Point
from sda.privacy.noise.dealing import draw
from sda.privacy.noise.noise import MAXIMUM_EPSILON
from sda.privacy.plan import Committee, Plan
from sda.privacy.query import Query
from sda.privacy.results import Results
from sda.relay import LocalRelay
from sda.round import Terms

T = TypeVar("T")

PASSWORD = "devnet"  # noqa: S105 - everybody knows a devnet's keys
MINUTE = 60
MAXIMUM_CONTRIBUTORS = 20_000
_ROW_FEE = 2 * TOKEN
_REWARDS = 10 * TOKEN


class Track(Protocol):
    """Wraps an iteration of known length to show its progress."""

    def __call__(self, label: str, items: Iterable[T], total: int) -> Iterator[T]:
        """The same items."""


@dataclass(frozen=True)
class Rehearsed:
    """What came out.

    Attributes:
        results: With noise.
        plan: Of the round.
        exact: Whether the revealed sum is that of all vectors and of what all clerks drew, to the unit.
        spent: ε that the round cost a contributor by its ledger, at the budget's δ.
        seconds: Of everything.
    """

    results: Results
    plan: Plan
    exact: bool
    spent: float
    seconds: float


class Rehearsal:
    """Plays all roles on a chain of its own.

    Args:
        home: Empty directory for keys, relay and deployment.
        query: What is asked.
        points: One a contributor; two at least.
        committee: Of the round.
        tell: Called with a line for people before each step.
        track: Wraps an iteration of known length to show its progress.

    Raises:
        ParameterError: Too few or too many contributors, or the query does not fit a round.
        EncodingError: Some data is not what the query allows.
    """

    def __init__(
        self,
        home: Path,
        query: Query,
        points: Sequence[Point],
        committee: Committee,
        tell: Callable[[str], None],
        track: Track,
    ) -> None:
        if not 2 <= len(points) <= MAXIMUM_CONTRIBUTORS:
            raise ParameterError("contributors", len(points), f"in [2, {MAXIMUM_CONTRIBUTORS}] on one machine")
        self.home, self.tell, self.track = home, tell, track
        self.plan = Plan.make(query, committee, len(points))
        self.vectors = [self.plan.encode(point) for point in points]
        # One query, and nothing else, is what everybody here can afford.
        self._budget = Budget(MAXIMUM_EPSILON, query.delta or DEFAULT_DELTA)
        self._drawn: list[list[int]] = []

    def run(self) -> Rehearsed:
        """All of it, in order."""
        started = time.perf_counter()
        self.tell("starting a local chain and deploying the contracts")
        with Devnet(Anvil(), file=self.home / "deployment.json") as devnet:
            self._devnet = devnet
            self._contracts = Contracts.of(devnet.chain, devnet.deployment)
            domain = Domain(devnet.chain.chain_id, self._contracts.rounds.address)
            standing = StandingOnChain(self._contracts.rounds.disputes)
            self._relay = LocalRelay(self.home / "relay.sqlite", domain, clock=devnet.chain.now, standing=standing)
            agents = self._stake()
            developer, round_id = self._open()
            ledger, owner = self._contribute(round_id)
            self._collect(developer, agents, round_id)
            results = asking.results(developer, self._asked, self.plan.query, round_id)
            parts = [*self.vectors, *self._drawn]
            exact = developer.reveal(round_id) == [sum(column) for column in zip(*parts, strict=True)]
            note_end(ledger, owner, self._contracts.rounds.view(round_id))
        return Rehearsed(results, self.plan, exact, ledger.spent(owner), time.perf_counter() - started)

    def _draw(self, terms: Terms) -> list[int]:
        """A clerk's noise, remembered: only a rehearsal may, to see that all of it is in the sum."""
        self._drawn.append(draw(terms))
        return self._drawn[-1]

    # ------------------------------------------------------------------ the steps

    def _stake(self) -> list[ClerkAgent]:
        """As many clerks register as a committee of n needs to be drawn from."""
        names = [f"clerk-{number}" for number in range(1, -(-4 * self.plan.committee.n // 3) + 1)]
        self._devnet.fund([named_account(name).address for name in ("developer", *names)])
        agents = []
        for name in self.track("clerks stake", names, len(names)):
            keys = ClerkKeys(self.home / "keys" / name, PASSWORD, Strength.LIGHT)
            keys.create_account(named_account(name))
            agents.append(ClerkAgent(self._contracts, keys, self._relay, self._draw))
            agents[-1].register(100 * TOKEN)
        return agents

    def _open(self) -> tuple[DeveloperAgent, int]:
        self.tell(f"the developer asks: {self.plan.query.title}")
        account = named_account("developer")
        identity = Identity.create(self.home / "keys" / "developer", PASSWORD, Strength.LIGHT, account)
        developer = DeveloperAgent(self._contracts, identity, self._relay, self.home / "developer")
        self._asked = Ledger(self.home / "developer")
        self._asked.set_budget(identity.account.address, self._budget)
        maximum = self.plan.maximum
        round_id = asking.ask(
            developer,
            self._asked,
            self.plan,
            minimum=len(self.vectors),
            collect_window=24 * 60 * MINUTE,
            complaint_window=10 * MINUTE,
            row_window=10 * MINUTE,
            claim_window=24 * 60 * MINUTE,
            flat_fee=TOKEN // 2,
            rate=_ROW_FEE // (maximum * self.plan.parameters.row_length),
            reward=min(TOKEN // 100, _REWARDS // maximum),
        )
        self._devnet.node.mine(self._contracts.deployment.settings.rounds.seed_delay + 1)
        outcome = asking.draw(developer, self._asked, self.plan.query, round_id)
        if outcome is not Outcome.DRAWN:
            raise ChainError(f"draw: {outcome.name.lower()}")
        return developer, round_id

    def _contribute(self, round_id: int) -> tuple[Ledger, bytes]:
        """Each contributor counts the round in its ledger, then sends; the last one's account is returned."""
        view = self._contracts.rounds.view(round_id)
        minima = Minima(n=2, t=1, minimum=2)
        check_round(view, Pinned(view.chain_id, view.contract), minima, self._contracts.chain.now())
        entry, count, owner = entry_of(view, Plan.of(self.plan.query, view.terms)), len(self.vectors), b""
        ledger, outbox = Ledger(self.home / "contributors"), Outbox(self.home / "contributors")
        for vector in self.track("contributors send", self.vectors, count):
            identity = Identity.generate()
            owner = identity.account.address
            key = ContributorKey(identity.account, identity.key(view.chain_id, view.contract))
            position = self._relay.enrol(key.enrol(view.domain).encode())
            ledger.set_budget(owner, self._budget)
            ledger.reserve(owner, entry)
            self._relay.submit(outbox.prepare(view, key, position, vector, owner).encode())
        return ledger, owner

    def _collect(self, developer: DeveloperAgent, agents: Sequence[ClerkAgent], round_id: int) -> None:
        for agent in self.track("clerks deal noise", agents, len(agents)):
            agent.run_once()
        self.tell("the developer closes the collection")
        asking.close_collection(developer, self._asked, self.plan.query, round_id)
        for agent in self.track("clerks check their jobs", agents, len(agents)):
            agent.run_once()
        complaint_end = self._contracts.rounds.deadlines(round_id).complaint_end
        self._devnet.node.increase_time(max(0, complaint_end - self._contracts.chain.now()))
        for agent in self.track("clerks send their rows", agents, len(agents)):
            agent.run_once()
