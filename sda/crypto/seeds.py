"""Seeds and the rows expanded from them (docs/FORMATS.md, "Seeds and rows").

A seed binds round, seat, contributor, nonce and shared point; its first 64 bytes are the same for every
contributor of a seat, one SHA-256 block, hashed once.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np

from sda.crypto.field import Q
from sda.crypto.tags import Tag

NONCE_BYTES = 4
ENTRY_BYTES = 48 + NONCE_BYTES + 48
"""A_u ‖ nonce ‖ K_uj: what distinguishes one contributor's seed from another's."""
MASK_SEAT = 0xFF
"""The seat byte in the seed of the developer's mask."""

_CHUNK = 4096


class SeedPrefix:
    """Tag, round and seat, hashed once.

    Args:
        tag: PAD, NOISE_PAD or MASK.
        round_hash: 32 bytes.
        seat: 0 … 63, or MASK_SEAT.
    """

    def __init__(self, tag: Tag, round_hash: bytes, seat: int) -> None:
        if len(round_hash) != 32:
            raise ValueError(f"round hash of {len(round_hash)} bytes: must be 32")
        self._state = hashlib.sha256(tag.filled + round_hash + seat.to_bytes(1, "big"))

    def seed(self, public: bytes, nonce: bytes, shared: bytes) -> bytes:
        """The 32-byte seed of one contributor.

        Args:
            public: The contributor's key A_u, 48 bytes.
            nonce: 4 bytes, fresh in every contribution.
            shared: K_uj, 48 bytes, secret.
        """
        return self.seed_of(public + nonce + shared)

    def seed_of(self, entry: bytes) -> bytes:
        """The same, of A_u ‖ nonce ‖ K_uj in one piece."""
        state = self._state.copy()
        state.update(entry)
        return state.digest()


@cache
def _suffixes(count: int) -> tuple[bytes, ...]:
    """What follows the seed in the two digests of each element."""
    return tuple(i.to_bytes(4, "big") + half for i in range(count) for half in (b"\x00", b"\x01"))


def expand(seed: bytes, count: int) -> list[int]:
    """`count` elements, each two digests as a 512-bit integer mod q: uniform to 2^-259.

    One digest mod q would be biased so far that pads could be told from uniform (PROTOCOL §11.18).
    """
    sha256 = hashlib.sha256
    stream = b"".join([sha256(seed + suffix).digest() for suffix in _suffixes(count)])
    return [int.from_bytes(stream[64 * i : 64 * i + 64], "big") % Q for i in range(count)]


def sum_rows(prefix: SeedPrefix, entries: bytes, m: int) -> list[int]:
    """Σ over the contributors of the rows expanded from their seeds, m elements below q.

    The digests of a chunk are summed as columns of 32-bit words by numpy and reduced once per chunk.

    Args:
        prefix: The seat's.
        entries: A_u ‖ nonce ‖ K_uj of each contributor, 100 bytes each, as in `SeedPrefix.seed`.
        m: Length of a row.
    """
    if len(entries) % ENTRY_BYTES:
        raise ValueError(f"entries of {len(entries)} bytes: must be a multiple of {ENTRY_BYTES}")
    totals = [0] * m
    for start in range(0, len(entries), _CHUNK * ENTRY_BYTES):
        part = _sum_chunk(prefix, entries[start : start + _CHUNK * ENTRY_BYTES], m)
        totals = [total + more for total, more in zip(totals, part, strict=True)]
    return [total % Q for total in totals]


def _sum_chunk(prefix: SeedPrefix, chunk: bytes, m: int) -> list[int]:
    """Sums of 512-bit integers, not reduced."""
    sha256 = hashlib.sha256
    suffixes = _suffixes(m)
    seed = prefix.seed_of
    digests = [
        sha256(s + suffix).digest()
        for s in [seed(chunk[start : start + ENTRY_BYTES]) for start in range(0, len(chunk), ENTRY_BYTES)]
        for suffix in suffixes
    ]
    words = np.frombuffer(b"".join(digests), dtype=">u4").reshape(-1, m, 16)
    sums = words.sum(axis=0, dtype=np.uint64)
    return [sum(int(value) << (32 * (15 - i)) for i, value in enumerate(row)) for row in sums]
