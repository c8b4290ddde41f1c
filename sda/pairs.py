"""What a clerk remembers of the enrolled contributors: who they are, and the point it shares with each.

A later round then costs no curve operation and no download per contributor: only who takes part, and the
nonces. Contributors are verified, and their points computed, when they first take part. On disk the memory is
encrypted under the epoch's own secret, so that deleting that key makes it unreadable (PROTOCOL §11.5), and a
damaged file is noticed and built again.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from Crypto.Cipher import AES
from Crypto.Cipher._mode_gcm import GcmMode
from numpy.typing import NDArray

from sda.crypto.curve import COMPRESSED_BYTES
from sda.crypto.hashes import keccak
from sda.crypto.keys import PublicKey, SecretKey, shared_point
from sda.crypto.merkle import enrolment_root
from sda.crypto.seeds import NONCE_BYTES
from sda.keys import derive, make_private_directory
from sda.messages.account import ADDRESS_BYTES
from sda.messages.enrolment import account_of, public_of

_LEAF_BYTES = 32
_RECORD_BYTES = _LEAF_BYTES + ADDRESS_BYTES + 2 * COMPRESSED_BYTES
_ACCOUNT = _LEAF_BYTES
_PUBLIC = _ACCOUNT + ADDRESS_BYTES
_SHARED = _PUBLIC + COMPRESSED_BYTES
_UNKNOWN = bytes(COMPRESSED_BYTES)
"""In place of a shared point that was not computed yet. The first byte of a compressed point is never 0."""

_SALT = b"SDA/1 pairs"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class Pairs:
    """The enrolments by position, 148 bytes each: leaf ‖ account ‖ A_u ‖ K_uj.

    Args:
        secret: The clerk's key of the epoch.
    """

    def __init__(self, secret: SecretKey) -> None:
        self._secret = secret
        self._records = bytearray()
        self._root: tuple[int, bytes] | None = None
        self._distinct: tuple[int, bool] | None = None

    def __len__(self) -> int:
        """How many enrolments are remembered, from position 0 on."""
        return len(self._records) // _RECORD_BYTES

    # ------------------------------------------------------------------ enrolments

    def remember(self, position: int, message: bytes) -> None:
        """Take the enrolment at a position, not verified; a shared point computed for the same one is kept.

        Args:
            position: At most `len(self)`.
            message: The enrolment message, 198 bytes.
        """
        start = position * _RECORD_BYTES
        leaf = keccak(message)
        if self._records[start : start + _LEAF_BYTES] != leaf:
            record = leaf + account_of(message) + public_of(message) + _UNKNOWN
            self._records[start : start + _RECORD_BYTES] = record
            self._root = self._distinct = None

    def leaf(self, position: int) -> bytes:
        """keccak of the enrolment message at a position."""
        return bytes(self._field(position, 0, _LEAF_BYTES))

    def root(self, enrolled: int) -> bytes:
        """The enrolment root over the first M; computed once."""
        if self._root is None or self._root[0] != enrolled:
            leaves = [self.leaf(position) for position in range(enrolled)]
            self._root = enrolled, enrolment_root(leaves)
        return self._root[1]

    def distinct(self, enrolled: int, positions: Sequence[int]) -> bool:
        """Whether the accounts and the keys at these positions, below M, are all different.

        As a rule those of all M are, which is found once; if not, these are looked at.
        """
        if self._distinct is None or self._distinct[0] != enrolled:
            self._distinct = enrolled, self._all_different(range(enrolled))
        return self._distinct[1] or self._all_different(positions)

    def _all_different(self, positions: Sequence[int]) -> bool:
        accounts = {bytes(self._field(position, _ACCOUNT, ADDRESS_BYTES)) for position in positions}
        publics = {self.public(position) for position in positions}
        return len(accounts) == len(publics) == len(positions)

    # ------------------------------------------------------------------ shared points

    def knows(self, position: int) -> bool:
        """Whether the contributor there was verified, and its shared point computed."""
        return self._field(position, _SHARED, COMPRESSED_BYTES) != _UNKNOWN

    def add(self, position: int, public: PublicKey) -> None:
        """Compute the point shared with a contributor, whose enrolment is remembered and was verified."""
        start = position * _RECORD_BYTES + _SHARED
        self._records[start : start + COMPRESSED_BYTES] = shared_point(self._secret, public)

    def public(self, position: int) -> bytes:
        """A_u, compressed."""
        return bytes(self._field(position, _PUBLIC, COMPRESSED_BYTES))

    def shared(self, position: int) -> bytes:
        """K_uj, compressed, of a contributor that is known."""
        return bytes(self._field(position, _SHARED, COMPRESSED_BYTES))

    def unknown(self, positions: Sequence[int]) -> list[int]:
        """Those of the positions whose contributor was not verified yet."""
        chosen = np.asarray(positions, dtype=np.intp)
        return [int(position) for position in chosen[self._table()[chosen, _SHARED] == 0]]

    def entries(self, positions: Sequence[int], nonces: Sequence[bytes]) -> bytes:
        """A_u ‖ nonce ‖ K_uj of known contributors, as `sum_rows` takes them."""
        chosen = np.asarray(positions, dtype=np.intp)
        table = self._table()
        nonce = np.frombuffer(b"".join(nonces), dtype=np.uint8).reshape(len(chosen), NONCE_BYTES)
        return np.hstack((table[chosen, _PUBLIC:_SHARED], nonce, table[chosen, _SHARED:])).tobytes()

    def _table(self) -> NDArray[np.uint8]:
        """The records as rows of bytes, a copy."""
        return np.frombuffer(bytes(self._records), dtype=np.uint8).reshape(-1, _RECORD_BYTES)

    def _field(self, position: int, offset: int, size: int) -> bytearray:
        start = position * _RECORD_BYTES + offset
        return self._records[start : start + size]

    def __repr__(self) -> str:
        return f"Pairs({len(self)} enrolments, points hidden)"

    # ------------------------------------------------------------------ on disk

    def save(self, path: Path) -> None:
        """Write the memory, encrypted, in place of an earlier one."""
        make_private_directory(path.parent)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        data, tag = self._cipher(nonce).encrypt_and_digest(bytes(self._records))
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(nonce + tag + data)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path, secret: SecretKey) -> Pairs:
        """What was written before; empty if there is nothing, or it is another key's, or damaged."""
        pairs = cls(secret)
        if not path.exists():
            return pairs
        content = path.read_bytes()
        nonce, tag = content[:_NONCE_BYTES], content[_NONCE_BYTES : _NONCE_BYTES + _TAG_BYTES]
        try:
            records = pairs._cipher(nonce).decrypt_and_verify(content[_NONCE_BYTES + _TAG_BYTES :], tag)
        except ValueError:
            return pairs
        pairs._records.extend(records)
        return pairs

    def _cipher(self, nonce: bytes) -> GcmMode:
        key = derive(self._secret.to_bytes(), _SALT, b"")[:32]
        return AES.new(key, AES.MODE_GCM, nonce=nonce)
