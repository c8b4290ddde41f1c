"""A contribution: the one message a contributor sends in a round, and the part of it that the public sees.

A `Leaf` is everything but the padded vector, of which it holds the hash: what the sum tree commits to and an
auditor reads. A `Contribution` is the leaf with the vector, for the relay and the developer alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property

from sda.crypto.curve import COMPRESSED_BYTES, compress, decompress
from sda.crypto.field import ELEMENT_BYTES, row_from_bytes, row_to_bytes
from sda.crypto.hashes import keccak, word
from sda.crypto.seeds import NONCE_BYTES
from sda.crypto.sumtree import Node, Sums, evidence_hash, make_leaf
from sda.errors import MessageError, ProofError
from sda.messages.account import ADDRESS_BYTES, SIGNATURE_BYTES, AccountKey, check_signature_form, recover
from sda.messages.domain import Domain, address_word
from sda.messages.enrolment import Enrolment
from sda.messages.reader import VERSION, Reader
from sda.params import Parameters

HASH_BYTES = 32
POSITION_BYTES = 4
KIND_BYTES = 1

_HEADER_BYTES = 1 + HASH_BYTES + ADDRESS_BYTES + POSITION_BYTES + KIND_BYTES + ADDRESS_BYTES + NONCE_BYTES
_TYPE = keccak(
    b"Contribution(bytes32 roundHash,address account,uint32 position,uint8 kind,bytes32 key,"
    b"address payout,uint32 nonce,bytes32 body,bytes32 padded)"
)


class Kind(IntEnum):
    """What a leaf holds; it counts 1 if data, 0 if noise."""

    DATA = 0
    NOISE = 1

    @property
    def count(self) -> int:
        """What its leaf counts."""
        return 1 if self is Kind.DATA else 0


def _kind(value: int) -> Kind:
    try:
        return Kind(value)
    except ValueError:
        raise MessageError(f"contribution of kind {value}: must be 0 (data) or 1 (noise)") from None


def _size(parameters: Parameters, padded_bytes: int) -> int:
    commitments = COMPRESSED_BYTES * parameters.reconstruction * parameters.chunks
    late_seats = parameters.n - parameters.reconstruction
    corrections = ELEMENT_BYTES * parameters.row_length * late_seats
    return _HEADER_BYTES + padded_bytes + commitments + corrections + SIGNATURE_BYTES


def padded_hash(padded: Iterable[int]) -> bytes:
    """keccak of a padded vector as sent."""
    return keccak(row_to_bytes(padded))


def contribution_size(parameters: Parameters) -> int:
    """The only length in bytes that a contribution may have."""
    return _size(parameters, ELEMENT_BYTES * parameters.elements)


def leaf_size(parameters: Parameters) -> int:
    """The only length in bytes that an encoded leaf may have."""
    return _size(parameters, HASH_BYTES)


def leaf_of(message: bytes, parameters: Parameters) -> bytes:
    """The encoded leaf of a contribution that was checked before: the padded vector gives way to its hash."""
    end = _HEADER_BYTES + ELEMENT_BYTES * parameters.elements
    return message[:_HEADER_BYTES] + keccak(message[_HEADER_BYTES:end]) + message[end:]


@dataclass(frozen=True)
class Header:
    """The first fields of a contribution, readable before its round, and so its length, is known."""

    round_hash: bytes
    account: bytes
    position: int
    kind: Kind

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Read the header of a message.

        Raises:
            MessageError: Too short, of another version, or of a kind that there is not.
        """
        if len(data) < _HEADER_BYTES:
            raise MessageError(f"contribution of {len(data)} bytes: must be at least {_HEADER_BYTES}")
        reader = Reader(data[:_HEADER_BYTES], _HEADER_BYTES, "contribution")
        values = reader.take(HASH_BYTES), reader.take(ADDRESS_BYTES), reader.integer(POSITION_BYTES)
        return cls(*values, _kind(reader.integer(KIND_BYTES)))


