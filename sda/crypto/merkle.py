"""Merkle roots over 32-byte words, the roster of a closed set, and the enrolment root (docs/FORMATS.md).

The snapshot stores the roster's root, so that a developer cannot show clerks another set than the one it sums
(PROTOCOL §11.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sda.crypto.hashes import ZERO_WORD, keccak, word
from sda.crypto.seeds import NONCE_BYTES
from sda.errors import MessageError

WORD_BYTES = 32


def merkle_root(words: Sequence[bytes], *, level: int = 0) -> bytes:
    """The root over words, filled with zero words to a power of two (one at least).

    Args:
        words: 32 bytes each.
        level: If they are themselves roots, of subtrees of 2^level words: those of zero words then fill.
    """
    nodes = _filled(words, subtree([], level) if level else ZERO_WORD)
    while len(nodes) > 1:
        nodes = _parents(nodes)
    return nodes[0]


def subtree(words: Sequence[bytes], level: int) -> bytes:
    """The root over 2^level words: these, and then zero words."""
    nodes, zero = list(words), ZERO_WORD
    for _ in range(level):
        nodes += [zero] * (len(nodes) % 2)
        nodes, zero = _parents(nodes), keccak(zero + zero)
    return nodes[0] if nodes else zero


def merkle_path(words: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings of word `index`, from the bottom up."""
    if not 0 <= index < len(words):
        raise IndexError(f"word {index}: must be in [0, {len(words)})")
    level, path = _filled(words), []
    while len(level) > 1:
        path.append(level[index ^ 1])
        level, index = _parents(level), index >> 1
    return path


def verify_merkle_path(word_: bytes, index: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `word_` is at `index` under `root`.

    The caller must check the path's length against the tree's depth.
    """
    return 0 <= index < 1 << len(path) and merkle_root_from(word_, index, path) == root


def merkle_root_from(word_: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """The root above a word at `index`, whose siblings are `path`, from the bottom up."""
    for sibling in path:
        word_ = keccak(sibling + word_ if index & 1 else word_ + sibling)
        index >>= 1
    return word_


def _filled(words: Sequence[bytes], fill: bytes = ZERO_WORD) -> list[bytes]:
    size = 1 << max(len(words) - 1, 0).bit_length()
    return [*words, *[fill] * (size - len(words))]


def _parents(level: Sequence[bytes]) -> list[bytes]:
    return [keccak(level[i] + level[i + 1]) for i in range(0, len(level), 2)]


def words_of(data: bytes) -> list[bytes]:
    """Bytes, a multiple of 32, as words."""
    return [data[i : i + WORD_BYTES] for i in range(0, len(data), WORD_BYTES)]


def enrolment_root(leaves: Sequence[bytes]) -> bytes:
    """The root over M enrolment leaves; it also commits to M.

    Args:
        leaves: keccak of each enrolment message, in order of position.
    """
    return enrolment_root_of(len(leaves), merkle_root(leaves))


def enrolment_root_of(count: int, root: bytes) -> bytes:
    """The same, of the Merkle root over M leaves."""
    return keccak(word(count) + root)


def _fill(data: bytes) -> bytes:
    return data + bytes(-len(data) % WORD_BYTES)


@dataclass(frozen=True)
class Roster:
    """Who is in a closed set: the file that every clerk downloads.

    Attributes:
        enrolled: M, enrolled contributors.
        positions: Positions in the enrolment of the contributors in the set, ascending.
        nonces: Their nonces, 4 bytes each, in the same order.
        noise_nonces: Nonces of the noise leaves that are present, by seat.
    """

    enrolled: int
    positions: Sequence[int]
    nonces: Sequence[bytes]
    noise_nonces: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.positions) != len(self.nonces):
            raise ValueError(f"{len(self.positions)} positions and {len(self.nonces)} nonces: must be as many")
        if any(a >= b for a, b in zip(self.positions, self.positions[1:], strict=False)):
            raise ValueError("positions must ascend")
        if self.positions and not 0 <= self.positions[0] <= self.positions[-1] < self.enrolled:
            raise ValueError(f"positions must be in [0, {self.enrolled})")
        if any(len(nonce) != NONCE_BYTES for nonce in (*self.noise_nonces, *self.nonces)):
            raise ValueError(f"nonces must be of {NONCE_BYTES} bytes")

    def to_bytes(self) -> bytes:
        """Bitmap of positions, then nonces, those of noise first, each filled with zeros to a multiple of 32 bytes."""
        bits = np.zeros(self.enrolled, dtype=np.uint8)
        bits[list(self.positions)] = 1
        return _fill(np.packbits(bits, bitorder="little").tobytes()) + _fill(
            b"".join((*self.noise_nonces, *self.nonces))
        )

    @classmethod
    def from_bytes(cls, data: bytes, enrolled: int, count: int, dealers: int = 0) -> Roster:
        """Read a roster file.

        Args:
            data: The file.
            enrolled: M, as the enrolment gives it.
            count: N, as the chain gives it.
            dealers: Noise leaves that are present, as the chain gives it.

        Raises:
            MessageError: Wrong length, other than N positions, a position ≥ M, or fill that is not zero.
        """
        bitmap_bytes = -(-enrolled // 8)
        split = bitmap_bytes + -bitmap_bytes % WORD_BYTES
        end = split + NONCE_BYTES * (dealers + count)
        if len(data) != end + -end % WORD_BYTES:
            raise MessageError(f"roster of {len(data)} bytes: must be {end + -end % WORD_BYTES}")
        bits = np.unpackbits(np.frombuffer(data[:split], dtype=np.uint8), bitorder="little")
        positions: list[int] = np.flatnonzero(bits).tolist()
        if len(positions) != count:
            raise MessageError(f"roster of {len(positions)} positions: must be {count}")
        if positions and positions[-1] >= enrolled:
            raise MessageError(f"roster names position {positions[-1]}: must be below {enrolled}")
        if any(data[end:]):
            raise MessageError("roster: the bytes after the nonces must be zero")
        nonces = [data[i : i + NONCE_BYTES] for i in range(split, end, NONCE_BYTES)]
        return cls(enrolled, positions, nonces[dealers:], tuple(nonces[:dealers]))

    def root(self) -> bytes:
        """Merkle root over the words of the file."""
        return roster_root(self.to_bytes())


def roster_root(file: bytes) -> bytes:
    """The root of a roster file."""
    return merkle_root(words_of(file))
