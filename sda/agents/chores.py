"""What a clerk does besides its duties: meeting contributors early, taking its pay, leaving."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sda.agents.clerk import ClerkAgent
from sda.agents.deeds import Deed, attempt
from sda.chain.checks import RowChecks
from sda.chain.disputes import Disputes
from sda.chain.rounds import Rounds
from sda.chain.settings import in_tokens
from sda.clerk import meet
from sda.pairs import Pairs, pairs_file
from sda.round import State

MET_AT_ONCE = 1 << 14
"""Contributors; a few seconds of work, then the chain is looked at again."""


class Preparation:
    """Meets those who enrol while a round of this clerk collects: when its files are there, only sums are left."""

    def __init__(self) -> None:
        self._met: dict[int, int] = {}

    def deeds(self, agent: ClerkAgent) -> Iterator[Deed]:
        """Meet some of them, of every epoch that matters."""
        for round_id in agent.open_seats():
            if agent.rounds.state(round_id) is State.COLLECTING:
                enrolled, epoch = agent.relay.enrolled(), agent.rounds.round(round_id).epoch
                if self._met.get(epoch) != enrolled:
                    yield attempt("contributors met", round_id, partial(self._meet, agent, round_id, enrolled))

    def _meet(self, agent: ClerkAgent, round_id: int, enrolled: int) -> str:
        view = agent.rounds.view(round_id)
        pairs = Pairs.load(pairs_file(agent.keys.directory, view.epoch), agent.keys.key(view.epoch))
        self._met[view.epoch] = meet(view, agent.relay, pairs, enrolled, MET_AT_ONCE)
        return f"{self._met[view.epoch]:,} of {enrolled:,}"


def collect(agent: ClerkAgent, minimum: int) -> Iterator[Deed]:
    """Take what rounds, disputes and row checks owe the clerk, each once it is so many token units."""
    for contract in (agent.rounds, agent.rounds.disputes, agent.rounds.checks):
        credit = contract.balance_of(agent.account.address)
        if credit >= max(minimum, 1):
            yield attempt("pay collected", None, partial(_take, agent, contract, credit))


def _take(agent: ClerkAgent, contract: Rounds | Disputes | RowChecks, credit: int) -> str:
    contract.withdraw(agent.account, agent.account.address)
    return f"{in_tokens(credit)} tokens"


def leave(agent: ClerkAgent) -> Iterator[Deed]:
    """Withdraw the stake, if unbonding is over and no seat is held; that is the last thing a clerk does."""
    _, clerk = agent.status()
    if clerk.withdrawable_at and agent.contracts.chain.now() >= clerk.withdrawable_at and not clerk.seats:
        yield attempt("left", None, partial(_withdraw, agent, clerk.stake))


def _withdraw(agent: ClerkAgent, stake: int) -> str:
    agent.withdraw()
    return f"{in_tokens(stake)} tokens of stake withdrawn"
