"""What was released about somebody, and how much more may be: the privacy ledger of a device or a developer.

A round is written down before anything is sent to it and counts from then on: a crash at any moment can only count
too much. It stops counting only when it is certain that no row was ever broadcast; one row may be all that was
missing to those who hold others, whatever became of the round (PROTOCOL §11.7).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sda.errors import ParameterError, SDAError
from sda.keys import make_private_directory
from sda.privacy.noise.accounting import Loss, epsilon_of
from sda.privacy.noise.noise import MAXIMUM_EPSILON

FILE_NAME = "privacy.sqlite"
DEFAULT_EPSILON, DEFAULT_DELTA = 10.0, 1e-5


class BudgetError(SDAError):
    """A round would exceed the privacy budget; nothing was sent."""


class LedgerError(SDAError):
    """The ledger contradicts what is asked of it, or cannot be read or written."""


class Status(StrEnum):
    """Of a round in a ledger."""

    RESERVED = "reserved"
    """Something may have been sent: counts."""
    RELEASED = "released"
    """A row was broadcast: counts for good."""
    UNUSED = "unused"
    """Ended before any row: does not count."""


@dataclass(frozen=True)
class Budget:
    """The most that all counted rounds together may cost.

    Attributes:
        epsilon, delta: ε at this δ.
    """

    epsilon: float = DEFAULT_EPSILON
    delta: float = DEFAULT_DELTA

    def __post_init__(self) -> None:
        if not 0 < self.epsilon <= MAXIMUM_EPSILON:
            raise ParameterError("epsilon", self.epsilon, f"in (0, {MAXIMUM_EPSILON:g}]")
        if not 0 < self.delta < 1:
            raise ParameterError("delta", self.delta, "in (0, 1)")


@dataclass(frozen=True)
class Entry:
    """One round.

    Attributes:
        round_hash: Of everything it was agreed on; its identity.
        round_id: On its contract.
        query: Its canonical form.
        loss: What it costs.
        status: Whether it counts.
    """

    round_hash: bytes
    round_id: int
    query: bytes
    loss: Loss
    status: Status = Status.RESERVED

    @property
    def counts(self) -> bool:
        """Whether it is part of what was spent."""
        return self.status is not Status.UNUSED


class Ledger:
    """The rounds of one or several owners in one directory.

    Args:
        directory: Private; made if need be.

    Raises:
        KeyFileError: The directory is open to others.
    """

    def __init__(self, directory: Path) -> None:
        make_private_directory(directory)
        self._path = directory / FILE_NAME
        with self._open() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS budgets ("
                " owner BLOB PRIMARY KEY, epsilon REAL NOT NULL, delta REAL NOT NULL)"
            )
            connection.execute(
                "CREATE TABLE IF NOT EXISTS rounds ("
                " number INTEGER PRIMARY KEY, owner BLOB NOT NULL, round_hash BLOB NOT NULL, round_id INTEGER NOT NULL,"
                " query BLOB NOT NULL, multiplier REAL, epsilon REAL NOT NULL, delta REAL NOT NULL,"
                " status TEXT NOT NULL,"
                " UNIQUE (owner, round_hash))"
            )
        self._path.chmod(0o600)

    def set_budget(self, owner: bytes, budget: Budget) -> None:
        """Allow so much from now on; rounds that were counted stay counted."""
        with self._open() as connection:
            values = (owner, budget.epsilon, budget.delta)
            connection.execute("INSERT OR REPLACE INTO budgets VALUES (?, ?, ?)", values)

    def budget(self, owner: bytes) -> Budget:
        """What is allowed; the default until something is set."""
        with self._open() as connection:
            return _budget(connection, owner)

    def afford(self, owner: bytes, loss: Loss) -> None:
        """Refuse a round that is only thought of; nothing is counted.

        Raises:
            BudgetError: The budget does not allow it.
        """
        with self._open() as connection:
            _require_affordable(_budget(connection, owner), _entries(connection, owner), loss, "this round")

    def reserve(self, owner: bytes, entry: Entry) -> None:
        """Count a round, before anything is sent to it. Doing so again is harmless.

        Raises:
            BudgetError: The budget does not allow it; the ledger stays as it was.
            LedgerError: The round is counted with another cost.
        """
        with self._open() as connection:
            entries = _entries(connection, owner)
            known = next((each for each in entries if each.round_hash == entry.round_hash), None)
            if known is not None:
                _require_same(known, entry)
                return
            _require_affordable(_budget(connection, owner), entries, entry.loss, f"round {entry.round_id}")
            loss = entry.loss
            connection.execute(
                "INSERT INTO rounds (owner, round_hash, round_id, query, multiplier, epsilon, delta, status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(owner, entry.round_hash, entry.round_id, entry.query),
                    *(loss.multiplier, loss.epsilon, loss.delta, Status.RESERVED),
                ),
            )

    def release(self, owner: bytes, round_hash: bytes) -> None:
        """A row was broadcast: the round counts for good."""
        self._set(owner, round_hash, Status.RELEASED, (Status.RESERVED, Status.RELEASED, Status.UNUSED))

    def discard(self, owner: bytes, round_hash: bytes) -> None:
        """The round ended, for certain before any row was broadcast: it does not count.

        Raises:
            LedgerError: It is released.
        """
        self._set(owner, round_hash, Status.UNUSED, (Status.RESERVED, Status.UNUSED))

    def entries(self, owner: bytes) -> list[Entry]:
        """Every round, in the order in which they were counted."""
        with self._open() as connection:
            return _entries(connection, owner)

    def spent(self, owner: bytes, delta: float | None = None) -> float:
        """ε of all that counts together, at the budget's δ or another."""
        losses = [entry.loss for entry in self.entries(owner) if entry.counts]
        return epsilon_of(losses, self.budget(owner).delta if delta is None else delta)

    def _set(self, owner: bytes, round_hash: bytes, status: Status, before: tuple[Status, ...]) -> None:
        with self._open() as connection:
            entry = next((each for each in _entries(connection, owner) if each.round_hash == round_hash), None)
            if entry is None:
                raise LedgerError(f"round 0x{round_hash.hex()}: is not in the ledger")
            if entry.status not in before:
                raise LedgerError(f"round {entry.round_id}: is {entry.status}, cannot become {status}")
            connection.execute(
                "UPDATE rounds SET status = ? WHERE owner = ? AND round_hash = ?", (status, owner, round_hash)
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else's can come between; undone if anything fails."""
        try:
            with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"{self._path}: cannot be read or written ({error}), so nothing is counted") from error


