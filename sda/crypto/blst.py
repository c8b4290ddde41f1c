"""blst, for what must take the same time whatever the secret is (PROTOCOL §3), and for checking points.

Points are 96 bytes here, x ‖ y, big-endian: read again in 0.5 µs, where 48 compressed bytes take a square root.
pyblst knows compressed points only and checks the subgroup of each of them anew, which is 55 of its 140 µs. The
build of blst in ckzg, which every Ethereum account package brings, exports all of blst: where it does, it is
called; where it does not, pyblst does the same more slowly.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Protocol

from py_arkworks_bls12381 import G1Point
from pyblst import BlstP1Element

from sda.crypto.field import Q

XY_BYTES = 96
COMPRESSED_BYTES = 48

_P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
"""The coordinates' field."""
_SMALLER, _LARGER = 0x80, 0xA0
_BITS = 255
_AFFINE_BYTES, _JACOBIAN_BYTES = 96, 144  # blst's own: limbs in Montgomery form


class Backend(Protocol):
    """One way to blst."""

    def check(self, compressed: bytes) -> bytes:
        """x ‖ y of a compressed point; raises ValueError unless it is canonical and in the subgroup."""

    def multiply(self, xy: bytes, scalar: int) -> bytes:
        """x ‖ y of scalar · point, in constant time.

        Args:
            xy: Of a point of the subgroup, not the identity; raises ValueError if it is not on the curve.
            scalar: In [1, q).
        """


class Exported:
    """The functions that a shared library exports.

    Args:
        library: Path of the file.

    Raises:
        OSError: It cannot be loaded.
        AttributeError: It lacks one of them.
    """

    def __init__(self, library: str) -> None:
        blst = ctypes.CDLL(library)
        self._uncompress = blst.blst_p1_uncompress
        self._in_subgroup = blst.blst_p1_affine_in_g1
        self._serialize_affine = blst.blst_p1_affine_serialize
        self._deserialize = blst.blst_p1_deserialize
        self._from_affine = blst.blst_p1_from_affine
        self._multiply = blst.blst_p1_mult
        self._serialize = blst.blst_p1_serialize
        self._in_subgroup.restype = ctypes.c_bool
        for function in (self._serialize_affine, self._from_affine, self._multiply, self._serialize):
            function.restype = None

    def check(self, compressed: bytes) -> bytes:
        """See `Backend.check`."""
        point, xy = ctypes.create_string_buffer(_AFFINE_BYTES), ctypes.create_string_buffer(XY_BYTES)
        if len(compressed) != COMPRESSED_BYTES or self._uncompress(point, compressed) or not self._in_subgroup(point):
            raise ValueError("not a compressed point of the subgroup")
        self._serialize_affine(xy, point)
        return xy.raw

    def multiply(self, xy: bytes, scalar: int) -> bytes:
        """See `Backend.multiply`."""
        affine, point = ctypes.create_string_buffer(_AFFINE_BYTES), ctypes.create_string_buffer(_JACOBIAN_BYTES)
        if len(xy) != XY_BYTES or self._deserialize(affine, xy):
            raise ValueError("not a point of the curve")
        self._from_affine(point, affine)
        self._multiply(point, point, scalar.to_bytes(32, "little"), ctypes.c_size_t(_BITS))
        product = ctypes.create_string_buffer(XY_BYTES)
        self._serialize(product, point)
        return product.raw


class Packaged:
    """pyblst, which is there on every platform."""

    def check(self, compressed: bytes) -> bytes:
        """See `Backend.check`."""
        BlstP1Element().uncompress(compressed)
        return _uncompress(compressed)

    def multiply(self, xy: bytes, scalar: int) -> bytes:
        """See `Backend.multiply`."""
        if len(xy) != XY_BYTES or _uncompress(compress_xy(xy)) != xy:
            raise ValueError("not a point of the curve")
        return _uncompress(BlstP1Element().uncompress(compress_xy(xy)).scalar_mul(scalar).compress())


def _uncompress(compressed: bytes) -> bytes:
    return bytes(G1Point.from_compressed_bytes_unchecked(compressed).to_xy_bytes_be())


def compress_xy(xy: bytes) -> bytes:
    """The 48-byte form of a point that is not the identity: x, and which of the two y."""
    y = int.from_bytes(xy[COMPRESSED_BYTES:], "big")
    return bytes([xy[0] | (_LARGER if y > _P // 2 else _SMALLER)]) + xy[1:COMPRESSED_BYTES]


@cache
def backend() -> Backend:
    """The faster of the two that works here: one that multiplies wrongly is not taken."""
    packaged, generator = Packaged(), bytes(G1Point().to_xy_bytes_be())
    found = find_spec("ckzg")
    with suppress(OSError, AttributeError, ValueError):
        exported = Exported(found.origin if found and found.origin else "")
        if exported.multiply(generator, Q - 2) == packaged.multiply(generator, Q - 2):
            return exported
    return packaged
