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
from sda.chain.standing import StandingOnChain
from sda.messages import AccountKey, Domain
from sda.relay import Job, LocalRelay, Opening, Relay
from sda.relay.client import HttpRelay

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

    def open(self, contracts: Contracts, developer: AccountKey | None = None) -> Metered:
        """A client; of the developer, if its account is given."""

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

    def open(self, contracts: Contracts, developer: AccountKey | None = None) -> Metered:
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
    """`sda relay serve`, with its processes and database on this machine.

    Attributes:
        url: Of the service.
        database: A file, or the URL of a PostgreSQL database.
        words: See `House.words`.
    """

    url: str
    database: str
    words: str

    def open(self, contracts: Contracts, developer: AccountKey | None = None) -> Metered:
        """See `House.open`."""
        return HttpRelay(self.url, Domain(contracts.chain.chain_id, contracts.rounds.address), developer)

    def disk_bytes(self) -> int:
        """See `House.disk_bytes`."""
        if not self.database.startswith("postgresql://"):
            return _size_of(Path(self.database))
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row is not None
        return int(row[0])


def _size_of(path: Path) -> int:
    """Of a SQLite file, with its log."""
    return sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*"))


@contextmanager
def _local(home: Path, url: str, deployment: Path) -> Iterator[House]:
    yield LocalHouse(home / "relay.sqlite")


@contextmanager
def _http(home: Path, url: str, deployment: Path) -> Iterator[House]:
    file = home / "served.sqlite"
    with servers.relay(file, deployment, url, log=home / "relay.log") as served:
        yield HttpHouse(served, str(file), "HTTP service of one process on a SQLite file")


@contextmanager
def _postgres(home: Path, url: str, deployment: Path) -> Iterator[House]:
    with servers.postgres(home / "postgres") as server:
        place = servers.database(server, "relay")
        with servers.relay(place, deployment, url, workers=_WORKERS, log=home / "relay.log") as served:
            yield HttpHouse(served, place, f"HTTP service of {_WORKERS} processes on PostgreSQL")


HOUSES: Mapping[str, Callable[[Path, str, Path], AbstractContextManager[House]]] = {
    "local": _local,
    "http": _http,
    "postgres": _postgres,
}
"""By name: started for the directory of a run, the node's address and the deployment file, until the block ends."""
