"""The relay that a run uses: one interface for the store of the first round and for the service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sda.chain.contracts import Contracts
from sda.chain.standing import StandingOnChain
from sda.messages import Domain
from sda.relay import Job, LocalRelay, Opening, Relay


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


@contextmanager
def _local(home: Path, url: str, deployment: Path) -> Iterator[House]:
    yield LocalHouse(home / "relay.sqlite")


HOUSES: Mapping[str, Callable[[Path, str, Path], AbstractContextManager[House]]] = {"local": _local}
"""By name: started for the directory of a run, the node's address and the deployment file, until the block ends."""
