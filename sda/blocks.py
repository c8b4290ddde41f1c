"""Numbered blobs in an SQLite file: what a clerk can always compute again, and rather does not.

A write happens or does not, whenever the process ends and however full the disk is. A file that is no database any
more is made anew; whether a blob is what was written, its owner checks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from sda.keys import make_private_directory


class BlockFile:
    """Blobs by number.

    Args:
        path: Of the file; its directory is made, for its owner only, if need be.
    """

    def __init__(self, path: Path) -> None:
        make_private_directory(path.parent)
        self.path = path

    def read(self) -> Iterator[tuple[int, bytes]]:
        """All blobs by ascending number; none if there is no file, or it is damaged beyond reading."""
        if not self.path.exists():
            return
        try:
            with closing(self._connect()) as connection:
                yield from connection.execute("SELECT number, data FROM blocks ORDER BY number")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self.path.unlink()

    def write(self, blocks: Mapping[int, bytes]) -> None:
        """Put these blobs in place of earlier ones; all or none.

        Raises:
            sqlite3.Error: The disk is full, or the file cannot be used.
        """
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO blocks VALUES (?, ?)", blocks.items())

    def _connect(self) -> sqlite3.Connection:
        self.path.touch(mode=0o600)
        connection = sqlite3.connect(self.path, timeout=30)
        connection.execute("CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        return connection
