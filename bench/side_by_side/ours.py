"""Ours: the real roles, messages and relay of two rounds among the same parties; the chain is played.

The first round is everybody's first meeting: enrolments, shared points. The second finds them cached.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from web3 import Web3

from bench.side_by_side.report import Load, Meter, Report, System, Vectors
from sda.chain.artifacts import load
from sda.chain.evidence import set_struct
from sda.chain.points import point_struct
from sda.clerk import Answer, answer
from sda.closed import Closed, Snapshot
from sda.contributor import ContributorKey, Minima, Pinned, check_round, contribute
from sda.crypto.codeword import is_codeword
from sda.crypto.curve import commit_chunks, from_bytes128
from sda.crypto.hashes import ZERO_WORD, round_hash
from sda.crypto.keys import SecretKey
from sda.crypto.seeds import NONCE_BYTES
from sda.developer import Collected, PaddedSum, collect, reveal
from sda.keys import Identity
from sda.messages import AccountKey, Domain
from sda.pairs import Pairs
from sda.params import EVENTS_250K, Parameters
from sda.posted import row_root
from sda.relay import LocalRelay
from sda.relay.interface import Job
from sda.round import RoundView, Seat, State, Terms

PINNED = Pinned(31337, bytes(19) + b"\x01")
DOMAIN = Domain(PINNED.chain_id, PINNED.contract)
NOW, HOUR = 1_700_000_000, 3600
MINIMA = Minima(n=2, t=1, minimum=1)
WORD = 32
SEAT_WORDS = 6
"""Clerk id, operator and the four words of a key."""
GAS_TABLE = Path(__file__).parents[2] / "docs" / "gas.md"


@dataclass
class Clerk:
    """A clerk and what it remembers between rounds."""

    account: AccountKey
    secret: SecretKey
    pairs: Pairs


class Counting:
    """A relay whose files are counted as they are downloaded by one role."""

    def __init__(self, relay: LocalRelay, meter: Meter, role: str) -> None:
        self._relay, self._meter, self._role = relay, meter, role

    def __getattr__(self, name: str) -> Any:
        return getattr(self._relay, name)

    def job(self, round_hash: bytes, seat: int) -> Job:
        """See `Relay.job`."""
        with self._meter.working("relay"):
            job = self._relay.job(round_hash, seat)
        snapshot = job.snapshot
        hashes = (snapshot.left, snapshot.right, snapshot.roster_root, snapshot.enrolment_root, *snapshot.corrections)
        files = (*hashes, *snapshot.points, job.roster, job.correction)
        numbers = 3 * 4  # N, the noise bitmap and M
        self._serve(numbers + sum(map(len, files)))
        return job

    def enrolments(self, start: int, stop: int) -> bytes:
        """See `Relay.enrolments`."""
        with self._meter.working("relay"):
            data = self._relay.enrolments(start, stop)
        self._serve(len(data))
        return data

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        """See `Relay.contributions`."""
        messages = self._relay.contributions(round_hash)
        while True:
            with self._meter.working("relay"):
                message = next(messages, None)
            if message is None:
                return
            self._serve(len(message))
            yield message

    def _serve(self, size: int) -> None:
        self._meter.sent("relay", size)
        self._meter.received(self._role, size)


class Parties:
    """Everybody, over several rounds."""

    def __init__(self, directory: Path, parameters: Parameters, contributors: int) -> None:
        self.terms = _terms(parameters)
        self.relay = LocalRelay(directory / "relay.sqlite", DOMAIN, clock=lambda: float(NOW))
        self.developer, self.developer_secret = AccountKey.generate(), SecretKey.generate()
        self.clerks = [_clerk() for _ in range(parameters.n)]
        identities = [Identity.generate() for _ in range(contributors)]
        self.contributors = [ContributorKey(who.account, who.key(*_pin())) for who in identities]
        self.positions: dict[bytes, int] = {}

    def round(self, round_id: int, vectors: Vectors) -> tuple[list[int], dict[str, Load]]:
        """One round: its sum, and what it cost whom."""
        meter = Meter()
        view = _view(self.terms, self.clerks, self.developer, self.developer_secret, round_id)
        self.relay.open_round(view)
        for key, vector in zip(self.contributors, vectors, strict=True):
            self._contribute(meter, view, key, vector)
        view, collected = self._close(meter, view)
        answers = [self._answer(meter, view, seat) for seat in view.seats]
        rows = {given.seat: given.row for given in answers if _accepted(given, view, collected.padded_sum)}
        # The last R rows: the first n - R seats might as well have stayed silent.
        used = dict(sorted(rows.items())[-view.parameters.reconstruction :])
        meter.received("developer", sum(WORD * len(row) for row in used.values()))
        with meter.working("developer"):
            sums = reveal(view, collected.padded_sum, used)
        return sums, meter.loads(contributor=len(vectors), clerk=len(self.clerks), developer=1, relay=1)

    def _contribute(self, meter: Meter, view: RoundView, key: ContributorKey, vector: Sequence[int]) -> None:
        account = key.account.address
        meter.received("contributor", _view_bytes(view))
        if account not in self.positions:
            with meter.working("contributor"):
                enrolment = key.enrol(DOMAIN).encode()
            _transfer(meter, "contributor", len(enrolment))
            with meter.working("relay"):
                self.positions[account] = self.relay.enrol(enrolment)
        with meter.working("contributor"):
            check_round(view, PINNED, MINIMA, NOW)
            nonce = secrets.token_bytes(NONCE_BYTES)
            message = contribute(view, key, self.positions[account], vector, account, nonce).encode()
        _transfer(meter, "contributor", len(message))
        with meter.working("relay"):
            self.relay.submit(message)

    def _close(self, meter: Meter, view: RoundView) -> tuple[RoundView, Collected]:
        with meter.working("developer"):
            collected = collect(view, Counting(self.relay, meter, "developer"), self.developer_secret)
        publication, snapshot = collected.publication, collected.snapshot
        files = (*publication.levels, *publication.sums.values(), publication.roster)
        _transfer(meter, "developer", sum(map(len, files)))
        meter.sent("developer", len(_snapshot_call(view, snapshot)))
        set_hash = snapshot.closed_set.hash(view.round_hash)
        if snapshot.chunks == 1:  # what the contract checks of a snapshot
            assert is_codeword(list(map(from_bytes128, snapshot.points)), set_hash, view.parameters.reconstruction)
        closed = replace(view, state=State.ANSWERING, closed=Closed(snapshot.root, set_hash, snapshot.count))
        with meter.working("relay"):
            self.relay.publish(view.round_hash, publication)
        self.relay.open_round(closed)
        return closed, collected

    def _answer(self, meter: Meter, view: RoundView, seat: Seat) -> Answer:
        clerk = self.clerks[seat.index]
        meter.received("clerk", _view_bytes(view))
        with meter.working("clerk"):
            given = answer(view, seat, Counting(self.relay, meter, "clerk"), clerk.secret, clerk.pairs)
        meter.sent("clerk", len(_row_call(view, given)))
        if view.parameters.chunks > 1:  # the chain gets a root, the relay the row
            _transfer(meter, "clerk", WORD * len(given.row))
        return given


def run(vectors: Vectors, parameters: Parameters) -> Report:
    """Two rounds, with a clerk's and a contributor's memory kept from one to the next."""
    parameters = replace(parameters, length=len(vectors[0]))
    with tempfile.TemporaryDirectory() as directory:
        parties = Parties(Path(directory), parameters, len(vectors))
        sums, first = parties.round(0, vectors)
        again, later = parties.round(1, vectors)
        assert sums == again
    return Report(sums, first, later)


def gas() -> dict[str, int]:
    """Gas of the transactions of a round and of one claim, from docs/gas.md."""
    steps = dict(re.findall(r"^\| (.+?) \| ([\d,]+) \|", GAS_TABLE.read_text(), re.MULTILINE))
    cost = {name: int(number.replace(",", "")) for name, number in steps.items()}
    once = ("request a round, with its payment", "draw the committee, pay the bounty",
            "snapshot: root, n points checked", "settle the round, everybody's fee credited")  # fmt: skip
    rows = EVENTS_250K.n * cost["a row, the dearest of all seats"]
    return {"round": sum(cost[step] for step in once) + rows, "claim": cost["claim one reward of 250,000"]}


def _transfer(meter: Meter, sender: str, size: int) -> None:
    """To the relay."""
    meter.sent(sender, size)
    meter.received("relay", size)


def _pin() -> tuple[int, bytes]:
    return PINNED.chain_id, PINNED.contract


def _clerk() -> Clerk:
    secret = SecretKey.generate()
    return Clerk(AccountKey.generate(), secret, Pairs(secret))


def _terms(parameters: Parameters) -> Terms:
    windows = dict.fromkeys(("collect_window", "complaint_window", "row_window", "claim_window"), HOUR)
    return Terms.for_parameters(parameters, minimum=1, flat_fee=10, rate=1, reward=3, **windows)


def _view(
    terms: Terms, clerks: Sequence[Clerk], developer: AccountKey, developer_secret: SecretKey, round_id: int
) -> RoundView:
    """What the chain would say of a round that collects."""
    seats = tuple(
        Seat(index, index + 1, clerk.account.address, clerk.secret.public) for index, clerk in enumerate(clerks)
    )
    return RoundView(
        round_id=round_id,
        chain_id=PINNED.chain_id,
        contract=PINNED.contract,
        terms=terms,
        developer=developer.address,
        developer_key=developer_secret.public,
        epoch=1,
        seats=seats,
        round_hash=round_hash(
            chain_id=PINNED.chain_id,
            contract=PINNED.contract,
            round_id=round_id,
            terms_hash=terms.hash,
            developer=developer.address,
            developer_key_hash=developer_secret.public.hash,
            epoch=1,
            clerk_ids=[seat.clerk_id for seat in seats],
            key_hashes=[seat.key.hash for seat in seats],
        ),
        state=State.COLLECTING,
        collect_end=NOW + HOUR,
    )


def _view_bytes(view: RoundView) -> int:
    """What a node answers to whoever reads the round: terms, seats, the developer's key."""
    return len(encode([Terms.ABI], [view.terms.values])) + WORD * (SEAT_WORDS * len(view.seats) + 4)


