"""What a contributor has sent, kept before it is sent (PROTOCOL §11.15).

One message per round: a retry sends the same bytes, and other data for the same round is refused, because two
padded vectors under one pad tell their difference. No plaintext is kept: whether a vector is the same as
before is seen by building the message again with the stored nonce.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import SupportsIndex

from sda.contributor import ContributorKey, contribute
from sda.crypto.seeds import NONCE_BYTES
from sda.errors import SDAError
from sda.keys import make_private_directory
from sda.messages import Contribution
from sda.round import RoundView

FILE_NAME = "outbox.sqlite"


class OutboxError(SDAError):
    """The outbox cannot be used."""


class AlreadyContributedError(OutboxError):
    """Other data was already prepared for this round; a contributor has one message per round."""


class Outbox:
    """The messages of one contributor's directory.

    Args:
        directory: Private to the contributor; made if need be.

    Raises:
        KeyFileError: The directory is open to others.
    """

    def __init__(self, directory: Path) -> None:
        make_private_directory(directory)
        self._path = directory / FILE_NAME
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS messages ("
                " round_hash BLOB, account BLOB, nonce BLOB NOT NULL, message BLOB NOT NULL,"
                " PRIMARY KEY (round_hash, account))"
            )
        self._path.chmod(0o600)

    def prepare(
        self,
        view: RoundView,
        key: ContributorKey,
        position: int,
        vector: Sequence[SupportsIndex | float],
        payout: bytes,
    ) -> Contribution:
        """The message of a round: a new one, stored before it is returned, or the stored one if it is the
        same.

        Args:
            view, key, position, vector, payout: As for `contribute`.

        Raises:
            AlreadyContributedError: A message with another vector, payout or position is stored.
            EncodingError: The vector does not fit the round.
        """
        account = key.account.address
        stored = self._find(view.round_hash, account)
        if stored is None:
            contribution = contribute(view, key, position, vector, payout, secrets.token_bytes(NONCE_BYTES))
            if self._insert(contribution):
                return contribution
            # Another process was faster: its message stands, and this one is never sent.
            stored = self._find(view.round_hash, account)
        if stored is None:
            raise OutboxError(f"{self._path}: does not keep what is stored")
        nonce, message = stored
        contribution = contribute(view, key, position, vector, payout, nonce)
        if contribution.encode() != message:
            raise AlreadyContributedError(
                f"round {view.round_id}: 0x{account.hex()} has a message with other data, one is all it takes"
            )
        return contribution

    def stored(self, view: RoundView, account: bytes) -> Contribution | None:
        """What was prepared for a round by an account, to be sent again or to be claimed for."""
        stored = self._find(view.round_hash, account)
        return None if stored is None else Contribution.decode(stored[1], view.parameters, check_subgroup=False)

    def _find(self, round_hash: bytes, account: bytes) -> tuple[bytes, bytes] | None:
        with closing(self._connect()) as connection:
            row: tuple[bytes, bytes] | None = connection.execute(
                "SELECT nonce, message FROM messages WHERE round_hash = ? AND account = ?",
                (round_hash, account),
            ).fetchone()
        return row

    def _insert(self, contribution: Contribution) -> bool:
        """Whether it was stored; it is not if the round has a message."""
        leaf = contribution.leaf
        with closing(self._connect()) as connection, connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?)",
                (leaf.round_hash, leaf.account, leaf.nonce, contribution.encode()),
            )
        return added.rowcount == 1

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)
