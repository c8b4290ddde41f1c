"""Keccak-256 and the hashes that bind a round and a closed set (docs/FORMATS.md).

`safe-pysha3` hashes 128 bytes in 0.6 µs; pycryptodome, which Ethereum packages usually pull in, takes 4 µs. A
tree over 250,000 contributions makes some ten million such hashes.
"""

from __future__ import annotations

from collections.abc import Sequence

import sha3
from eth_abi.abi import encode

ZERO_WORD = bytes(32)


def keccak(data: bytes) -> bytes:
    """Keccak-256 of `data`, 32 bytes."""
    return sha3.keccak_256(data).digest()


def word(value: int) -> bytes:
    """A non-negative integer below 2^256 as 32 big-endian bytes."""
    return value.to_bytes(32, "big")


def round_hash(
    *,
    chain_id: int,
    contract: bytes,
    round_id: int,
    terms_hash: bytes,
    developer: bytes,
    developer_key_hash: bytes,
    epoch: int,
    clerk_ids: Sequence[int],
    key_hashes: Sequence[bytes],
) -> bytes:
    """What everybody in a round agrees on; it enters every seed, signature and set hash (PROTOCOL §11.2).

    Args:
        chain_id: Of the chain.
        contract: Address of the rounds contract, 20 bytes.
        round_id: Number of the round there.
        terms_hash: keccak(abi.encode(Terms)).
        developer: Address of the requester, 20 bytes.
        developer_key_hash: Point hash of the round key under which vectors are masked.
        epoch: Of the clerks' keys.
        clerk_ids: Clerk ids in seat order.
        key_hashes: Point hashes of their keys, in seat order.
    """
    return keccak(
        encode(
            [
                "uint256",
                "address",
                "uint256",
                "bytes32",
                "address",
                "bytes32",
                "uint256",
                "uint32[]",
                "bytes32[]",
            ],
            [
                chain_id,
                contract,
                round_id,
                terms_hash,
                developer,
                developer_key_hash,
                epoch,
                list(clerk_ids),
                list(key_hashes),
            ],
        )
    )


def set_hash(
    *,
    round_hash: bytes,
    count: int,
    noise: int,
    roster_root: bytes,
    enrolment_root: bytes,
    point_hashes: Sequence[bytes],
    exclusions: bytes = ZERO_WORD,
) -> bytes:
    """The closed set that rows answer (PROTOCOL §11.1).

    Args:
        round_hash: See `round_hash`.
        count: N, data contributions in the set.
        noise: Bitmap of the seats whose noise leaf is present, seat j at bit j.
        roster_root: See `merkle.Roster.root`.
        enrolment_root: See `merkle.enrolment_root`.
        point_hashes: h_0 … h_{n-1} of the points at the root, all seats.
        exclusions: Zero until a leaf is excluded.
    """
    parts = (round_hash, word(count), word(noise), roster_root, enrolment_root, exclusions, *point_hashes)
    return keccak(b"".join(parts))
