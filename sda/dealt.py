"""The noise messages of a clerk, kept before they are sent: one per round, and never another (PROTOCOL §9).

Two noise vectors for one round would tell their difference, and whoever can choose among several biases the sum. So
a message is on disk before anybody sees it, and a restart sends the same bytes. The noise itself is written nowhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sda.answers import NotWrittenError
from sda.keys import make_private_directory

FILE_NAME = "noise.sqlite"


class NoiseBook:
    """What one clerk has dealt. A book that cannot be read or written keeps noise back, and nothing else.

    Args:
        directory: The clerk's, private; made if need be.

    Raises:
        KeyFileError: The directory is open to others.
    """

    def __init__(self, directory: Path) -> None:
        make_private_directory(directory)
        self._path = directory / FILE_NAME

    def message(self, round_hash: bytes, make: Callable[[], bytes]) -> bytes:
        """The message for a round: the one that was made before, or a new one, stored before it is returned.

        Raises:
            NotWrittenError: The book fails: nothing may be sent.
        """
        with self._open() as book:
            stored = _find(book, round_hash)
        if stored is None:
            made = make()
            with self._open() as book:
                book.execute("INSERT OR IGNORE INTO dealt (round_hash, message) VALUES (?, ?)", (round_hash, made))
                stored = _find(book, round_hash)  # another process may have been faster: its message stands
        if stored is None:
            raise NotWrittenError(f"{self._path}: does not keep what is stored")
        return stored[0]

    def is_sent(self, round_hash: bytes) -> bool:
        """Whether a relay has taken the message.

        Raises:
            NotWrittenError: The book fails.
        """
        with self._open() as book:
            stored = _find(book, round_hash)
        return stored is not None and stored[1]

    def mark_sent(self, round_hash: bytes) -> None:
        """A relay has taken the message.

        Raises:
            NotWrittenError: The book fails: the same bytes are sent again.
        """
        with self._open() as book:
            book.execute("UPDATE dealt SET sent = 1 WHERE round_hash = ?", (round_hash,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        try:
            with closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
                self._path.chmod(0o600)
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS dealt ("
                    " round_hash BLOB PRIMARY KEY, message BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0)"
                )
                yield connection
        except sqlite3.DatabaseError as error:
            raise NotWrittenError(
                f"{self._path}: the noise dealt is not on record ({error}), so none is sent"
            ) from error


def _find(book: sqlite3.Connection, round_hash: bytes) -> tuple[bytes, bool] | None:
    row = book.execute("SELECT message, sent FROM dealt WHERE round_hash = ?", (round_hash,)).fetchone()
    return None if row is None else (row[0], bool(row[1]))
