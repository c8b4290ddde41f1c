"""The contributor's agent: enrols once, sends one message per round, claims its reward."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import SupportsIndex

from sda.chain.client import Receipt
from sda.chain.contracts import Contracts
from sda.contributor import ContributorKey, Minima, Pinned, check_counted, check_round
from sda.errors import ProofError
from sda.keys import Identity
from sda.messages import AccountKey, Contribution, Domain, Enrolment
from sda.outbox import Outbox
from sda.relay.interface import Receipt as RelayReceipt
from sda.relay.interface import Relay
from sda.round import RoundView


class ContributorAgent:
    """Acts for a contributor.

    Args:
        contracts: Of the deployment that this contributor pins: it deals with no other.
        identity: Its account and master secret.
        relay: Where it sends to.
        directory: Private; holds the outbox.
        minima: What it insists on in every round.
    """

    def __init__(
        self,
        contracts: Contracts,
        identity: Identity,
        relay: Relay,
        directory: Path,
        minima: Minima | None = None,
    ) -> None:
        self.contracts = contracts
        self.relay = relay
        self.minima = minima or Minima()
        self.pinned = Pinned(contracts.chain.chain_id, contracts.rounds.address)
        self._identity = identity
        self.outbox = Outbox(directory)

    @cached_property
    def key(self) -> ContributorKey:
        """Account and G1 key; the first of its keys of which no share was revealed (PROTOCOL §11.12)."""
        disputes, place = self.contracts.rounds.disputes, (self.pinned.chain_id, self.pinned.contract)
        secrets = (self._identity.key(*place, index) for index in count())
        unrevealed = next(secret for secret in secrets if not disputes.is_retired(secret.public.hash))
        return ContributorKey(self._identity.account, unrevealed)

    @property
    def enrolment(self) -> Enrolment:
        """What it enrols with: the same bytes every time."""
        return self.key.enrol(Domain(self.pinned.chain_id, self.pinned.contract))

    def enrol(self) -> int:
        """Enrol at the relay; returns the position, the same if that was done before."""
        return self.relay.enrol(self.enrolment.encode())

    def contribute(
        self, round_id: int, vector: Sequence[SupportsIndex | float], payout: bytes | None = None
    ) -> tuple[Contribution, RelayReceipt]:
        """Send a vector to a round; sending the same again is harmless, another is refused.

        Args:
            round_id: Of a round that collects.
            vector: d integers in the round's range.
            payout: Where the reward goes; by default the contributor's own account.

        Raises:
            ParameterError: The round's terms are below this contributor's minima.
            EncodingError: The vector does not fit.
            AlreadyContributedError: Other data was prepared for this round before.
            RefusedError: The relay refused.
        """
        view = self._view(round_id)
        check_round(view, self.pinned, self.minima, self.contracts.chain.now())
        payout = payout or self.key.account.address
        contribution = self.outbox.prepare(view, self.key, self.enrol(), vector, payout)
        return contribution, self.relay.submit(contribution.encode())

    def claim(self, round_id: int, sender: AccountKey | None = None) -> tuple[int, Receipt]:
        """Claim the reward of a round, once its leaf is seen to be in the tree.

        Args:
            round_id: Of a completed and closed round.
            sender: Pays the gas; by default the contributor. The reward goes to the payout address whoever
                sends.

        Returns:
            The reward in token units, and the receipt.

        Raises:
            ProofError: Nothing was sent to this round from here, or the tree does not hold it.
            ContractError: Not claimable now, or claimed already.
        """
        view = self._view(round_id)
        account = self._identity.account
        contribution = self.outbox.stored(view, account.address)
        if contribution is None:
            raise ProofError(f"round {round_id}: nothing was sent to it from here")
        proof = self.relay.claim_proof(view.round_hash, account.address)
        # That of the round: the key may have been retired since.
        position = contribution.leaf.position
        enrolment = Enrolment.decode(self.relay.enrolments(position, position + 1))
        check_counted(view, contribution.leaf, enrolment, proof)
        receipt = self.contracts.rounds.claim(
            sender or account, round_id, proof.index, contribution.leaf, enrolment, proof.path
        )
        return view.terms.reward, receipt

    def _view(self, round_id: int) -> RoundView:
        """A round as the chain tells it; the relay hears of it too."""
        view = self.contracts.rounds.view(round_id)
        self.relay.open_round(view)
        return view
