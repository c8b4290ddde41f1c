"""Where a run keeps its things, and how its processes find the chain and the relay."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.scale.relays import House
from sda.agents import ClerkAgent, DeveloperAgent
from sda.chain.contracts import Contracts
from sda.chain.devnet import named_account
from sda.keys import ACCOUNT_FILE, ClerkKeys, Identity, Strength

PASSWORD = "devnet"
"""Of keys that everybody can compute."""


@dataclass(frozen=True)
class Place:
    """What every process of a run needs; can be sent to one.

    Attributes:
        home: Directory of the run.
        url: Of the node.
        house: The relay.
    """

    home: Path
    url: str
    house: House

    @property
    def deployment(self) -> Path:
        """Of the contracts."""
        return self.home / "chain" / "deployment.json"

    def contracts(self) -> Contracts:
        """Connected."""
        return Contracts.connect(self.deployment, self.url)

    def developer(self, contracts: Contracts, executor: str = "processes") -> DeveloperAgent:
        """The developer's agent."""
        directory = self.home / "developer"
        account = named_account("developer")
        if (directory / ACCOUNT_FILE).exists():
            identity = Identity.load(directory, PASSWORD)
        else:
            identity = Identity.create(directory, PASSWORD, Strength.LIGHT, account)
        return DeveloperAgent(contracts, identity, self.house.open(contracts), directory, executor)


def clerk_keys(chain: Path, number: int) -> ClerkKeys:
    """The keys of a clerk, made unless they are there.

    Args:
        chain: Directory of the chain on which it stakes.
        number: From 1.
    """
    keys = ClerkKeys(chain / "keys" / f"clerk-{number}", PASSWORD, Strength.LIGHT)
    if not (keys.directory / ACCOUNT_FILE).exists():
        keys.create_account(named_account(f"clerk-{number}"))
    return keys


def clerk_agent(place: Place, contracts: Contracts, number: int) -> ClerkAgent:
    """The agent of a clerk."""
    return ClerkAgent(contracts, clerk_keys(place.home / "chain", number), place.house.open(contracts))


class Facts:
    """What a run found out, written down at once: a step that is there is not done again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def once(self, name: str, act: Callable[[], Any]) -> Any:
        """What was found before, or what `act` finds now: plain values."""
        if name not in self.values:
            found = act()
            with self._lock:
                self.values[name] = found
                draft = self._path.with_suffix(".draft")
                draft.write_text(json.dumps(self.values, indent=1))
                draft.replace(self._path)
        return self.values[name]
