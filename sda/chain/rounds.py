"""The rounds contract: requests, draws, snapshots, rows, claims, and what they left behind.

`Rounds.view` is what the roles work on. It asks all nodes at one block and recomputes the round hash, so that
neither one node nor the developer can put in other terms, seats or keys (PROTOCOL §11.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sda.chain.addresses import from_text, to_text
from sda.chain.checks import RowChecks
from sda.chain.client import Chain, Receipt, sensible_answers
from sda.chain.contract import Contract, Event
from sda.chain.disputes import Disputes
from sda.chain.evidence import set_struct, snapshot_of, snapshot_struct
from sda.chain.header import header_of
from sda.chain.points import key_struct, proof_struct, public_key
from sda.chain.registry import Registry
from sda.chain.rewards import Rewards
from sda.chain.settings import RoundsSettings
from sda.chain.structs import Deadlines, Outcome, Pot, Quote, Round
from sda.chain.token import NO_PERMIT, Permit
from sda.closed import Closed, ClosedSet, Settled, Snapshot
from sda.crypto import schnorr
from sda.crypto.hashes import ZERO_WORD
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.sumtree import Step
from sda.crypto.tags import Tag
from sda.errors import ChainError
from sda.messages import AccountKey, Enrolment, Leaf
from sda.outcomes import AcceptedRow, Claimed, Credit, Events, PostedRow, SeatEvent, Slashed
from sda.round import RoundView, Seat, State, Terms

SKIPPED_IN_PASSING = 16
"""Expired draws that the registry moves past with any other call (Sortition.sol)."""


class Rounds:
    """`Rounds`. Amounts are in token units, times in unix seconds.

    Args:
        chain: Where it is.
        address: 20 bytes.
        registry: The one it draws from.
        since: Block of its deployment.
    """

    def __init__(self, chain: Chain, address: bytes, registry: Registry, since: int = 0) -> None:
        self.chain = chain
        self.registry = registry
        self.contract = Contract(chain, "Rounds", address, since)
        self.address = address
        self._settings: RoundsSettings | None = None

    @cached_property
    def _rewards(self) -> Rewards:
        # The rounds contract made it: callers need not know that they are two.
        address = from_text(self.contract.call("rewards"))
        return Rewards(self.chain, address, self.contract.since)

    @cached_property
    def disputes(self) -> Disputes:
        """Where lies are shown."""
        return Disputes(self.chain, from_text(self.contract.call("disputes")), self.contract.since)

    @cached_property
    def checks(self) -> RowChecks:
        """Where rows of wide rounds are posted."""
        return RowChecks(self.chain, from_text(self.contract.call("checks")), self.contract.since)

    @property
    def rewards_address(self) -> bytes:
        """The contract that holds contributors' rewards, 20 bytes."""
        return self._rewards.address

    @cached_property
    def _policy(self) -> Contract:
        return Contract(self.chain, "RoundPolicy", from_text(self.contract.call("policy")))

    # ------------------------------------------------------------------ developer

    def request(
        self,
        sender: AccountKey,
        terms: Terms,
        secret: SecretKey,
        payment: int,
        permit: Permit = NO_PERMIT,
    ) -> tuple[int, Receipt]:
        """Ask for a round and pay for it.

        Args:
            sender: The developer's account.
            terms: What is asked.
            secret: The round key under which contributors mask their vectors; proven, not sent.
            payment: The most to pay; `quote` says what is taken.
            permit: For the payment.

        Returns:
            The round id.
        """
        subject = int.from_bytes(sender.address, "big")
        proof = schnorr.prove(secret, Tag.DEVELOPER_KEY, self.chain.chain_id, self.address, subject)
        receipt = self.contract.transact(
            sender,
            "request",
            terms.values,
            key_struct(secret.public),
            proof_struct(proof),
            payment,
            permit.struct,
        )
        return int(self._event(receipt, "Requested")["roundId"]), receipt

    def snapshot(self, sender: AccountKey, round_id: int, snapshot: Snapshot) -> Receipt:
        """Close the collection: commit to the set of contributions and their sums."""
        return self.contract.transact(sender, "snapshot", round_id, snapshot_struct(snapshot))

    def abandon(self, sender: AccountKey, round_id: int) -> Receipt:
        """Give the round up before its snapshot, for the abort fee."""
        return self.contract.transact(sender, "abandon", round_id)

    # ------------------------------------------------------------------ clerks

    def submit_row(
        self, sender: AccountKey, round_id: int, seat: int, closed_set: ClosedSet, row: Sequence[int]
    ) -> tuple[bool, Receipt]:
        """Send the row of a seat.

        Returns:
            Whether it was right; a wrong one costs the bond.
        """
        receipt = self.contract.transact(sender, "submitRow", round_id, seat, set_struct(closed_set), list(row))
        return self.contract.event_of(receipt, "RowAccepted") is not None, receipt

    def declare_no_data(self, sender: AccountKey, round_id: int, seat: int) -> Receipt:
        """Say that the data of a seat could not be had or did not add up."""
        return self.contract.transact(sender, "declareNoData", round_id, seat)

    # ------------------------------------------------------------------ anyone

    def draw(self, sender: AccountKey, round_id: int) -> tuple[Outcome, Receipt]:
        """Draw the committee, for the bounty.

        Returns:
            Whether there is a committee, or why not.

        Raises:
            ContractError: DrawTooEarly, WrongState, NotNextDraw and others.
        """
        self._skip_expired(sender, round_id)
        seed_block = self.round(round_id).seed_block
        mined = 0 < seed_block <= self.chain.block_number()
        # Without a seed block there is no evidence: the contract then says what is wrong.
        evidence = header_of(self.chain, seed_block) if mined else b""
        receipt = self.contract.transact(sender, "draw", round_id, evidence)
        failed = self.contract.event_of(receipt, "Undrawable")
        with sensible_answers():
            return (Outcome.DRAWN if failed is None else Outcome(failed["outcome"])), receipt

    def _skip_expired(self, sender: AccountKey, round_id: int) -> None:
        """Draws happen in order; a draw moves past some whose time is over by itself, not past any number."""
        behind = round_id - self.registry.next_ticket()
        if behind > SKIPPED_IN_PASSING:
            self.registry.skip_expired(sender, behind)

    def close(self, sender: AccountKey, round_id: int) -> Receipt:
        """Settle a round that is over: pay right rows, slash the silent, return what is left."""
        return self.contract.transact(sender, "close", round_id)

    def claim(
        self,
        sender: AccountKey,
        round_id: int,
        index: int,
        leaf: Leaf,
        enrolment: Enrolment,
        path: Sequence[Step],
    ) -> Receipt:
        """Pay a contributor's reward to the payout address in its leaf; see `Rewards.claim`."""
        return self._rewards.claim(sender, round_id, index, leaf, enrolment, path)

    def sweep(self, sender: AccountKey, round_id: int) -> Receipt:
        """Pay unclaimed rewards to the developer once the claim window is over; see `Rewards.sweep`."""
        return self._rewards.sweep(sender, round_id)

    def withdraw(self, sender: AccountKey, to: bytes) -> tuple[int, Receipt]:
        """Take everything credited to the sender.

        Returns:
            How much that was.
        """
        receipt = self.contract.transact(sender, "withdraw", to_text(to))
        return int(self._event(receipt, "Withdrawn")["amount"]), receipt

    def _event(self, receipt: Receipt, name: str) -> Event:
        event = self.contract.event_of(receipt, name)
        if event is None:
            raise ChainError(f"transaction 0x{receipt.transaction.hex()}: has no event {name}")
        return event

    # ------------------------------------------------------------------ views

    def settings(self) -> RoundsSettings:
        """What was fixed at deployment."""
        if self._settings is None:
            self._settings = RoundsSettings(*self._policy.call("settings"))
        return self._settings

    def quote(self, terms: Terms) -> Quote:
        """What a round would cost."""
        return Quote(*self._policy.call("quote", terms.values))

    def number(self, *, block: int | None = None) -> int:
        """How many rounds there are, or were at a block: ids are 0 … number - 1."""
        return int(self.contract.call("rounds", block=block))

    def state(self, round_id: int, *, block: int | None = None) -> State:
        """As derived from the facts and the clock, now or at a block."""
        with sensible_answers():
            return State(self.contract.call("state", round_id, block=block))

    def terms(self, round_id: int) -> Terms:
        """What was agreed."""
        return Terms(*self.contract.call("terms", round_id))

    def round(self, round_id: int, *, block: int | None = None) -> Round:
        """The facts of a round, now or at a block."""
        return Round.of(self.contract.call("round", round_id, block=block))

    def seats(self, round_id: int) -> tuple[int, ...]:
        """The committee's clerk ids, in seat order; empty before the draw."""
        return tuple(self.contract.call("seats", round_id))

    def deadlines(self, round_id: int) -> Deadlines:
        """Ends of the round's windows."""
        return Deadlines(*self.contract.call("deadlines", round_id))

    def balance_of(self, account: bytes) -> int:
        """What is credited to an account and can be withdrawn."""
        return int(self.contract.call("balanceOf", to_text(account)))

    def pot(self, round_id: int) -> Pot:
        """The rewards of a completed and settled round; see `Rewards.pot`."""
        return self._rewards.pot(round_id)

    def is_claimed(self, round_id: int, index: int) -> bool:
        """Whether the reward of a leaf has been paid."""
        return self._rewards.is_claimed(round_id, index)

    def abandoned_draws(self, developer: bytes) -> int:
        """Draws that a developer requested and then gave up."""
        return int(self.contract.call("abandonedDraws", to_text(developer)))

    # ------------------------------------------------------------------ what roles work on

    def view(self, round_id: int) -> RoundView:
        """A drawn round, as all nodes tell it at one block.

        Raises:
            ChainError: The nodes disagree, or the round has no committee.
            ProofError: Terms, seats and keys do not hash to the round hash.
            ParameterError: The terms are impossible.
        """
        block = self.chain.common_block()
        facts = Round.of(self.contract.agreed("round", round_id, block=block))
        if facts.round_hash == ZERO_WORD:
            raise ChainError(f"round {round_id}: has no committee yet")
        ends = Deadlines(*self.contract.agreed("deadlines", round_id, block=block))
        closed = self._closed(round_id, facts) if facts.snapshot_at else None
        with sensible_answers():
            state = State(self.contract.agreed("state", round_id, block=block))
        return RoundView(
            round_id=round_id,
            chain_id=self.chain.chain_id,
            contract=self.address,
            terms=Terms(*self.contract.agreed("terms", round_id, block=block)),
            developer=facts.developer,
            developer_key=self._developer_key(round_id, facts),
            epoch=facts.epoch,
            seats=self._committee(self.contract.agreed("seats", round_id, block=block), facts.epoch, block),
            round_hash=facts.round_hash,
            state=state,
            collect_end=ends.collect_end,
            complaint_end=ends.complaint_end,
            row_end=ends.row_end,
            claim_end=ends.claim_end,
            closed=closed,
            answered=facts.answered,
        )

    def _closed(self, round_id: int, facts: Round) -> Closed:
        """The closed set; what was settled is checked against its hash by whoever answers or reveals."""
        points = self.disputes.settled_points(round_id) if facts.settled_at else None
        if points is None:
            return Closed(facts.root, facts.set_hash, facts.count)
        excluded = tuple(self.disputes.exclusions(round_id))
        return Closed(facts.root, facts.set_hash, facts.count, Settled(excluded, points))

    def committee(self, round_id: int) -> tuple[Seat, ...]:
        """The seats with their clerks' accounts and keys; raises as `view`."""
        return self.view(round_id).seats

    def _committee(self, clerk_ids: Sequence[int], epoch: int, block: int) -> tuple[Seat, ...]:
        keys = self.registry.keys(clerk_ids, epoch)
        return tuple(
            Seat(index, clerk_id, self.registry.operator_of(clerk_id, block=block), keys[clerk_id])
            for index, clerk_id in enumerate(clerk_ids)
        )

    def _developer_key(self, round_id: int, facts: Round) -> PublicKey:
        """From the request's event; the round hash tells whether it is the right one."""
        block = self._request_block(facts)
        found = self.contract.events("Requested", first=block, last=facts.seed_block, roundId=round_id)
        if not found:
            raise ChainError(f"round {round_id}: the node does not know its request")
        return public_key(found[0]["developerKey"])

    def _request_block(self, facts: Round) -> int:
        """A block before which the round was not requested: less than a spacing before it was."""
        settings = self.settings()
        return max(self.contract.since, facts.seed_block - settings.seed_delay - settings.seed_spacing + 1)

    # ------------------------------------------------------------------ events

    def events(self, name: str, round_id: int) -> list[Event]:
        """A round's events of one name, those of its rewards and row checks included, in order; from one node."""
        others = (self._rewards.contract, self.checks.contract)
        contract = next((each for each in others if name in each.event_names("roundId")), self.contract)
        first = self._request_block(self.round(round_id))
        return contract.events(name, first=first, roundId=round_id)

    def history(self, round_id: int) -> list[Event]:
        """All events of a round, in order; from one node."""
        contracts = (self.contract, self._rewards.contract, self.checks.contract)
        names = [name for contract in contracts for name in contract.event_names("roundId")]
        found = [event for name in names for event in self.events(name, round_id)]
        return sorted(found, key=lambda event: (event.block, event.index))

    def requested_by(self, developer: bytes) -> list[int]:
        """The ids of the rounds that a developer asked for, ascending."""
        return [int(event["roundId"]) for event in self.contract.events("Requested", developer=to_text(developer))]

    def rows(self, round_id: int) -> dict[int, list[int]]:
        """Seat → accepted row. The contract checked it; whoever distrusts the node checks it too."""
        return {int(event["seat"]): list(event["row"]) for event in self.events("RowAccepted", round_id)}

    def audit_events(self, round_id: int) -> Events:
        """What an audit looks at; from one node."""
        return Events(
            rows=tuple(
                AcceptedRow(event["seat"], event["clerkId"], event["fee"], tuple(event["row"]))
                for event in self.events("RowAccepted", round_id)
            ),
            posted=tuple(
                PostedRow(event["seat"], event["clerkId"], bytes(event["root"]))
                for event in self.events("RowPosted", round_id)
            ),
            rejected=self._slashed("RowRejected", round_id),
            bad_noise=self._slashed("NoiseRejected", round_id),
            silent=self._slashed("Silent", round_id),
            no_data=tuple(SeatEvent(event["seat"], event["clerkId"]) for event in self.events("NoData", round_id)),
            claims=tuple(
                Claimed(event["index"], event["payout"], event["amount"]) for event in self.events("Claimed", round_id)
            ),
            credits=tuple(Credit(event["account"], event["amount"]) for event in self.events("Credited", round_id)),
            settled=self.round(round_id).closed,
        )

    def _slashed(self, name: str, round_id: int) -> tuple[Slashed, ...]:
        return tuple(
            Slashed(event["seat"], event["clerkId"], event["slashed"]) for event in self.events(name, round_id)
        )

    def published_snapshot(self, round_id: int) -> Snapshot:
        """The snapshot of a narrow round, from the developer's transaction: nothing that a relay says is needed.

        Raises:
            ChainError: There is none, or what the node shows is not the one the contract accepted.
        """
        facts = self.round(round_id)
        taken = self.events("SnapshotTaken", round_id)
        if not taken:
            raise ChainError(f"round {round_id}: has no snapshot")
        with sensible_answers():
            _, arguments = self.contract.arguments(self.chain.input_of(taken[0].transaction))
            snapshot = snapshot_of(arguments["snapshot_"])
            closed_set = self._closed(round_id, facts).answered_set(snapshot.closed_set)
            genuine = (snapshot.root, closed_set.hash(facts.round_hash))
        if genuine != (facts.root, facts.set_hash):
            raise ChainError(f"round {round_id}: the snapshot's transaction does not hold what was accepted")
        return snapshot
