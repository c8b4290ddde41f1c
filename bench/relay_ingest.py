"""How many contributions a second a relay stores: one a request, every signature checked, each answered once it is
on disk. Service, database and load share this machine; the contributions were made before."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from bench import servers
from bench.result import Result
from bench.scale import people
from bench.scale.crowd import open_round
from bench.scale.place import Place
from bench.scale.round import Plan, Round, tell
from sda.contributor import ContributorKey, contribute
from sda.crypto.hashes import keccak
from sda.engine import process_pool
from sda.relay.client import HttpRelay
from sda.round import RoundView

COMMAND = "python -m bench relay"
HOME = Path(".build/ingest")
COUNT = 6000
CLERKS = 100
CONNECTIONS = 64
"""Contributors that send at the same moment."""
WORKERS = 2
_CHUNK = 250


def measure() -> list[Result]:
    """On PostgreSQL, and on a SQLite file."""
    plan = Plan(COUNT, CLERKS, HOME.absolute(), os.cpu_count() or 1, "serial", "local")
    shutil.rmtree(plan.directory, ignore_errors=True)
    run = Round(plan)
    with run.ground() as place:
        round_id = run.opened()
        tell(f"{COUNT:,} contributions are made")
        messages = _make(place, round_id)
        view = run.contracts.rounds.view(round_id)
        with servers.postgres(run.home / "postgres") as server:
            on_postgres = _ingest(servers.database(server, "ingest"), place, view, messages, WORKERS)
        on_sqlite = _ingest(str(run.home / "ingest.sqlite"), place, view, messages, 1)
    what = f"{COUNT:,} of {len(messages[0][1])} bytes over {CONNECTIONS} connections, n=26, t=8, k=10"
    where = f"{os.cpu_count()} cores for the service, its database and the load"
    return [
        Result(
            "relay_ingest_per_second",
            round(on_postgres),
            "contributions a second",
            f"PostgreSQL, {WORKERS} processes, {where}; {what}",
            "≥ 500",
            COMMAND,
        ),
        Result(
            "relay_ingest_per_second_sqlite",
            round(on_sqlite),
            "contributions a second",
            f"a SQLite file, one process, {where}; {what}",
            "",
            COMMAND,
        ),
    ]


def _make(place: Place, round_id: int) -> list[tuple[bytes, bytes]]:
    """Enrolment and contribution of everybody, by position."""
    starts = range(0, COUNT, _CHUNK)
    with process_pool(os.cpu_count() or 1) as pool:
        chunks = pool.map(partial(_make_chunk, place, round_id), starts)
        return [message for chunk in chunks for message in chunk]


def _make_chunk(place: Place, round_id: int, start: int) -> list[tuple[bytes, bytes]]:
    view, _, _ = open_round(place, round_id)
    return list(_made(view, range(start, min(start + _CHUNK, COUNT))))


def _made(view: RoundView, positions: Iterable[int]) -> Iterator[tuple[bytes, bytes]]:
    for position in positions:
        identity = people.identity(position)
        key = ContributorKey(identity.account, identity.key(view.chain_id, view.contract))
        values = people.vector(position, view.terms.length).tolist()
        nonce = people.nonce(position, view.round_hash)
        contribution = contribute(view, key, position, values, identity.account.address, nonce)
        yield key.enrol(view.domain).encode(), contribution.encode()


def _ingest(
    database: str, place: Place, view: RoundView, messages: Sequence[tuple[bytes, bytes]], workers: int
) -> float:
    """Contributions a second; everybody has enrolled before the clock runs."""
    log = place.home / "ingest.log"
    with servers.relay(database, place.deployment, place.url, workers=workers, log=log) as url:
        relay = HttpRelay(url, view.domain)
        relay.open_round(view)
        tell(f"{COUNT:,} contributors enrol at {url}")
        for position, (enrolment, _) in enumerate(messages):
            if relay.enrol(enrolment) != position:
                raise RuntimeError("an enrolment did not get the next position")
        began = time.perf_counter()
        asyncio.run(_send(int(url.rpartition(":")[2]), [contribution for _, contribution in messages]))
        seconds = time.perf_counter() - began
        if relay.count(view.round_hash) != COUNT:
            raise RuntimeError("the relay does not have what it acknowledged")
    return COUNT / seconds


# ---------------------------------------------------------------------- a load that costs little


async def _send(port: int, messages: Sequence[bytes]) -> None:
    """Post everything over some connections, on each one after the other."""
    waiting = iter(messages)
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_post_all(port, waiting))


async def _post_all(port: int, messages: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for message in messages:
        head = f"POST /contributions HTTP/1.1\r\nHost: relay\r\nContent-Length: {len(message)}\r\n\r\n"
        writer.write(head.encode() + message)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        size = int(answer.partition("content-length:")[2].partition("\r\n")[0])
        body = await reader.readexactly(size)
        if not answer.startswith("http/1.1 200 ") or json.loads(body)["id"] != keccak(message).hex():
            raise RuntimeError(f"a contribution has no receipt: {answer} {body!r}")
    writer.close()
