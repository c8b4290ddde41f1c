from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point
from pyblst import BlstP1Element

from sda.crypto import curve
from sda.crypto.curve import IDENTITY, FixedPoints, G, Point
from sda.crypto.field import Q
from sda.errors import MessageError
from tests.crypto.strategies import elements
from tests.reference import curve as reference

few = settings(max_examples=12, deadline=None)
DST = b"SDA/1 BLS12381G1_XMD:SHA-256_SSWU_RO_"


def expected(scalar: int) -> Point:
    """The engine's point for the reference's scalar · G."""
    return curve.from_bytes128(reference.encode(reference.multiply(reference.G, scalar)))


@few
@given(elements, elements)
def test_arithmetic_equals_the_reference(a: int, b: int) -> None:
    left, right = expected(a), expected(b)
    assert curve.multiply(G, a) == left
    assert left + right == expected((a + b) % Q)
    assert curve.msm([left, right], [b, 3]) == expected((a * b + 3 * b) % Q)
    assert curve.add_all([left, right, left]) == expected((2 * a + b) % Q)
    assert FixedPoints([G, expected(3)], parts=2, window=5).combine([a, b]) == expected((a + 3 * b) % Q)


def test_sums_of_nothing() -> None:
    assert curve.add_all([]) == IDENTITY
    assert curve.msm([], []) == IDENTITY
    assert curve.commit_row([]) == IDENTITY


def test_msm_needs_a_scalar_for_every_point() -> None:
    with pytest.raises(ValueError, match="1 points and 2 scalars"):
        curve.msm([G], [1, 2])


@few
@given(elements)
def test_encodings_equal_the_reference_and_round_trip(scalar: int) -> None:
    plain = reference.multiply(reference.G, scalar)
    point = expected(scalar)
    assert curve.to_bytes128(point) == reference.encode(plain)
    assert curve.compress(point) == reference.compress(plain)
    assert curve.decompress(curve.compress(point)) == point
    assert curve.from_bytes128(curve.to_bytes128(point), subgroup=False) == point
    assert curve.point_hash(point) == reference.point_hash(plain)
    assert curve.normalised(point) == point


def _compressed(x: int, flags: int) -> bytes:
    return bytes([x >> 376 | flags]) + (x % 2**376).to_bytes(47, "big")


X, Y = reference.G
TORSION = reference.outside_subgroup()
assert TORSION is not None

BAD_COMPRESSED = {
    "empty": b"",
    "short": reference.compress(reference.G)[:47],
    "long": reference.compress(reference.G) + b"\0",
    "no flag": _compressed(X, 0),
    "x not below p": _compressed(4 + reference.P, 0x80),
    "not on the curve": _compressed(1, 0x80),
    "outside the subgroup": reference.compress(TORSION),
    "identity with a sign": b"\xe0" + bytes(47),
    "identity with other bytes": b"\xc0" + bytes(46) + b"\1",
    "identity without the compression flag": b"\x40" + bytes(47),
    "all zero": bytes(48),
}

BAD_128 = {
    "empty": b"",
    "short": reference.encode(reference.G)[:127],
    "long": reference.encode(reference.G) + b"\0",
    "not on the curve": reference.encode((X, Y + 1)),
    "outside the subgroup": reference.encode(TORSION),
    "x not below p": reference.encode((X + reference.P, Y)),
    "y not below p": reference.encode((X, Y + reference.P)),
    "zero as p": reference.encode((reference.P, reference.P)),
    "fill of x": b"\1" + reference.encode(reference.G)[1:],
    "fill of y": reference.encode(reference.G)[:64] + b"\1" + reference.encode(reference.G)[65:],
    "flag of the identity": bytes(16) + b"\x40" + bytes(111),
    "flag of compression": bytes(16) + b"\x80" + bytes(111),
}


@pytest.mark.parametrize("name", BAD_COMPRESSED)
def test_bad_compressed_points_are_refused(name: str) -> None:
    with pytest.raises(MessageError, match="point"):
        curve.decompress(BAD_COMPRESSED[name])


@pytest.mark.parametrize("name", BAD_128)
def test_bad_points_of_128_bytes_are_refused(name: str) -> None:
    with pytest.raises(MessageError, match="point"):
        curve.from_bytes128(BAD_128[name])


@pytest.mark.parametrize("name", sorted(set(BAD_COMPRESSED) - {"outside the subgroup"}))
def test_only_the_subgroup_check_can_be_left_out(name: str) -> None:
    with pytest.raises(MessageError):
        curve.decompress(BAD_COMPRESSED[name], subgroup=False)
    with pytest.raises(MessageError):
        curve.from_bytes128(BAD_128.get(name, b""), subgroup=False)


@few
@given(st.integers(1, 383), elements)
def test_a_changed_bit_is_refused_or_another_point(bit: int, scalar: int) -> None:
    """No point has two encodings."""
    point = expected(scalar)
    changed = bytearray(curve.compress(point))
    changed[bit // 8] ^= 1 << bit % 8
    with suppress(MessageError):
        assert curve.decompress(bytes(changed)) != point


def test_hash_to_curve_is_the_suite_of_the_rfc() -> None:
    """RFC 9380, J.9.1, empty message."""
    point = G1Point.hash_to_curve(b"", b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_")
    x = "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1"
    assert point.to_xy_bytes_be()[:48].hex() == x


def test_generators_equal_those_of_another_library() -> None:
    for i, point in enumerate(curve.generators(64)):
        other = BlstP1Element().hash_to_group(b"SDA/1 generator" + i.to_bytes(4, "big"), DST)
        assert curve.compress(point) == other.compress()


def test_generators_are_distinct_and_equal_the_shared_file() -> None:
    points = curve.generators(64)
    assert len({curve.compress(point) for point in (*points, G, IDENTITY)}) == 66
    stored = json.loads((Path(__file__).parents[1] / "vectors" / "generators.json").read_text())["points"]
    assert [bytes.fromhex(text.removeprefix("0x")) for text in stored] == list(map(curve.to_bytes128, points))


@pytest.mark.parametrize("count", [-1, 65])
def test_there_are_64_generators(count: int) -> None:
    with pytest.raises(ValueError, match="0 to 64"):
        curve.generators(count)


@few
@given(st.lists(st.lists(elements, min_size=3, max_size=3), max_size=3))
def test_both_ways_to_commit_agree(rows: list[list[int]]) -> None:
    points = curve.generators(3)
    assert curve.commit_rows(rows) == [curve.commit_row(row) for row in rows]
    for row in rows:
        plain = curve.add_all(curve.multiply(h, x) for h, x in zip(points, row, strict=True))
        assert curve.commit_row(row) == plain


@few
@given(st.lists(elements, min_size=2, max_size=2), st.lists(elements, min_size=2, max_size=2))
def test_commitments_add(left: list[int], right: list[int]) -> None:
    total = [(a + b) % Q for a, b in zip(left, right, strict=True)]
    assert curve.commit_row(left) + curve.commit_row(right) == curve.commit_row(total)
