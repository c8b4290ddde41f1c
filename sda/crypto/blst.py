"""blst: for what must take the same time whatever the secret is (PROTOCOL §3), for checking points, for commitments.

Points are 96 bytes here, x ‖ y, big-endian: read again in 0.5 µs, where 48 compressed bytes take a square root.
pyblst knows compressed points only and checks the subgroup of each of them anew, which is 55 of its 140 µs. The
build of blst in ckzg, which every Ethereum account package brings, exports all of blst: where it does, it is
called; where it does not, pyblst does the same more slowly.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Protocol, TypeAlias

from py_arkworks_bls12381 import G1Point, Scalar
from pyblst import BlstP1Element

from sda.crypto.field import Q

XY_BYTES = 96
COMPRESSED_BYTES = 48

_P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
"""The coordinates' field."""
_SMALLER, _LARGER = 0x80, 0xA0
_BITS = 255
_SCALAR_BYTES = 32
_AFFINE_BYTES, _JACOBIAN_BYTES = 96, 144  # blst's own: limbs in Montgomery form


Combine: TypeAlias = Callable[[Sequence[int]], bytes]
"""Σ scalars[i] · points[i] of points that are fixed, as x ‖ y: as many scalars as points, in [0, q)."""


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

    def combiner(self, points: Sequence[bytes], *, parts: int, window: int) -> Combine:
        """What combines fixed points many times. Not in constant time: for scalars that are used once.

        Args:
            points: x ‖ y each, of the subgroup, not the identity; at least one.
            parts: Pieces that a scalar is cut into, a power of two up to 32; each has its own multiples.
            window: Bits that one addition takes; 2^(window - 1) multiples of each piece of each point are held.
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
        self._is_identity = blst.blst_p1_is_inf
        self._to_affine = blst.blst_p1_to_affine
        self._double = blst.blst_p1_double
        self._precompute = blst.blst_p1s_mult_wbits_precompute
        self._combine = blst.blst_p1s_mult_wbits
        self._table_bytes = blst.blst_p1s_mult_wbits_precompute_sizeof
        self._scratch_bytes = blst.blst_p1s_mult_wbits_scratch_sizeof
        self._in_subgroup.restype = self._is_identity.restype = ctypes.c_bool
        self._table_bytes.restype = self._scratch_bytes.restype = ctypes.c_size_t
        for function in (
            *(self._serialize_affine, self._from_affine, self._multiply, self._serialize),
            *(self._to_affine, self._double, self._precompute, self._combine),
        ):
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
        return self._xy(point)

    def combiner(self, points: Sequence[bytes], *, parts: int, window: int) -> Combine:
        """See `Backend.combiner`."""
        pieces = b"".join(self._pieces(xy, parts) for xy in points)
        count, bits = ctypes.c_size_t(parts * len(points)), ctypes.c_size_t(8 * _SCALAR_BYTES // parts)
        width = ctypes.c_size_t(window)
        table = ctypes.create_string_buffer(self._table_bytes(width, count))
        self._precompute(table, width, _array(pieces), count)
        scratch_bytes = self._scratch_bytes(count)

        def combine(scalars: Sequence[int]) -> bytes:
            _check_count(scalars, points)
            # Little-endian, so that the pieces of a scalar lie in the order of their multiples.
            data = b"".join([scalar.to_bytes(_SCALAR_BYTES, "little") for scalar in scalars])
            total = ctypes.create_string_buffer(_JACOBIAN_BYTES)
            scratch = ctypes.create_string_buffer(scratch_bytes)  # its own: threads share the table
            self._combine(total, table, width, count, _array(data), bits, scratch)
            return self._xy(total)

        return combine

    def _pieces(self, xy: bytes, parts: int) -> bytes:
        """2^(256 i / parts) · point for each i, in blst's affine form."""
        affine, point = ctypes.create_string_buffer(_AFFINE_BYTES), ctypes.create_string_buffer(_JACOBIAN_BYTES)
        if len(xy) != XY_BYTES or self._deserialize(affine, xy):
            raise ValueError("not a point of the curve")
        self._from_affine(point, affine)
        pieces = []
        for _ in range(parts):
            self._to_affine(affine, point)
            pieces.append(affine.raw)
            for _ in range(8 * _SCALAR_BYTES // parts):
                self._double(point, point)
        return b"".join(pieces)

    def _xy(self, point: ctypes.Array[ctypes.c_char]) -> bytes:
        """x ‖ y of a point in blst's form; zeros for the identity, which blst would flag."""
        if self._is_identity(point):
            return bytes(XY_BYTES)
        xy = ctypes.create_string_buffer(XY_BYTES)
        self._serialize(xy, point)
        return xy.raw


def _array(items: bytes) -> ctypes.Array[ctypes.c_char_p]:
    """Items that lie behind each other, as blst takes them: the address of the first, and none."""
    return (ctypes.c_char_p * 2)(items, None)


class Packaged:
    """pyblst, which is there on every platform."""

    def check(self, compressed: bytes) -> bytes:
        """See `Backend.check`."""
        BlstP1Element().uncompress(compressed)
        return _uncompress(compressed)

    def multiply(self, xy: bytes, scalar: int) -> bytes:
        """See `Backend.multiply`."""
        self._require_point(xy)
        return _uncompress(BlstP1Element().uncompress(compress_xy(xy)).scalar_mul(scalar).compress())

    def combiner(self, points: Sequence[bytes], *, parts: int, window: int) -> Combine:
        """See `Backend.combiner`: arkworks's, which prepares nothing."""
        for xy in points:
            self._require_point(xy)
        fixed = [G1Point.from_xy_bytes_unchecked_be(xy) for xy in points]

        def combine(scalars: Sequence[int]) -> bytes:
            _check_count(scalars, points)
            factors = [Scalar.from_be_bytes(scalar.to_bytes(_SCALAR_BYTES, "big")) for scalar in scalars]
            return bytes(G1Point.multiexp_unchecked(fixed, factors).to_xy_bytes_be())

        return combine

    def _require_point(self, xy: bytes) -> None:
        if len(xy) != XY_BYTES or _uncompress(compress_xy(xy)) != xy:
            raise ValueError("not a point of the curve")


def _check_count(scalars: Sequence[int], points: Sequence[bytes]) -> None:
    if len(scalars) != len(points):
        raise ValueError(f"{len(scalars)} scalars for {len(points)} points")


def _uncompress(compressed: bytes) -> bytes:
    return bytes(G1Point.from_compressed_bytes_unchecked(compressed).to_xy_bytes_be())


def compress_xy(xy: bytes) -> bytes:
    """The 48-byte form of a point that is not the identity: x, and which of the two y."""
    y = int.from_bytes(xy[COMPRESSED_BYTES:], "big")
    return bytes([xy[0] | (_LARGER if y > _P // 2 else _SMALLER)]) + xy[1:COMPRESSED_BYTES]


@cache
def backend() -> Backend:
    """The faster of the two that works here: one that calculates wrongly is not taken."""
    packaged, generator = Packaged(), bytes(G1Point().to_xy_bytes_be())
    found = find_spec("ckzg")
    with suppress(OSError, AttributeError, ValueError):
        exported = Exported(found.origin if found and found.origin else "")
        product = packaged.multiply(generator, Q - 2)
        combined = exported.combiner([generator], parts=2, window=4)([Q - 2])
        if exported.multiply(generator, Q - 2) == combined == product:
            return exported
    return packaged
