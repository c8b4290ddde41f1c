"""The developer's intake: reads what the relay stored, has it checked, and decides in order what is included.

Messages and enrolments are read side by side, a batch at a time; batches are checked wherever the engine runs
(`sda.batch`). What needs to know of the others (order, capacity, one account or key twice) is decided here, in
order of position, so the outcome is the same whatever finished first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sda.batch import BATCH, Batch, Checked, Member
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey
from sda.crypto.pads import add, subtract
from sda.engine import Engine, WorkFiles, run
from sda.errors import MessageError, RelayError
from sda.messages.contribution import Header
from sda.messages.enrolment import split_enrolments
from sda.relay.interface import Relay
from sda.round import RoundView

_ENROLMENTS = 4096
"""Read at a time."""


@dataclass(frozen=True)
class Dropped:
    """A stored message that is not included.

    Attributes:
        position: Of its contributor.
        reason: What is wrong with it.
    """

    position: int
    reason: str


class Intake:
    """One pass over a closed round.

    Args:
        view: Of the round.
        relay: Where the contributions are; not believed.
        secret: The developer's round key.
        enrolled: M, when the round was closed.
        capacity: Contributions that are included at most.
        left_out: Enrolment positions of contributors that are not included, whatever they sent.

    Attributes:
        positions, nonces: Of the included, in leaf order.
        padded: Σ of their vectors without masks, E elements.
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

    def leaves(self, engine: Engine, kept: WorkFiles | None, progress: Callable[[int], None]) -> Iterator[bytes]:
        """The encoded leaves of the included, in order; everything else about them is kept in passing.

        Args:
            engine: Where batches are checked.
            kept: Batches that were checked before.
            progress: Called with the number of messages done.
        """
        done = 0
        for batch, result in run(engine, self._batches(), kept):
            yield from self._include(batch, Checked.decode(result, self._view.parameters))
            done += len(batch.messages)
            progress(done)

    def enrolment_leaves(self) -> list[bytes]:
        """The leaves of all M enrolments."""
        self._advance(self._enrolled - 1)
        return self._enrolment_leaves

    # ------------------------------------------------------------------ reading

    def _batches(self) -> Iterator[Batch]:
        messages: list[bytes] = []
        enrolments: list[bytes] = []
        last = -1
        for message in self._relay.contributions(self._view.round_hash):
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
        try:
            position = Header.decode(message).position
        except MessageError as error:
            raise RelayError(f"relay: serves as a contribution what is none ({error})") from error
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
