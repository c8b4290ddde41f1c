"""A round on a real chain, step by step: clerks with stakes, contributors, a relay in a file, the developer.

stage = Stage(contracts, node, tmp_path)
stage.request()
stage.draw()
stage.contribute(6)
stage.snapshot()
stage.answer_all()
assert stage.reveal() == stage.expected
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from sda.chain.client import Receipt
from sda.chain.contracts import Contracts
from sda.chain.devnet import Devnet
from sda.chain.settings import TOKEN
from sda.chain.structs import Outcome
from sda.clerk import Answer, answer
from sda.contributor import ContributorKey, contribute
from sda.crypto.keys import SecretKey
from sda.developer import Collected, collect, reveal
from sda.messages import AccountKey, Contribution, Enrolment
from sda.pairs import Pairs
from sda.params import TEST, Parameters
from sda.relay import LocalRelay
from sda.round import RoundView, Seat, Terms

COLLECT_WINDOW = 600
COMPLAINT_WINDOW = 60
ROW_WINDOW = 300
CLAIM_WINDOW = 3600


@dataclass(frozen=True)
class Clerk:
    """A clerk's account and its key of the epoch."""

    account: AccountKey
    secret: SecretKey


@dataclass(frozen=True)
class Member:
    """A contributor and what it sent."""

    key: ContributorKey
    enrolment: Enrolment
    contribution: Contribution
    payout: bytes


def make_terms(parameters: Parameters = TEST, minimum: int = 3, **changes: Any) -> Terms:
    """Terms of a cheap round with short windows."""
    terms = Terms.for_parameters(
        parameters,
        minimum=minimum,
        collect_window=COLLECT_WINDOW,
        complaint_window=COMPLAINT_WINDOW,
        row_window=ROW_WINDOW,
        claim_window=CLAIM_WINDOW,
        flat_fee=TOKEN // 100,
        rate=TOKEN // 10**6,
        reward=TOKEN // 1000,
    )
    return replace(terms, **changes)


def make_private_terms(**changes: Any) -> Terms:
    """The same with noise, which one seat may leave out."""
    return make_terms(replace(TEST, noise_bound=1000), **{"sigma": 100 << 16, "silent": 1} | changes)


def make_wide_terms(**changes: Any) -> Terms:
    """The same for vectors of five chunks, of three packed columns each."""
    return make_terms(replace(TEST, length=13 * TEST.k * TEST.slots_per_element, chunk=4), **changes)


