"""What a clerk remembers of the enrolment list: 149 bytes a contributor, the same for every epoch.

Whether an enrolment is valid does not depend on the clerk's key: it is found out once, when the contributor first
takes part, and written down. Blocks of 4,096 carry a checksum; a damaged one is read again from the relay, and what
the relay serves hashes to the root on the chain or is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sda.blocks import BlockFile
from sda.crypto.blst import COMPRESSED_BYTES
from sda.crypto.hashes import keccak
from sda.crypto.merkle import enrolment_root_of, merkle_root, subtree
from sda.messages.account import ADDRESS_BYTES
from sda.messages.enrolment import ACCOUNT, ENROLMENT_BYTES, PUBLIC

BLOCK = 4096
"""Enrolments to a block, a power of two: a full block is a subtree of the enrolment root."""

_LEVEL = BLOCK.bit_length() - 1
_HASH_BYTES = 32
_PREFIX_BYTES = 8

Bytes = NDArray[np.uint8]
Positions = NDArray[np.intp]


class _Block:
    """Up to 4,096 enrolments, column by column."""

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self.leaves = np.zeros((BLOCK, _HASH_BYTES), np.uint8)
        self.accounts = np.zeros((BLOCK, ADDRESS_BYTES), np.uint8)
        self.publics = np.zeros((BLOCK, COMPRESSED_BYTES), np.uint8)
        self.ys = np.zeros((BLOCK, COMPRESSED_BYTES), np.uint8)
        self.verified = np.zeros((BLOCK, 1), np.uint8)
        self._root: bytes | None = None

    @property
    def columns(self) -> tuple[Bytes, ...]:
        return self.leaves, self.accounts, self.publics, self.ys, self.verified

    def root(self) -> bytes:
        """Of a full block's subtree, computed once."""
        if self._root is None:
            self._root = merkle_root(self.words(BLOCK))
        return self._root

    def words(self, count: int) -> list[bytes]:
        """The first leaves."""
        data = self.leaves[:count].tobytes()
        return [data[i : i + _HASH_BYTES] for i in range(0, len(data), _HASH_BYTES)]

    def put(self, offset: int, messages: Bytes) -> Positions:
        """Take enrolments, one a row; the offsets at which another one was, or none."""
        span = slice(offset, offset + len(messages))
        leaves = np.frombuffer(b"".join([keccak(row.tobytes()) for row in messages]), np.uint8).reshape(-1, _HASH_BYTES)
        changed = (self.leaves[span] != leaves).any(axis=1)
        changed[max(self.count - offset, 0) :] = True
        where = offset + np.flatnonzero(changed)
        self.leaves[where] = leaves[changed]
        self.accounts[where] = messages[changed, ACCOUNT]
        self.publics[where] = messages[changed, PUBLIC]
        self.ys[where] = self.verified[where] = 0
        if len(where):
            self.count = max(self.count, span.stop)
            self._root = None
        return where

    def encode(self) -> bytes:
        """SHA-256 ‖ root of a full block, or zeros ‖ the columns."""
        root = self.root() if self.count == BLOCK else bytes(_HASH_BYTES)
        content = b"".join((root, *(column[: self.count].tobytes() for column in self.columns)))
        return hashlib.sha256(content).digest() + content

    @classmethod
    def decode(cls, data: bytes) -> _Block | None:
        """Read it back; None if it is not what was written."""
        checksum, content = data[:_HASH_BYTES], data[_HASH_BYTES:]
        if hashlib.sha256(content).digest() != checksum:
            return None
        made = cls()
        made.count = (len(content) - _HASH_BYTES) // sum(column.shape[1] for column in made.columns)
        start = _HASH_BYTES
        for column in made.columns:
            stop = start + made.count * column.shape[1]
            column[: made.count] = np.frombuffer(content[start:stop], np.uint8).reshape(made.count, -1)
            start = stop
        made._root = content[:_HASH_BYTES] if made.count == BLOCK else None
        return made


