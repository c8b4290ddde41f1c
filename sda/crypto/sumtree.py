"""The Merkle SUM tree over a round's contributions (docs/FORMATS.md, "Sum tree"; PROTOCOL §4).

Every node commits to its count, to the sums of its leaves' commitments and to the sums of their corrections,
so that a wrong sum at the root can be walked down to the leaf or node that causes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import add

from sda.crypto.curve import IDENTITY, Point, point_hash, to_bytes128
from sda.crypto.field import Q, row_to_bytes
from sda.crypto.hashes import ZERO_WORD, keccak, word
from sda.crypto.merkle import merkle_path, merkle_root, merkle_root_from
from sda.params import Parameters


@dataclass(frozen=True)
class Sums:
    """What a leaf contributes, and a node sums up.

    Attributes:
        count: Data contributions.
        points: Commitments of the seats 0 … R-1 to chunk 0, then those to chunk 1, and so on.
        corrections: Correction rows of the seats R … n-1, C·m elements each.
        chunks: C.
    """

    count: int
    points: tuple[Point, ...]
    corrections: tuple[tuple[int, ...], ...]
    chunks: int = 1

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.count + other.count,
            tuple(map(add, self.points, other.points)),
            tuple(
                tuple((a + b) % Q for a, b in zip(mine, theirs, strict=True))
                for mine, theirs in zip(self.corrections, other.corrections, strict=True)
            ),
            self.chunks,
        )

    @cached_property
    def point_hashes(self) -> tuple[bytes, ...]:
        """h_0 … h_{R-1}."""
        return tuple(map(point_hash, self.points))

    @cached_property
    def correction_hashes(self) -> tuple[bytes, ...]:
        """g_R … g_{n-1}."""
        return tuple(keccak(row_to_bytes(row)) for row in self.corrections)

    def is_sound(self, seat: int) -> bool:
        """Whether what stands for a seat in one chunk is a point, or a row of the field: what was decoded is."""
        return True

    def value_of(self, seat: int) -> bytes:
        """What stands for a seat in one chunk, as it is hashed: a point in 128 bytes, or a correction row."""
        late = seat - len(self.points)
        return to_bytes128(self.points[seat]) if late < 0 else row_to_bytes(self.corrections[late])

    def chunk(self, index: int) -> Sums:
        """One chunk of these sums: what a narrow round's would be."""
        if self.chunks == 1:
            return self
        seats, m = len(self.points) // self.chunks, len(self.corrections[0]) // self.chunks if self.corrections else 0
        points = self.points[seats * index : seats * (index + 1)]
        return Sums(self.count, points, tuple(row[m * index : m * (index + 1)] for row in self.corrections))

    @cached_property
    def bodies(self) -> tuple[bytes, ...]:
        """The body of every chunk."""
        return tuple(self.chunk(index).body for index in range(self.chunks))

    def path(self, index: int) -> list[bytes]:
        """The siblings from a chunk's body to the body of all, from the bottom up; none if there is one chunk."""
        return merkle_path(self.bodies, index)

    @cached_property
    def body(self) -> bytes:
        """Of one chunk keccak(count ‖ point hashes ‖ correction hashes), of several the Merkle root over their bodies.

        At a leaf it is what the contributor signs.
        """
        if self.chunks > 1:
            return merkle_root(self.bodies)
        return keccak(b"".join((word(self.count), *self.point_hashes, *self.correction_hashes)))


@dataclass(frozen=True)
class PartialSums(Sums):
    """Sums of which not every correction row is known: as a developer posts them on chain.

    Attributes:
        points: The identity where something else than a point was posted.
        corrections: Empty where a row is not known, or is none.
        hashes: g_R … g_{n-1}.
        unsound: By seat, what was posted and is no point, or no row of the field. The contract compares hashes alone.
    """

    hashes: tuple[bytes, ...] = ()
    unsound: Mapping[int, bytes] = field(default_factory=dict)

    def is_sound(self, seat: int) -> bool:
        """See `Sums.is_sound`."""
        return seat not in self.unsound

    def value_of(self, seat: int) -> bytes:
        """See `Sums.value_of`."""
        return super().value_of(seat) if self.is_sound(seat) else self.unsound[seat]

    @cached_property
    def point_hashes(self) -> tuple[bytes, ...]:
        """h_0 … h_{R-1}."""
        return tuple(keccak(self.value_of(seat)) for seat in range(len(self.points)))

    @cached_property
    def correction_hashes(self) -> tuple[bytes, ...]:
        """g_R … g_{n-1}."""
        return self.hashes


