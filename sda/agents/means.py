"""What a clerk needs to act at all: ether for gas, and room on the disk. It is told before it runs out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from sda.agents.clerk import ClerkAgent
from sda.agents.deeds import Deed

GAS_RESERVE = 3_500_000
"""A row of 64 elements, a complaint of 64 seats, a settlement and a key: what may be due at once (docs/gas.md)."""
DISK_RESERVE = 64 << 20
"""Bytes: a quarter of a million contributors take 50 million."""

_ETHER = 10**18


@dataclass(frozen=True)
class Means:
    """What there is, and what may be needed at once.

    Attributes:
        ether: Of the account, wei.
        ether_needed: At the present price of gas, wei.
        disk: Free bytes where the keys are.
    """

    ether: int
    ether_needed: int
    disk: int

    @classmethod
    def of(cls, agent: ClerkAgent) -> Means:
        """Of a clerk, now."""
        chain = agent.contracts.chain
        return cls(
            ether=chain.balance(agent.account.address),
            ether_needed=GAS_RESERVE * chain.gas_price(),
            disk=shutil.disk_usage(agent.keys.directory).free,
        )

    def shortages(self) -> Iterator[Deed]:
        """What is running out."""
        if self.ether < self.ether_needed:
            has, needs = self.ether / _ETHER, self.ether_needed / _ETHER
            yield Deed("ether short", detail=f"{has:.6f} left, {needs:.6f} may be due at once in gas", failed=True)
        if self.disk < DISK_RESERVE:
            free, wanted = self.disk >> 20, DISK_RESERVE >> 20
            yield Deed("disk nearly full", detail=f"{free} MB free, should be {wanted} MB", failed=True)
