"""The contributors of a run: every one enrols, pads its vector and sends it, from several processes at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.scale import people
from bench.scale.place import Place
from bench.scale.relays import Metered
from sda.contributor import ContributorKey, contribute
from sda.crypto.curve import prepared_generators
from sda.engine import process_pool
from sda.messages import Domain
from sda.round import RoundView

CHUNK = 250
"""Contributors that a process takes at a time; after a crash at most so many a process are sent again."""
UNDER_WAY = 8
"""Contributors of a process that send at the same moment."""


@dataclass(frozen=True)
class Crowd:
    """Who sends to which round.

    Attributes:
        place: Of the run.
        round_id: Of the round.
        count: Contributors.
    """

    place: Place
    round_id: int
    count: int

    @property
    def directory(self) -> Path:
        """What chunks came to, one file each."""
        return self.place.home / "sent"

    def send(self, processes: int, progress: Callable[[int], None]) -> None:
        """Send everything that was not sent before.

        Args:
            processes: At once.
            progress: Called with the number of contributors done.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        starts = range(0, self.count, CHUNK)
        missing = [start for start in starts if not self._file(start).exists()]
        done = self.count - sum(self._stop(start) - start for start in missing)
        progress(done)
        with process_pool(processes) as pool:
            futures = {pool.submit(self.send_chunk, start): start for start in missing}
            for future in as_completed(futures):
                future.result()
                start = futures[future]
                done += self._stop(start) - start
                progress(done)

    def send_chunk(self, start: int) -> None:
        """Enrol and send some; written down once the relay has answered for all of them."""
        open_round(self.place, self.round_id)  # before the clock runs, and before threads do it each
        began = time.time()
        with ThreadPoolExecutor(UNDER_WAY) as threads:
            sent = list(threads.map(self._send_one, range(start, self._stop(start))))
        cpu, size = sum(cpu for cpu, _ in sent), sent[0][1]
        draft = self._file(start).with_suffix(".draft")
        draft.write_text(json.dumps({"cpu": cpu, "bytes": size, "began": began, "ended": time.time()}))
        draft.replace(self._file(start))

    def _send_one(self, index: int) -> tuple[float, int]:
        """CPU seconds and bytes of a contribution; whoever waits for the relay leaves the core to another."""
        view, domain, relay = open_round(self.place, self.round_id)
        identity = people.identity(index)
        key = ContributorKey(identity.account, identity.key(domain.chain_id, domain.contract))
        position = relay.enrol(key.enrol(domain).encode())
        values = people.vector(index, view.terms.length).tolist()
        nonce = people.nonce(index, view.round_hash)
        began = time.thread_time()
        message = contribute(view, key, position, values, identity.account.address, nonce).encode()
        cpu = time.thread_time() - began
        relay.submit(message)
        return cpu, len(message)

    def measured(self) -> dict[str, float]:
        """Of all chunks: milliseconds and bytes of a contribution, and how many a second were sent."""
        chunks = [json.loads(self._file(start).read_text()) for start in range(0, self.count, CHUNK)]
        return {
            "contribution_ms": 1000 * sum(chunk["cpu"] for chunk in chunks) / self.count,
            "contribution_bytes": chunks[0]["bytes"],
            "sent_per_second": self.count / _busy([(chunk["began"], chunk["ended"]) for chunk in chunks]),
        }

    def _stop(self, start: int) -> int:
        return min(start + CHUNK, self.count)

    def _file(self, start: int) -> Path:
        return self.directory / f"{start:07}.json"


def _busy(spans: list[tuple[float, float]]) -> float:
    """Seconds in which something was sent: pauses between a crash and the next run do not count."""
    total, until = 0.0, 0.0
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


@cache
def open_round(place: Place, round_id: int) -> tuple[RoundView, Domain, Metered]:
    """Once a process: the round as the chain tells it, and the relay; tables are built here, not on the clock."""
    contracts = place.contracts()
    view = contracts.rounds.view(round_id)
    relay = place.house.open(contracts)
    relay.open_round(view)
    prepared_generators(view.parameters.chunk_length)
    return view, view.domain, relay