@dataclass(frozen=True)
class ChunkSums(PartialSums):
    """Sums of which one chunk is known, with the way to the body of all: as a developer posts them in a wide round.

    Attributes:
        points, corrections, hashes: Of that chunk.
        index: Which it is.
        siblings: From its body to the body of all chunks.
    """

    index: int = 0
    siblings: tuple[bytes, ...] = ()

    def chunk(self, index: int) -> Sums:
        """The chunk that is known.

        Raises:
            IndexError: Another one.
        """
        if index != self.index:
            raise IndexError(f"chunk {index}: only chunk {self.index} is known")
        return PartialSums(self.count, self.points, self.corrections, 1, self.hashes, self.unsound)

    def path(self, index: int) -> list[bytes]:
        """See `Sums.path`; raises as `chunk`."""
        self.chunk(index)
        return list(self.siblings)

    @cached_property
    def body(self) -> bytes:
        """See `Sums.body`."""
        return merkle_root_from(self.chunk(self.index).body, self.index, self.siblings)


def no_sums(parameters: Parameters) -> Sums:
    """The sums of nothing: count 0, identity points, zero rows."""
    zero_row = (0,) * parameters.row_length
    late = parameters.n - parameters.reconstruction
    points = (IDENTITY,) * (parameters.reconstruction * parameters.chunks)
    return Sums(0, points, (zero_row,) * late, parameters.chunks)


@dataclass(frozen=True)
class Node:
    """A node or leaf: its hash and its sums."""

    hash: bytes
    sums: Sums


@dataclass(frozen=True)
class Step:
    """One step of a path, from the leaf up.

    Attributes:
        sibling: Hash of the other child.
        body: Body of the parent.
    """

    sibling: bytes
    body: bytes


def evidence_hash(signature: bytes, proof: bytes) -> bytes:
    """keccak(signature ‖ proof of possession): inside the leaf, so that their absence can be shown."""
    return keccak(signature + proof)


def leaf_hash(struct_hash: bytes, evidence: bytes, body: bytes) -> bytes:
    """The hash of a leaf.

    Args:
        struct_hash: EIP-712 hash of the contribution.
        evidence: See `evidence_hash`.
        body: See `Sums.body`.
    """
    return keccak(struct_hash + evidence + body)


def node_hash(left: bytes, right: bytes, body: bytes) -> bytes:
    """The hash of an inner node."""
    return keccak(left + right + body)


def make_leaf(struct_hash: bytes, evidence: bytes, sums: Sums) -> Node:
    """The leaf of one contribution."""
    return Node(leaf_hash(struct_hash, evidence, sums.body), sums)


def join(left: Node, right: Node) -> Node:
    """The parent of two nodes."""
    sums = left.sums + right.sums
    return Node(node_hash(left.hash, right.hash, sums.body), sums)


def tree_depth(n: int, count: int) -> int:
    """Levels below the root of a tree with n noise positions and `count` data leaves."""
    return max(1, (n + count - 1).bit_length())


def empty_nodes(parameters: Parameters, depth: int) -> list[Node]:
    """The empty leaf and the empty subtrees above it, by level."""
    nothing = no_sums(parameters)
    nodes = [Node(leaf_hash(ZERO_WORD, ZERO_WORD, nothing.body), nothing)]
    for _ in range(depth):
        below = nodes[-1]
        nodes.append(Node(node_hash(below.hash, below.hash, nothing.body), nothing))
    return nodes


