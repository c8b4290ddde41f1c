"""Checking contributions, a batch at a time: what can be done apart, in another process or on another machine.

A batch holds the stored messages of a few thousand contributors and their enrolments. It comes to what the sum
tree and the sums need of those that are valid, and to the reasons against the others. Everything here is plain
bytes on the way in and out.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from functools import cached_property

from sda.crypto.curve import COMPRESSED_BYTES
from sda.crypto.field import ELEMENT_BYTES, row_from_bytes, row_to_bytes
from sda.crypto.keys import SecretKey, shared_point
from sda.crypto.pads import add, developer_mask, subtract
from sda.crypto.seeds import NONCE_BYTES
from sda.crypto.subgroup import find_outside
from sda.errors import MessageError, ProofError
from sda.messages import Contribution, Domain, Enrolment, Kind
from sda.messages.account import ADDRESS_BYTES
from sda.params import Parameters
from sda.relay.tree import encode_leaf, leaf_record_size

BATCH = 2048
"""Messages in a batch: a few megabytes on the way, and enough points that their subgroup check costs little."""

_FORM = b"SDA/1 checked batch, form 1"
_LENGTH_BYTES = 8
_MEMBER = struct.Struct(f">II{ADDRESS_BYTES}s{COMPRESSED_BYTES}s{NONCE_BYTES}s")


@dataclass(frozen=True)
class Batch:
    """Messages to be checked; an `engine.Task`.

    Attributes:
        round_hash: Of the round.
        domain: Of its contract.
        parameters: Of the round.
        secret: The developer's round key, 32 bytes.
        messages: Of contributors in ascending position, as stored; anything.
        enrolments: The enrolment messages at their positions; anything.
    """

    round_hash: bytes
    domain: Domain
    parameters: Parameters
    secret: bytes = field(repr=False)
    messages: tuple[bytes, ...] = field(repr=False)
    enrolments: tuple[bytes, ...] = field(repr=False)

    @cached_property
    def digest(self) -> bytes:
        """Of everything that the result follows from; the round hash covers domain and parameters."""
        public = SecretKey.from_bytes(self.secret).public
        digest = hashlib.sha256(_FORM + self.round_hash + public.compressed)
        for message in (*self.messages, *self.enrolments):
            digest.update(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
        return digest.digest()

    def run(self) -> bytes:
        """The encoded `Checked`."""
        reasons: dict[int, str] = {}
        valid: dict[int, tuple[Contribution, Enrolment]] = {}
        for number, pair in enumerate(zip(self.messages, self.enrolments, strict=True)):
            try:
                valid[number] = self._check(*pair)
            except (MessageError, ProofError) as error:
                reasons[number] = str(error)
        numbers = list(valid)
        for outside in find_outside([contribution.leaf.sums.points for contribution, _ in valid.values()]):
            contribution, _ = valid.pop(numbers[outside])
            reasons[numbers[outside]] = (
                f"contribution of 0x{contribution.leaf.account.hex()}: a commitment is outside the subgroup"
            )
        return self._result(valid, reasons).encode()

    def _check(self, message: bytes, enrolment_message: bytes) -> tuple[Contribution, Enrolment]:
        """What the door checked; subgroups are asked for the whole batch (PROTOCOL §11.9)."""
        contribution = Contribution.decode(message, self.parameters, check_subgroup=False)
        enrolment = Enrolment.decode(enrolment_message)
        leaf = contribution.leaf
        if leaf.round_hash != self.round_hash or leaf.kind is not Kind.DATA:
            raise ProofError("contribution: is not data of this round")
        if leaf.account != enrolment.account:
            raise ProofError(f"contribution of 0x{leaf.account.hex()}: is not at the position of its enrolment")
        enrolment.verify(self.domain)
        leaf.verify(self.domain, enrolment.key.hash)
        return contribution, enrolment

    def _result(self, valid: dict[int, tuple[Contribution, Enrolment]], reasons: dict[int, str]) -> Checked:
        secret = SecretKey.from_bytes(self.secret)
        padded = [0] * self.parameters.elements
        members, leaves = [], []
        for number, (contribution, enrolment) in valid.items():
            leaf = contribution.leaf
            padded = add(padded, unmasked(contribution, enrolment, secret))
            members.append(Member(number, leaf.position, leaf.account, enrolment.key.compressed, leaf.nonce))
            leaves.append(encode_leaf(contribution.leaf.node(enrolment)))
        return Checked(padded, reasons, members, b"".join(leaves))

    def unmasked(self, number: int) -> list[int]:
        """The padded vector of a valid message without its mask: to take it off the sum again."""
        contribution = Contribution.decode(self.messages[number], self.parameters, check_subgroup=False)
        enrolment = Enrolment.decode(self.enrolments[number])
        return unmasked(contribution, enrolment, SecretKey.from_bytes(self.secret))


def unmasked(contribution: Contribution, enrolment: Enrolment, secret: SecretKey) -> list[int]:
    """A padded vector without the mask that hid it from everybody but the developer.

    Args:
        contribution: Of the enrolled contributor.
        enrolment: Its own.
        secret: The developer's round key.
    """
    key, leaf = enrolment.key, contribution.leaf
    shared = shared_point(secret, key)
    mask = developer_mask(leaf.round_hash, key.compressed, leaf.nonce, shared, len(contribution.padded))
    return subtract(contribution.padded, mask)


@dataclass(frozen=True)
class Member:
    """A contributor whose message is valid.

    Attributes:
        number: Of the message in its batch.
        position: In the enrolment.
        account: 20 bytes.
        key: A_u, compressed.
        nonce: 4 bytes.
    """

    number: int
    position: int
    account: bytes
    key: bytes
    nonce: bytes


@dataclass(frozen=True)
class Checked:
    """What a batch came to.

    Attributes:
        padded: Σ of the members' vectors without their masks, E elements.
        reasons: Against the messages that are not valid, by number.
        members: In order.
        leaves: Their leaves, encoded, one after the other.
    """

    padded: list[int] = field(repr=False)
    reasons: dict[int, str]
    members: list[Member]
    leaves: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Head in JSON, padded sum, members, leaves."""
        head = json.dumps({"members": len(self.members), "reasons": self.reasons}).encode()
        parts = (row_to_bytes(self.padded), *(_MEMBER.pack(*astuple(member)) for member in self.members), self.leaves)
        return b"".join((len(head).to_bytes(_LENGTH_BYTES, "big"), head, *parts))

    @classmethod
    def decode(cls, data: bytes, parameters: Parameters) -> Checked:
        """Read back what a batch of a round with these parameters came to."""
        start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
        head = json.loads(data[_LENGTH_BYTES:start])
        middle = start + ELEMENT_BYTES * parameters.elements
        end = middle + _MEMBER.size * head["members"]
        members = [Member(*values) for values in _MEMBER.iter_unpack(data[middle:end])]
        reasons = {int(number): reason for number, reason in head["reasons"].items()}
        return cls(row_from_bytes(data[start:middle]), reasons, members, data[end:])

    def leaf_records(self, parameters: Parameters) -> Iterator[tuple[Member, bytes]]:
        """Members and their encoded leaves."""
        size = leaf_record_size(parameters)
        for number, member in enumerate(self.members):
            yield member, self.leaves[number * size : (number + 1) * size]
