"""A sum tree as the relay keeps it: hashes and bodies of all nodes, sums of the larger ones.

Hash and body are 64 bytes a node, 33 MB for 250,000 leaves; with sums it would be gigabytes. The sums of
small subtrees are computed again from their messages when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from sda.crypto.curve import POINT_BYTES, from_bytes128, to_bytes128
from sda.crypto.field import ELEMENT_BYTES, row_from_bytes, row_to_bytes
from sda.crypto.sumtree import Node, Sums, empty_nodes, fold, tree_depth
from sda.params import Parameters

KEPT_LEVEL = 6
"""Sums are kept from this level up: below it at most 32 messages are read again for an answer."""

HASH_BYTES = 32
NODE_BYTES = 2 * HASH_BYTES
_COUNT_BYTES = 8


class TreeRecord:
    """The tree over a closed set, built in one pass over its leaves.

    Attributes:
        root: The root, with its sums.
        depth: Levels below it.
        levels: For each level, leaves first, hash ‖ body of every node.
        sums: Encoded sums by (level, index), of the levels from KEPT_LEVEL up and of the root.
    """

    def __init__(self, leaves: Iterable[tuple[int, Node]], capacity: int, parameters: Parameters) -> None:
        """Build the tree.

        Args:
            leaves: (index, leaf) in ascending index: data leaf i at n + i, none left out.
            capacity: Data leaves at most; how many there are shows when they have been read.
            parameters: Of the round.
        """
        deepest = tree_depth(parameters.n, capacity)
        empty = empty_nodes(parameters, deepest)
        self._records = [bytearray(_record(node) * (1 << (deepest - level))) for level, node in enumerate(empty)]
        self.sums: dict[tuple[int, int], bytes] = {}
        # The first node of each level: one of them is the root.
        self._first = list(empty)
        fold(leaves, empty, self._visit)
        self._cut(tree_depth(parameters.n, self._first[-1].sums.count))

    def _visit(self, level: int, index: int, node: Node) -> None:
        self._records[level][NODE_BYTES * index : NODE_BYTES * (index + 1)] = _record(node)
        if index == 0:
            self._first[level] = node
        if level >= KEPT_LEVEL:
            self.sums[level, index] = encode_sums(node.sums)

    def _cut(self, depth: int) -> None:
        """Keep the tree of this depth: with fewer leaves than foreseen, the left-most subtree."""
        self.depth = depth
        self.root = self._first[depth]
        self.levels = [
            bytes(records[: NODE_BYTES << (depth - level)]) for level, records in enumerate(self._records[: depth + 1])
        ]
        self._records.clear()
        self.sums = {place: sums for place, sums in self.sums.items() if place[0] <= depth}
        self.sums[depth, 0] = encode_sums(self.root.sums)

    def hash(self, level: int, index: int) -> bytes:
        """The hash of a node."""
        start = NODE_BYTES * index
        return self.levels[level][start : start + HASH_BYTES]


def _record(node: Node) -> bytes:
    return node.hash + node.sums.body


def encode_sums(sums: Sums) -> bytes:
    """count(8) ‖ points, 128 bytes each ‖ correction rows."""
    parts = (*map(to_bytes128, sums.points), *map(row_to_bytes, sums.corrections))
    return sums.count.to_bytes(_COUNT_BYTES, "big") + b"".join(parts)


def decode_sums(data: bytes, parameters: Parameters) -> Sums:
    """Read what `encode_sums` wrote; the store is trusted as to subgroups, clerks check for themselves."""
    count = int.from_bytes(data[:_COUNT_BYTES], "big")
    end = _COUNT_BYTES + POINT_BYTES * parameters.reconstruction
    points = tuple(
        from_bytes128(data[i : i + POINT_BYTES], subgroup=False) for i in range(_COUNT_BYTES, end, POINT_BYTES)
    )
    row_bytes = ELEMENT_BYTES * parameters.row_length
    rows = tuple(tuple(row_from_bytes(data[i : i + row_bytes])) for i in range(end, len(data), row_bytes))
    return Sums(count, points, rows)
