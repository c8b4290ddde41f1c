"""G1 key pairs, and the Diffie-Hellman point that two of them share (PROTOCOL §3).

Secret multiplications run on blst: constant time, 85 µs; the check of a public key (curve, subgroup,
canonical) 55 µs, done once, when it is read.
"""

from __future__ import annotations

from functools import cached_property

from sda.crypto.blst import backend, compress_xy
from sda.crypto.curve import COMPRESSED_BYTES, IDENTITY, G, Point, compress, point_hash
from sda.crypto.field import Q, element_from_bytes, element_to_bytes, random_scalar
from sda.errors import MessageError

_IDENTITY = compress(IDENTITY)


class PublicKey:
    """A key on the curve, in the subgroup, not the identity: checked when made. Immutable, hashable.

    Attributes:
        compressed: 48 bytes.
        xy: Its coordinates, 96 bytes.
    """

    def __init__(self, compressed: bytes) -> None:
        """Check and take a key.

        Args:
            compressed: 48 bytes.

        Raises:
            MessageError: Not the canonical encoding of a point of the subgroup, or the identity.
        """
        compressed = bytes(compressed)
        if len(compressed) != COMPRESSED_BYTES:
            raise MessageError(f"public key of {len(compressed)} bytes: must be {COMPRESSED_BYTES}")
        if compressed == _IDENTITY:
            raise MessageError("public key: must not be the identity")
        try:
            self.xy = backend().check(compressed)
        except ValueError as error:
            raise MessageError("public key: must be a compressed point of the BLS12-381 G1 subgroup") from error
        self.compressed = compressed

    @classmethod
    def from_point(cls, point: Point) -> PublicKey:
        """The key that is this point."""
        return cls(compress(point))

    @cached_property
    def point(self) -> Point:
        """The key as a point."""
        return Point.from_xy_bytes_unchecked_be(self.xy)

    @cached_property
    def hash(self) -> bytes:
        """Point hash, 32 bytes."""
        return point_hash(self.point)

    def multiply(self, scalar: int) -> Point:
        """scalar · key in constant time, 0 < scalar < q."""
        return Point.from_xy_bytes_unchecked_be(backend().multiply(self.xy, scalar))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.compressed == other.compressed

    def __hash__(self) -> int:
        return hash(self.compressed)

    def __repr__(self) -> str:
        return f"PublicKey({self.compressed.hex()})"


_BASE = PublicKey(compress(G))


class SecretKey:
    """A scalar in [1, q) and its public key. Never printed."""

    __slots__ = ("_public", "_scalar")

    def __init__(self, scalar: int) -> None:
        if not 0 < scalar < Q:
            raise MessageError("secret key: must be in [1, q)")
        self._scalar = scalar
        self._public: PublicKey | None = None

    @classmethod
    def generate(cls) -> SecretKey:
        """A fresh key."""
        return cls(random_scalar())

    @classmethod
    def from_bytes(cls, data: bytes) -> SecretKey:
        """The key stored in 32 bytes.

        Raises:
            MessageError: Wrong length, zero, or not below q.
        """
        return cls(element_from_bytes(data))

    def to_bytes(self) -> bytes:
        """32 secret bytes, for a key file."""
        return element_to_bytes(self._scalar)

    @property
    def scalar(self) -> int:
        """The secret itself."""
        return self._scalar

    @property
    def public(self) -> PublicKey:
        """The public key."""
        if self._public is None:
            self._public = PublicKey.from_point(_BASE.multiply(self._scalar))
        return self._public

    def __repr__(self) -> str:
        return "SecretKey(hidden)"


def shared_point(secret: SecretKey, public: PublicKey) -> bytes:
    """K = secret · public, compressed, 48 bytes: the same for both sides of a pair.

    `PublicKey` has refused points outside the subgroup (they would leak the secret modulo small factors) and
    the identity (K would be known to everybody).
    """
    return shared_point_of(secret, public.xy)


def shared_point_of(secret: SecretKey, xy: bytes) -> bytes:
    """The same, of the coordinates of a key that was checked before: `PublicKey.xy`.

    Raises:
        ValueError: Not a point of the curve.
    """
    return compress_xy(backend().multiply(xy, secret.scalar))
