"""What verdicts say of contributors, for a relay that asks with every message: read from events, now and then."""

from __future__ import annotations

import time

from sda.chain.disputes import Disputes
from sda.errors import UnreachableError

REFRESH_SECONDS = 2.0


class StandingOnChain:
    """Implements `sda.relay.Standing`.

    Args:
        disputes: Whose verdicts count.
        refresh: Seconds for which an answer may be old; the chain is no faster.
    """

    def __init__(self, disputes: Disputes, refresh: float = REFRESH_SECONDS) -> None:
        self._disputes = disputes
        self._refresh = refresh
        self._read_at = float("-inf")
        self._next_block = disputes.contract.since
        self._aside: dict[bytes, int] = {}
        self._retired: set[bytes] = set()

    def aside_until(self, account: bytes) -> int:
        """Until when an account is put aside, unix seconds; 0 if it never was."""
        self._read()
        return self._aside.get(account, 0)

    def is_retired(self, key_hash: bytes) -> bool:
        """Whether a share under this key was revealed."""
        self._read()
        return key_hash in self._retired

    def _read(self) -> None:
        if time.monotonic() < self._read_at + self._refresh:
            return
        known = self._read_at != float("-inf")
        try:
            self._read_events()
        except UnreachableError:
            if not known:
                raise
            # What was known still holds; a verdict that is missed is seen at the next look.
        self._read_at = time.monotonic()

    def _read_events(self) -> None:
        contract = self._disputes.contract
        last = contract.chain.block_number()
        for event in contract.events("PutAside", first=self._next_block, last=last):
            self._aside[event["account"]] = event["until"]
        for event in contract.events("KeyRetired", first=self._next_block, last=last):
            self._retired.add(bytes(event["key"]))
        self._next_block = last  # it may still be replaced
