"""The relay that a run uses: one interface for the store of the first round and for the service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg

from bench import servers
from sda.chain.contracts import Contracts
from sda.chain.devnet import named_account
from sda.chain.standing import StandingOnChain
from sda.messages import Domain
from sda.relay import Job, LocalRelay, Opening, Relay
from sda.relay.client import HttpRelay
from sda.relay.database import POSTGRES

_WORKERS = 2
"""Processes of the service on PostgreSQL."""


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
        return _size_of(self.path)


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
            return _size_of(Path(self.database))
        with psycopg.connect(self.database) as connection:
            (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        return int(size)


def _size_of(path: Path) -> int:
    """Of a SQLite file, with its log."""
    return sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*"))


@contextmanager
def _local(home: Path, url: str, deployment: Path) -> Iterator[House]:
    yield LocalHouse(home / "relay.sqlite")


@contextmanager
def _http(home: Path, url: str, deployment: Path) -> Iterator[House]:
    database = str(home / "relay.sqlite")
    with servers.relay(database, deployment, url, log=home / "relay.log") as address:
        yield HttpHouse(address, "`sda relay serve` on a SQLite file", database)


@contextmanager
def _postgres(home: Path, url: str, deployment: Path) -> Iterator[House]:
    with servers.postgres(home / "postgres") as server:
        database = servers.database(server, "relay")
        with servers.relay(database, deployment, url, workers=_WORKERS, log=home / "relay.log") as address:
            yield HttpHouse(address, f"`sda relay serve` in {_WORKERS} processes on PostgreSQL", database)


HOUSES: Mapping[str, Callable[[Path, str, Path], AbstractContextManager[House]]] = {
    "local": _local,
    "http": _http,
    "postgres": _postgres,
}
"""By name: started for the directory of a run, the node's address and the deployment file, until the block ends."""