def _accepted(given: Answer, view: RoundView, padded_sum: PaddedSum) -> bool:
    """What the contract checks of a row, and the developer of a wide round's."""
    assert view.closed is not None
    right_set = given.closed_set.hash(view.round_hash) == view.closed.set_hash
    parameters = view.parameters
    return right_set and commit_chunks(given.row, parameters) == padded_sum.points[given.seat :: parameters.n]


def _row_call(view: RoundView, given: Answer) -> bytes:
    if view.parameters.chunks > 1:
        set_hash, root = given.closed_set.hash(view.round_hash), row_root(given.row, view.parameters)
        return _call("postRow", view.round_id, given.seat, set_hash, root, contract="RowChecks")
    return _call("submitRow", view.round_id, given.seat, set_struct(given.closed_set), list(given.row))


def _snapshot_call(view: RoundView, snapshot: Snapshot) -> bytes:
    roots = (snapshot.roster_root, snapshot.enrolment_root)
    head = (snapshot.left, snapshot.right, snapshot.count, snapshot.noise)
    if snapshot.chunks > 1:
        return _call("snapshot", view.round_id, (*head, *roots, [], [], snapshot.body))
    points = [point_struct(point) for point in snapshot.points]
    return _call("snapshot", view.round_id, (*head, *roots, points, list(snapshot.corrections), ZERO_WORD))


def _call(function: str, *arguments: Any, contract: str = "Rounds") -> bytes:
    """A transaction's data."""
    abi: Any = load(contract).abi
    return bytes.fromhex(Web3().eth.contract(abi=abi).encode_abi(function, args=list(arguments))[2:])


P = EVENTS_250K
SYSTEMS = (
    System(
        slug="ours",
        title="Ours",
        setting=f"n = {P.n}, t = {P.t}, k = {P.k}, R = {P.reconstruction}: the profile for 250,000 contributors",
        run=partial(run, parameters=P),
        round_trips="contributor: one message; clerk: one, more only in a dispute",
        silent=f"any contributors, down to the round's minimum; {P.n - P.reconstruction} of {P.n} clerks, slashed",
        lying="clerks: a wrong row is refused and slashed. Developer, relay: shown to the contract. Contributors: a "
        "bad share is shown and left out, but a false vector spoils the sum unnoticed (no range proofs yet)",
        learns=f"developer: the sum, and who took part; more: the developer with {P.t + 1} or more clerks",
        not_counted="The chain and the network are played: what is read from the chain is counted as ABI words (JSON "
        "doubles it), what is sent as calldata.",
    ),
)
