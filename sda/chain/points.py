"""Points and proofs as the contracts' structs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sda.crypto.curve import POINT_BYTES, from_bytes128, to_bytes128
from sda.crypto.keys import PublicKey
from sda.crypto.schnorr import Proof
from sda.errors import MessageError

PointStruct: TypeAlias = tuple[bytes, ...]
"""`BLS.G1Point`: four words, x_a ‖ x_b ‖ y_a ‖ y_b."""

_WORD_BYTES = 32


def point_struct(data: bytes) -> PointStruct:
    """The struct of a point's 128 bytes."""
    if len(data) != POINT_BYTES:
        raise MessageError(f"point of {len(data)} bytes: must be {POINT_BYTES}")
    return tuple(data[start : start + _WORD_BYTES] for start in range(0, POINT_BYTES, _WORD_BYTES))


def key_struct(key: PublicKey) -> PointStruct:
    """The struct of a key."""
    return point_struct(to_bytes128(key.point))


def point_bytes(struct: Sequence[bytes] | Mapping[str, bytes]) -> bytes:
    """The 128 bytes in a struct (from a call, or with names from an event), unchecked."""
    words = struct.values() if isinstance(struct, Mapping) else struct
    return b"".join(map(bytes, words))


def public_key(struct: Sequence[bytes] | Mapping[str, bytes]) -> PublicKey:
    """The key in a struct.

    Raises:
        MessageError: Not a point of the subgroup, or the identity.
    """
    return PublicKey.from_point(from_bytes128(point_bytes(struct)))


def proof_struct(proof: Proof) -> tuple[int, int]:
    """`Proof`: e and s."""
    return proof.e, proof.s
