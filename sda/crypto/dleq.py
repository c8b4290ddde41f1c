"""Proofs that a shared point is right: log_G C = log_A K (Chaum and Pedersen; PROTOCOL §11.3).

Statement and commitments are all hashed, or a clerk could frame anyone.
"""

from __future__ import annotations

from sda.crypto.curve import Point, base, multiply, to_bytes128
from sda.crypto.field import Q, random_scalar
from sda.crypto.hashes import keccak, word
from sda.crypto.keys import PublicKey, SecretKey
from sda.crypto.schnorr import Proof
from sda.crypto.tags import Tag


def prove(secret: SecretKey, other: PublicKey, chain_id: int, contract: bytes, subject: bytes) -> Proof:
    """Prove that secret · other is the point shared with `other`.

    Args:
        secret: c_j, the clerk's.
        other: A_u, the contributor's.
        chain_id: Of the chain.
        contract: Address of the contract that checks the proof, 20 bytes.
        subject: 32 bytes: what the proof is for, and by whom (docs/FORMATS.md).
    """
    # Both multiplications of the one-time nonce, and that of the secret, in constant time.
    nonce = SecretKey(random_scalar())
    commitments = nonce.public.point, other.multiply(nonce.scalar)
    shared = other.multiply(secret.scalar)
    e = _challenge(chain_id, contract, subject, (secret.public.point, other.point, shared, *commitments))
    return Proof(e, (nonce.scalar + e * secret.scalar) % Q)


def verify(
    proof: Proof, public: PublicKey, other: PublicKey, shared: Point, chain_id: int, contract: bytes, subject: bytes
) -> bool:
    """Whether `shared` is the point that the owners of `public` and `other` share."""
    if not (0 <= proof.e < Q and 0 <= proof.s < Q):
        return False
    first = base().combine([proof.s]) - multiply(public.point, proof.e)
    second = multiply(other.point, proof.s) - multiply(shared, proof.e)
    return proof.e == _challenge(chain_id, contract, subject, (public.point, other.point, shared, first, second))


def _challenge(chain_id: int, contract: bytes, subject: bytes, points: tuple[Point, ...]) -> int:
    if (len(contract), len(subject)) != (20, 32):
        raise ValueError(f"contract of {len(contract)} and subject of {len(subject)} bytes: must be 20 and 32")
    transcript = (Tag.SHARED_KEY.filled, b"\0", word(chain_id), contract, subject, *map(to_bytes128, points))
    return int.from_bytes(keccak(b"".join(transcript)), "big") % Q
