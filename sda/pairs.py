"""The points that a clerk shares with contributors: computed once per contributor and epoch, then read.

A position is cached with the hash of its enrolment, which had been verified before: another enrolment at that
position is verified and computed anew. On disk the cache is encrypted under the epoch's own secret, so that
deleting that key makes it unreadable (PROTOCOL §11.5), and a damaged file is noticed and built again.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from Crypto.Cipher import AES
from Crypto.Cipher._mode_gcm import GcmMode

from sda.crypto.curve import COMPRESSED_BYTES
from sda.crypto.keys import PublicKey, SecretKey, shared_point
from sda.keys import derive, make_private_directory

_HASH_BYTES = 32
_RECORD_BYTES = _HASH_BYTES + COMPRESSED_BYTES
_SALT = b"SDA/1 pairs"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class Pairs:
    """K_uj by position in the enrolment: 80 bytes each.

    Args:
        secret: The clerk's key of the epoch.
    """

    def __init__(self, secret: SecretKey) -> None:
        self._secret = secret
        self._records = bytearray()

    def __contains__(self, place: tuple[int, bytes]) -> bool:
        """Whether the enrolment with this position and leaf was verified and computed."""
        position, leaf = place
        start = position * _RECORD_BYTES
        return self._records[start : start + _HASH_BYTES] == leaf

    def add(self, position: int, leaf: bytes, public: PublicKey) -> None:
        """Compute the point shared with a contributor whose enrolment was verified.

        Args:
            position: Of the enrolment.
            leaf: Its hash.
            public: Its key.
        """
        start = position * _RECORD_BYTES
        missing = start + _RECORD_BYTES - len(self._records)
        if missing > 0:
            self._records.extend(bytes(missing))
        self._records[start : start + _RECORD_BYTES] = leaf + shared_point(self._secret, public)

    def shared(self, position: int) -> bytes:
        """K of a position that is contained."""
        start = position * _RECORD_BYTES
        return bytes(self._records[start + _HASH_BYTES : start + _RECORD_BYTES])

    def __repr__(self) -> str:
        return f"Pairs({len(self._records) // _RECORD_BYTES} positions, points hidden)"

    # ------------------------------------------------------------------ on disk

    def save(self, path: Path) -> None:
        """Write the cache, encrypted, in place of an earlier one."""
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
        """The cache written before; an empty one if there is none, or it is another key's, or damaged."""
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
