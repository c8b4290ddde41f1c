"""kill -9 of the relay or of PostgreSQL under load, a full disk, another database: no receipt is worth nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from sda.chain.devnet import Devnet
from sda.crypto.hashes import keccak
from sda.messages import Domain
from sda.relay import LocalRelay, Reason, RefusedError
from sda.relay.client import HttpRelay
from tests.relay.conftest import Databases
from tests.relay.stage import PATIENCE, SENDERS, Load, Stage

COUNT = 150
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def stage(devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A round, and a relay that is not left behind; its clients do not wait long between their tries."""
    monkeypatch.setattr("sda.relay.client._LONGEST_WAIT", 0.5)
    found = Stage(devnet, tmp_path)
    yield found
    found.relay.kill()


def check_stored(stage: Stage, database: str, load: Load) -> None:
    """Who has a receipt is stored; those who wait their turn are not."""
    stored = stage.stored(database)
    assert {position: keccak(stored[position]) for position in load.receipts} == {
        position: receipt.id for position, receipt in load.receipts.items()
    }
    assert len(stored) <= len(load.receipts) + SENDERS


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_relay__killed_under_load__loses_no_receipt(
    stage: Stage, kind: str, tmp_path: Path, databases: Databases
) -> None:
    database = databases.make() if kind == "postgres" else str(tmp_path / "relay.sqlite")
    stage.relay.start(database)
    messages = stage.make(COUNT)

    def kill(load: Load) -> None:
        stage.relay.kill()
        check_stored(stage, database, load)
        stage.relay.start(database)

    load = Load(stage, messages, {COUNT // 5: kill, COUNT // 2: kill, COUNT - 20: kill})
    load.finish()
    assert len(load.receipts) == COUNT
    assert stage.stored(database) == dict(enumerate(messages))
    assert HttpRelay(stage.relay.url, stage.domain).count(stage.view.round_hash) == COUNT


def test_postgres__killed_under_load__loses_no_receipt(stage: Stage, own_databases: Databases) -> None:
    database, server = own_databases.make(), own_databases.server
    stage.relay.start(database)
    messages = stage.make(COUNT)

    def kill(load: Load) -> None:
        pid = server.get_pid()
        assert pid is not None
        postmaster = psutil.Process(pid)
        everything = [postmaster, *postmaster.children(recursive=True)]
        for process in everything:
            process.kill()
        psutil.wait_procs(everything, PATIENCE)
        server.ensure_postgres_running()
        check_stored(stage, database, load)

    load = Load(stage, messages, {COUNT // 3: kill, COUNT // 2: kill})
    load.finish()
    assert len(load.receipts) == COUNT
    assert stage.stored(database) == dict(enumerate(messages))
    assert HttpRelay(stage.relay.url, stage.domain).count(stage.view.round_hash) == COUNT


def test_full_disk__acknowledges_nothing_more_and_loses_nothing(stage: Stage, tmp_path: Path) -> None:
    database = str(tmp_path / "relay.sqlite")
    stage.relay.start(database)
    messages = stage.make(COUNT)
    stage.relay.kill()
    assert stage.stored(database) == {}  # also writes back SQLite's log, whose file would be used again
    assert not Path(f"{database}-wal").exists()
    largest = max(path.stat().st_size for path in tmp_path.glob("relay.sqlite*"))
    stage.relay.start(database, wrapper=[sys.executable, "-c", LIMITED, str(largest + 200_000)])
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
    Load(stage, messages, {}).finish()
    assert stage.stored(database) == dict(enumerate(messages))


def test_another_database__is_told_by_clear_errors(stage: Stage, tmp_path: Path) -> None:
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


def test_database_of_another_contract__is_not_served(stage: Stage, tmp_path: Path) -> None:
    other = str(tmp_path / "other.sqlite")
    LocalRelay(other, Domain(stage.domain.chain_id, bytes(20))).close()
    assert stage.relay.launch(other).wait(PATIENCE) != 0
    said = stage.relay.log.read_text()
    assert "must be of" in said
    assert "Traceback" not in said
