"""BLS12-381 G1 in affine coordinates: y² = x³ + 4 over F_p. A point is (x, y), the identity None."""

from __future__ import annotations

from tests.reference.keccak import keccak256

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
Q = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
G = (
    0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
    0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1,
)

Point = tuple[int, int] | None


def on_curve(point: Point) -> bool:
    return point is None or (point[1] ** 2 - point[0] ** 3 - 4) % P == 0


def add(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return right if left is None else left
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = 3 * x1 * x1 * pow(2 * y1, -1, P) if left == right else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def negate(point: Point) -> Point:
    return None if point is None else (point[0], -point[1] % P)


def multiply(point: Point, scalar: int) -> Point:
    """Not reduced mod q: points outside the subgroup have another order."""
    result: Point = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def in_subgroup(point: Point) -> bool:
    return on_curve(point) and multiply(point, Q) is None


def encode(point: Point) -> bytes:
    """EIP-2537."""
    x, y = point or (0, 0)
    return x.to_bytes(64, "big") + y.to_bytes(64, "big")


def compress(point: Point) -> bytes:
    if point is None:
        return b"\xc0" + bytes(47)
    x, y = point
    flags = 0x80 | (0x20 if y > P - y else 0)
    data = bytearray(x.to_bytes(48, "big"))
    data[0] |= flags
    return bytes(data)


def point_hash(point: Point) -> bytes:
    return keccak256(encode(point))


def outside_subgroup(start: int = 0) -> Point:
    """A point of the curve that is not in the group: the cofactor is near 2^125, so nearly every point."""
    x = start
    while True:
        square = x**3 + 4
        y = pow(square, (P + 1) // 4, P)
        if (y * y - square) % P == 0 and not in_subgroup((x, y)):
            return x, y
        x += 1