class Stage:
    """See the module.

    Args:
        devnet: Running; its deployer pays for everything.
        directory: For the relay's file.
        clerks: How many to register, with unequal stakes.
        terms: Of the round.
    """

    def __init__(self, devnet: Devnet, directory: Path, *, clerks: int = 8, terms: Terms | None = None) -> None:
        self.node = devnet.node
        self.contracts = Contracts.of(devnet.chain, devnet.deployment)
        self.registry, self.rounds = self.contracts.registry, self.contracts.rounds
        self.token = self.contracts.token
        self.terms = make_terms() if terms is None else terms
        self.developer = AccountKey.generate()
        self.secret = SecretKey.generate()
        self.accounts = [AccountKey.generate() for _ in range(clerks)]
        devnet.fund([account.address for account in (self.developer, *self.accounts)])
        self.clerks: dict[int, Clerk] = {}
        for index, account in enumerate(self.accounts):
            self._register(account, (100 + 50 * index) * TOKEN)
        self.round_id = -1
        self.members: list[Member] = []
        self.expected = [0] * self.terms.length
        self._random = Random(5)
        self._directory = directory
        self._relay: LocalRelay | None = None
        self._collected: Collected | None = None

    def _register(self, account: AccountKey, stake: int) -> None:
        clerk = Clerk(account, SecretKey.generate())
        fee = self.contracts.deployment.settings.registry.registration_fee
        permit = self.token.permit(account, self.registry.address, stake + fee)
        clerk_id, _ = self.registry.register(account, clerk.secret, stake, permit)
        self.clerks[clerk_id] = clerk

    # ------------------------------------------------------------------ steps

    def request(self) -> Receipt:
        """The developer asks for the round and pays."""
        payment = self.rounds.quote(self.terms).total
        permit = self.token.permit(self.developer, self.rounds.address, payment)
        self.round_id, receipt = self.rounds.request(self.developer, self.terms, self.secret, payment, permit)
        return receipt

    def draw(self) -> tuple[Outcome, Receipt]:
        """The seed block passes, and somebody draws."""
        self.node.mine(self.rounds.settings().seed_delay + 1)
        outcome, receipt = self.rounds.draw(self.developer, self.round_id)
        return outcome, receipt

    def contribute(self, count: int) -> None:
        """So many contributors enrol and send a random vector."""
        view = self.view()
        for _ in range(count):
            key = ContributorKey(AccountKey.generate(), SecretKey.generate())
            enrolment = key.enrol(view.domain)
            position = self.relay.enrol(enrolment.encode())
            lowest = -self.terms.offset
            vector = [lowest + self._random.randrange(1 << self.terms.bits) for _ in range(self.terms.length)]
            payout = AccountKey.generate().address
            contribution = contribute(view, key, position, vector, payout, secrets.token_bytes(4))
            self.relay.submit(contribution.encode())
            self.members.append(Member(key, enrolment, contribution, payout))
            self.expected = [total + value for total, value in zip(self.expected, vector, strict=True)]

    def collect(self) -> Collected:
        """The developer closes the collection at the relay, and publishes there."""
        self._collected = collect(self.view(), self.relay, self.secret)
        self.relay.publish(self.view().round_hash, self._collected.publication)
        return self._collected

    def snapshot(self) -> Receipt:
        """The developer closes the collection, and the complaint window passes."""
        receipt = self.rounds.snapshot(self.developer, self.round_id, self.collect().snapshot)
        self.node.increase_time(self.terms.complaint_window + 1)
        return receipt

    def answer(self, seat: Seat) -> Answer:
        """What the clerk of a seat would send."""
        secret = self.clerks[seat.clerk_id].secret
        return answer(self.view(), seat, self.relay, secret, Pairs(secret))

    def submit(self, seat: Seat, row: Sequence[int] | None = None) -> tuple[bool, Receipt]:
        """The clerk of a seat sends its row, or another one."""
        made = self.answer(seat)
        sent = made.row if row is None else row
        return self.rounds.submit_row(self.account(seat), self.round_id, seat.index, made.closed_set, sent)

    def answer_all(self, *, silent: Sequence[int] = (), wrong: Sequence[int] = ()) -> None:
        """Every clerk answers, but for the seats that stay silent or send a wrong row."""
        for seat in self.view().seats:
            if seat.index in silent:
                continue
            row = list(self.answer(seat).row)
            if seat.index in wrong:
                row[-1] ^= 1
            right, _ = self.submit(seat, row)
            assert right == (seat.index not in wrong)

    def reveal(self) -> list[int]:
        """The developer learns the sum."""
        assert self._collected is not None
        return reveal(self.view(), self._collected.padded_sum, self.rounds.rows(self.round_id))

    def claim(self, member: Member) -> Receipt:
        """Anyone claims a contributor's reward."""
        proof = self.relay.claim_proof(self.view().round_hash, member.key.account.address)
        return self.rounds.claim(
            self.developer,
            self.round_id,
            proof.index,
            member.contribution.leaf,
            member.enrolment,
            proof.path,
        )

    # ------------------------------------------------------------------ looking

    def view(self) -> RoundView:
        """The round as everybody sees it."""
        return self.rounds.view(self.round_id)

    @property
    def relay(self) -> LocalRelay:
        """The relay; it hears of the round when it is first used, and of every later state."""
        view = self.view()
        if self._relay is None:
            self._relay = LocalRelay(self._directory / "relay.sqlite", view.domain, clock=self.contracts.chain.now)
        self._relay.open_round(view)
        return self._relay

    def account(self, seat: Seat) -> AccountKey:
        """The account of the clerk in a seat."""
        return self.clerks[seat.clerk_id].account

    def close_files(self) -> None:
        """The end."""
        if self._relay is not None:
            self._relay.close()
