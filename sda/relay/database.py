"""Where a relay keeps its tables: one SQLite file, or a PostgreSQL database for real load.

Both speak the same SQL here: placeholders are `?`, byte strings `{blob}`, counters `{serial}`. What the two do
differently is in this file and nowhere else.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sda.errors import RelayError

Values = Sequence[int | bytes | str | bool | None]
POSTGRES = ("postgresql://", "postgres://")


class StorageError(RelayError):
    """The database cannot be read or written now: nothing was acknowledged, try again."""


class Connection(Protocol):
    """One connection; inside a transaction, or each statement for itself."""

    def execute(self, sql: str, values: Values = ()) -> int:
        """Change something; how many rows it was."""

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Read something."""

    def execute_many(self, sql: str, values: Iterable[Values]) -> None:
        """Change something for each."""


class Database(Protocol):
    """A database. Every method raises `StorageError` where it cannot comply."""

    name: str
    types: dict[str, str]

    def connection(self) -> AbstractContextManager[Connection]:
        """To read, or for a single statement."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """All or nothing, durable when it ends; writers of one table wait for each other."""

    def close(self) -> None:
        """Give back what this thread, or the process, holds."""


def open_database(place: str | Path) -> Database:
    """The database of a URL (postgresql://…) or of a file.

    Raises:
        StorageError: It is not to be had.
    """
    if isinstance(place, str) and place.startswith(POSTGRES):
        from sda.relay.postgres import PostgresDatabase  # heavy, and only for those who use it

        return PostgresDatabase(place)
    return SqliteDatabase(Path(place))


class _SqliteConnection:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Values = ()) -> int:
        return self._connection.execute(sql, values).rowcount

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def execute_many(self, sql: str, values: Iterable[Values]) -> None:
        self._connection.executemany(sql, values)


class SqliteDatabase:
    """One file in WAL mode, for one process or several on the same machine.

    Args:
        path: Of the file; made if there is none, for its owner alone.
    """

    types = {"blob": "BLOB", "serial": "INTEGER PRIMARY KEY"}  # noqa: RUF012 - the protocol's, never changed

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._local = threading.local()
        with self._telling():
            path.touch(mode=0o600)  # padded vectors are the developer's
            self._connection()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """See `Database.connection`."""
        with self._telling():
            yield _SqliteConnection(self._connection())

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """See `Database.transaction`."""
        with self._telling():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteConnection(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file for this thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            del self._local.connection

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{self.name}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        """One per thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # what has a receipt survives a power cut
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection
