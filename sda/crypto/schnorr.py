"""Proofs that somebody knows the secret of a public key (docs/FORMATS.md, "Proof of possession").

Without a contributor's proof an attacker enrols A_v + r·G for a victim's key A_v, and strips the victim's
pads from the points that disputes reveal (PROTOCOL §3).
"""

from __future__ import annotations

from dataclasses import dataclass

from sda.crypto.curve import Point, base, to_bytes128
from sda.crypto.field import ELEMENT_BYTES, Q, element_from_bytes, element_to_bytes, random_scalar
from sda.crypto.hashes import keccak, word
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.tags import Tag
from sda.errors import MessageError

PROOF_BYTES = 64


@dataclass(frozen=True, slots=True)
class Proof:
    """A Schnorr proof: challenge e and response s, both below q."""

    e: int
    s: int

    def to_bytes(self) -> bytes:
        """e ‖ s, 64 bytes."""
        return element_to_bytes(self.e) + element_to_bytes(self.s)

    @classmethod
    def from_bytes(cls, data: bytes) -> Proof:
        """Read e ‖ s.

        Raises:
            MessageError: Wrong length, or a half not below q.
        """
        if len(data) != PROOF_BYTES:
            raise MessageError(f"proof of {len(data)} bytes: must be {PROOF_BYTES}")
        return cls(element_from_bytes(data[:ELEMENT_BYTES]), element_from_bytes(data[ELEMENT_BYTES:]))


def prove(
    secret: SecretKey,
    tag: Tag,
    chain_id: int,
    contract: bytes,
    subject: int,
    *,
    nonce: int | None = None,
) -> Proof:
    """Prove knowledge of `secret`, for one purpose, chain, contract and subject.

    Args:
        secret: The key.
        tag: CLERK_KEY, CONTRIBUTOR_KEY, DEVELOPER_KEY or LEAKED_KEY.
        chain_id: Of the chain.
        contract: Address of the contract that checks the proof, 20 bytes.
        subject: Who is meant, 256 bits: the account, or account << 32 | epoch (docs/FORMATS.md).
        nonce: For vectors only. A nonce that is used twice, or known, gives the secret away.
    """
    r = random_scalar() if nonce is None else nonce
    commitment = SecretKey(r).public.point
    e = _challenge(tag, chain_id, contract, subject, secret.public.point, commitment)
    return Proof(e, (r + e * secret.scalar) % Q)


def verify(proof: Proof, public: PublicKey, tag: Tag, chain_id: int, contract: bytes, subject: int) -> bool:
    """Whether `proof` holds for this key, purpose, chain, contract and subject."""
    if not (0 < proof.e < Q and 0 <= proof.s < Q):
        return False
    # Nothing here is secret; blst is faster than arkworks all the same.
    commitment = base().combine([proof.s]) - public.multiply(proof.e)
    return proof.e == _challenge(tag, chain_id, contract, subject, public.point, commitment)


def _challenge(tag: Tag, chain_id: int, contract: bytes, subject: int, public: Point, commitment: Point) -> int:
    if len(contract) != 20:
        raise ValueError(f"contract address of {len(contract)} bytes: must be 20")
    transcript = (
        tag.filled,
        b"\0",
        word(chain_id),
        contract,
        word(subject),
        to_bytes128(public),
        to_bytes128(commitment),
    )
    return int.from_bytes(keccak(b"".join(transcript)), "big") % Q