class Enrolled:
    """The enrolments from position 0 on.

    Args:
        path: Of the file in which they are remembered; None forgets them.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file = None if path is None else BlockFile(path)
        self._blocks: list[_Block] = []
        self._dirty: set[int] = set()
        self._root: tuple[int, bytes] | None = None
        for number, data in self._file.read() if self._file else ():
            block = _Block.decode(data)
            # What comes after a damaged block is read again as well: nothing here has gaps.
            if block is None or number != len(self._blocks):
                break
            self._blocks.append(block)
            if block.count < BLOCK:
                break

    def __len__(self) -> int:
        return BLOCK * (len(self._blocks) - 1) + self._blocks[-1].count if self._blocks else 0

    def remember(self, start: int, data: bytes) -> list[int]:
        """Take consecutive enrolments, not verified; what is known of the same ones is kept.

        Args:
            start: Position of the first, at most `len(self)`.
            data: Their messages, 198 bytes each.

        Returns:
            The positions at which another enrolment was, or none.
        """
        messages = np.frombuffer(data, np.uint8).reshape(-1, ENROLMENT_BYTES)
        changed: list[int] = []
        position, stop = start, start + len(messages)
        while position < stop:
            number, offset = divmod(position, BLOCK)
            if number == len(self._blocks):
                self._blocks.append(_Block())
            following = min(position - offset + BLOCK, stop)
            found = self._blocks[number].put(offset, messages[position - start : following - start])
            changed += (number * BLOCK + found).tolist()
            if len(found):
                self._dirty.add(number)
                self._root = None
            position = following
        return changed

    def move(self, path: Path) -> None:
        """Remember them in another file, all with the next `save`."""
        self._file = BlockFile(path)
        self._dirty = set(range(len(self._blocks)))

    def save(self) -> None:
        """Write down what changed.

        Raises:
            sqlite3.Error: It cannot be written; it is tried again with the next.
        """
        if self._file and self._dirty:
            self._file.write({number: self._blocks[number].encode() for number in sorted(self._dirty)})
            self._dirty.clear()

    # ------------------------------------------------------------------ one of them

    def leaf(self, position: int) -> bytes:
        """keccak of the enrolment message."""
        return bytes(self._at(position).leaves[position % BLOCK])

    def public(self, position: int) -> bytes:
        """A_u, compressed."""
        return bytes(self._at(position).publics[position % BLOCK])

    def is_verified(self, position: int) -> bool:
        """Whether the enrolment was found valid."""
        return bool(self._at(position).verified[position % BLOCK])

    def xy(self, position: int) -> bytes:
        """A_u of a verified enrolment, 96 bytes: x is the compressed form without its flags."""
        x, y = self.public(position), bytes(self._at(position).ys[position % BLOCK])
        return bytes([x[0] & 0x1F]) + x[1:] + y

    def set_verified(self, position: int, xy: bytes) -> None:
        """Note that the enrolment is valid, and its key has these coordinates."""
        block = self._at(position)
        block.ys[position % BLOCK] = np.frombuffer(xy[COMPRESSED_BYTES:], np.uint8)
        block.verified[position % BLOCK] = 1
        self._dirty.add(position // BLOCK)

    def _at(self, position: int) -> _Block:
        return self._blocks[position // BLOCK]

    # ------------------------------------------------------------------ all of them

    def publics(self, number: int) -> Bytes:
        """The keys of a block, compressed, one a row."""
        block = self._blocks[number]
        return block.publics[: block.count]

    def by_block(self, positions: Positions) -> Iterator[tuple[int, slice]]:
        """Ascending positions, block by block: the block's number, and which of them are in it."""
        numbers = positions // BLOCK
        for number in np.unique(numbers).tolist():
            yield number, slice(*np.searchsorted(numbers, [number, number + 1]).tolist())

    def root(self, count: int) -> bytes:
        """The enrolment root over the first M, computed once until they change."""
        if self._root is None or self._root[0] != count:
            self._root = count, self._compute_root(count)
        return self._root[1]

    def _compute_root(self, count: int) -> bytes:
        full, rest = divmod(count, BLOCK)
        tops = [block.root() for block in self._blocks[:full]]
        if not full:
            return enrolment_root_of(count, merkle_root(self._blocks[0].words(rest) if rest else []))
        if rest:
            tops.append(subtree(self._blocks[full].words(rest), _LEVEL))
        return enrolment_root_of(count, merkle_root(tops, level=_LEVEL))

    def distinct(self, count: int, positions: Positions) -> bool:
        """Whether the accounts and the keys at these positions, below M, are all different.

        As a rule the first bytes of all M are, which is seen at once; if not, these are compared in full.
        """
        if self._prefixes_differ(count):
            return True
        accounts: set[bytes] = set()
        publics: set[bytes] = set()
        for number, members in self.by_block(positions):
            block, chosen = self._blocks[number], positions[members] % BLOCK
            accounts |= {row.tobytes() for row in block.accounts[chosen]}
            publics |= {row.tobytes() for row in block.publics[chosen]}
        return len(accounts) == len(publics) == len(positions)

    def _prefixes_differ(self, count: int) -> bool:
        for column in ("accounts", "publics"):
            parts = [getattr(block, column)[:, :_PREFIX_BYTES] for block in self._blocks]
            prefixes = np.concatenate([np.zeros((0, _PREFIX_BYTES), np.uint8), *parts])[:count].copy()
            if len(np.unique(prefixes.view(np.uint64))) != count:
                return False
        return True
