"""SQLite and PostgreSQL behind one door: the same SQL, all or nothing, errors that say which database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sda.errors import RelayError
from sda.messages import Domain
from sda.relay import LocalRelay
from sda.relay.database import Database, StorageError, open_database
from tests.relay.conftest import Databases

DOMAIN = Domain(31337, b"\x01" * 20)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, databases: Databases) -> Path | str:
    return databases.make() if request.param == "postgres" else tmp_path / "relay.sqlite"


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    database = open_database(place)
    with database.connection() as connection:
        connection.execute("CREATE TABLE things (number {serial}, data {blob})".format(**database.types))
    yield database
    database.close()


def numbers(database: Database) -> list[int]:
    with database.connection() as connection:
        return [number for (number,) in connection.rows("SELECT number FROM things ORDER BY number")]


def test_transaction__that_fails__leaves_nothing(database: Database) -> None:
    with pytest.raises(StorageError), database.transaction() as connection:
        connection.execute_many("INSERT INTO things VALUES (?, ?)", [(1, b"one"), (1, b"the same number")])
    assert numbers(database) == []
    with database.transaction() as connection:
        connection.execute("INSERT INTO things VALUES (?, ?)", (2, b"two"))
    assert numbers(database) == [2]


def test_transactions__of_several_threads__come_one_after_the_other(database: Database) -> None:
    def add_next(_: int) -> None:
        with database.transaction() as connection:
            last = connection.rows("SELECT coalesce(max(number), 0) FROM things")[0][0]
            connection.execute("INSERT INTO things VALUES (?, ?)", (last + 1, b""))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(add_next, range(60)))
    assert numbers(database) == list(range(1, 61))


def test_values__come_back_as_they_went(database: Database) -> None:
    data = bytes(range(256)) * 40
    with database.transaction() as connection:
        connection.execute_many("INSERT INTO things VALUES (?, ?)", ((number, data) for number in (1, 1 << 40)))
    with database.connection() as connection:
        rows = connection.rows("SELECT number, data FROM things ORDER BY number")
        assert [(number, bytes(found)) for number, found in rows] == [(1, data), (1 << 40, data)]
        assert connection.execute("DELETE FROM things WHERE number = ?", (1,)) == 1


def test_wrong_statement__names_the_database(database: Database) -> None:
    with pytest.raises(StorageError) as caught, database.connection() as connection:
        connection.rows("SELECT nothing FROM nowhere")
    assert str(caught.value).startswith(database.name)


def test_relay__of_another_contract_or_later_version__is_refused(place: Path | str) -> None:
    LocalRelay(place, DOMAIN).close()
    with pytest.raises(RelayError, match="must be of"):
        LocalRelay(place, Domain(1, DOMAIN.contract))
    database = open_database(place)
    with database.connection() as connection:
        connection.execute("INSERT INTO migrations VALUES (?)", (99,))
    database.close()
    with pytest.raises(RelayError, match="made by a later sda"):
        LocalRelay(place, DOMAIN)


def test_challenge_secret__is_the_databases__not_the_processes(place: Path | str) -> None:
    first, second = LocalRelay(place, DOMAIN), LocalRelay(place, DOMAIN)
    assert first.challenge_secret() == second.challenge_secret()
    assert len(first.challenge_secret()) == 32
    first.close()
    second.close()


def test_postgres__that_is_not_there__is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sda.relay.postgres._WAIT_SECONDS", 0.5)
    with pytest.raises(StorageError) as caught:
        open_database("postgresql://relay:open-sesame@127.0.0.1:1/relay")
    assert "postgresql://127.0.0.1/relay" in str(caught.value)
    assert "open-sesame" not in str(caught.value)


def test_file__in_no_directory__is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        open_database(tmp_path / "nowhere" / "relay.sqlite")