def fold(
    leaves: Iterable[tuple[int, Node]],
    empty: Sequence[Node],
    visit: Callable[[int, int, Node], None],
) -> Node:
    """Build a tree from its leaves in one pass, holding one node per level.

    Args:
        leaves: (index, leaf) in ascending index; whatever is not named is empty.
        empty: See `empty_nodes`; its length fixes the depth.
        visit: Called with (level, index, node) for every node that is not empty, children first.

    Returns:
        The root.

    Raises:
        ValueError: Indices do not ascend, or exceed the tree.
    """
    depth = len(empty) - 1
    stream = iter(leaves)
    following = next(stream, None)

    def subtree(level: int, index: int) -> Node:
        nonlocal following
        if following is None or following[0] >= (index + 1) << level:
            return empty[level]
        if level == 0:
            node, following = following[1], _successor(stream, index, depth)
        else:
            left = subtree(level - 1, 2 * index)
            right = subtree(level - 1, 2 * index + 1)
            node = _join_sparse(left, right, empty[level - 1])
        visit(level, index, node)
        return node

    if following is not None and not 0 <= following[0] < 1 << depth:
        raise ValueError(f"leaf {following[0]}: must be in [0, {1 << depth})")
    return subtree(depth, 0)


def _successor(stream: Iterator[tuple[int, Node]], index: int, depth: int) -> tuple[int, Node] | None:
    entry = next(stream, None)
    if entry is not None and not index < entry[0] < 1 << depth:
        raise ValueError(f"leaf {entry[0]} after leaf {index}: must ascend and be below {1 << depth}")
    return entry


def _join_sparse(left: Node, right: Node, empty: Node) -> Node:
    """`join`, without summing and hashing again where one side is empty."""
    if left is not empty and right is not empty:
        return join(left, right)
    sums = right.sums if left is empty else left.sums
    return Node(node_hash(left.hash, right.hash, sums.body), sums)


class SumTree:
    """A whole tree in memory; `fold` makes one without."""

    def __init__(self, leaves: Iterable[tuple[int, Node]], count: int, parameters: Parameters) -> None:
        """Build the tree of a round.

        Args:
            leaves: (index, leaf) in ascending index: seat j's noise at j, data leaf i at n + i.
            count: N, data leaves; with n it fixes the depth.
            parameters: Of the round.
        """
        self.depth = tree_depth(parameters.n, count)
        self._empty = empty_nodes(parameters, self.depth)
        self._nodes: dict[tuple[int, int], Node] = {}
        self.root = fold(leaves, self._empty, self._store)

    def _store(self, level: int, index: int, node: Node) -> None:
        self._nodes[level, index] = node

    def node(self, level: int, index: int) -> Node:
        """The node at `level` (0: leaves, depth: root).

        Raises:
            IndexError: No such place in the tree.
        """
        if not (0 <= level <= self.depth and 0 <= index < 1 << (self.depth - level)):
            raise IndexError(f"node ({level}, {index}): not in a tree of depth {self.depth}")
        return self._nodes.get((level, index), self._empty[level])

    def children(self, level: int, index: int) -> tuple[Node, Node]:
        """The two children of a node above the leaves; of the root for the snapshot."""
        return self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1)

    def path(self, index: int) -> list[Step]:
        """The path of leaf `index` to the root."""
        self.node(0, index)
        return [
            Step(
                self.node(level, index >> level ^ 1).hash,
                self.node(level + 1, index >> (level + 1)).sums.body,
            )
            for level in range(self.depth)
        ]


def verify_path(leaf: bytes, index: int, path: Sequence[Step], root: bytes, depth: int) -> bool:
    """Whether the leaf hash `leaf` is at `index` under `root`.

    The path must be as long as the tree is deep and the index inside it: otherwise nodes pass for leaves, and
    one leaf for several.
    """
    if len(path) != depth or not 0 <= index < 1 << depth:
        return False
    for step in path:
        left, right = (step.sibling, leaf) if index & 1 else (leaf, step.sibling)
        leaf = node_hash(left, right, step.body)
        index >>= 1
    return leaf == root
