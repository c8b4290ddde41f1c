"""What a clerk has answered, written down before it is sent: one row per seat and round, never for two sets.

A second row for another set of the same round would show the difference of two sums, and with it a few
contributors (PROTOCOL §5). Restarts, reorganisations of the chain and developers that close twice all end
here.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sda.crypto.field import row_from_bytes, row_to_bytes
from sda.errors import SDAError
from sda.keys import make_private_directory

FILE_NAME = "answers.sqlite"


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
        self._path.chmod(0o600)

    def record(self, round_hash: bytes, seat: int, set_hash: bytes, row: list[int]) -> None:
        """Write an answer down; writing the same one again is harmless.

        Raises:
            SecondAnswerError: The seat has answered another set, or otherwise.
        """
        content = row_to_bytes(row)
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", (round_hash, seat, set_hash, content)
            )
            stored = connection.execute(
                "SELECT set_hash, row FROM answers WHERE round_hash = ? AND seat = ?", (round_hash, seat)
            ).fetchone()
        if stored != (set_hash, content):
            raise SecondAnswerError(
                f"seat {seat}: has answered set {stored[0].hex()}, must not answer {set_hash.hex()} as well"
            )

    def find(self, round_hash: bytes, seat: int) -> tuple[bytes, list[int]] | None:
        """Set hash and row of the answer of a seat, None if it gave none."""
        with closing(self._connect()) as connection:
            stored = connection.execute(
                "SELECT set_hash, row FROM answers WHERE round_hash = ? AND seat = ?", (round_hash, seat)
            ).fetchone()
        return None if stored is None else (stored[0], row_from_bytes(stored[1]))

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)
