"""Following the chain: what is new, what was taken back, and whether it concerns us."""

from __future__ import annotations

from dataclasses import dataclass

from sda.chain.client import Head
from sda.chain.contracts import Contracts


@dataclass(frozen=True)
class News:
    """What a look at the chain showed.

    Attributes:
        head: The newest block that all nodes have.
        touched: Whether one of our contracts said something since the last look; True the first time.
        reorganised: Whether blocks that were seen are not there any more, in words; empty if not.
    """

    head: Head
    touched: bool
    reorganised: str = ""


class ChainWatch:
    """Remembers the newest block it saw. One request a look while no block is new, three otherwise."""

    def __init__(self) -> None:
        self._last: Head | None = None

    def look(self, contracts: Contracts) -> News:
        """Look at the newest block; raises ChainError as any reading does."""
        head, last = contracts.chain.head(), self._last
        if last is None:
            self._last = head
            return News(head, touched=True)
        if head == last:
            return News(head, touched=False)
        replaced = _replaced(contracts, last, head)
        touched = bool(replaced) or contracts.touched(last.number + 1, head.number)
        # Only now: what could not be read is looked at again.
        self._last = head
        return News(head, touched, replaced)


def _replaced(contracts: Contracts, last: Head, head: Head) -> str:
    """Whether a block that was seen is another one now, or is not there."""
    if head.number < last.number:
        # A node that lags looks the same; looking at everything again does no harm.
        return f"the newest block was {last.number} and is {head.number}"
    if (head.hash if head.number == last.number else contracts.chain.block_hash(last.number)) != last.hash:
        return f"block {last.number} is another one now"
    return ""
