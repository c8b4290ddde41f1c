"""The developer: closes the collection, commits to its sums, and unpacks the sum once R rows are accepted.

`collect` reads everything the relay stored, in one pass and a batch at a time: it drops what must not be
included, builds the sum tree, and adds up the padded vectors without their masks. It is deterministic: after
a crash it gives the same snapshot again. `reveal` needs that sum, and any R accepted rows (PROTOCOL §4, §6).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sda.crypto.codeword import extend
from sda.crypto.curve import POINT_BYTES, commit_row, to_bytes128
from sda.crypto.encoding import unpack
from sda.crypto.field import row_from_bytes, row_to_bytes
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey, shared_point
from sda.crypto.merkle import Roster, enrolment_root
from sda.crypto.pads import add, developer_mask, subtract, sum_of_pads
from sda.crypto.sumtree import Node
from sda.errors import MessageError, ParameterError, ProofError, RelayError
from sda.messages import Contribution, Enrolment, Kind
from sda.messages.contribution import Header
from sda.messages.enrolment import split_enrolments
from sda.relay.interface import Publication, Relay
from sda.relay.tree import TreeRecord
from sda.round import RoundView, Snapshot

_BATCH = 4096


@dataclass(frozen=True)
class Dropped:
    """A stored message that is not included.

    Attributes:
        position: Of its contributor.
        reason: What is wrong with it.
    """

    position: int
    reason: str


@dataclass(frozen=True)
class PaddedSum:
    """Σ of the included vectors under their pads; the developer's alone. With any R rows it gives the sum.

    Attributes:
        set_hash: Of the closed set that it sums.
        elements: E field elements.
        points: D_0 … D_{n-1} of that set, 128 bytes each: rows that do not open them are not used.
    """

    set_hash: bytes
    elements: tuple[int, ...] = field(repr=False)
    points: tuple[bytes, ...] = field(repr=False)

    def to_json(self) -> str:
        """For a private file."""
        values = {
            "set_hash": self.set_hash.hex(),
            "elements": row_to_bytes(self.elements).hex(),
            "points": b"".join(self.points).hex(),
        }
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> PaddedSum:
        """Read it back.

        Raises:
            MessageError: It is not what `to_json` wrote.
        """
        try:
            values = json.loads(text)
            set_hash, elements, points = (bytes.fromhex(values[name]) for name in ("set_hash", "elements", "points"))
        except (ValueError, KeyError, TypeError) as error:
            raise MessageError("padded sum: is not in its JSON form") from error
        starts = range(0, len(points), POINT_BYTES)
        return cls(set_hash, tuple(row_from_bytes(elements)), tuple(points[i : i + POINT_BYTES] for i in starts))


@dataclass(frozen=True)
class Collected:
    """A closed round, before its snapshot is on chain.

    Attributes:
        publication: For the relay; `snapshot` in it is for the chain.
        root: Of the sum tree.
        padded_sum: To be kept until rows are accepted.
        dropped: What was left out, and why.
    """

    publication: Publication = field(repr=False)
    root: bytes
    padded_sum: PaddedSum
    dropped: tuple[Dropped, ...]

    @property
    def snapshot(self) -> Snapshot:
        """What goes to the chain."""
        return self.publication.snapshot

    @property
    def positions(self) -> Sequence[int]:
        """Enrolment positions of the contributors, in leaf order."""
        return Roster.from_bytes(self.publication.roster, self.publication.enrolled, self.snapshot.count).positions


def collect(view: RoundView, relay: Relay, secret: SecretKey, left_out: Collection[int] = ()) -> Collected:
    """Close a round at the relay, and build its snapshot from what is stored there.

    Args:
        view: Of the round.
        relay: Where the contributions are; not believed.
        secret: The developer's round key.
        left_out: Enrolment positions of contributors that seats found wrong in a draft.

    Raises:
        ParameterError: The key is not the round's, or fewer contributions than the minimum can be included.
        RelayError: The relay serves contributions or enrolments out of order.
    """
    if secret.public != view.developer_key:
        raise ParameterError("secret", secret, "the secret of the round's developer key")
    # Before the relay is closed, for good: more may come.
    _require_enough(relay.count(view.round_hash), view)
    enrolled = relay.close_round(view.round_hash)
    capacity = min(relay.count(view.round_hash), view.terms.maximum)
    intake = _Intake(view, relay, secret, enrolled, capacity, frozenset(left_out))
    tree = TreeRecord(intake.leaves(), capacity, view.parameters)
    count = len(intake.positions)
    _require_enough(count, view)

    roster = Roster(enrolled, intake.positions, intake.nonces)
    p = view.parameters
    snapshot = Snapshot(
        left=tree.hash(tree.depth - 1, 0),
        right=tree.hash(tree.depth - 1, 1),
        count=count,
        noise=0,
        roster_root=roster.root(),
        enrolment_root=enrolment_root(intake.enrolment_leaves()),
        points=tuple(map(to_bytes128, extend(tree.root.sums.points, p.n, p.t, p.k))),
        corrections=tree.root.sums.correction_hashes,
    )
    set_hash = snapshot.closed_set.hash(view.round_hash)
    return Collected(
        publication=Publication(snapshot, enrolled, roster.to_bytes(), tree.levels, tree.sums),
        root=tree.root.hash,
        padded_sum=PaddedSum(set_hash, tuple(intake.padded), snapshot.points),
        dropped=tuple(intake.dropped),
    )


def reveal(view: RoundView, padded_sum: PaddedSum, rows: Mapping[int, Sequence[int]]) -> list[int]:
    """The sum of the contributors' vectors.

    Args:
        view: Of the round, after its snapshot.
        padded_sum: From `collect`.
        rows: By seat, the rows that a node says the contract accepted; R of them at least. One that does not open
            its commitment is not used.

    Returns:
        d integers.

    Raises:
        ProofError: The padded sum is of another set than the one on chain, or there are too few rows.
        EncodingError: The result is no sum of valid vectors: a contributor sent anything else (PROTOCOL
        §11.17).
    """
    parameters = view.parameters
    if view.closed is None or view.closed.set_hash != padded_sum.set_hash:
        raise ProofError(f"round {view.round_id}: the padded sum is not of the set that is closed on chain")
    right = [seat for seat in sorted(rows) if _opens(rows[seat], padded_sum.points[seat], parameters.row_length)]
    if len(right) < parameters.reconstruction:
        raise ProofError(
            f"round {view.round_id}: has {len(right)} accepted rows, must have {parameters.reconstruction}"
        )
    seats = right[: parameters.reconstruction]
    pads = sum_of_pads(seats, [rows[seat] for seat in seats], parameters)
    return unpack(subtract(padded_sum.elements, pads), parameters, view.closed.counted)


def _opens(row: Sequence[int], point: bytes, length: int) -> bool:
    return len(row) == length and to_bytes128(commit_row(row)) == point


def _require_enough(count: int, view: RoundView) -> None:
    if count < view.terms.minimum:
        raise ParameterError("count", count, f"at least the round's minimum {view.terms.minimum}")


def without_excluded(view: RoundView, padded_sum: PaddedSum, relay: Relay, secret: SecretKey) -> PaddedSum:
    """The padded sum of the set that was settled: less the vectors of the excluded contributors.

    Args:
        view: Of a round whose exclusions are settled.
        padded_sum: From `collect`.
        relay: Where the contributions are.
        secret: The developer's round key.

    Raises:
        RelayError: The relay does not have what was excluded.
    """
    if view.closed is None or view.closed.settled is None or padded_sum.set_hash == view.closed.set_hash:
        return padded_sum
    bodies = {each.body for each in view.closed.settled.excluded if not each.noise}
    elements = padded_sum.elements
    for message in relay.contributions(view.round_hash):
        contribution = Contribution.decode(message, view.parameters, check_subgroup=False)
        if contribution.leaf.body not in bodies:
            continue
        bodies.remove(contribution.leaf.body)
        position = contribution.leaf.position
        enrolment = Enrolment.decode(relay.enrolments(position, position + 1))
        elements = tuple(subtract(elements, _unmasked(contribution, enrolment, secret)))
    if bodies:
        raise RelayError(f"round {view.round_id}: the relay does not have {len(bodies)} of the excluded contributions")
    # The points are known by the set hash, which the caller's view has from the chain.
    return PaddedSum(view.closed.set_hash, elements, view.closed.settled.points)


def _unmasked(contribution: Contribution, enrolment: Enrolment, secret: SecretKey) -> list[int]:
    """A padded vector without its mask."""
    key, leaf = enrolment.key, contribution.leaf
    shared = shared_point(secret, key)
    mask = developer_mask(leaf.round_hash, key.compressed, leaf.nonce, shared, len(contribution.padded))
    return subtract(contribution.padded, mask)


class _Intake:
    """Reads contributions and enrolments side by side, by position, and keeps the running totals."""

    def __init__(
        self,
        view: RoundView,
        relay: Relay,
        secret: SecretKey,
        enrolled: int,
        capacity: int,
        left_out: frozenset[int],
    ) -> None:
        self._view = view
        self._relay = relay
        self._secret = secret
        self._enrolled = enrolled
        self._capacity = capacity
        self._left_out = left_out
        self._enrolments = self._read_enrolments()
        self._enrolment_leaves: list[bytes] = []
        self._accounts: set[bytes] = set()
        self._keys: set[bytes] = set()
        self.positions: list[int] = []
        self.nonces: list[bytes] = []
        self.padded: list[int] = [0] * view.parameters.elements
        self.dropped: list[Dropped] = []

    def leaves(self) -> Iterator[tuple[int, Node]]:
        """The leaves to be included, with their indices; everything else about them is kept in passing."""
        for message in self._relay.contributions(self._view.round_hash):
            position = self._position(message)
            enrolment_message = self._advance(position)
            try:
                contribution, enrolment = self._check(message, enrolment_message)
            except (MessageError, ProofError) as error:
                self.dropped.append(Dropped(position, str(error)))
                continue
            index = self._view.parameters.n + len(self.positions)
            self._take(contribution, enrolment)
            yield index, contribution.leaf.node(enrolment)

    def enrolment_leaves(self) -> list[bytes]:
        """The leaves of all M enrolments."""
        self._advance(self._enrolled - 1)
        return self._enrolment_leaves

    def _position(self, message: bytes) -> int:
        try:
            position = Header.decode(message).position
        except MessageError as error:
            raise RelayError(f"relay: serves as a contribution what is none ({error})") from error
        last = max(self.positions[-1:] + [dropped.position for dropped in self.dropped[-1:]], default=-1)
        if not last < position < self._enrolled:
            raise RelayError(f"relay: serves position {position} after {last}, with {self._enrolled} enrolled")
        return position

    def _read_enrolments(self) -> Iterator[bytes]:
        for start in range(0, self._enrolled, _BATCH):
            stop = min(start + _BATCH, self._enrolled)
            yield from split_enrolments(self._relay.enrolments(start, stop), stop - start)

    def _advance(self, position: int) -> bytes:
        """Read enrolments up to a position; the message there, or empty if it was passed."""
        message = b""
        while len(self._enrolment_leaves) <= position:
            message = next(self._enrolments)
            self._enrolment_leaves.append(keccak(message))
        return message

    def _check(self, message: bytes, enrolment_message: bytes) -> tuple[Contribution, Enrolment]:
        """What the door checked, and the points' subgroup (PROTOCOL §11.9)."""
        view = self._view
        if len(self.positions) == self._capacity:
            raise ProofError(f"the {self._capacity} contributions that were announced are there already")
        contribution = Contribution.decode(message, view.parameters)
        enrolment = Enrolment.decode(enrolment_message)
        leaf = contribution.leaf
        if leaf.position in self._left_out:
            raise ProofError(f"contribution of 0x{leaf.account.hex()}: seats found it wrong in the draft")
        if leaf.round_hash != view.round_hash or leaf.kind is not Kind.DATA:
            raise ProofError("contribution: is not data of this round")
        if leaf.account != enrolment.account:
            raise ProofError(f"contribution of 0x{leaf.account.hex()}: is not at the position of its enrolment")
        if enrolment.account in self._accounts or enrolment.key.compressed in self._keys:
            raise ProofError(f"contribution of 0x{leaf.account.hex()}: its account or key is included already")
        enrolment.verify(view.domain)
        leaf.verify(view.domain, enrolment.key.hash)
        return contribution, enrolment

    def _take(self, contribution: Contribution, enrolment: Enrolment) -> None:
        leaf, key = contribution.leaf, enrolment.key
        self.padded = add(self.padded, _unmasked(contribution, enrolment, self._secret))
        self.positions.append(leaf.position)
        self.nonces.append(leaf.nonce)
        self._accounts.add(enrolment.account)
        self._keys.add(key.compressed)
