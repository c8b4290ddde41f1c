"""What a relay keeps, in SQL: what may enter is decided at the door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sda.closed import Snapshot
from sda.errors import RelayError
from sda.messages import ENROLMENT_BYTES, Domain, Kind
from sda.relay.database import Connection, open_database
from sda.relay.interface import Publication
from sda.relay.migrations import migrate
from sda.relay.tree import NODE_BYTES
from sda.relay.wire import decode_snapshot, encode_snapshot

_BATCH = 256
_PIECE = 4096
"""Nodes of a level that are stored together, 256 KiB."""

_OF_A_KIND = "FROM contributions JOIN rounds USING (round) WHERE round_hash = ? AND kind = ?"
_STORED = f"{_OF_A_KIND} AND position = ?"
_ENROLLED = "SELECT position, account, key_hash FROM enrolments"
_IDS = "SELECT position, id FROM contributions JOIN rounds USING (round) WHERE round_hash = ? AND kind = ?"
_TAKEN = "SELECT position FROM contributions WHERE round = ? AND kind = ?"


Place: TypeAlias = tuple[bytes, Kind, int]
"""Of a contribution: round hash, kind, position."""


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
    """The tables of one rounds contract.

    Args:
        place: A file, or the URL of a PostgreSQL database.
        domain: The rounds contract that it serves.

    Raises:
        StorageError: It cannot be opened.
        RelayError: It is of a later version, or of another contract.
    """

    def __init__(self, place: str | Path, domain: Domain) -> None:
        self._database = open_database(place)
        self.name = self._database.name
        migrate(self._database, domain)

    def close(self) -> None:
        """Close what this thread holds of it."""
        self._database.close()

    def challenge_secret(self) -> bytes:
        """Under which this relay makes challenges, in all its processes."""
        with self._database.connection() as connection:
            return bytes(connection.rows("SELECT challenges FROM secrets")[0][0])

    def _one(self, sql: str, *values: int | bytes) -> tuple[int | bytes | None, ...] | None:
        with self._database.connection() as connection:
            rows = connection.rows(sql, values)
        return rows[0] if rows else None

    def _bytes(self, sql: str, *values: int | bytes) -> bytes | None:
        row = self._one(sql, *values)
        return None if row is None else bytes(row[0])  # type: ignore[arg-type] # a byte string by the schema

    def _number(self, sql: str, *values: int | bytes) -> int:
        row = self._one(sql, *values)
        if row is None or not isinstance(row[0], int):
            raise RelayError(f"{self.name}: lacks a round that was open here")
        return row[0]

    # ------------------------------------------------------------------ enrolments

    def add_enrolment(
        self, account: bytes, key: bytes, key_hash: bytes, message: bytes, after: int | None = None
    ) -> int | None:
        """Append an enrolment; returns its position, None if account or key is there already.

        Args:
            after: Position of the account's latest enrolment, if its key is retired: this one takes its place.
        """
        with self._database.transaction() as connection:
            latest = connection.rows("SELECT max(position) FROM enrolments WHERE account = ?", (account,))[0][0]
            if latest != after:
                return None
            position: int = connection.rows("SELECT coalesce(max(position) + 1, 0) FROM enrolments")[0][0]
            added = connection.execute(
                "INSERT INTO enrolments VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (position, account, key, key_hash, message),
            )
        return position if added else None

    def enrolled(self) -> int:
        """How many enrolments there are; positions are 0 up to that."""
        return self._number("SELECT coalesce(max(position) + 1, 0) FROM enrolments")

    def enrolments_at(self, positions: Sequence[int]) -> dict[int, Enrolled]:
        """The enrolments at some positions."""
        with self._database.connection() as connection:
            rows = connection.rows(f"{_ENROLLED} WHERE position IN {_marks(positions)}", positions) if positions else []
        return {position: Enrolled(position, bytes(account), bytes(key)) for position, account, key in rows}

    def enrolment_of(self, account: bytes) -> Enrolled | None:
        """The latest enrolment of an account."""
        return self._enrolled(f"{_ENROLLED} WHERE account = ? ORDER BY position DESC LIMIT 1", account)

    def positions_of(self, account: bytes) -> list[int]:
        """All positions of an account: more than one if it enrolled another key after one was retired."""
        with self._database.connection() as connection:
            rows = connection.rows("SELECT position FROM enrolments WHERE account = ? ORDER BY position", (account,))
        return [position for (position,) in rows]

    def _enrolled(self, query: str, value: int | bytes) -> Enrolled | None:
        with self._database.connection() as connection:
            rows = connection.rows(query, (value,))
        return Enrolled(rows[0][0], bytes(rows[0][1]), bytes(rows[0][2])) if rows else None

    def enrolment_messages(self, start: int, stop: int) -> bytes:
        """The messages at start … stop-1, one after the other."""
        with self._database.connection() as connection:
            rows = connection.rows(
                "SELECT message FROM enrolments WHERE position >= ? AND position < ? ORDER BY position", (start, stop)
            )
        messages = b"".join(message for (message,) in rows)
        if len(messages) != ENROLMENT_BYTES * max(stop - start, 0):
            raise RelayError(f"{self.name}: enrolments {start} to {stop} are not all there")
        return messages

    # ------------------------------------------------------------------ contributions

    def open_round(self, round_hash: bytes) -> None:
        """Make a place for a round, if there is none."""
        with self._database.connection() as connection:
            connection.execute("INSERT INTO rounds (round_hash) VALUES (?) ON CONFLICT DO NOTHING", (round_hash,))

    def close_round(self, round_hash: bytes) -> int:
        """Take no more contributions; how many had enrolled when that was first said."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE rounds SET closed_at = (SELECT count(*) FROM enrolments)"
                " WHERE round_hash = ? AND closed_at IS NULL",
                (round_hash,),
            )
        return self._number("SELECT closed_at FROM rounds WHERE round_hash = ?", round_hash)

    def is_closed(self, round_hash: bytes) -> bool:
        """Whether the round takes no more contributions."""
        row = self._one("SELECT closed_at FROM rounds WHERE round_hash = ?", round_hash)
        return row is not None and row[0] is not None

    def count(self, round_hash: bytes, kind: Kind = Kind.DATA) -> int:
        """Contributions of a round; of data the count is kept, of noise there are few."""
        if kind is Kind.DATA:
            return self._number("SELECT count FROM rounds WHERE round_hash = ?", round_hash)
        return self._number(f"SELECT count(*) {_OF_A_KIND}", round_hash, int(kind))

    def add_contributions(self, entries: Sequence[Entry], maxima: Sequence[int]) -> list[bool]:
        """Store contributions in one transaction; in the order given, whether each was stored.

        Not stored is one whose round is closed or, for data, has as many as its maximum, or whose position has one
        already. Noise is not counted.
        """
        with self._database.transaction() as connection:
            groups = {
                round_hash: _Group(connection, round_hash, [each for each in entries if each.round_hash == round_hash])
                for round_hash in {entry.round_hash for entry in entries}
            }
            stored = [
                groups[entry.round_hash].take(entry, maximum) for entry, maximum in zip(entries, maxima, strict=True)
            ]
            for group in groups.values():
                group.write(connection)
        return stored

    def contribution_ids(self, places: Iterable[Place]) -> dict[Place, bytes]:
        """The ids of what is stored for some places."""
        found: dict[Place, bytes] = {}
        with self._database.connection() as connection:
            for (round_hash, kind), positions in _by_list(places).items():
                query = f"{_IDS} AND position IN {_marks(positions)}"
                rows = connection.rows(query, (round_hash, int(kind), *positions))
                found |= {(round_hash, kind, position): bytes(id_) for position, id_ in rows}
        return found

    def contribution(self, round_hash: bytes, kind: Kind, position: int) -> bytes | None:
        """The message stored for a position."""
        return self._bytes(f"SELECT message {_STORED}", round_hash, int(kind), position)

    def contributions_after(self, round_hash: bytes, kind: Kind, position: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` messages of a kind beyond a position, each with its own."""
        query = (
            "SELECT position, message FROM contributions JOIN rounds USING (round) "
            "WHERE round_hash = ? AND kind = ? AND position > ? ORDER BY position LIMIT ?"
        )
        with self._database.connection() as connection:
            rows = connection.rows(query, (round_hash, int(kind), position, limit))
        return [(place, bytes(message)) for place, message in rows]

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        """The messages of a round: noise by seat, then data by ascending position; a few hundred are held at a time."""
        for kind in (Kind.NOISE, Kind.DATA):
            position = -1
            while rows := self.contributions_after(round_hash, kind, position, _BATCH):
                yield from (message for _, message in rows)
                position = rows[-1][0]

    # ------------------------------------------------------------------ publications

    def publish(self, round_hash: bytes, publication: Publication) -> None:
        """Store a publication in place of any earlier one."""
        with self._database.transaction() as connection:
            number = connection.rows("SELECT round FROM rounds WHERE round_hash = ?", (round_hash,))[0][0]
            connection.execute("DELETE FROM levels WHERE round = ?", (number,))
            connection.execute("DELETE FROM sums WHERE round = ?", (number,))
            for level, data in enumerate(publication.levels):
                _add_level(connection, number, level, data)
            connection.execute_many(
                "INSERT INTO sums VALUES (?, ?, ?, ?)",
                ((number, *place, data) for place, data in publication.sums.items()),
            )
            connection.execute(
                "UPDATE rounds SET snapshot = ?, enrolled = ?, roster = ? WHERE round = ?",
                (encode_snapshot(publication.snapshot), publication.enrolled, publication.roster, number),
            )

    def published(self, round_hash: bytes) -> Published | None:
        """What was published for a round."""
        with self._database.connection() as connection:
            rows = connection.rows("SELECT snapshot, enrolled, roster FROM rounds WHERE round_hash = ?", (round_hash,))
        if not rows or rows[0][0] is None:
            return None
        snapshot, enrolled, roster = rows[0]
        return Published(decode_snapshot(bytes(snapshot)), enrolled, bytes(roster))

    def node(self, round_hash: bytes, level: int, index: int) -> tuple[bytes, bytes]:
        """Hash and body of a node of the published tree."""
        piece, place = divmod(index, _PIECE)
        record = self._bytes(
            "SELECT substr(data, ?, ?) FROM levels JOIN rounds USING (round)"
            " WHERE round_hash = ? AND level = ? AND piece = ?",
            NODE_BYTES * place + 1,
            NODE_BYTES,
            round_hash,
            level,
            piece,
        )
        if record is None or len(record) != NODE_BYTES:
            raise RelayError(f"{self.name}: node ({level}, {index}) is not there")
        return record[:32], record[32:]

    def sums(self, round_hash: bytes, level: int, index: int) -> bytes | None:
        """The encoded sums of a node, None where they are not kept."""
        query = "SELECT data FROM sums JOIN rounds USING (round) WHERE round_hash = ? AND level = ? AND node = ?"
        return self._bytes(query, round_hash, level, index)

    # ------------------------------------------------------------------ reviews

    def add_review(self, round_hash: bytes, seat: int, message: bytes) -> None:
        """Store a seat's review in place of an earlier one."""
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO reviews SELECT round, ?, ? FROM rounds WHERE round_hash = ?"
                " ON CONFLICT (round, seat) DO UPDATE SET message = excluded.message",
                (seat, message, round_hash),
            )

    def reviews(self, round_hash: bytes) -> list[bytes]:
        """The reviews of a round, by seat."""
        query = "SELECT message FROM reviews JOIN rounds USING (round) WHERE round_hash = ? ORDER BY seat"
        with self._database.connection() as connection:
            return [bytes(message) for (message,) in connection.rows(query, (round_hash,))]

    # ------------------------------------------------------------------ rows of wide rounds

    def add_row(self, round_hash: bytes, seat: int, data: bytes) -> None:
        """Store a seat's row in place of an earlier one."""
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO served_rows SELECT round, ?, ? FROM rounds WHERE round_hash = ?"
                " ON CONFLICT (round, seat) DO UPDATE SET data = excluded.data",
                (seat, data, round_hash),
            )

    def row(self, round_hash: bytes, seat: int) -> bytes:
        """A seat's row; nothing if there is none."""
        query = "SELECT data FROM served_rows JOIN rounds USING (round) WHERE round_hash = ? AND seat = ?"
        return self._bytes(query, round_hash, seat) or b""


class _Group:
    """Contributions to one round, inside a transaction: there is no other writer."""

    def __init__(self, connection: Connection, round_hash: bytes, entries: Sequence[Entry]) -> None:
        rows = connection.rows("SELECT round, count, closed_at FROM rounds WHERE round_hash = ?", (round_hash,))
        if not rows:
            raise RelayError("the database lacks a round that was open here")
        self._round, self._count, self._closed = rows[0][0], rows[0][1], rows[0][2] is not None
        self._taken: set[tuple[int, int]] = set()
        for (_, kind), positions in _by_list((round_hash, entry.kind, entry.position) for entry in entries).items():
            query = f"{_TAKEN} AND position IN {_marks(positions)}"
            rows = connection.rows(query, (self._round, int(kind), *positions))
            self._taken |= {(int(kind), position) for (position,) in rows}
        self._new: list[Entry] = []
        self._counted = 0

    def take(self, entry: Entry, maximum: int) -> bool:
        place = (int(entry.kind), entry.position)
        noise = entry.kind is Kind.NOISE
        if self._closed or place in self._taken or not (noise or self._count + self._counted < maximum):
            return False
        self._taken.add(place)
        self._new.append(entry)
        self._counted += not noise
        return True

    def write(self, connection: Connection) -> None:
        connection.execute_many(
            "INSERT INTO contributions VALUES (?, ?, ?, ?, ?)",
            ((self._round, int(entry.kind), entry.position, entry.id, entry.message) for entry in self._new),
        )
        connection.execute("UPDATE rounds SET count = count + ? WHERE round = ?", (self._counted, self._round))


def _by_list(places: Iterable[Place]) -> dict[tuple[bytes, Kind], list[int]]:
    """Positions by round and kind."""
    lists: dict[tuple[bytes, Kind], list[int]] = {}
    for round_hash, kind, position in places:
        lists.setdefault((round_hash, kind), []).append(position)
    return lists


def _marks(values: Sequence[object]) -> str:
    return f"({', '.join('?' * len(values))})"


def _add_level(connection: Connection, number: int, level: int, data: bytes) -> None:
    size = _PIECE * NODE_BYTES
    pieces = ((number, level, start // size, data[start : start + size]) for start in range(0, len(data), size))
    connection.execute_many("INSERT INTO levels VALUES (?, ?, ?, ?)", pieces)
