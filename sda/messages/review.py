"""A review: what a seat found in a draft tree, before anything of it is on chain."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sda.crypto.hashes import keccak, word
from sda.errors import MessageError, ProofError
from sda.messages.account import SIGNATURE_BYTES, AccountKey, check_signature_form, recover
from sda.messages.domain import Domain
from sda.messages.reader import VERSION, Reader

_TYPE = keccak(b"Review(bytes32 roundHash,bytes32 root,uint8 seat,bytes32 leaves)")
_HASH_BYTES = 32
_INDEX_BYTES = 4
_FIXED_BYTES = 1 + 2 * _HASH_BYTES + 1 + SIGNATURE_BYTES


@dataclass(frozen=True)
class Review:
    """The message of docs/FORMATS.md, "Review".

    Attributes:
        round_hash: Of the round.
        root: Of the draft's sum tree.
        seat: Whose commitments were looked at.
        leaves: Indices of the leaves that are wrong for this seat, ascending; none if the draft adds up.
        signature: By the seat's clerk.
    """

    round_hash: bytes
    root: bytes
    seat: int
    leaves: tuple[int, ...]
    signature: bytes

    @classmethod
    def create(
        cls, domain: Domain, account: AccountKey, round_hash: bytes, root: bytes, seat: int, leaves: tuple[int, ...]
    ) -> Review:
        """The signed review of a seat's clerk."""
        signature = account.sign(domain.digest(_struct_hash(round_hash, root, seat, leaves)))
        return cls(round_hash, root, seat, leaves, signature)

    @classmethod
    def decode(cls, data: bytes) -> Review:
        """Read a review; its signature is not verified yet.

        Raises:
            MessageError: Wrong length or version, indices that do not ascend, or a signature in another form.
        """
        spare = len(data) - _FIXED_BYTES
        number = spare // _INDEX_BYTES
        if spare < 0 or spare % _INDEX_BYTES:
            raise MessageError(f"review of {len(data)} bytes: must be {_FIXED_BYTES} and {_INDEX_BYTES} for each leaf")
        reader = Reader(data, len(data), "review")
        round_hash, root, seat = reader.take(_HASH_BYTES), reader.take(_HASH_BYTES), reader.integer(1)
        leaves = tuple(reader.integer(_INDEX_BYTES) for _ in range(number))
        if any(first >= second for first, second in pairwise(leaves)):
            raise MessageError("review: its leaves must be named in ascending order, each once")
        signature = reader.take(SIGNATURE_BYTES)
        check_signature_form(signature)
        return cls(round_hash, root, seat, leaves, signature)

    def encode(self) -> bytes:
        """The message."""
        return b"".join(
            (
                VERSION.to_bytes(1, "big"),
                self.round_hash,
                self.root,
                self.seat.to_bytes(1, "big"),
                _encoded(self.leaves),
                self.signature,
            )
        )

    def verify(self, domain: Domain, operator: bytes) -> None:
        """Check that the seat's clerk signed.

        Args:
            domain: Of the rounds contract.
            operator: Account of the seat's clerk, 20 bytes.

        Raises:
            ProofError: It did not.
        """
        digest = domain.digest(_struct_hash(self.round_hash, self.root, self.seat, self.leaves))
        try:
            signer = recover(digest, self.signature)
        except MessageError as error:
            raise ProofError(str(error)) from error
        if signer != operator:
            raise ProofError(f"review of seat {self.seat}: not signed by its clerk 0x{operator.hex()}")


def _encoded(leaves: tuple[int, ...]) -> bytes:
    return b"".join(index.to_bytes(_INDEX_BYTES, "big") for index in leaves)


def _struct_hash(round_hash: bytes, root: bytes, seat: int, leaves: tuple[int, ...]) -> bytes:
    return keccak(b"".join((_TYPE, round_hash, root, word(seat), keccak(_encoded(leaves)))))
