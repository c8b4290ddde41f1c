"""One clerk's whole job for many contributors, in a process of its own: `python -m bench.clerk_job DIRECTORY N KEY`.

Prints what it took as JSON. Run again in the same directory it remembers the contributors, and with the same KEY
also the points it shares with them. The enrolments are real (bench/enrolments.py), the roster names all of them. The
other seats' points are made up, as no clerk looks at them; its own is what its sum was the first time.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

from bench import enrolments
from bench.result import peak_mb
from sda.clerk import SumMismatchError, answer
from sda.closed import Closed, Snapshot
from sda.crypto.curve import G, commit_row, to_bytes128
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey
from sda.crypto.merkle import Roster
from sda.messages import AccountKey
from sda.pairs import Pairs
from sda.params import Parameters
from sda.relay import Job, Relay
from sda.round import RoundView
from sda.rows import SeatRows
from tests.world import ClerkParty, make_terms, make_view

PARAMETERS = Parameters(n=26, t=8, k=4, length=100, bits=1, maximum=250_000)
"""m = 3: eight elements in two columns and the blinding one."""


def main(directory: Path, count: int, key: int) -> dict[str, float]:
    """Do the job once; wall and CPU seconds, and the peak of this process's memory in MB."""
    secret = SecretKey(int.from_bytes(keccak(b"SDA bench clerk %d" % key), "big") >> 2)
    view, relay = _round(secret), _Relay(directory / f"point-{key}", directory / "root", count)
    view = replace(view, closed=relay.closed(view.round_hash))
    began, used = time.perf_counter(), _cpu()
    pairs = Pairs.load(directory / f"pairs-{key}.bin", secret)
    opened = 1.0
    try:
        answer(view, view.seats[0], cast(Relay, relay), secret, pairs)
    except SumMismatchError:
        opened = 0.0
    took = time.perf_counter() - began, _cpu() - used
    if not opened:
        relay.point.write_bytes(to_bytes128(commit_row(SeatRows(view, view.seats[0], pairs, relay.roster, 0).all())))
    return {"seconds": took[0], "cpu": took[1], "peak_mb": peak_mb(), "opened": opened}


def _cpu() -> float:
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


def _round(secret: SecretKey) -> RoundView:
    """The same in every process."""
    accounts = [AccountKey(keccak(b"SDA bench %d" % number)) for number in range(PARAMETERS.n + 1)]
    clerks = [ClerkParty(i + 1, accounts[i], SecretKey(i + 2) if i else secret) for i in range(PARAMETERS.n)]
    where = enrolments.DOMAIN
    return make_view(
        make_terms(PARAMETERS),
        clerks,
        accounts[-1],
        SecretKey(1),
        chain_id=where.chain_id,
        contract=where.contract,
    )


class _Relay:
    """Serves enrolments from their files, and one job."""

    def __init__(self, point: Path, root: Path, count: int) -> None:
        self.point = point
        nonces = [keccak(number.to_bytes(4, "big"))[:4] for number in range(count)]
        self.roster = Roster(count, range(count), nonces)
        if not root.exists():
            listed = Pairs(SecretKey(1))
            listed.remember(0, enrolments.read(0, count))
            root.write_bytes(listed.root(count))
        points = [point.read_bytes() if point.exists() else to_bytes128(G), *[to_bytes128(G)] * (PARAMETERS.n - 1)]
        corrections = (bytes(32),) * (PARAMETERS.n - PARAMETERS.reconstruction)
        hashes = self.roster.root(), root.read_bytes()
        self._snapshot = Snapshot(bytes(32), bytes(32), count, 0, *hashes, tuple(points), corrections)

    def closed(self, round_hash: bytes) -> Closed:
        """What the chain would store."""
        return Closed(self._snapshot.root, self._snapshot.closed_set.hash(round_hash), self._snapshot.count)

    def job(self, round_hash: bytes, seat: int) -> Job:
        """See `Relay.job`."""
        return Job(self._snapshot, self._snapshot.count, self.roster.to_bytes(), b"")

    def enrolments(self, start: int, stop: int) -> bytes:
        """See `Relay.enrolments`."""
        return enrolments.read(start, stop)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
