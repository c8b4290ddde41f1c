"""The relay's SQLite file. SQL only: what may enter is decided at the door."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sda.errors import RelayError
from sda.messages import ENROLMENT_BYTES, Domain, Kind
from sda.relay.interface import Publication
from sda.relay.tree import NODE_BYTES
from sda.round import Snapshot

SCHEMA_VERSION = 3
_BATCH = 256
_STORED = "FROM contributions JOIN rounds USING (round) WHERE round_hash = ? AND kind = ? AND position = ?"
_SCHEMA = """
CREATE TABLE place (chain_id TEXT NOT NULL, contract BLOB NOT NULL);
CREATE TABLE enrolments (
    position INTEGER PRIMARY KEY,
    account BLOB NOT NULL,
    key BLOB NOT NULL UNIQUE,
    key_hash BLOB NOT NULL,
    message BLOB NOT NULL
);
CREATE INDEX accounts ON enrolments (account);
CREATE TABLE rounds (
    round INTEGER PRIMARY KEY,
    round_hash BLOB NOT NULL UNIQUE,
    count INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER,
    snapshot TEXT,
    enrolled INTEGER,
    roster BLOB
);
CREATE TABLE contributions (
    round INTEGER NOT NULL REFERENCES rounds,
    -- 1 and a seat for noise, 0 and a place in the enrolment for data
    kind INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id BLOB NOT NULL,
    message BLOB NOT NULL,
    UNIQUE (round, kind, position)
);
CREATE TABLE levels (
    round INTEGER NOT NULL REFERENCES rounds,
    level INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (round, level)
);
CREATE TABLE sums (
    round INTEGER NOT NULL REFERENCES rounds,
    level INTEGER NOT NULL,
    node INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (round, level, node)
);
CREATE TABLE reviews (
    round INTEGER NOT NULL REFERENCES rounds,
    seat INTEGER NOT NULL,
    message BLOB NOT NULL,
    UNIQUE (round, seat)
);
"""


@dataclass(frozen=True)
class Enrolled:
    """What the door needs of an enrolment."""

    position: int
    account: bytes
    key_hash: bytes


@dataclass(frozen=True)
class Entry:
    """A checked contribution, ready to be stored."""

    round_hash: bytes
    kind: Kind
    position: int
    id: bytes
    message: bytes


@dataclass(frozen=True)
class Published:
    """What is stored of a publication besides the tree."""

    snapshot: Snapshot
    enrolled: int
    roster: bytes


class Store:
    """One file for one rounds contract.

    Args:
        path: Of the file; made if there is none.
        domain: The rounds contract that it serves.

    Raises:
        RelayError: The file is not a relay's, of another version, or of another contract.
    """

    def __init__(self, path: Path, domain: Domain) -> None:
        self.path = path
        self._local = threading.local()
        try:
            path.touch(mode=0o600)  # padded vectors are the developer's
            self._set_up(domain)
        except (OSError, sqlite3.Error) as error:
            raise RelayError(f"{path}: is not a relay's database ({error})") from error

    def _set_up(self, domain: Domain) -> None:
        connection = self._connection
        with connection:
            connection.execute("BEGIN EXCLUSIVE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute("INSERT INTO place VALUES (?, ?)", (str(domain.chain_id), domain.contract))
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise RelayError(f"{self.path}: schema version {version}, must be {SCHEMA_VERSION}")
        chain_id, contract = connection.execute("SELECT chain_id, contract FROM place").fetchone()
        if (int(chain_id), contract) != (domain.chain_id, domain.contract):
            raise RelayError(
                f"{self.path}: is of contract 0x{contract.hex()} on chain {chain_id}, "
                f"must be of 0x{domain.contract.hex()} on {domain.chain_id}"
            )

    @property
    def _connection(self) -> sqlite3.Connection:
        """One per thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # what has a receipt survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def close(self) -> None:
        """Close this thread's connection."""
        self._connection.close()
        del self._local.connection

    # ------------------------------------------------------------------ enrolments

    def add_enrolment(
        self, account: bytes, key: bytes, key_hash: bytes, message: bytes, after: int | None = None
    ) -> int | None:
        """Append an enrolment; returns its position, None if account or key is there already.

        Args:
            after: Position of the account's latest enrolment, if its key is retired: this one takes its place.
        """
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            latest = self.enrolment_of(account)
            if (latest and latest.position) != after:
                return None
            position = self.enrolled()
            added = connection.execute(
                "INSERT OR IGNORE INTO enrolments VALUES (?, ?, ?, ?, ?)",
                (position, account, key, key_hash, message),
            )
        return position if added.rowcount else None

    def enrolled(self) -> int:
        """How many enrolments there are; positions are 0 up to that."""
        count: int = self._connection.execute("SELECT ifnull(max(position) + 1, 0) FROM enrolments").fetchone()[0]
        return count

    def enrolment_at(self, position: int) -> Enrolled | None:
        """The enrolment at a position."""
        query = "SELECT position, account, key_hash FROM enrolments WHERE position = ?"
        return self._enrolled(query, position)

    def enrolment_of(self, account: bytes) -> Enrolled | None:
        """The latest enrolment of an account."""
        query = "SELECT position, account, key_hash FROM enrolments WHERE account = ? ORDER BY position DESC LIMIT 1"
        return self._enrolled(query, account)

    def positions_of(self, account: bytes) -> list[int]:
        """All positions of an account: more than one if it enrolled another key after one was retired."""
        query = "SELECT position FROM enrolments WHERE account = ? ORDER BY position"
        return [position for (position,) in self._connection.execute(query, (account,))]

    def _enrolled(self, query: str, value: int | bytes) -> Enrolled | None:
        row = self._connection.execute(query, (value,)).fetchone()
        return None if row is None else Enrolled(*row)

    def enrolment_messages(self, start: int, stop: int) -> bytes:
        """The messages at start … stop-1, one after the other."""
        rows = self._connection.execute(
            "SELECT message FROM enrolments WHERE position >= ? AND position < ? ORDER BY position",
            (start, stop),
        )
        messages = b"".join(message for (message,) in rows)
        if len(messages) != ENROLMENT_BYTES * max(stop - start, 0):
            raise RelayError(f"{self.path}: enrolments {start} to {stop} are not all there")
        return messages

    # ------------------------------------------------------------------ contributions

    def open_round(self, round_hash: bytes) -> None:
        """Make a place for a round, if there is none."""
        self._connection.execute("INSERT OR IGNORE INTO rounds (round_hash) VALUES (?)", (round_hash,))

    def close_round(self, round_hash: bytes) -> int:
        """Take no more contributions; how many had enrolled when that was first said."""
        self._connection.execute(
            "UPDATE rounds SET closed_at = (SELECT COUNT(*) FROM enrolments)"
            " WHERE round_hash = ? AND closed_at IS NULL",
            (round_hash,),
        )
        query = "SELECT closed_at FROM rounds WHERE round_hash = ?"
        return int(self._connection.execute(query, (round_hash,)).fetchone()[0])

    def is_closed(self, round_hash: bytes) -> bool:
        """Whether the round takes no more contributions."""
        query = "SELECT closed_at FROM rounds WHERE round_hash = ?"
        return self._connection.execute(query, (round_hash,)).fetchone()[0] is not None

    def count(self, round_hash: bytes) -> int:
        """Contributions of a round."""
        query = "SELECT count FROM rounds WHERE round_hash = ?"
        count: int = self._connection.execute(query, (round_hash,)).fetchone()[0]
        return count

    def add_contributions(self, entries: Sequence[Entry], maxima: Sequence[int]) -> list[bool]:
        """Store contributions in one transaction; in the order given, whether each was stored.

        Not stored is one whose round is closed or, for data, has as many as its maximum, or whose position has one
        already. Noise is not counted.
        """
        insert = (
            "INSERT OR IGNORE INTO contributions SELECT round, ?, ?, ?, ? FROM rounds "
            "WHERE round_hash = ? AND closed_at IS NULL AND (? OR count < ?)"
        )
        stored = []
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            for entry, maximum in zip(entries, maxima, strict=True):
                noise = entry.kind is Kind.NOISE
                values = (entry.kind, entry.position, entry.id, entry.message, entry.round_hash, noise, maximum)
                added = connection.execute(insert, values).rowcount
                if not noise:
                    connection.execute(
                        "UPDATE rounds SET count = count + ? WHERE round_hash = ?", (added, entry.round_hash)
                    )
                stored.append(bool(added))
        return stored

    def contribution_id(self, round_hash: bytes, kind: Kind, position: int) -> bytes | None:
        """The id of what is stored for a position."""
        return self._bytes(f"SELECT id {_STORED}", round_hash, kind, position)

    def contribution(self, round_hash: bytes, kind: Kind, position: int) -> bytes | None:
        """The message stored for a position."""
        return self._bytes(f"SELECT message {_STORED}", round_hash, kind, position)

    def _bytes(self, query: str, *values: int | bytes) -> bytes | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else row[0]

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        """The messages of a round: noise by seat, then data by ascending position; a few hundred are held at a time."""
        query = (
            "SELECT position, message FROM contributions JOIN rounds USING (round) "
            "WHERE round_hash = ? AND kind = ? AND position > ? ORDER BY position LIMIT ?"
        )
        for kind in (Kind.NOISE, Kind.DATA):
            position = -1
            while rows := self._connection.execute(query, (round_hash, kind, position, _BATCH)).fetchall():
                yield from (message for _, message in rows)
                position = rows[-1][0]

    # ------------------------------------------------------------------ publications

    def publish(self, round_hash: bytes, publication: Publication) -> None:
        """Store a publication in place of any earlier one."""
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            number = self._number(round_hash)
            connection.execute("DELETE FROM levels WHERE round = ?", (number,))
            connection.execute("DELETE FROM sums WHERE round = ?", (number,))
            connection.executemany(
                "INSERT INTO levels VALUES (?, ?, ?)",
                ((number, level, data) for level, data in enumerate(publication.levels)),
            )
            connection.executemany(
                "INSERT INTO sums VALUES (?, ?, ?, ?)",
                ((number, *place, data) for place, data in publication.sums.items()),
            )
            connection.execute(
                "UPDATE rounds SET snapshot = ?, enrolled = ?, roster = ? WHERE round = ?",
                (_snapshot_to_json(publication.snapshot), publication.enrolled, publication.roster, number),
            )

    def published(self, round_hash: bytes) -> Published | None:
        """What was published for a round."""
        row = self._connection.execute(
            "SELECT snapshot, enrolled, roster FROM rounds WHERE round_hash = ?", (round_hash,)
        ).fetchone()
        if row is None or row[0] is None:
            return None
        return Published(_snapshot_from_json(row[0]), row[1], row[2])

    def node(self, round_hash: bytes, level: int, index: int) -> tuple[bytes, bytes]:
        """Hash and body of a node of the published tree."""
        (row_id,) = self._connection.execute(
            "SELECT levels.rowid FROM levels JOIN rounds USING (round) WHERE round_hash = ? AND level = ?",
            (round_hash, level),
        ).fetchone()
        with closing(self._connection.blobopen("levels", "data", row_id, readonly=True)) as blob:
            blob.seek(NODE_BYTES * index)
            record = blob.read(NODE_BYTES)
        return record[:32], record[32:]

    def sums(self, round_hash: bytes, level: int, index: int) -> bytes | None:
        """The encoded sums of a node, None where they are not kept."""
        query = "SELECT data FROM sums JOIN rounds USING (round) WHERE round_hash = ? AND level = ? AND node = ?"
        return self._bytes(query, round_hash, level, index)

    # ------------------------------------------------------------------ reviews

    def add_review(self, round_hash: bytes, seat: int, message: bytes) -> None:
        """Store a seat's review in place of an earlier one."""
        self._connection.execute(
            "INSERT OR REPLACE INTO reviews SELECT round, ?, ? FROM rounds WHERE round_hash = ?",
            (seat, message, round_hash),
        )

    def reviews(self, round_hash: bytes) -> list[bytes]:
        """The reviews of a round, by seat."""
        query = "SELECT message FROM reviews JOIN rounds USING (round) WHERE round_hash = ? ORDER BY seat"
        return [message for (message,) in self._connection.execute(query, (round_hash,))]

    def _number(self, round_hash: bytes) -> int:
        query = "SELECT round FROM rounds WHERE round_hash = ?"
        number: int = self._connection.execute(query, (round_hash,)).fetchone()[0]
        return number


def _snapshot_to_json(snapshot: Snapshot) -> str:
    return json.dumps(
        {
            "left": snapshot.left.hex(),
            "right": snapshot.right.hex(),
            "count": snapshot.count,
            "noise": snapshot.noise,
            "roster_root": snapshot.roster_root.hex(),
            "enrolment_root": snapshot.enrolment_root.hex(),
            "points": [point.hex() for point in snapshot.points],
            "corrections": [correction.hex() for correction in snapshot.corrections],
        }
    )


def _snapshot_from_json(text: str) -> Snapshot:
    values = json.loads(text)
    return Snapshot(
        left=bytes.fromhex(values["left"]),
        right=bytes.fromhex(values["right"]),
        count=values["count"],
        noise=values["noise"],
        roster_root=bytes.fromhex(values["roster_root"]),
        enrolment_root=bytes.fromhex(values["enrolment_root"]),
        points=tuple(map(bytes.fromhex, values["points"])),
        corrections=tuple(map(bytes.fromhex, values["corrections"])),
    )
