"""A small round with all its roles, played by test accounts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import click
from ape import networks
from ape.api import AccountAPI

from scripts._shared import account_key, epoch_key, pick, test_account
from sda.chain.contracts import Contracts
from sda.chain.settings import TOKEN
from sda.chain.structs import Outcome
from sda.clerk import answer
from sda.contributor import ContributorKey, Minima, Pinned, check_counted, check_round, contribute
from sda.crypto.keys import SecretKey
from sda.crypto.seeds import NONCE_BYTES
from sda.developer import collect, reveal
from sda.messages import AccountKey, Contribution, Enrolment
from sda.pairs import Pairs
from sda.params import TEST
from sda.relay import LocalRelay
from sda.round import RoundView, Terms

DEVELOPER = 1
CLERKS = 8
MINIMUM = 3


@dataclass(frozen=True)
class Member:
    """A contributor and what it sent."""

    key: ContributorKey
    enrolment: Enrolment
    contribution: Contribution


class SmallRound:
    """The roles of a round, in the order in which they act.

    Args:
        contracts: On a local chain.
        clerks: Clerk id → test account.
        relay_file: For the relay.
    """

    def __init__(self, contracts: Contracts, clerks: dict[int, AccountAPI], relay_file: Path) -> None:
        self.contracts, self.clerks = contracts, clerks
        self.rounds, self.chain = contracts.rounds, contracts.chain
        self.developer, self.secret = account_key(test_account(DEVELOPER)), SecretKey.generate()
        self.terms = Terms.for_parameters(
            TEST,
            minimum=MINIMUM,
            collect_window=600,
            complaint_window=60,
            row_window=600,
            claim_window=3600,
            flat_fee=TOKEN // 100,
            rate=TOKEN // 10**6,
            reward=TOKEN // 1000,
        )
        self._relay_file = relay_file

    def open(self) -> RoundView:
        """The developer asks and pays; once the seed block is there, somebody draws the committee."""
        payment = self.rounds.quote(self.terms).total
        self.contracts.token.transfer(account_key(pick(None)), self.developer.address, payment)
        permit = self.contracts.token.permit(self.developer, self.rounds.address, payment)
        self.round_id, _ = self.rounds.request(self.developer, self.terms, self.secret, payment, permit)

        _rpc("anvil_mine", hex(self.rounds.settings().seed_delay + 1))
        outcome, _ = self.rounds.draw(self.developer, self.round_id)
        if outcome is not Outcome.DRAWN:
            raise click.ClickException(f"no committee: {outcome.name}")
        view = self.rounds.view(self.round_id)
        if strangers := sorted({seat.clerk_id for seat in view.seats} - self.clerks.keys()):
            raise click.ClickException(f"clerks {strangers} are no test accounts: choose a new --folder")
        self.relay = LocalRelay(self._relay_file, view.domain, clock=self.chain.now)
        self.relay.open_round(view)
        return view

    def contribute(self, view: RoundView, vectors: list[list[int]]) -> list[Member]:
        """Each contributor checks the round, enrols and sends one message."""
        pinned = Pinned(self.chain.chain_id, self.rounds.address)
        minima = Minima(n=TEST.n, t=TEST.t, minimum=MINIMUM)
        members = []
        for vector in vectors:
            check_round(view, pinned, minima, self.chain.now())
            key = ContributorKey(AccountKey.generate(), SecretKey.generate())
            enrolment = key.enrol(view.domain)
            position = self.relay.enrol(enrolment.encode())
            payout, nonce = key.account.address, secrets.token_bytes(NONCE_BYTES)
            contribution = contribute(view, key, position, vector, payout, nonce)
            self.relay.submit(contribution.encode())
            members.append(Member(key, enrolment, contribution))
        return members

    def close_collection(self, view: RoundView) -> RoundView:
        """The developer commits to what it collected; complaints would come now."""
        collected = collect(view, self.relay, self.secret)
        self.relay.publish(view.round_hash, collected.publication)
        self.padded_sum = collected.padded_sum
        self.rounds.snapshot(self.developer, self.round_id, collected.snapshot)
        self._pass(self.rounds.deadlines(self.round_id).complaint_end)
        return self.rounds.view(self.round_id)

    def answer(self, view: RoundView, silent: int) -> None:
        """Each clerk checks the set and sends the row of its seat; the last ones stay silent."""
        for seat in view.seats[: len(view.seats) - silent]:
            clerk = self.clerks[seat.clerk_id]
            secret = epoch_key(clerk, view.epoch)
            made = answer(view, seat, self.relay, secret, Pairs(secret))
            self.rounds.submit_row(account_key(clerk), self.round_id, seat.index, made.closed_set, made.row)

    def reveal(self) -> list[int]:
        """The developer learns the sum."""
        return reveal(self.rounds.view(self.round_id), self.padded_sum, self.rounds.rows(self.round_id))

    def settle(self, members: list[Member]) -> None:
        """The round is closed: silent seats are slashed, contributors are paid."""
        self._pass(self.rounds.deadlines(self.round_id).row_end)
        self.rounds.close(self.developer, self.round_id)
        view = self.rounds.view(self.round_id)
        for member in members:
            proof = self.relay.claim_proof(view.round_hash, member.key.account.address)
            leaf = member.contribution.leaf
            check_counted(view, leaf, member.enrolment, proof)
            self.rounds.claim(self.developer, self.round_id, proof.index, leaf, member.enrolment, proof.path)
        self.relay.close()

    def _pass(self, moment: int) -> None:
        _rpc("evm_increaseTime", hex(max(0, moment - self.chain.now()) + 1))
        _rpc("evm_mine")


def random_vector() -> list[int]:
    """Some contributor's data."""
    return [secrets.randbelow(1 << TEST.bits) for _ in range(TEST.length)]


def _rpc(method: str, *parameters: str) -> None:
    networks.provider.make_request(method, list(parameters))
