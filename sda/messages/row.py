"""A served row: what a seat of a wide round posted the root of, for whoever wants to check or use it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sda.crypto.field import ELEMENT_BYTES
from sda.crypto.hashes import keccak, word
from sda.errors import MessageError, ProofError
from sda.messages.account import SIGNATURE_BYTES, AccountKey, check_signature_form, recover
from sda.messages.domain import Domain
from sda.messages.reader import VERSION, Reader

_TYPE = keccak(b"Row(bytes32 roundHash,uint8 seat,bytes32 data)")
_HASH_BYTES = 32
_FIXED_BYTES = 1 + _HASH_BYTES + 1 + SIGNATURE_BYTES


@dataclass(frozen=True)
class ServedRow:
    """The message of docs/FORMATS.md, "Served row".

    Attributes:
        round_hash: Of the round.
        seat: Whose row.
        data: Its elements, 32 bytes each; whether it is the posted one, its root says.
        signature: By the seat's clerk: nobody else can put another row in its place at a relay.
    """

    round_hash: bytes
    seat: int
    data: bytes = field(repr=False)
    signature: bytes

    @classmethod
    def create(cls, domain: Domain, account: AccountKey, round_hash: bytes, seat: int, data: bytes) -> ServedRow:
        """The signed row of a seat's clerk."""
        return cls(round_hash, seat, data, account.sign(domain.digest(_struct_hash(round_hash, seat, data))))

    @classmethod
    def decode(cls, message: bytes) -> ServedRow:
        """Read a served row; its signature is not verified yet.

        Raises:
            MessageError: Wrong length or version, or a signature in another form.
        """
        size = len(message) - _FIXED_BYTES
        if size < 0 or size % ELEMENT_BYTES:
            raise MessageError(f"row of {len(message)} bytes: must be {_FIXED_BYTES} and {ELEMENT_BYTES} an element")
        reader = Reader(message, len(message), "row")
        round_hash, seat, data = reader.take(_HASH_BYTES), reader.integer(1), reader.take(size)
        signature = reader.take(SIGNATURE_BYTES)
        check_signature_form(signature)
        return cls(round_hash, seat, data, signature)

    def encode(self) -> bytes:
        """The message."""
        head = VERSION.to_bytes(1, "big") + self.round_hash + self.seat.to_bytes(1, "big")
        return head + self.data + self.signature

    def verify(self, domain: Domain, operator: bytes) -> None:
        """Check that the seat's clerk signed.

        Args:
            domain: Of the rounds contract.
            operator: Account of the seat's clerk, 20 bytes.

        Raises:
            ProofError: It did not.
        """
        digest = domain.digest(_struct_hash(self.round_hash, self.seat, self.data))
        try:
            signer = recover(digest, self.signature)
        except MessageError as error:
            raise ProofError(str(error)) from error
        if signer != operator:
            raise ProofError(f"row of seat {self.seat}: not signed by its clerk 0x{operator.hex()}")


def _struct_hash(round_hash: bytes, seat: int, data: bytes) -> bytes:
    return keccak(b"".join((_TYPE, round_hash, word(seat), keccak(data))))
