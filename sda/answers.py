"""What a clerk has computed and answered, written down: one row per seat and round, never for two sets.

A row is kept as soon as it is computed, while complaints last: a relay that withholds the files once rows are due
cannot make the clerk late. It becomes the seat's answer before it is sent.

A second row for another set of the same round would show the difference of two sums, and with it a few
contributors (PROTOCOL §5). Restarts, reorganisations of the chain and developers that close twice all end
here.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from sda.clerk import Answer
from sda.closed import ClosedSet, Snapshot
from sda.crypto.field import row_from_bytes, row_to_bytes
from sda.crypto.sumtree import Sums
from sda.errors import SDAError
from sda.keys import make_private_directory
from sda.params import Parameters
from sda.relay.tree import decode_sums, encode_sums
from sda.relay.wire import decode_snapshot, encode_snapshot, frame, unframe

FILE_NAME = "answers.sqlite"
RESERVE_BYTES = 1 << 18
"""Kept free inside the file, and in its journal: an answer can be written down when the disk is full."""

_log = logging.getLogger(__name__)


class NotWrittenError(SDAError):
    """An answer cannot be written down: the disk is full, or fails. It must not be sent."""


class SecondAnswerError(SDAError):
    """The seat has answered another set in this round; it must not answer this one."""


class AnswerBook:
    """The answers of one clerk.

    Args:
        directory: The clerk's, private; made if need be.

    Raises:
        KeyFileError: The directory is open to others.
    """

    def __init__(self, directory: Path) -> None:
        make_private_directory(directory)
        self._path = directory / FILE_NAME
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS answers ("
                " round_hash BLOB, seat INTEGER, set_hash BLOB NOT NULL, row BLOB NOT NULL,"
                " PRIMARY KEY (round_hash, seat))"
            )
            connection.execute(
                "CREATE TABLE IF NOT EXISTS computed ("
                " round_hash BLOB, seat INTEGER, set_hash BLOB, closed_set BLOB NOT NULL, row BLOB NOT NULL,"
                " PRIMARY KEY (round_hash, seat, set_hash))"
            )
            connection.execute(
                "CREATE TABLE IF NOT EXISTS openings ("
                " round_hash BLOB, seat INTEGER, set_hash BLOB, snapshot BLOB NOT NULL, leaves BLOB NOT NULL,"
                " PRIMARY KEY (round_hash, seat, set_hash))"
            )
        self._path.chmod(0o600)
        if self._path.stat().st_size < RESERVE_BYTES:
            self._reserve()

    def _reserve(self) -> None:
        """Fill the file and its journal once, and free the space for what comes later."""
        with closing(self._connect()) as connection:
            for statement in (
                "CREATE TABLE reserve AS SELECT zeroblob(?) AS space",
                "UPDATE reserve SET space = randomblob(?)",
            ):
                with connection:
                    connection.execute(statement, (RESERVE_BYTES,))
            connection.execute("DROP TABLE reserve")

    def keep(self, round_hash: bytes, computed: Answer) -> None:
        """Keep a row that was computed and checked for a set; nothing is answered by that.

        If it cannot be written that is said, and it is computed again when it is due.
        """
        key = (round_hash, computed.seat, computed.closed_set.hash(round_hash))
        try:
            with closing(self._connect()) as connection, connection:
                connection.execute(
                    "INSERT OR REPLACE INTO computed VALUES (?, ?, ?, ?, ?)",
                    (*key, computed.closed_set.encode(), row_to_bytes(computed.row)),
                )
                if computed.snapshot is not None:
                    leaves = frame(encode_sums(leaf) for leaf in computed.leaves)
                    connection.execute(
                        "INSERT OR REPLACE INTO openings VALUES (?, ?, ?, ?, ?)",
                        (*key, encode_snapshot(computed.snapshot), leaves),
                    )
        except sqlite3.OperationalError as error:
            _log.warning("%s: a computed row cannot be kept (%s)", self._path, error)

    def kept(self, round_hash: bytes, seat: int, set_hash: bytes) -> Answer | None:
        """What was computed for a set, None if nothing was."""
        with closing(self._connect()) as connection:
            stored = connection.execute(
                "SELECT closed_set, row FROM computed WHERE round_hash = ? AND seat = ? AND set_hash = ?",
                (round_hash, seat, set_hash),
            ).fetchone()
        return None if stored is None else Answer(seat, ClosedSet.decode(stored[0]), row_from_bytes(stored[1]))

    def opening(
        self, round_hash: bytes, seat: int, set_hash: bytes, parameters: Parameters
    ) -> tuple[Snapshot, list[Sums]] | None:
        """With what chunks of a wide round's row are opened, None if it is not kept.

        A relay that withholds it later cannot make a seat lose a doubt.
        """
        with closing(self._connect()) as connection:
            stored = connection.execute(
                "SELECT snapshot, leaves FROM openings WHERE round_hash = ? AND seat = ? AND set_hash = ?",
                (round_hash, seat, set_hash),
            ).fetchone()
        if stored is None:
            return None
        return decode_snapshot(stored[0]), [decode_sums(leaf, parameters) for leaf in unframe(stored[1])]

    def snapshot(self, round_hash: bytes, seat: int) -> Snapshot | None:
        """The snapshot of a wide round as it was last kept; whoever uses it compares its root."""
        with closing(self._connect()) as connection:
            stored = connection.execute(
                "SELECT snapshot FROM openings WHERE round_hash = ? AND seat = ? ORDER BY rowid DESC",
                (round_hash, seat),
            ).fetchone()
        return None if stored is None else decode_snapshot(stored[0])

    def record(self, round_hash: bytes, seat: int, set_hash: bytes, row: list[int]) -> None:
        """Write an answer down; writing the same one again is harmless.

        Raises:
            SecondAnswerError: The seat has answered another set, or otherwise.
            NotWrittenError: It is not written down.
        """
        content = row_to_bytes(row)
        try:
            with closing(self._connect()) as connection, connection:
                connection.execute(
                    "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", (round_hash, seat, set_hash, content)
                )
                stored = connection.execute(
                    "SELECT set_hash, row FROM answers WHERE round_hash = ? AND seat = ?", (round_hash, seat)
                ).fetchone()
        except sqlite3.OperationalError as error:
            reason = f"{self._path}: the answer of seat {seat} cannot be written down ({error}), so it is not sent"
            raise NotWrittenError(reason) from error
        if stored != (set_hash, content):
            raise SecondAnswerError(
                f"seat {seat}: has answered set {stored[0].hex()}, must not answer {set_hash.hex()} as well"
            )

    def forget(self, round_hash: bytes) -> None:
        """Drop what was computed for a round that is over; answers stay, so that there is never a second one."""
        with closing(self._connect()) as connection, connection:
            connection.execute("DELETE FROM computed WHERE round_hash = ?", (round_hash,))
            connection.execute("DELETE FROM openings WHERE round_hash = ?", (round_hash,))

    def find(self, round_hash: bytes, seat: int) -> tuple[bytes, list[int]] | None:
        """Set hash and row of the answer of a seat, None if it gave none."""
        with closing(self._connect()) as connection:
            stored = connection.execute(
                "SELECT set_hash, row FROM answers WHERE round_hash = ? AND seat = ?", (round_hash, seat)
            ).fetchone()
        return None if stored is None else (stored[0], row_from_bytes(stored[1]))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30)
        connection.execute("PRAGMA journal_mode = PERSIST")  # its space is there before it is needed
        return connection
