"""The row checks contract: rows of wide rounds, posted as roots, doubted and opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sda.chain.addresses import from_text, to_text
from sda.chain.client import Chain, Receipt
from sda.chain.contract import Contract
from sda.chain.evidence import set_struct
from sda.chain.points import point_struct
from sda.chain.token import NO_PERMIT, Permit
from sda.crypto.curve import to_bytes128
from sda.crypto.merkle import merkle_path
from sda.crypto.sumtree import Sums
from sda.messages import AccountKey
from sda.posted import RowOpening


@dataclass(frozen=True)
class Doubt:
    """`IRowChecks.Doubt`.

    Attributes:
        seat, chunk: What is to be opened.
        challenger: Who put up the bond, 20 bytes.
        settled: Whether the bond was credited to somebody.
    """

    seat: int
    chunk: int
    challenger: bytes
    settled: bool


class RowChecks:
    """`RowChecks`.

    Args:
        chain: Where it is.
        address: 20 bytes.
        since: Block of its deployment.
    """

    def __init__(self, chain: Chain, address: bytes, since: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.contract = Contract(chain, "RowChecks", address, since)

    # ------------------------------------------------------------------ rows

    def post_row(self, sender: AccountKey, round_id: int, seat: int, set_hash: bytes, root: bytes) -> Receipt:
        """Post the root of a seat's row over the set with this hash."""
        return self.contract.transact(sender, "postRow", round_id, seat, set_hash, root)

    def doubt(self, sender: AccountKey, round_id: int, seat: int, chunk: int, permit: Permit = NO_PERMIT) -> Receipt:
        """Demand, for a bond, that a chunk is opened on chain."""
        return self.contract.transact(sender, "doubt", round_id, seat, chunk, permit.struct)

    def open_chunk(self, sender: AccountKey, round_id: int, seat: int, opening: RowOpening) -> tuple[bool, Receipt]:
        """Open a chunk of a posted row.

        Returns:
            Whether it was right; a wrong one costs its seat the bond.
        """
        receipt = self.contract.transact(sender, "openChunk", round_id, seat, _opening_struct(opening))
        return self.contract.event_of(receipt, "ChunkOpened") is not None, receipt

    def reclaim(self, sender: AccountKey, round_id: int, seat: int, chunk: int) -> Receipt:
        """Pay out the bond of a doubt that was not answered."""
        return self.contract.transact(sender, "reclaim", round_id, seat, chunk)

    def withdraw(self, sender: AccountKey, to: bytes) -> Receipt:
        """Take all bonds credited to the sender."""
        return self.contract.transact(sender, "withdraw", to_text(to))

    # ------------------------------------------------------------------ views

    def bond(self) -> int:
        """What a doubt costs, token units."""
        return int(self.contract.call("bond"))

    def balance_of(self, account: bytes) -> int:
        """Bonds credited to an account, token units."""
        return int(self.contract.call("balanceOf", to_text(account)))

    def root_of(self, round_id: int, seat: int) -> bytes | None:
        """The root that a seat posted, None if it did not."""
        root = bytes(self.contract.call("rowOf", round_id, seat)[0])
        return root if any(root) else None

    def posted(self, round_id: int) -> dict[int, bytes]:
        """Seat → the root that it posted; from one node."""
        return {
            int(event["seat"]): bytes(event["root"]) for event in self.contract.events("RowPosted", roundId=round_id)
        }

    def doubts(self, round_id: int) -> list[Doubt]:
        """All doubts of a round, in order."""
        return [
            self._doubt(round_id, int(event["seat"]), int(event["chunk"]))
            for event in self.contract.events("Doubted", roundId=round_id)
        ]

    def _doubt(self, round_id: int, seat: int, chunk: int) -> Doubt:
        challenger, settled = self.contract.call("doubtOf", round_id, seat, chunk)
        return Doubt(seat, chunk, from_text(challenger), settled)


def _opening_struct(opening: RowOpening) -> Any:
    """`IRowChecks.RowOpening`."""
    return (
        list(opening.row),
        list(opening.row_path),
        (opening.chunk, list(opening.path)),
        opening.count,
        list(opening.words),
        set_struct(opening.closed_set),
        [point_struct(point) for point in opening.points],
        [(each.index, each.noise, each.body) for each in opening.queue],
        [_leaf_struct(leaf, opening.chunk) for leaf in opening.leaves],
    )


def _leaf_struct(leaf: Sums, index: int) -> Any:
    """`IRowChecks.ExcludedChunk`."""
    chunk = leaf.chunk(index)
    points = [point_struct(to_bytes128(point)) for point in chunk.points]
    return points, list(chunk.correction_hashes), merkle_path(leaf.bodies, index)
