"""The rows of a wide round as its developer gets them: each checked once, wrong ones shown, withheld ones doubted."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sda.agents.closed import closed_snapshot
from sda.chain.contracts import Contracts
from sda.closed import Closed, Snapshot
from sda.crypto.sumtree import Sums
from sda.developer import PaddedSum
from sda.errors import ContractError, RelayError
from sda.messages import AccountKey
from sda.opening import OpenTree
from sda.posted import open_chunk, posted_row, wrong_chunk
from sda.relay.interface import Relay
from sda.round import RoundView, State
from sda.settling import leaf_at


class RowCheck:
    """What one developer knows of one round's rows.

    Args:
        contracts: Of the deployment.
        account: The developer's: pays for transactions and bonds.
        relay: Serves rows; not believed.
        padded_sum: Of the closed set, whose points the rows must open.
    """

    def __init__(self, contracts: Contracts, account: AccountKey, relay: Relay, padded_sum: PaddedSum) -> None:
        self._rounds, self._token = contracts.rounds, contracts.token
        self._chain, self._account, self._relay = contracts.chain, account, relay
        self._padded_sum = padded_sum
        self._right: dict[int, list[int]] = {}
        self._wrong: dict[int, tuple[list[int], int]] = {}

    def rows(self, view: RoundView) -> dict[int, list[int]]:
        """Seat → row, of the rows that were posted and served, and open every chunk of their commitments."""
        for seat, root in self._rounds.checks.posted(view.round_id).items():
            if seat not in self._right and seat not in self._wrong:
                self._look(view, seat, root)
        return dict(self._right)

    def _look(self, view: RoundView, seat: int, root: bytes) -> None:
        try:
            row = posted_row(self._relay.row(view.round_hash, seat), root, view.parameters)
        except RelayError:
            return
        if row is None:
            return
        wrong = wrong_chunk(row, self._padded_sum.points[seat :: view.parameters.n], view.parameters)
        if wrong is None:
            self._right[seat] = row
        else:
            self._wrong[seat] = row, wrong

    def act(self, view: RoundView) -> list[str]:
        """Show the rows that are wrong, and doubt those that are not served once all had to be.

        Returns:
            What was done, in words.
        """
        if view.state is not State.ANSWERING:
            return []
        self.rows(view)
        resolved = self._rounds.round(view.round_id).resolved
        done = []
        for seat, (row, chunk) in self._wrong.items():
            if not resolved >> seat & 1:
                done.append(self._show(view, seat, row, chunk))
        posted_until = view.row_end - 2 * view.terms.row_window
        if posted_until <= self._chain.now() < posted_until + view.terms.row_window:
            done += self._doubt_withheld(view, resolved)
        return done

    def _show(self, view: RoundView, seat: int, row: Sequence[int], chunk: int) -> str:
        closed, snapshot, leaves = self._opened(view)
        opening = open_chunk(view.parameters, closed, snapshot, leaves, row, seat, chunk)
        try:
            right, _ = self._rounds.checks.open_chunk(self._account, view.round_id, seat, opening)
        except ContractError:
            if self._rounds.round(view.round_id).resolved >> seat & 1:
                return f"seat {seat}: somebody else showed that its row is wrong"
            raise
        return f"seat {seat}: chunk {chunk} of its row is {'right' if right else 'wrong, its bond is gone'}"

    def _opened(self, view: RoundView) -> tuple[Closed, Snapshot, list[Sums]]:
        closed, snapshot = closed_snapshot(self._rounds, self._relay, view)
        tree = OpenTree(view, self._relay, snapshot)
        excluded = closed.settled.excluded if closed.settled else ()
        return closed, snapshot, [leaf_at(tree, each) for each in excluded]

    def _doubt_withheld(self, view: RoundView, resolved: int) -> list[str]:
        """Once each, at random, whatever others doubted: a clerk may have had itself asked for the one right chunk."""
        checks = self._rounds.checks
        doubts = checks.doubts(view.round_id)
        mine = {each.seat for each in doubts if each.challenger == self._account.address}
        done = []
        for seat in checks.posted(view.round_id):
            asked = {each.chunk for each in doubts if each.seat == seat}
            left = [chunk for chunk in range(view.parameters.chunks) if chunk not in asked]
            known = seat in self._right or seat in self._wrong or resolved >> seat & 1
            if known or seat in mine or not left:
                continue
            chunk = secrets.choice(left)
            permit = self._token.permit(self._account, checks.address, checks.bond())
            checks.doubt(self._account, view.round_id, seat, chunk, permit)
            done.append(f"seat {seat}: its row is not served; chunk {chunk} has to be opened")
        return done
