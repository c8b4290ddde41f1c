"""An enrolment: an account binds itself to a G1 key, once per rounds contract."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import cached_property

from sda.crypto import schnorr
from sda.crypto.curve import COMPRESSED_BYTES
from sda.crypto.field import Q
from sda.crypto.hashes import keccak
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.tags import Tag
from sda.errors import MessageError, ProofError
from sda.messages.account import ADDRESS_BYTES, SIGNATURE_BYTES, AccountKey, check_signature_form, recover
from sda.messages.domain import Domain, address_word
from sda.messages.reader import VERSION, Reader

ENROLMENT_BYTES = 1 + ADDRESS_BYTES + COMPRESSED_BYTES + schnorr.PROOF_BYTES + SIGNATURE_BYTES
"""198."""
ACCOUNT = slice(1, 1 + ADDRESS_BYTES)
"""Where the account is in the message."""
PUBLIC = slice(ACCOUNT.stop, ACCOUNT.stop + COMPRESSED_BYTES)
"""Where the compressed key is."""

_TYPE = keccak(b"Enrolment(address account,bytes32 key)")


@dataclass(frozen=True)
class Enrolment:
    """The message of docs/FORMATS.md, "Contribution", second table.

    Attributes:
        account: 20 bytes.
        key: A_u; on the curve, in the subgroup, not the identity.
        proof: That the account knows the key's secret.
        signature: By the account, on account and key.
    """

    account: bytes
    key: PublicKey
    proof: schnorr.Proof
    signature: bytes

    @classmethod
    def create(cls, domain: Domain, account: AccountKey, secret: SecretKey) -> Enrolment:
        """The enrolment of an account under a G1 key: the same bytes every time."""
        proof = schnorr.prove(
            secret,
            Tag.CONTRIBUTOR_KEY,
            domain.chain_id,
            domain.contract,
            _subject(account.address),
            nonce=_nonce(domain, account.address, secret),
        )
        signature = account.sign(domain.digest(_struct_hash(account.address, secret.public)))
        return cls(account.address, secret.public, proof, signature)

    @classmethod
    def decode(cls, data: bytes) -> Enrolment:
        """Read an enrolment; neither signature nor proof is verified yet.

        Raises:
            MessageError: Wrong length or version, or a part that is not in its canonical form.
        """
        reader = Reader(data, ENROLMENT_BYTES, "enrolment")
        account = reader.take(ADDRESS_BYTES)
        key = PublicKey(reader.take(COMPRESSED_BYTES))
        proof = schnorr.Proof.from_bytes(reader.take(schnorr.PROOF_BYTES))
        signature = reader.take(SIGNATURE_BYTES)
        check_signature_form(signature)
        return cls(account, key, proof, signature)

    def encode(self) -> bytes:
        """The message, 198 bytes."""
        version = VERSION.to_bytes(1, "big")
        return b"".join((version, self.account, self.key.compressed, self.proof.to_bytes(), self.signature))

    @cached_property
    def leaf(self) -> bytes:
        """keccak of the message: what the enrolment root commits to."""
        return keccak(self.encode())

    def verify(self, domain: Domain) -> None:
        """Check signature and proof of possession.

        Raises:
            ProofError: One of them does not hold for this account, key, chain and contract.
        """
        self.verify_signature(domain)
        self.verify_possession(domain)

    def verify_signature(self, domain: Domain) -> None:
        """Check that the account signed the key.

        Raises:
            ProofError: It did not.
        """
        try:
            signer = recover(domain.digest(_struct_hash(self.account, self.key)), self.signature)
        except MessageError as error:
            raise ProofError(str(error)) from error
        if signer != self.account:
            raise ProofError(f"enrolment of 0x{self.account.hex()}: not signed by it for this chain and contract")

    def verify_possession(self, domain: Domain) -> None:
        """Check that whoever enrolled knows the key's secret.

        Raises:
            ProofError: That is not shown.
        """
        place = (domain.chain_id, domain.contract, _subject(self.account))
        if not schnorr.verify(self.proof, self.key, Tag.CONTRIBUTOR_KEY, *place):
            raise ProofError(f"enrolment of 0x{self.account.hex()}: the proof of possession does not hold")


def _nonce(domain: Domain, account: bytes, secret: SecretKey) -> int:
    """Of the proof: pseudorandom under the key, and another one for every statement, as in RFC 6979.

    A leaf holds the proof; a contributor that enrolled with a random one could not make its own leaf again.
    """
    statement = b"SDA/1 enrolment nonce" + domain.separator + account
    return int.from_bytes(hmac.digest(secret.to_bytes(), statement, "sha512"), "big") % Q


def split_enrolments(data: bytes, count: int) -> list[bytes]:
    """The messages of consecutive enrolments, from somebody who is not believed.

    Raises:
        MessageError: Not `count` times 198 bytes.
    """
    if len(data) != count * ENROLMENT_BYTES:
        raise MessageError(f"{count} enrolments of {len(data)} bytes: must be {count * ENROLMENT_BYTES}")
    return [data[i : i + ENROLMENT_BYTES] for i in range(0, len(data), ENROLMENT_BYTES)]


def _subject(account: bytes) -> int:
    return int.from_bytes(account, "big")


def _struct_hash(account: bytes, key: PublicKey) -> bytes:
    return keccak(_TYPE + address_word(account) + key.hash)
