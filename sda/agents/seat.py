"""A seat: what a clerk computes, sends and settles in one round, from its keys and the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sda.agents.closed import closed_snapshot
from sda.answers import AnswerBook
from sda.chain.contracts import Contracts
from sda.chain.settings import in_tokens
from sda.clerk import Answer, answer, find_liar
from sda.closed import Closed, Exclusion, Settled, Snapshot
from sda.crypto.keys import SecretKey
from sda.crypto.sumtree import Sums
from sda.errors import ProofError, SDAError, UnreachableError
from sda.keys import ClerkKeys
from sda.messages import AccountKey
from sda.opening import OpenTree
from sda.pairs import Pairs, pairs_file
from sda.relay.interface import Relay
from sda.round import RoundView, Seat
from sda.settling import leaf_at, remaining_points
from sda.walk import Walk


class SeatDesk:
    """Where a clerk works for one of its seats.

    Args:
        contracts: Of the deployment.
        keys: The clerk's.
        relay: Serves the round's files; not believed.
        book: Of what the clerk computed and answered.
        view: Of the round, drawn.
        clerk_id: Whose seat.
    """

    def __init__(
        self, contracts: Contracts, keys: ClerkKeys, relay: Relay, book: AnswerBook, view: RoundView, clerk_id: int
    ) -> None:
        self.contracts = contracts
        self.rounds = contracts.rounds
        self.disputes = contracts.rounds.disputes
        self.keys = keys
        self.relay = relay
        self.view = view
        self.seat: Seat = next(seat for seat in view.seats if seat.clerk_id == clerk_id)
        self.book = book

    @property
    def account(self) -> AccountKey:
        """The clerk's account."""
        return self.keys.account

    @property
    def secret(self) -> SecretKey:
        """The clerk's key of the round's epoch."""
        return self.keys.key(self.view.epoch)

    @property
    def pairs_file(self) -> Path:
        """Where the epoch's shared points are remembered."""
        return pairs_file(self.keys.directory, self.view.epoch)

    # ------------------------------------------------------------------ rows

    def compute(self, view: RoundView | None = None) -> Answer:
        """The answer to the set on chain, computed once.

        Args:
            view: The round as it is foreseen, if not as it is.

        Raises:
            JobRefusedError, SumMismatchError: As `sda.clerk.answer`.
        """
        view = view or self.view
        if view.closed is None:
            raise ProofError(f"round {view.round_id}: has no snapshot")
        kept = self.book.kept(view.round_hash, self.seat.index, view.closed.set_hash)
        if kept is not None:
            return kept
        self.relay.open_round(view)
        pairs = Pairs.load(self.pairs_file, self.secret)
        try:
            posted = self.disputes.answers(view, self.seat.index) if view.closed.settled is not None else None
            found = answer(view, self.seat, self.relay, self.secret, pairs, posted)
        finally:
            # Also after a failure: verified contributors need not be verified again.
            pairs.save(self.pairs_file)
        self.book.keep(view.round_hash, found)
        return found

    def answer(self) -> str:
        """Send the row, which is written down first: a seat answers one set and never a second."""
        view, seat = self.view, self.seat.index
        found = self.compute()
        self.book.record(view.round_hash, seat, found.closed_set.hash(view.round_hash), found.row)
        right, _ = self.rounds.submit_row(self.account, view.round_id, seat, found.closed_set, found.row)
        if not right:
            raise ProofError(f"seat {seat}: the contract found the row wrong")
        fee = view.terms.row_fee(found.closed_set.count)
        return f"seat {seat}: earns {in_tokens(fee)} tokens when the round is settled"

    def walk(self, view: RoundView | None = None) -> Walk:
        """The way to whoever lied; everything it starts from is checked."""
        view = view or self.view
        self.relay.open_round(view)
        pairs = Pairs.load(self.pairs_file, self.secret)
        return find_liar(view, self.seat, self.relay, pairs, self.disputes.answers(view, self.seat.index))

    # ------------------------------------------------------------------ exclusions

    def settle(self) -> str:
        """Take out of the set what verdicts excluded."""
        snapshot, excluded = self._snapshot(), self.disputes.exclusions(self.view.round_id)
        leaves = self._leaves(snapshot, excluded)
        points = remaining_points(self.view, snapshot, leaves)
        self.disputes.settle(self.account, self.view.round_id, snapshot.closed_set, points, excluded, leaves)
        return f"{len(excluded)} left out"

    def foreseen(self) -> RoundView:
        """The round as it will be if nothing more is excluded: its row is computed and kept while complaints last."""
        snapshot, excluded = self._snapshot(), self.disputes.exclusions(self.view.round_id)
        points = remaining_points(self.view, snapshot, self._leaves(snapshot, excluded))
        settled = Settled(tuple(excluded), tuple(points))
        set_hash = settled.final_set(snapshot.closed_set).hash(self.view.round_hash)
        return replace(self.view, closed=Closed(snapshot.root, set_hash, snapshot.count, settled))

    def is_foreseen_kept(self) -> bool:
        """Whether the row over what is left, and with what its chunks are opened, is written down."""
        try:
            closed = self.foreseen().closed
        except UnreachableError:
            raise
        except SDAError:
            return False
        kept = closed and self.book.opening(
            self.view.round_hash, self.seat.index, closed.set_hash, self.view.parameters
        )
        return bool(kept)

    def _snapshot(self) -> Snapshot:
        """Of a wide round, whose preimage only the relay has, the one that was written down if there is one."""
        kept = self.book.snapshot(self.view.round_hash, self.seat.index)
        if kept is not None and self.view.closed is not None and kept.root == self.view.closed.root:
            return kept
        self.relay.open_round(self.view)
        _, snapshot = closed_snapshot(self.rounds, self.relay, self.view)
        return snapshot

    def _leaves(self, snapshot: Snapshot, excluded: Sequence[Exclusion]) -> list[Sums]:
        """What the excluded leaves had committed to, as settling a narrow round shows it; a wide one shows none."""
        if self.view.parameters.chunks > 1:
            return []
        self.relay.open_round(self.view)
        tree = OpenTree(self.view, self.relay, snapshot, self.disputes.answers(self.view, self.seat.index))
        return [leaf_at(tree, each) for each in excluded]