def _require_same(known: Entry, entry: Entry) -> None:
    if (known.loss, known.query) != (entry.loss, entry.query):
        raise LedgerError(f"round {entry.round_id}: is counted with another query or cost")
    if known.status is Status.UNUSED:
        raise LedgerError(f"round {entry.round_id}: is over, and was given up as unused")


def _require_affordable(budget: Budget, entries: list[Entry], loss: Loss, name: str) -> None:
    counted = [each.loss for each in entries if each.counts]
    after = epsilon_of([*counted, loss], budget.delta)
    if after > budget.epsilon:
        raise BudgetError(
            f"{name}: would bring ε to {after:.4g} at δ = {budget.delta:g}, and the budget is"
            f" {budget.epsilon:g}: {epsilon_of(counted, budget.delta):.4g} is spent in {len(counted)} rounds"
        )


def _budget(connection: sqlite3.Connection, owner: bytes) -> Budget:
    found = connection.execute("SELECT epsilon, delta FROM budgets WHERE owner = ?", (owner,)).fetchone()
    return Budget(*found) if found else Budget()


def _entries(connection: sqlite3.Connection, owner: bytes) -> list[Entry]:
    rows = connection.execute(
        "SELECT round_hash, round_id, query, multiplier, epsilon, delta, status FROM rounds WHERE owner = ?"
        " ORDER BY number",
        (owner,),
    )
    return [
        Entry(round_hash, round_id, query, Loss(multiplier, epsilon, delta), Status(status))
        for round_hash, round_id, query, multiplier, epsilon, delta, status in rows
    ]
