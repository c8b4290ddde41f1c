"""Who must have what after a round, from the rules of PROTOCOL §6 in plain integers, and who has it."""

from __future__ import annotations

from dataclasses import dataclass

from sda.round import State
from tests.chain.stage import Stage


@dataclass(frozen=True)
class Holdings:
    """Token units.

    Attributes:
        developer: Its account.
        clerks: Operator → stake and account together.
        supply: Of the token.
        rounds, rewards: Of the contracts.
        registry: Of the contract.
        stakes: Of all clerks, as the registry says.
    """

    developer: int
    clerks: dict[bytes, int]
    supply: int
    rounds: int
    rewards: int
    registry: int
    stakes: int

    @classmethod
    def of(cls, stage: Stage) -> Holdings:
        """What the chain says now."""
        token, registry = stage.token, stage.registry
        stakes = {clerk_id: registry.clerk(clerk_id).stake for clerk_id in stage.clerks}
        return cls(
            developer=token.balance_of(stage.developer.address),
            clerks={
                clerk.account.address: token.balance_of(clerk.account.address) + stakes[clerk_id]
                for clerk_id, clerk in stage.clerks.items()
            },
            supply=token.total_supply(),
            rounds=token.balance_of(stage.rounds.address),
            rewards=token.balance_of(stage.rounds.rewards_address),
            registry=token.balance_of(registry.address),
            stakes=sum(stakes.values()),
        )


@dataclass(frozen=True)
class Behaviour:
    """What the seats of a round do; all others send a right row.

    Attributes:
        silent, wrong, no_data: Seats.
        claims: How many contributors claim.
    """

    silent: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()
    no_data: tuple[int, ...] = ()
    claims: int = 0

    def right(self, n: int) -> list[int]:
        """The other seats."""
        return sorted(set(range(n)) - {*self.silent, *self.wrong, *self.no_data})


def expected(before: Holdings, stage: Stage, did: Behaviour, count: int) -> Holdings:
    """After everybody withdrew and what was not claimed was swept; the developer drew the committee itself.

    `before` is taken after the request was made and before anything else.
    """
    terms, settings = stage.terms, stage.rounds.settings()
    bond, quote = stage.registry.seat_bond(), stage.rounds.quote(terms)
    right = did.right(terms.n)
    data_fee = terms.rate * count * terms.m
    completed = len(right) >= terms.t + terms.k

    slashed = (len(did.silent) + len(did.wrong)) * bond
    for_data = 0 if completed else min(slashed, len(right) * data_fee)
    burned = slashed - for_data + 2 * len(did.no_data) * settings.no_data_burn
    rewards = terms.reward * did.claims if completed else 0
    spent = len(right) * (terms.flat_fee + data_fee) - for_data + rewards + len(did.no_data) * settings.no_data_burn

    clerks = dict(before.clerks)
    for seat in stage.view().seats:
        change = {
            **dict.fromkeys(right, terms.flat_fee + data_fee),
            **dict.fromkeys(did.no_data, -settings.no_data_burn),
        }
        clerks[stage.account(seat).address] += change.get(seat.index, -bond)
    lost = slashed + len(did.no_data) * settings.no_data_burn
    return Holdings(
        developer=before.developer + quote.total - spent,
        clerks=clerks,
        supply=before.supply - burned,
        rounds=0,
        rewards=0,
        registry=before.registry - lost,
        stakes=before.stakes - lost,
    )


def finish(stage: Stage, did: Behaviour) -> None:
    """Close, claim, sweep; everybody withdraws."""
    stage.rounds.close(stage.developer, stage.round_id)
    completed = stage.rounds.state(stage.round_id) is State.COMPLETED
    if completed:
        for member in stage.members[: did.claims]:
            stage.claim(member)
            assert stage.token.balance_of(member.payout) == stage.terms.reward
    if completed and did.claims < len(stage.members):
        stage.node.increase_time(stage.terms.row_window + stage.terms.claim_window)
        stage.rounds.sweep(stage.accounts[0], stage.round_id)
    withdraw_all(stage)


def withdraw_all(stage: Stage) -> None:
    """Everybody takes its credit."""
    for account in (stage.developer, *stage.accounts):
        if stage.rounds.balance_of(account.address):
            stage.rounds.withdraw(account, account.address)
