"""A round on a real chain, its relay a process of its own, and contributors that keep sending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.servers import RelayProcess
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
PATIENCE = 120.0
"""Seconds that a test waits for a process: a bound against hanging, nothing that is measured."""


class Stage:
    """A round that collects, and contributions to it.

    Args:
        devnet: The chain.
        home: An empty directory.
    """

    def __init__(self, devnet: Devnet, home: Path) -> None:
        parties = home / "parties"  # who have a relay of their own there
        parties.mkdir()
        cast = Cast(devnet, parties)
        deployment = home / "deployment.json"
        devnet.deployment.save(deployment)
        self.view = cast.rounds.view(cast.open(make_terms(minimum=2)))
        self.domain = Domain(self.view.chain_id, self.view.contract)
        self.relay = RelayProcess(deployment, devnet.node.url, home / "relay.log")

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
        relay.close()
        return dict(messages)


class Load:
    """Contributors that send until each has its receipt.

    Args:
        stage: To whose relay they send.
        messages: One of each.
        deeds: What to do at once when there are so many receipts; nobody begins to send meanwhile, so that however
            slow this machine is, most have not sent by then.
    """

    def __init__(self, stage: Stage, messages: Sequence[bytes], deeds: dict[int, Callable[[Load], None]]) -> None:
        self.receipts: dict[int, Receipt] = {}
        self._stage = stage
        self._waiting = iter(messages)
        self._deeds = deeds
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(SENDERS)
        self._senders = [self._threads.submit(self._send) for _ in range(SENDERS)]

    def finish(self) -> None:
        """Until everybody has a receipt."""
        for sender in self._senders:
            sender.result(PATIENCE)
        self._threads.shutdown()

    def _send(self) -> None:
        client = HttpRelay(self._stage.relay.url, self._stage.domain, tries=1000)
        while True:
            with self._lock:
                message = next(self._waiting, None)
            if message is None:
                return
            receipt = client.submit(message)
            with self._lock:
                self.receipts[Header.decode(message).position] = receipt
                self._deeds.pop(len(self.receipts), _nothing)(self)


def _nothing(_: Load) -> None:
    """Not a moment for a deed."""
