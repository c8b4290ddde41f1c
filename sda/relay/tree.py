"""A sum tree as the relay keeps it: hashes and bodies of all nodes, sums of the larger ones.

Hash and body are 64 bytes a node, 33 MB for 250,000 leaves; with sums it would be gigabytes. The sums of
small subtrees are computed again from their messages when somebody asks.

The tree is grown in subtrees of 2,048 leaves, each a task of its own for an engine (`sda.engine`), and put
together from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from sda.crypto.curve import POINT_BYTES, from_bytes128, to_bytes128
from sda.crypto.field import ELEMENT_BYTES, row_from_bytes, row_to_bytes
from sda.crypto.sumtree import Node, Sums, empty_nodes, fold, tree_depth
from sda.params import Parameters

KEPT_LEVEL = 6
"""Sums are kept from this level up: below it at most 32 messages are read again for an answer."""
SUBTREE_LEVEL = 11
"""The height of a subtree that is grown in one piece."""

HASH_BYTES = 32
NODE_BYTES = 2 * HASH_BYTES
_COUNT_BYTES = 8
_INDEX_BYTES = 4
_FORM = b"SDA/1 subtree, form 1"


# ---------------------------------------------------------------------- a subtree


@dataclass(frozen=True)
class Growth:
    """A subtree to be grown from its leaves; an `engine.Task`.

    Attributes:
        parameters: Of the round.
        height: Of the subtree.
        first: Place of its first leaf in it; what is before and after the leaves is empty.
        leaves: Encoded, one after the other, none left out.
    """

    parameters: Parameters
    height: int
    first: int
    leaves: bytes = field(repr=False)

    @cached_property
    def digest(self) -> bytes:
        """Of everything that the subtree follows from."""
        return hashlib.sha256(_FORM + repr((self.parameters, self.height, self.first)).encode() + self.leaves).digest()

    def run(self) -> bytes:
        """The encoded `Subtree`."""
        empty = empty_nodes(self.parameters, self.height)
        levels = [bytearray(_record(node) * (1 << (self.height - level))) for level, node in enumerate(empty)]
        sums: dict[tuple[int, int], bytes] = {}

        def visit(level: int, index: int, node: Node) -> None:
            levels[level][NODE_BYTES * index : NODE_BYTES * (index + 1)] = _record(node)
            if level >= KEPT_LEVEL:
                sums[level, index] = encode_sums(node.sums)

        root = fold(self._nodes(), empty, visit)
        sums[self.height, 0] = encode_sums(root.sums)
        return Subtree(self.height, tuple(map(bytes, levels)), sums).encode()

    def _nodes(self) -> Iterator[tuple[int, Node]]:
        size = leaf_record_size(self.parameters)
        for number, start in enumerate(range(0, len(self.leaves), size)):
            yield self.first + number, decode_leaf(self.leaves[start : start + size], self.parameters)


@dataclass(frozen=True)
class Subtree:
    """Part of a tree.

    Attributes:
        height: Levels above its leaves.
        levels: For each level, leaves first, hash ‖ body of every node.
        sums: Encoded sums by (level, index), of the levels from KEPT_LEVEL up and of its root.
    """

    height: int
    levels: tuple[bytes, ...] = field(repr=False)
    sums: dict[tuple[int, int], bytes] = field(repr=False)

    def root(self, parameters: Parameters) -> Node:
        """Its root, with its sums."""
        return Node(self.levels[-1][:HASH_BYTES], decode_sums(self.sums[self.height, 0], parameters))

    def encode(self) -> bytes:
        """height(1) ‖ levels ‖ (level(1) ‖ index(4) ‖ sums) …"""
        places = (
            bytes([level]) + index.to_bytes(_INDEX_BYTES, "big") + sums for (level, index), sums in self.sums.items()
        )
        return b"".join((bytes([self.height]), *self.levels, *places))

    @classmethod
    def decode(cls, data: bytes, parameters: Parameters) -> Subtree:
        """Read it back."""
        height, start, levels = data[0], 1, []
        for level in range(height + 1):
            end = start + (NODE_BYTES << (height - level))
            levels.append(data[start:end])
            start = end
        step = 1 + _INDEX_BYTES + sums_size(parameters)
        sums = {}
        for place in range(start, len(data), step):
            index = int.from_bytes(data[place + 1 : place + 1 + _INDEX_BYTES], "big")
            sums[data[place], index] = data[place + 1 + _INDEX_BYTES : place + step]
        return cls(height, tuple(levels), sums)


def growths(leaves: Iterable[bytes], parameters: Parameters, first: int) -> Iterator[Growth]:
    """The subtrees of a tree over these leaves, left to right; all of one height.

    Args:
        leaves: Encoded, in order.
        parameters: Of the round.
        first: Index of the first of them: n, or 0 if those of the seats are among them.
    """
    room, single = 1 << SUBTREE_LEVEL, True
    gathered: list[bytes] = []
    for leaf in leaves:
        if first + len(gathered) == room:
            yield Growth(parameters, SUBTREE_LEVEL, first, b"".join(gathered))
            first, gathered, single = 0, [], False
        gathered.append(leaf)
    height = tree_depth(0, first + len(gathered)) if single else SUBTREE_LEVEL
    yield Growth(parameters, height, first, b"".join(gathered))


# ---------------------------------------------------------------------- the tree


class TreeRecord:
    """The tree over a closed set, put together from its subtrees.

    Attributes:
        root: The root, with its sums.
        depth: Levels below it.
        levels: For each level of the sum tree, leaves first, hash ‖ body of every node.
        sums: Encoded sums by (level, index), of the levels from KEPT_LEVEL up and of the root.
    """

    def __init__(self, subtrees: Iterable[Subtree], parameters: Parameters) -> None:
        """Build the tree.

        Args:
            subtrees: From left to right, those of `growths`.
            parameters: Of the round.
        """
        self.sums: dict[tuple[int, int], bytes] = {}
        self._levels: list[bytearray] = []
        roots = [self._append(number, subtree, parameters) for number, subtree in enumerate(subtrees)]
        height = len(self._levels) - 1
        self.depth = tree_depth(parameters.n, sum(root.sums.count for root in roots))
        empty = empty_nodes(parameters, self.depth)
        for level in range(self.depth + 1):
            if level > height:
                self._levels.append(bytearray())
            self._fill(level, empty[level])
        self.root = fold(enumerate(roots), empty[height:], lambda level, *rest: self._visit(height + level, *rest))
        self.sums[self.depth, 0] = encode_sums(self.root.sums)
        self.levels = [bytes(level) for level in self._levels]
        del self._levels

    def _append(self, number: int, subtree: Subtree, parameters: Parameters) -> Node:
        if not self._levels:
            self._levels = [bytearray() for _ in subtree.levels]
        for level, records in zip(self._levels, subtree.levels, strict=True):
            level += records
        for (level_number, index), sums in subtree.sums.items():
            if level_number >= KEPT_LEVEL:
                self.sums[level_number, (number << (subtree.height - level_number)) + index] = sums
        return subtree.root(parameters)

    def _fill(self, level: int, empty: Node) -> None:
        missing = (NODE_BYTES << (self.depth - level)) - len(self._levels[level])
        self._levels[level] += _record(empty) * (missing // NODE_BYTES)

    def _visit(self, level: int, index: int, node: Node) -> None:
        self._levels[level][NODE_BYTES * index : NODE_BYTES * (index + 1)] = _record(node)
        if level >= KEPT_LEVEL:
            self.sums[level, index] = encode_sums(node.sums)

    def hash(self, level: int, index: int) -> bytes:
        """The hash of a node."""
        start = NODE_BYTES * index
        return self.levels[level][start : start + HASH_BYTES]


def _record(node: Node) -> bytes:
    return node.hash + node.sums.body


# ---------------------------------------------------------------------- encodings


def encode_sums(sums: Sums) -> bytes:
    """count(8) ‖ points, 128 bytes each ‖ correction rows."""
    parts = (*map(to_bytes128, sums.points), *map(row_to_bytes, sums.corrections))
    return sums.count.to_bytes(_COUNT_BYTES, "big") + b"".join(parts)


def decode_sums(data: bytes, parameters: Parameters) -> Sums:
    """Read what `encode_sums` wrote; the store is trusted as to subgroups, clerks check for themselves."""
    count = int.from_bytes(data[:_COUNT_BYTES], "big")
    end = _COUNT_BYTES + POINT_BYTES * parameters.reconstruction * parameters.chunks
    points = tuple(
        from_bytes128(data[i : i + POINT_BYTES], subgroup=False) for i in range(_COUNT_BYTES, end, POINT_BYTES)
    )
    row_bytes = ELEMENT_BYTES * parameters.row_length
    rows = tuple(tuple(row_from_bytes(data[i : i + row_bytes])) for i in range(end, len(data), row_bytes))
    return Sums(count, points, rows, parameters.chunks)


def sums_size(parameters: Parameters) -> int:
    late_seats = parameters.n - parameters.reconstruction
    rows = ELEMENT_BYTES * parameters.row_length * late_seats
    return _COUNT_BYTES + POINT_BYTES * parameters.reconstruction * parameters.chunks + rows


def encode_leaf(leaf: Node) -> bytes:
    """hash(32) ‖ sums."""
    return leaf.hash + encode_sums(leaf.sums)


def decode_leaf(data: bytes, parameters: Parameters) -> Node:
    """Read what `encode_leaf` wrote."""
    return Node(data[:HASH_BYTES], decode_sums(data[HASH_BYTES:], parameters))


def leaf_record_size(parameters: Parameters) -> int:
    """Bytes of an encoded leaf."""
    return HASH_BYTES + sums_size(parameters)
