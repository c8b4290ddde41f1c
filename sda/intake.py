"""The developer's intake: reads what the relay stored, has it checked, and decides in order what is included.

Messages and enrolments are read side by side, a batch at a time; batches are checked wherever the engine runs
(`sda.batch`). What needs to know of the others (order, capacity, one account or key twice) is decided here, in
order of position, so the outcome is the same whatever finished first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from sda.batch import BATCH, Batch, Checked, Member, unmasked
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey
from sda.crypto.pads import add, subtract
from sda.crypto.sumtree import empty_nodes
from sda.engine import Engine, WorkFiles, run
from sda.errors import MessageError, ProofError, RelayError
from sda.messages import Contribution, Kind
from sda.messages.contribution import Header
from sda.messages.enrolment import split_enrolments
from sda.noise import dealer
from sda.relay.interface import Relay
from sda.relay.tree import encode_leaf
from sda.round import RoundView

_ENROLMENTS = 4096
"""Read at a time."""


@dataclass(frozen=True)
class Dropped:
    """A stored message that is not included.

    Attributes:
        position: Of its contributor; of its seat if it is noise.
        reason: What is wrong with it.
        kind: Data or noise.
    """

    position: int
    reason: str
    kind: Kind = Kind.DATA


class Intake:
    """One pass over a closed round.

    Args:
        view: Of the round.
        relay: Where the contributions are; not believed.
        secret: The developer's round key.
        enrolled: M, when the round was closed.
        capacity: Contributions that are included at most.
        left_out: Enrolment positions of contributors that are not included, whatever they sent.
        without_noise: Seats whose noise is not included, whatever they dealt.

    Attributes:
        noise: Bitmap of the seats whose noise is included.
        noise_nonces: Of that noise, by seat.
        positions, nonces: Of the included contributors, in leaf order.
        padded: Σ of all these vectors without masks, E elements.
        dropped: What was not included, and why.
    """

    def __init__(
        self,
        view: RoundView,
        relay: Relay,
        secret: SecretKey,
        enrolled: int,
        capacity: int,
        left_out: frozenset[int],
        without_noise: frozenset[int] = frozenset(),
    ) -> None:
        self._view = view
        self._relay = relay
        self._secret = secret
        self._enrolled = enrolled
        self._capacity = capacity
        self._left_out = left_out
        self._without_noise = without_noise
        self._enrolments = self._read_enrolments()
        self._enrolment_leaves: list[bytes] = []
        self._accounts: set[bytes] = set()
        self._keys: set[bytes] = set()
        self.noise = 0
        self.noise_nonces: list[bytes] = []
        self.positions: list[int] = []
        self.nonces: list[bytes] = []
        self.padded: list[int] = [0] * view.parameters.elements
        self.dropped: list[Dropped] = []

    def leaves(self, engine: Engine, kept: WorkFiles | None, progress: Callable[[int], None]) -> Iterator[bytes]:
        """The encoded leaves of the included, in order; everything else about them is kept in passing.

        In a private round those of all seats come first, empty where no noise is included.

        Args:
            engine: Where batches are checked.
            kept: Batches that were checked before.
            progress: Called with the number of messages done.
        """
        messages = self._relay.contributions(self._view.round_hash)
        if self._view.terms.sigma:
            noise, messages = _split(messages, self._view.parameters.n)
            yield from self._seats(noise)
        done = 0
        for batch, result in run(engine, self._batches(messages), kept):
            yield from self._include(batch, Checked.decode(result, self._view.parameters))
            done += len(batch.messages)
            progress(done)

    def enrolment_leaves(self) -> list[bytes]:
        """The leaves of all M enrolments."""
        self._advance(self._enrolled - 1)
        return self._enrolment_leaves

    # ------------------------------------------------------------------ noise

    def _seats(self, messages: Iterable[bytes]) -> Iterator[bytes]:
        """The encoded leaves of all seats."""
        leaves: dict[int, bytes] = {}
        for message in messages:
            seat = Header.decode(message).position
            if not max(leaves, default=-1) < seat < self._view.parameters.n:
                raise RelayError(f"relay: serves noise of seat {seat} after that of {max(leaves, default='none')}")
            leaves[seat] = self._seat(seat, message)
        empty = encode_leaf(empty_nodes(self._view.parameters, 0)[0])
        for seat in range(self._view.parameters.n):
            yield leaves.get(seat) or empty

    def _seat(self, seat: int, message: bytes) -> bytes:
        """The encoded leaf of a seat's noise; nothing if it is not included."""
        holder = dealer(self._view.seats[seat])
        try:
            if seat in self._without_noise:
                raise ProofError("seats found it wrong in the draft")
            contribution = Contribution.decode(message, self._view.parameters)
            leaf = contribution.leaf
            if (leaf.round_hash, leaf.account) != (self._view.round_hash, holder.account):
                raise ProofError("is not of this round and seat")
            leaf.verify(self._view.domain, holder.key.hash)
        except (MessageError, ProofError) as error:
            self.dropped.append(Dropped(seat, f"noise of seat {seat}: {error}", Kind.NOISE))
            return b""
        self.noise |= 1 << seat
        self.noise_nonces.append(leaf.nonce)
        self.padded = add(self.padded, unmasked(contribution, holder, self._secret))
        return encode_leaf(leaf.node(holder))

    # ------------------------------------------------------------------ reading

    def _batches(self, contributions: Iterable[bytes]) -> Iterator[Batch]:
        messages: list[bytes] = []
        enrolments: list[bytes] = []
        last = -1
        for message in contributions:
            last = self._position(message, last)
            messages.append(message)
            enrolments.append(self._advance(last))
            if len(messages) == BATCH:
                yield self._batch(messages, enrolments)
                messages, enrolments = [], []
        if messages:
            yield self._batch(messages, enrolments)

    def _batch(self, messages: list[bytes], enrolments: list[bytes]) -> Batch:
        view = self._view
        return Batch(
            round_hash=view.round_hash,
            domain=view.domain,
            parameters=view.parameters,
            secret=self._secret.to_bytes(),
            messages=tuple(messages),
            enrolments=tuple(enrolments),
        )

    def _position(self, message: bytes, last: int) -> int:
        position = _header(message).position
        if not last < position < self._enrolled:
            raise RelayError(f"relay: serves position {position} after {last}, with {self._enrolled} enrolled")
        return position

    def _read_enrolments(self) -> Iterator[bytes]:
        for start in range(0, self._enrolled, _ENROLMENTS):
            stop = min(start + _ENROLMENTS, self._enrolled)
            yield from split_enrolments(self._relay.enrolments(start, stop), stop - start)

    def _advance(self, position: int) -> bytes:
        """Read enrolments up to a position; the message there, or empty if it was passed."""
        message = b""
        while len(self._enrolment_leaves) <= position:
            message = next(self._enrolments)
            self._enrolment_leaves.append(keccak(message))
        return message

    # ------------------------------------------------------------------ deciding

    def _include(self, batch: Batch, checked: Checked) -> Iterator[bytes]:
        """The leaves of those of a batch that are included."""
        padded = checked.padded
        valid = {member.number: (member, leaf) for member, leaf in checked.leaf_records(self._view.parameters)}
        for number, message in enumerate(batch.messages):
            header = Header.decode(message)
            member, leaf = valid.get(number, (None, b""))
            reason = self._why_not(header, member, checked.reasons.get(number, ""))
            if reason:
                self.dropped.append(Dropped(header.position, reason))
                if member is not None:
                    padded = subtract(padded, batch.unmasked(number))
            elif member is not None:
                self._take(member)
                yield leaf
        self.padded = add(self.padded, padded)

    def _why_not(self, header: Header, member: Member | None, reason: str) -> str:
        """Why a message is not included; empty if it is."""
        if len(self.positions) == self._capacity:
            return f"the {self._capacity} contributions that were announced are there already"
        if member is None:
            return reason
        if header.position in self._left_out:
            return f"contribution of 0x{header.account.hex()}: seats found it wrong in the draft"
        if member.account in self._accounts or member.key in self._keys:
            return f"contribution of 0x{header.account.hex()}: its account or key is included already"
        return ""

    def _take(self, member: Member) -> None:
        self.positions.append(member.position)
        self.nonces.append(member.nonce)
        self._accounts.add(member.account)
        self._keys.add(member.key)


def _split(messages: Iterator[bytes], seats: int) -> tuple[list[bytes], Iterator[bytes]]:
    """The noise that comes first, of so many seats at most, and the rest."""
    noise: list[bytes] = []
    for message in messages:
        if len(noise) == seats or _header(message).kind is not Kind.NOISE:
            return noise, chain([message], messages)
        noise.append(message)
    return noise, messages


def _header(message: bytes) -> Header:
    try:
        return Header.decode(message)
    except MessageError as error:
        raise RelayError(f"relay: serves as a contribution what is none ({error})") from error
