"""The rounds of a contract as a service keeps seeing them: read now and then, and known while a node is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from sda.chain.contracts import Contracts
from sda.errors import SDAError
from sda.round import RoundView

POLL_SECONDS = 2.0
_LEAST_SECONDS = 0.2


class FollowedRounds:
    """Tells a relay of every round, from the chain alone.

    Args:
        contracts: Of the deployment.
        poll: Seconds between two looks.
    """

    def __init__(self, contracts: Contracts, poll: float = POLL_SECONDS) -> None:
        self._chain, self._rounds = contracts.chain, contracts.rounds
        self._tell: Callable[[RoundView], None] = lambda _: None
        self._poll = poll
        self._lock = threading.Lock()
        self._ids: dict[bytes, int] = {}
        self._over: set[int] = set()
        self._looked_at = self._seen_at = float("-inf")
        self._chain_time = 0.0
        self._trouble = ""
        self._stop = threading.Event()

    def start(self, tell: Callable[[RoundView], None]) -> None:
        """Look now, and then until `stop`.

        Args:
            tell: Called with the view of a round, at first and whenever it may have changed.
        """
        self._tell = tell
        self.look()
        threading.Thread(target=self._run, name="rounds", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def now(self) -> float:
        """The chain's time, unix seconds: it moves on by this machine's clock, whatever that says the time is."""
        return self._chain_time + (time.monotonic() - self._seen_at if self._chain_time else 0.0)

    def find(self, round_hash: bytes) -> RoundView | None:
        """A round by its hash; None if the chain has none."""
        number = self._ids.get(round_hash)
        return None if number is None else self._rounds.view(number)

    def look(self) -> None:
        """Read the chain, unless that was just done; a node that is away is told by `health`."""
        with self._lock:
            if time.monotonic() < self._looked_at + _LEAST_SECONDS:
                return
            try:
                self._read()
                self._trouble = ""
            except SDAError as error:
                self._trouble = str(error)
            self._looked_at = time.monotonic()

    def health(self) -> dict[str, Any]:
        """For people and monitors."""
        age = None if self._seen_at == float("-inf") else round(time.monotonic() - self._seen_at, 1)
        return {"rounds": len(self._ids), "chain_seen_seconds_ago": age, "chain_trouble": self._trouble}

    def _run(self) -> None:
        while not self._stop.wait(self._poll):
            self.look()

    def _read(self) -> None:
        for number in range(self._rounds.number()):
            if number in self._over:
                continue
            facts = self._rounds.round(number)
            if facts.drawn_at:
                view = self._rounds.view(number)
                self._ids[view.round_hash] = number
                self._tell(view)
            if facts.closed or facts.undrawable:
                self._over.add(number)
        self._chain_time, self._seen_at = float(self._chain.now()), time.monotonic()