@dataclass(frozen=True)
class Leaf:
    """What a contributor signed, and its signature.

    Attributes:
        round_hash: Of the round, 32 bytes.
        account: Of the contributor, 20 bytes.
        position: In the enrolment.
        kind: Data or noise.
        payout: Where the reward goes, 20 bytes.
        nonce: 4 bytes.
        padded_hash: keccak of the padded vector as sent.
        sums: What it adds to the sum tree: its count, commitments P_0 … P_{R-1}, and corrections of the seats
            R … n-1.
        signature: EIP-712, r ‖ s ‖ v; empty until signed.
    """

    round_hash: bytes
    account: bytes
    position: int
    kind: Kind
    payout: bytes
    nonce: bytes
    padded_hash: bytes
    sums: Sums = field(repr=False)
    signature: bytes = b""

    @property
    def body(self) -> bytes:
        """Hash of count, commitments and corrections."""
        return self.sums.body

    def struct_hash(self, key_hash: bytes) -> bytes:
        """EIP-712 hashStruct.

        Args:
            key_hash: Point hash of the contributor's key, from its enrolment.
        """
        return keccak(
            b"".join(
                (
                    _TYPE,
                    self.round_hash,
                    address_word(self.account),
                    word(self.position),
                    word(self.kind),
                    key_hash,
                    address_word(self.payout),
                    word(int.from_bytes(self.nonce, "big")),
                    self.body,
                    self.padded_hash,
                )
            )
        )

    def sign(self, domain: Domain, account: AccountKey, key_hash: bytes) -> Leaf:
        """The same leaf, signed.

        Args:
            domain: Where it counts.
            account: The contributor's.
            key_hash: Point hash of the contributor's G1 key.
        """
        return replace(self, signature=account.sign(domain.digest(self.struct_hash(key_hash))))

    def verify(self, domain: Domain, key_hash: bytes) -> None:
        """Check the signature.

        Raises:
            ProofError: The account did not sign this leaf for this chain and contract.
        """
        try:
            signer = recover(domain.digest(self.struct_hash(key_hash)), self.signature)
        except MessageError as error:
            raise ProofError(str(error)) from error
        if signer != self.account:
            raise ProofError(f"contribution of 0x{self.account.hex()}: not signed by it for this chain and contract")

    def evidence(self, enrolment: Enrolment) -> bytes:
        """keccak(signature ‖ proof of possession)."""
        return evidence_hash(self.signature, enrolment.proof.to_bytes())

    def node(self, enrolment: Enrolment) -> Node:
        """The leaf of the sum tree.

        Args:
            enrolment: The one at `position`.
        """
        return make_leaf(self.struct_hash(enrolment.key.hash), self.evidence(enrolment), self.sums)

    def encode(self) -> bytes:
        """The public form: as the message, with the hash of the padded vector in its place."""
        return self._encode_around(self.padded_hash)

    def _encode_around(self, padded: bytes) -> bytes:
        return b"".join(
            (
                VERSION.to_bytes(1, "big"),
                self.round_hash,
                self.account,
                self.position.to_bytes(POSITION_BYTES, "big"),
                self.kind.to_bytes(KIND_BYTES, "big"),
                self.payout,
                self.nonce,
                padded,
                *map(compress, self.sums.points),
                *map(row_to_bytes, self.sums.corrections),
                self.signature,
            )
        )

    @classmethod
    def decode(cls, data: bytes, parameters: Parameters, *, check_subgroup: bool = True) -> Leaf:
        """Read the public form.

        Args:
            data: Bytes from anywhere.
            parameters: Of the round; the length follows from them.
            check_subgroup: Whether the points' subgroup is checked too (40 µs each). Points off the curve are
                refused in any case.

        Raises:
            MessageError: Anything but the one encoding of a leaf.
        """
        reader = Reader(data, leaf_size(parameters), "leaf")
        return _read_leaf(reader, parameters, HASH_BYTES, check_subgroup)[0]


@dataclass(frozen=True)
class Contribution:
    """A leaf and the padded vector whose hash it holds.

    Attributes:
        leaf: The public part.
        padded: y: E elements, under pad and mask.
    """

    leaf: Leaf
    padded: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if padded_hash(self.padded) != self.leaf.padded_hash:
            raise MessageError("contribution: its padded vector does not hash to what the leaf holds")

    @classmethod
    def decode(cls, data: bytes, parameters: Parameters, *, check_subgroup: bool = True) -> Contribution:
        """Read a message; its signature is not verified yet.

        Args:
            data: Bytes from anywhere.
            parameters: Of the round; the length follows from them.
            check_subgroup: As in `Leaf.decode`.

        Raises:
            MessageError: Anything but the one encoding of a contribution.
        """
        reader = Reader(data, contribution_size(parameters), "contribution")
        leaf, padded = _read_leaf(reader, parameters, ELEMENT_BYTES * parameters.elements, check_subgroup)
        return cls(replace(leaf, padded_hash=keccak(padded)), tuple(row_from_bytes(padded)))

    def encode(self) -> bytes:
        """The message."""
        return self.leaf._encode_around(row_to_bytes(self.padded))

    @cached_property
    def id(self) -> bytes:
        """keccak of the message, 32 bytes."""
        return keccak(self.encode())


def _read_leaf(reader: Reader, parameters: Parameters, padded_bytes: int, check_subgroup: bool) -> tuple[Leaf, bytes]:
    """The leaf, and what stands in the place of the padded vector, which is also taken for its hash."""
    round_hash = reader.take(HASH_BYTES)
    account = reader.take(ADDRESS_BYTES)
    position = reader.integer(POSITION_BYTES)
    kind = _kind(reader.integer(KIND_BYTES))
    payout = reader.take(ADDRESS_BYTES)
    nonce = reader.take(NONCE_BYTES)
    padded = reader.take(padded_bytes)
    points = tuple(
        decompress(reader.take(COMPRESSED_BYTES), subgroup=check_subgroup)
        for _ in range(parameters.reconstruction * parameters.chunks)
    )
    row_bytes = ELEMENT_BYTES * parameters.row_length
    corrections = tuple(
        tuple(row_from_bytes(reader.take(row_bytes))) for _ in range(parameters.n - parameters.reconstruction)
    )
    signature = reader.take(SIGNATURE_BYTES)
    check_signature_form(signature)
    sums = Sums(kind.count, points, corrections, parameters.chunks)
    leaf = Leaf(round_hash, account, position, kind, payout, nonce, padded, sums, signature)
    return leaf, padded
