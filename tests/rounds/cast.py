"""A round played by the agents, each with its own directory, as the commands would."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Literal, NoReturn

import pytest

from sda.agents.clerk import ClerkAgent, Deed
from sda.agents.contributor import ContributorAgent
from sda.agents.developer import DeveloperAgent
from sda.chain.contracts import Contracts
from sda.chain.devnet import Devnet
from sda.chain.settings import TOKEN
from sda.chain.standing import StandingOnChain
from sda.contributor import Minima
from sda.keys import ClerkKeys, Identity, Strength
from sda.messages import AccountKey, Domain
from sda.relay import LocalRelay
from sda.round import Terms
from tests.chain.stage import make_terms

PASSWORD = "only for testing"
MINIMA = Minima(n=2, t=1, minimum=2)


class Cast:
    """Clerks, a developer and contributors with files of their own.

    Args:
        devnet: Running.
        home: Empty directory.
        clerks: How many stake, equally.

    Attributes:
        noise: What was drawn by the clerks since a round was last opened.
    """

    def __init__(self, devnet: Devnet, home: Path, clerks: int = 8) -> None:
        self.noise: list[list[int]] = []
        self.devnet, self.node, self.home = devnet, devnet.node, home
        self.contracts = Contracts.of(devnet.chain, devnet.deployment)
        self.rounds, self.registry = self.contracts.rounds, self.contracts.registry
        self.domain = Domain(devnet.chain.chain_id, self.rounds.address)
        self.relay = self.open_relay()
        self.clerks: dict[int, ClerkAgent] = {}
        self.silent: set[int] = set()
        for number in range(clerks):
            agent = self.clerk(f"clerk-{number}", new=True)
            clerk_id, _ = agent.register(100 * TOKEN)
            self.clerks[clerk_id] = agent
        self._identity = Identity.create(home / "developer", PASSWORD, Strength.LIGHT)
        devnet.fund([self._identity.account.address])
        self.developer = self.new_developer()
        self._random = Random(11)
        self.contributors: list[ContributorAgent] = []

    def open_relay(self) -> LocalRelay:
        """The relay's file, as another process would open it."""
        standing = StandingOnChain(self.rounds.disputes, refresh=0)
        return LocalRelay(self.home / "relay.sqlite", self.domain, clock=self.contracts.chain.now, standing=standing)

    def clerk(self, name: str, *, new: bool = False) -> ClerkAgent:
        """The clerk of a directory, as a new process would load it."""
        keys = ClerkKeys(self.home / name, PASSWORD, Strength.LIGHT)
        if new:
            self.devnet.fund([keys.create_account(AccountKey.generate()).address])
        return ClerkAgent(self.contracts, keys, self.relay, self.draw)

    def draw(self, terms: Terms) -> list[int]:
        """A dealer's noise, remembered: the sum is then known to the unit."""
        drawn = [secrets.randbelow(2 * terms.noise_bound + 1) - terms.noise_bound for _ in range(terms.length)]
        self.noise.append(drawn)
        return drawn

    def with_noise(self, total: Sequence[int]) -> list[int]:
        """A sum and all noise that was drawn."""
        return [sum(column) for column in zip(total, *self.noise, strict=True)]

    def restarted(self, agent: ClerkAgent) -> ClerkAgent:
        """A new process in a clerk's directory."""
        return self.clerk(agent.keys.directory.name)

    def new_developer(self) -> DeveloperAgent:
        """A new process of the developer."""
        return DeveloperAgent(self.contracts, self._identity, self.relay, self.home / "developer" / "rounds")

    def contributor(self, name: str) -> ContributorAgent:
        """The contributor of a directory, as a new process would load it."""
        directory = self.home / name
        if directory.exists():
            identity = Identity.load(directory, PASSWORD)
        else:
            identity = Identity.create(directory, PASSWORD, Strength.LIGHT)
        return ContributorAgent(self.contracts, identity, self.relay, directory, MINIMA)

    # ------------------------------------------------------------------ steps

    def open(self, terms: Terms | None = None) -> int:
        """A round, drawn."""
        self.noise = []
        round_id, _ = self.developer.open(terms or make_terms())
        self.node.mine(self.rounds.settings().seed_delay + 1)
        self.developer.draw(round_id)
        return round_id

    def contribute(self, round_id: int, count: int = 4) -> list[int]:
        """New contributors send; returns what they add up to."""
        terms = self.rounds.terms(round_id)
        total = [0] * terms.length
        for _ in range(count):
            agent = self.contributor(f"contributor-{len(self.contributors)}")
            vector = [self._random.randrange(1 << terms.bits) for _ in range(terms.length)]
            agent.contribute(round_id, vector)
            self.contributors.append(agent)
            total = [left + right for left, right in zip(total, vector, strict=True)]
        return total

    def committee(self, round_id: int) -> list[ClerkAgent]:
        """The agents in seat order."""
        return [self.clerks[clerk_id] for clerk_id in self.rounds.seats(round_id)]

    def run_all(self) -> list[Deed]:
        """Every clerk makes one pass, but for those that are silent."""
        agents = [agent for clerk_id, agent in self.clerks.items() if clerk_id not in self.silent]
        return [deed for agent in agents for deed in agent.run_once()]

    def take_turns(self) -> list[Deed]:
        """Every seat's turn to complain comes."""
        deeds = self.run_all()
        self.node.increase_time(make_terms().complaint_window // 2)
        return deeds + self.run_all()

    def past_complaints(self) -> None:
        """The longest complaint window of a test's round passes."""
        self.node.increase_time(make_terms().complaint_window + 1)

    def settle(self) -> None:
        """The row window passes, and somebody's pass closes what is over."""
        self.node.increase_time(make_terms().row_window + 1)
        self.run_all()


class _Killed(BaseException):
    """The process ended here: nothing in the code under test catches it."""


@contextmanager
def killed(owner: object, step: str, moment: Literal["before", "after"]) -> Iterator[None]:
    """Whoever is run in here is killed before or after a step, and must get that far."""
    real = getattr(owner, step)

    def end(*arguments: object, **named: object) -> NoReturn:
        if moment == "after":
            real(*arguments, **named)
        raise _Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, step, end)
        try:
            yield
        except _Killed:
            return
    raise AssertionError(f"{step} was not reached")
