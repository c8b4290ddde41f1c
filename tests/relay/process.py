"""The relay as a process of its own, with a round on a real chain, and contributors that keep sending."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from sda.chain.devnet import Devnet
from sda.contributor import ContributorKey, contribute
from sda.keys import Identity
from sda.messages import Domain, Kind
from sda.messages.contribution import Header
from sda.relay import LocalRelay, Receipt
from sda.relay.client import HttpRelay
from tests.chain.stage import make_terms
from tests.rounds.cast import Cast

SENDERS = 6
PATIENCE = 60.0
"""Seconds that a test waits for a process: a bound against hanging, nothing that is measured."""
_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""


def wait_until(happened: object, what: str) -> None:
    """Wait for something that another thread or process does."""
    until = time.monotonic() + PATIENCE
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < until, what
        time.sleep(0.02)


class Process:
    """`sda relay serve`, which can be killed and started again at the same port.

    Args:
        devnet: The chain.
        home: With the deployment.
    """

    def __init__(self, devnet: Devnet, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "relay.log"
        self._sda = [str(Path(sys.executable).with_name("sda")), "--home", str(home), "--rpc", devnet.node.url]
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, database: str, largest_file: int = 0) -> subprocess.Popen[bytes]:
        """Start it; do not wait."""
        command = [*self._sda, "relay", "serve", "--database", database, "--port", str(self.port)]
        if largest_file:
            command = [sys.executable, "-c", _LIMITED, str(largest_file), *command]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        return self._process

    def start(self, database: str, largest_file: int = 0) -> None:
        """Start it, and wait until it serves."""
        process = self.launch(database, largest_file)

        def serves() -> bool:
            assert process.poll() is None, self.log.read_text()
            try:
                return httpx.get(f"{self.url}/health", timeout=5).is_success
            except httpx.HTTPError:
                return False

        wait_until(serves, "the relay does not serve")

    def kill(self) -> None:
        """At once, with no chance to do anything."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


class Round:
    """A round that collects, and contributions to it.

    Args:
        devnet: The chain.
        home: An empty directory.
    """

    def __init__(self, devnet: Devnet, home: Path) -> None:
        cast = Cast(devnet, home)
        devnet.deployment.save(home / "deployment.json")
        self.view = cast.rounds.view(cast.open(make_terms(minimum=2)))
        self.domain = Domain(self.view.chain_id, self.view.contract)
        self.relay = Process(devnet, home)

    def make(self, count: int) -> list[bytes]:
        """Contributions of as many, who enrol first."""
        client = HttpRelay(self.relay.url, self.domain)
        messages = []
        for number in range(count):
            identity = Identity.generate()
            key = ContributorKey(identity.account, identity.key(self.view.chain_id, self.view.contract))
            position = client.enrol(key.enrol(self.domain).encode())
            vector = [number % 2] * self.view.terms.length
            nonce = number.to_bytes(4, "big")
            messages.append(contribute(self.view, key, position, vector, key.account.address, nonce).encode())
        client.close()
        return messages

    def stored(self, database: str) -> dict[int, bytes]:
        """What is in the database, by position."""
        relay = LocalRelay(database, self.domain)
        relay.open_round(self.view)
        messages = relay.contributions_after(self.view.round_hash, Kind.DATA, -1, 1 << 20)
        assert relay.count(self.view.round_hash) == len(messages)
        relay.close()
        return dict(messages)


class Load:
    """Contributors that send until each has its receipt.

    Args:
        round: To which they send.
        messages: One of each.
    """

    def __init__(self, round: Round, messages: Sequence[bytes]) -> None:
        self.receipts: dict[int, Receipt] = {}
        self._round = round
        self._waiting = iter(messages)
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(SENDERS)
        self._senders = [self._threads.submit(self._send) for _ in range(SENDERS)]

    def wait_for(self, receipts: int) -> None:
        """Until so many have a receipt."""
        wait_until(lambda: len(self.receipts) >= receipts, "the relay acknowledges nothing more")

    def finish(self) -> None:
        """Until everybody has one."""
        for sender in self._senders:
            sender.result(PATIENCE)
        self._threads.shutdown()

    def _send(self) -> None:
        client = HttpRelay(self._round.relay.url, self._round.domain, tries=60)
        while True:
            with self._lock:
                message = next(self._waiting, None)
            if message is None:
                return
            self.receipts[Header.decode(message).position] = client.submit(message)
