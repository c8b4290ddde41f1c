"""A seat's rows: what its clerk expands for the leaves of a closed set, contributors' data and seats' noise."""

from __future__ import annotations

from sda.crypto.keys import PublicKey
from sda.crypto.merkle import Roster
from sda.crypto.pads import add
from sda.crypto.seeds import SeedPrefix, sum_rows
from sda.crypto.tags import Tag
from sda.pairs import Pairs
from sda.round import RoundView, Seat


class SeatRows:
    """Sums of a seat's expanded rows.

    Args:
        view: Of the round.
        seat: Whose rows.
        pairs: Knows everybody in the roster.
        roster: Of the closed set.
        noise: Bitmap of the seats whose noise leaf is present.
    """

    def __init__(self, view: RoundView, seat: Seat, pairs: Pairs, roster: Roster, noise: int) -> None:
        self._n, self._m = view.parameters.n, view.parameters.row_length
        self._pairs, self._roster = pairs, roster
        self._prefix = SeedPrefix(Tag.PAD, view.round_hash, seat.index)
        self._noise_prefix = SeedPrefix(Tag.NOISE_PAD, view.round_hash, seat.index)
        present = [other for other in view.seats if noise >> other.index & 1]
        nonces = zip(present, roster.noise_nonces, strict=True)
        self._dealers: dict[int, tuple[PublicKey, bytes]] = {other.index: (other.key, nonce) for other, nonce in nonces}

    def all(self) -> list[int]:
        """Of the whole set, m elements."""
        return self.over(range(self._n + len(self._roster.positions)))

    def over(self, leaves: range) -> list[int]:
        """Of these leaves, m elements; nothing is expanded for empty ones.

        Args:
            leaves: Indices in the tree, in a row.
        """
        chosen = slice(max(leaves.start - self._n, 0), max(leaves.stop - self._n, 0))
        row = [0] * self._m
        for entries in self._pairs.entries_by_block(self._roster.positions[chosen], self._roster.nonces[chosen]):
            row = add(row, sum_rows(self._prefix, entries, self._m))
        noise = b"".join(self._noise_entry(index) for index in self._dealers if index in leaves)
        return add(row, sum_rows(self._noise_prefix, noise, self._m)) if noise else row

    def each(self, leaves: range) -> list[list[int]]:
        """Of each of these leaves."""
        return [self.over(range(index, index + 1)) for index in leaves]

    def _noise_entry(self, seat: int) -> bytes:
        key, nonce = self._dealers[seat]
        return key.compressed + nonce + self._pairs.shared_with(key)
