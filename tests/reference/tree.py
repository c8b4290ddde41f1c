"""The sum tree and Merkle roots, recursively over a full array of leaves."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.curve import Point, Q, add, encode
from tests.reference.keccak import keccak256


@dataclass
class Leaf:
    hash: bytes
    count: int
    points: list[Point]
    rows: list[list[int]]


def body(count: int, points: list[Point], rows: list[list[int]]) -> bytes:
    data = count.to_bytes(32, "big")
    for point in points:
        data += keccak256(encode(point))
    for row in rows:
        data += keccak256(b"".join(x.to_bytes(32, "big") for x in row))
    return keccak256(data)


def leaf(
    struct_hash: bytes, signature_and_proof: bytes, count: int, points: list[Point], rows: list[list[int]]
) -> Leaf:
    hash_ = keccak256(struct_hash + keccak256(signature_and_proof) + body(count, points, rows))
    return Leaf(hash_, count, points, rows)


def empty_leaf(seats: int, late: int, m: int) -> Leaf:
    points: list[Point] = [None] * seats
    rows = [[0] * m for _ in range(late)]
    return Leaf(keccak256(bytes(64) + body(0, points, rows)), 0, points, rows)


def parent(left: Leaf, right: Leaf) -> Leaf:
    count = left.count + right.count
    points = [add(a, b) for a, b in zip(left.points, right.points, strict=True)]
    rows = [[(x + y) % Q for x, y in zip(a, b, strict=True)] for a, b in zip(left.rows, right.rows, strict=True)]
    return Leaf(keccak256(left.hash + right.hash + body(count, points, rows)), count, points, rows)


def root(leaves: list[Leaf]) -> Leaf:
    """Of a power of two of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    return parent(root(leaves[:half]), root(leaves[half:]))


def merkle_root(words: list[bytes]) -> bytes:
    size = 1
    while size < len(words):
        size *= 2
    return _merkle(words + [bytes(32)] * (size - len(words)))


def _merkle(words: list[bytes]) -> bytes:
    if len(words) == 1:
        return words[0]
    half = len(words) // 2
    return keccak256(_merkle(words[:half]) + _merkle(words[half:]))


def roster_file(enrolled: int, positions: list[int], nonces: list[bytes]) -> bytes:
    bitmap = sum(1 << p for p in positions).to_bytes((enrolled + 7) // 8, "little")
    file = b""
    for part in (bitmap, b"".join(nonces)):
        while len(part) % 32:
            part += b"\0"
        file += part
    return file
