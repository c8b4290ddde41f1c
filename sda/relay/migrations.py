"""The relay's tables, one step after the other: a database made by an earlier version is brought up to date."""

from __future__ import annotations

import secrets

from sda.errors import RelayError
from sda.messages import Domain
from sda.relay.access import SECRET_BYTES
from sda.relay.database import Connection, Database

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE place (chain_id TEXT NOT NULL, contract {blob} NOT NULL)",
        """CREATE TABLE enrolments (
            position BIGINT PRIMARY KEY,
            account {blob} NOT NULL,
            key {blob} NOT NULL UNIQUE,
            key_hash {blob} NOT NULL,
            message {blob} NOT NULL
        )""",
        "CREATE INDEX accounts ON enrolments (account)",
        """CREATE TABLE rounds (
            round {serial},
            round_hash {blob} NOT NULL UNIQUE,
            count BIGINT NOT NULL DEFAULT 0,
            closed_at BIGINT,
            snapshot {blob},
            enrolled BIGINT,
            roster {blob}
        )""",
        # kind 1: noise, position is a seat; kind 0: data, position is a place in the enrolment
        """CREATE TABLE contributions (
            round BIGINT NOT NULL REFERENCES rounds,
            kind SMALLINT NOT NULL,
            position BIGINT NOT NULL,
            id {blob} NOT NULL,
            message {blob} NOT NULL,
            UNIQUE (round, kind, position)
        )""",
        # hash ‖ body of every node of a level, in pieces
        """CREATE TABLE levels (
            round BIGINT NOT NULL REFERENCES rounds,
            level SMALLINT NOT NULL,
            piece BIGINT NOT NULL,
            data {blob} NOT NULL,
            UNIQUE (round, level, piece)
        )""",
        """CREATE TABLE sums (
            round BIGINT NOT NULL REFERENCES rounds,
            level SMALLINT NOT NULL,
            node BIGINT NOT NULL,
            data {blob} NOT NULL,
            UNIQUE (round, level, node)
        )""",
    ),
    (
        """CREATE TABLE reviews (
            round BIGINT NOT NULL REFERENCES rounds,
            seat SMALLINT NOT NULL,
            message {blob} NOT NULL,
            UNIQUE (round, seat)
        )""",
    ),
    # under which all processes of a relay make challenges
    ("CREATE TABLE secrets (challenges {blob} NOT NULL)",),
    (
        """CREATE TABLE served_rows (
            round BIGINT NOT NULL REFERENCES rounds,
            seat SMALLINT NOT NULL,
            data {blob} NOT NULL,
            UNIQUE (round, seat)
        )""",
    ),
)


def migrate(database: Database, domain: Domain) -> None:
    """Make what is missing; refuse what is not this contract's.

    Raises:
        RelayError: Of a later version, of another contract, or no relay's.
    """
    with database.transaction() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (step BIGINT NOT NULL)")
        done = connection.rows("SELECT count(*) FROM migrations")[0][0]
        if done > len(STEPS):
            raise RelayError(f"{database.name}: is of version {done}, made by a later sda; this one knows {len(STEPS)}")
        for number, statements in enumerate(STEPS[done:], start=done):
            for statement in statements:
                connection.execute(statement.format(**database.types))
            connection.execute("INSERT INTO migrations VALUES (?)", (number,))
        if not connection.rows("SELECT 1 FROM place"):
            connection.execute("INSERT INTO place VALUES (?, ?)", (str(domain.chain_id), domain.contract))
        if not connection.rows("SELECT 1 FROM secrets"):
            connection.execute("INSERT INTO secrets VALUES (?)", (secrets.token_bytes(SECRET_BYTES),))
        _check_place(connection, database.name, domain)


def _check_place(connection: Connection, name: str, domain: Domain) -> None:
    chain_id, contract = connection.rows("SELECT chain_id, contract FROM place")[0]
    if (int(chain_id), bytes(contract)) != (domain.chain_id, domain.contract):
        raise RelayError(
            f"{name}: is of contract 0x{bytes(contract).hex()} on chain {chain_id}, "
            f"must be of 0x{domain.contract.hex()} on {domain.chain_id}"
        )
