"""What a clerk remembers of the enrolled contributors: who they are, and the point it shares with each.

A later round then costs no curve operation and no download per contributor: only who takes part, and the
nonces. Contributors are verified, and their points computed, when they first take part. The points are on disk
encrypted under the epoch's own secret, so that deleting that key makes them unreadable (PROTOCOL §11.5). A block
that is damaged, or belongs to other enrolments, does not decrypt and is computed again.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from Crypto.Cipher import AES
from Crypto.Cipher._mode_gcm import GcmMode

from sda.blocks import BlockFile
from sda.crypto.blst import COMPRESSED_BYTES
from sda.crypto.keys import PublicKey, SecretKey, shared_point, shared_point_of
from sda.crypto.seeds import NONCE_BYTES
from sda.enrolled import BLOCK, Bytes, Enrolled
from sda.keys import derive
from sda.messages.domain import Domain
from sda.pairing import Pairing, Workers

ENROLLED_FILE = "enrolled.sqlite"

_SALT = b"SDA/1 pairs"
_GCM_NONCE_BYTES = 12
_TAG_BYTES = 16


_log = logging.getLogger(__name__)


def pairs_file(directory: Path, epoch: int) -> Path:
    """Where a clerk remembers the points of an epoch."""
    return directory / f"pairs-{epoch}.bin"


class Pairs:
    """The enrolments by position, each with K_uj once it was computed.

    Args:
        secret: The clerk's key of the epoch.
        path: The file for the points of this epoch, with `enrolled.sqlite` beside it; None forgets them.
    """

    def __init__(self, secret: SecretKey, path: Path | None = None) -> None:
        self._secret = secret
        self._cipher_key = derive(secret.to_bytes(), _SALT, b"")[:32]
        self._file = None if path is None else BlockFile(path)
        self._enrolled = Enrolled(None if path is None else path.with_name(ENROLLED_FILE))
        self._shared: list[Bytes] = []
        self._clerks: dict[PublicKey, bytes] = {}
        self._dirty: set[int] = set()
        self._grow()
        for number, data in self._file.read() if self._file else ():
            if number < len(self._shared):
                self._decrypt(number, data)

    @classmethod
    def load(cls, path: Path, secret: SecretKey) -> Pairs:
        """What was written there before; empty if there is nothing, or it is another key's, or damaged."""
        return cls(secret, path)

    def __len__(self) -> int:
        """How many enrolments are remembered, from position 0 on."""
        return len(self._enrolled)

    # ------------------------------------------------------------------ enrolments

    def remember(self, start: int, data: bytes) -> None:
        """Take consecutive enrolments, not verified; shared points of the same ones are kept.

        Args:
            start: Position of the first, at most `len(self)`.
            data: Their messages, 198 bytes each.
        """
        changed = self._enrolled.remember(start, data)
        self._grow()
        for position in changed:
            self._shared[position // BLOCK][position % BLOCK] = 0

    def leaf(self, position: int) -> bytes:
        """keccak of the enrolment message at a position."""
        return self._enrolled.leaf(position)

    def root(self, enrolled: int) -> bytes:
        """The enrolment root over the first M."""
        return self._enrolled.root(enrolled)

    def distinct(self, enrolled: int, positions: Sequence[int]) -> bool:
        """Whether the accounts and the keys at these positions, below M, are all different."""
        return self._enrolled.distinct(enrolled, np.asarray(positions, np.intp))

    def is_verified(self, position: int) -> bool:
        """Whether the enrolment was found valid, now or in an earlier epoch."""
        return self._enrolled.is_verified(position)

    # ------------------------------------------------------------------ shared points

    def knows(self, position: int) -> bool:
        """Whether the contributor there was verified, and its shared point computed."""
        return position < len(self) and bool(self._shared[position // BLOCK][position % BLOCK, 0])

    def public(self, position: int) -> bytes:
        """A_u, compressed."""
        return self._enrolled.public(position)

    def shared(self, position: int) -> bytes:
        """K_uj, compressed, of a contributor that is known."""
        return bytes(self._shared[position // BLOCK][position % BLOCK])

    def shared_with(self, key: PublicKey) -> bytes:
        """The point shared with another clerk, compressed; not written down."""
        if key not in self._clerks:
            self._clerks[key] = shared_point(self._secret, key)
        return self._clerks[key]

    def unknown(self, positions: Sequence[int]) -> list[int]:
        """Those of the positions, ascending, whose shared point was not computed yet."""
        found: list[int] = []
        chosen = np.asarray(positions, np.intp)
        for number, members in self._enrolled.by_block(chosen):
            inside = chosen[members]
            if number < len(self._shared):
                # The first byte of a compressed point is never 0.
                inside = inside[self._shared[number][inside % BLOCK, 0] == 0]
            found += inside.tolist()
        return found

    def workers(self, domain: Domain, total: int) -> Workers:
        """To verify contributors and compute their points; `put` those that `unknown` named.

        Args:
            domain: Where their enrolments count.
            total: How many there will be.
        """
        return Workers(self._secret, domain, total, self._take)

    def key(self, position: int) -> bytes:
        """What `Workers.put` takes of a contributor that was verified before: its key, 96 bytes."""
        return self._enrolled.xy(position)

    def _take(self, pairing: Pairing) -> None:
        numbers = set()
        for position, xy, shared in pairing:
            if not self._enrolled.is_verified(position):
                self._enrolled.set_verified(position, xy)
            self._shared[position // BLOCK][position % BLOCK] = np.frombuffer(shared, np.uint8)
            numbers.add(position // BLOCK)
        # A block is written when work moves on to the next: killed, the clerk loses a few seconds of work.
        if self._dirty - numbers:
            self.checkpoint()
        self._dirty |= numbers

    def entries(self, positions: Sequence[int], nonces: Sequence[bytes]) -> bytes:
        """A_u ‖ nonce ‖ K_uj of known contributors at ascending positions, as `sum_rows` takes them."""
        return b"".join(self.entries_by_block(positions, nonces))

    def entries_by_block(self, positions: Sequence[int], nonces: Sequence[bytes]) -> Iterator[bytes]:
        """The same, some thousand contributors at a time."""
        chosen = np.asarray(positions, np.intp)
        nonce = np.frombuffer(b"".join(nonces), np.uint8).reshape(len(chosen), NONCE_BYTES)
        for number, members in self._enrolled.by_block(chosen):
            inside = chosen[members] % BLOCK
            publics, shared = self._enrolled.publics(number)[inside], self._shared[number][inside]
            yield np.hstack((publics, nonce[members], shared)).tobytes()

    def recompute(self, position: int) -> bool:
        """Compute one shared point again; whether it was right. If not, all are forgotten.

        Nobody is accused for a point that went wrong here.
        """
        if self.shared(position) == shared_point_of(self._secret, self.key(position)):
            return True
        for block in self._shared:
            block[:] = 0
        self._dirty |= set(range(len(self._shared)))
        self.checkpoint()
        return False

    def __repr__(self) -> str:
        return f"Pairs({len(self)} enrolments, points hidden)"

    # ------------------------------------------------------------------ on disk

    def save(self, path: Path) -> None:
        """Write what changed since it was loaded from there; all of it if it was not."""
        if self._file is None or self._file.path != path:
            self._file = BlockFile(path)
            self._enrolled.move(path.with_name(ENROLLED_FILE))
            self._dirty = set(range(len(self._shared)))
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write what changed, if there is a file; a failure is said, and tried again: no answer depends on it."""
        try:
            self._enrolled.save()
            if self._file and self._dirty:
                self._file.write({number: self._encrypt(number) for number in sorted(self._dirty)})
                self._dirty.clear()
        except (OSError, sqlite3.Error) as error:
            _log.warning("what is known of contributors cannot be written down (%s): it is computed again later", error)

    def _encrypt(self, number: int) -> bytes:
        count = len(self._enrolled.publics(number))
        nonce = secrets.token_bytes(_GCM_NONCE_BYTES)
        data, tag = self._cipher(number, count, nonce).encrypt_and_digest(self._shared[number][:count].tobytes())
        return nonce + tag + data

    def _decrypt(self, number: int, content: bytes) -> None:
        """Take a block that was written for these enrolments, under this key; no other decrypts."""
        nonce, tag, data = (
            content[:_GCM_NONCE_BYTES],
            content[_GCM_NONCE_BYTES : _GCM_NONCE_BYTES + _TAG_BYTES],
            content[_GCM_NONCE_BYTES + _TAG_BYTES :],
        )
        count = len(data) // COMPRESSED_BYTES
        if count <= len(self._enrolled.publics(number)):
            try:
                points = self._cipher(number, count, nonce).decrypt_and_verify(data, tag)
            except ValueError:
                return
            self._shared[number][:count] = np.frombuffer(points, np.uint8).reshape(count, -1)

    def _cipher(self, number: int, count: int, nonce: bytes) -> GcmMode:
        """Bound to the block's place and to the keys of the contributors in it."""
        cipher = AES.new(self._cipher_key, AES.MODE_GCM, nonce=nonce)
        publics = self._enrolled.publics(number)[:count].tobytes()
        return cipher.update(number.to_bytes(4, "big") + hashlib.sha256(publics).digest())

    def _grow(self) -> None:
        blocks = -(-len(self) // BLOCK)
        while len(self._shared) < blocks:
            self._shared.append(np.zeros((BLOCK, COMPRESSED_BYTES), np.uint8))
