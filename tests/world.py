"""Whole rounds without a chain: a committee, contributors, a relay in a real file, and what the contract
would check.

    world = World(tmp_path, params.TEST, contributors=20)
    world.contribute_all()
    world.close()
    assert world.reveal() == world.expected

Everything is real but the chain: keys, curve, messages, SQLite. `World.view` plays the contract's storage,
and `accept_snapshot` and `accept_row` its checks.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sda.clerk import Answer, answer
from sda.closed import Closed, ClosedSet, Snapshot
from sda.contributor import ContributorKey
from sda.crypto.codeword import is_codeword
from sda.crypto.curve import commit_chunks, from_bytes128
from sda.crypto.hashes import ZERO_WORD, round_hash
from sda.crypto.keys import SecretKey
from sda.developer import Collected, PaddedSum, collect, reveal
from sda.keys import Identity
from sda.messages import AccountKey, Contribution, Domain, Enrolment
from sda.outbox import Outbox
from sda.pairs import Pairs
from sda.params import Parameters
from sda.relay import LocalRelay
from sda.round import RoundView, Seat, State, Terms

CHAIN_ID = 31337
CONTRACT = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
START = 1_700_000_000
"""When the committee was drawn, unix seconds."""
COLLECT_WINDOW = 3600
COMPLAINT_WINDOW = 600
ROW_WINDOW = 600
CLAIM_WINDOW = 86400


def make_terms(parameters: Parameters, **changes: int | bytes) -> Terms:
    """Terms of a round that takes anything from one contributor up."""
    terms = Terms.for_parameters(
        parameters,
        minimum=1,
        collect_window=COLLECT_WINDOW,
        complaint_window=COMPLAINT_WINDOW,
        row_window=ROW_WINDOW,
        claim_window=CLAIM_WINDOW,
        flat_fee=10,
        rate=1,
        reward=3,
    )
    return replace(terms, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class ClerkParty:
    """A clerk: its id, its account and its key of the epoch."""

    clerk_id: int
    account: AccountKey
    secret: SecretKey


@dataclass(frozen=True)
class ContributorParty:
    """A contributor: its keys at the contract, and its enrolment."""

    key: ContributorKey
    enrolment: Enrolment
    position: int
    payout: bytes


def make_clerks(count: int) -> list[ClerkParty]:
    """Fresh clerks with ids from 1."""
    return [ClerkParty(i + 1, AccountKey.generate(), SecretKey.generate()) for i in range(count)]


def make_view(
    terms: Terms,
    clerks: Sequence[ClerkParty],
    developer: AccountKey,
    developer_secret: SecretKey,
    *,
    round_id: int = 0,
    chain_id: int = CHAIN_ID,
    contract: bytes = CONTRACT,
    epoch: int = 1,
) -> RoundView:
    """A collecting round whose seats are held by these clerks, in their order."""
    seats = tuple(
        Seat(index, clerk.clerk_id, clerk.account.address, clerk.secret.public) for index, clerk in enumerate(clerks)
    )
    return RoundView(
        round_id=round_id,
        chain_id=chain_id,
        contract=contract,
        terms=terms,
        developer=developer.address,
        developer_key=developer_secret.public,
        epoch=epoch,
        seats=seats,
        round_hash=round_hash(
            chain_id=chain_id,
            contract=contract,
            round_id=round_id,
            terms_hash=terms.hash,
            developer=developer.address,
            developer_key_hash=developer_secret.public.hash,
            epoch=epoch,
            clerk_ids=[seat.clerk_id for seat in seats],
            key_hashes=[seat.key.hash for seat in seats],
        ),
        state=State.COLLECTING,
        collect_end=START + COLLECT_WINDOW,
    )


def random_vector(parameters: Parameters, random: Random) -> list[int]:
    """A vector that fits."""
    highest = 2**parameters.bits - 1 - parameters.offset
    return [random.randint(-parameters.offset, highest) for _ in range(parameters.length)]


class World:
    """One round and everybody in it.

    Args:
        directory: For the relay's file and the outboxes.
        parameters: Of the round.
        contributors: How many are enrolled.
        terms: Instead of `make_terms(parameters)`.
        seed: Of the vectors; keys are fresh every time.
    """

    def __init__(
        self,
        directory: Path,
        parameters: Parameters,
        contributors: int = 5,
        terms: Terms | None = None,
        seed: int = 0,
    ) -> None:
        self.directory = directory
        self.random = Random(seed)
        self.now = float(START)
        self.domain = Domain(CHAIN_ID, CONTRACT)
        self.clerks = make_clerks(parameters.n)
        self.developer = AccountKey.generate()
        self.developer_secret = SecretKey.generate()
        self.view = make_view(terms or make_terms(parameters), self.clerks, self.developer, self.developer_secret)
        self.relay = LocalRelay(directory / "relay.sqlite", self.domain, clock=lambda: self.now)
        self.relay.open_round(self.view)
        self.contributors = [self.enrol() for _ in range(contributors)]
        self.vectors: dict[bytes, list[int]] = {}
        self.messages: dict[bytes, Contribution] = {}
        self.collected: Collected | None = None
        self.rows: dict[int, list[int]] = {}

    @property
    def parameters(self) -> Parameters:
        """Of the round."""
        return self.view.parameters

    # ------------------------------------------------------------------ contributors

    def make_key(self) -> ContributorKey:
        """A fresh contributor's keys."""
        identity = Identity.generate()
        return ContributorKey(identity.account, identity.key(CHAIN_ID, CONTRACT))

    def enrol(self, key: ContributorKey | None = None) -> ContributorParty:
        """A contributor that is enrolled at the relay."""
        key = key or self.make_key()
        enrolment = key.enrol(self.domain)
        position = self.relay.enrol(enrolment.encode())
        return ContributorParty(key, enrolment, position, secrets.token_bytes(20))

    def vector(self) -> list[int]:
        """A random vector that fits."""
        return random_vector(self.parameters, self.random)

    def prepare(self, party: ContributorParty, vector: Sequence[int] | None = None) -> Contribution:
        """A contribution, made through the contributor's outbox, not sent yet."""
        values = self.vector() if vector is None else list(vector)
        outbox = Outbox(self.directory / party.key.account.address.hex())
        contribution = outbox.prepare(self.view, party.key, party.position, values, party.payout)
        self.vectors[party.key.account.address] = values
        self.messages[party.key.account.address] = contribution
        return contribution

    def contribute_all(self) -> None:
        """Every contributor sends a random vector."""
        for party in self.contributors:
            self.relay.submit(self.prepare(party).encode())

    @property
    def expected(self) -> list[int]:
        """The plain sum of what was prepared."""
        return [sum(values) for values in zip(*self.vectors.values(), strict=True)]

    # ------------------------------------------------------------------ developer and contract

    def close(self) -> Collected:
        """The developer collects, publishes, and the contract takes the snapshot."""
        collected = collect(self.view, self.relay, self.developer_secret)
        self.relay.publish(self.view.round_hash, collected.publication)
        self.accept_snapshot(collected.snapshot)
        self.collected = collected
        return collected

    def accept_snapshot(self, snapshot: Snapshot) -> None:
        """What the contract does with a snapshot: check the codeword, if it has the points; store the hashes."""
        if snapshot.chunks == 1:
            set_hash = snapshot.closed_set.hash(self.view.round_hash)
            points = [from_bytes128(point) for point in snapshot.points]
            assert is_codeword(points, set_hash, self.parameters.reconstruction)
        self.store_snapshot(snapshot)

    def store_snapshot(self, snapshot: Snapshot) -> None:
        """Put a snapshot on the chain without any check."""
        set_hash = snapshot.closed_set.hash(self.view.round_hash)
        closed = Closed(snapshot.root, set_hash, snapshot.count)
        self.view = replace(self.view, state=State.ANSWERING, closed=closed)
        self.relay.open_round(self.view)

    def accept_row(self, given: Answer) -> None:
        """What the contract does with a row."""
        assert self.view.closed is not None
        assert given.closed_set.hash(self.view.round_hash) == self.view.closed.set_hash
        assert given.closed_set.exclusions == ZERO_WORD
        assert self.collected is not None
        points = self.collected.padded_sum.points[given.seat :: self.parameters.n]
        assert commit_chunks(given.row, self.parameters) == points
        self.rows[given.seat] = given.row

    # ------------------------------------------------------------------ clerks and the sum

    def answer(self, seat: int, pairs: Pairs | None = None) -> Answer:
        """The answer of a seat."""
        secret = self.clerks[seat].secret
        return answer(self.view, self.view.seats[seat], self.relay, secret, Pairs(secret) if pairs is None else pairs)

    def reveal(self, seats: Sequence[int] | None = None) -> list[int]:
        """The sum, from the rows of these seats (the first R if none are named)."""
        assert self.collected is not None
        for seat in seats if seats is not None else range(self.parameters.reconstruction):
            if seat not in self.rows:
                self.accept_row(self.answer(seat))
        rows = self.rows if seats is None else {seat: self.rows[seat] for seat in seats}
        return reveal(self.view, self.collected.padded_sum, rows)


__all__ = [
    "CHAIN_ID",
    "CONTRACT",
    "START",
    "ClerkParty",
    "ClosedSet",
    "ContributorParty",
    "PaddedSum",
    "World",
    "make_clerks",
    "make_terms",
    "make_view",
    "random_vector",
]
