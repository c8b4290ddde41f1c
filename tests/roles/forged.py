"""A developer that commits to a tree of its own making, off the chain, and the relay that serves it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from sda.chain.evidence import body_words
from sda.chain.points import point_struct
from sda.closed import Snapshot
from sda.crypto.curve import G, Point, to_bytes128
from sda.crypto.field import Q, row_to_bytes
from sda.crypto.hashes import keccak
from sda.crypto.merkle import merkle_root
from sda.crypto.sumtree import Node, PartialSums, Sums, empty_nodes, join, node_hash, tree_depth
from sda.messages import Contribution, Enrolment, Leaf
from sda.messages.enrolment import split_enrolments
from sda.relay import Job, LocalRelay, Reason, RefusedError
from sda.relay.interface import Opening
from tests.world import World

Change = Callable[[Sums], Sums]
"""What becomes of what a leaf or node commits to."""


def other_point(place: int, by: Point = G) -> Change:
    """Something more in one point; `place` counts over all chunks."""

    def change(sums: Sums) -> Sums:
        points = (point + by if i == place else point for i, point in enumerate(sums.points))
        return replace(sums, points=tuple(points))

    return change


def other_correction(late: int, element: int) -> Change:
    """One more in an element of a late seat's row, which counts over all chunks."""

    def change(sums: Sums) -> Sums:
        rows = [list(row) for row in sums.corrections]
        rows[late][element] = (rows[late][element] + 1) % Q
        return replace(sums, corrections=tuple(map(tuple, rows)))

    return change


def other_count(by: int, place: int) -> Change:
    """A count that is off; with a point that is off, so that somebody looks."""
    return lambda sums: replace(other_point(place)(sums), count=sums.count + by)


def signed_again(world: World, leaf: Leaf, change: Change) -> Leaf:
    """A contributor that commits to something else, and signs it."""
    key = next(party.key for party in world.contributors if party.key.account.address == leaf.account)
    changed = replace(leaf, sums=change(leaf.sums), signature=b"")
    return changed.sign(world.view.domain, key.account, key.public.hash)


def send_another(world: World, contributor: int, change: Change) -> None:
    """A contributor sends other commitments or corrections than those of its shares."""
    honest = world.prepare(world.contributors[contributor])
    world.relay.submit(Contribution(signed_again(world, honest.leaf, change), honest.padded).encode())


class ForgedRelay(LocalRelay):
    """Serves a forged tree, and puts its root on the chain.

    Args:
        world: After `close`.
        leaves: Index → what becomes of that contributor's leaf; it signs it.
        nodes: (level, index) → what a node commits to instead of its children's sums.
        unsound: (level, index) → chunk, seat, and what is hashed in the place of its point; below the root also of
            its correction row.
        withheld: (level, index) of nodes that are not shown.
    """

    def __init__(
        self,
        world: World,
        *,
        leaves: Mapping[int, Change] | None = None,
        nodes: Mapping[tuple[int, int], Change] | None = None,
        unsound: Mapping[tuple[int, int], tuple[int, int, bytes]] | None = None,
        withheld: Collection[tuple[int, int]] = (),
    ) -> None:
        super().__init__(world.directory / "relay.sqlite", world.domain, clock=lambda: world.now)
        assert world.collected is not None
        self._publication, self._withheld = world.collected.publication, frozenset(withheld)
        self._n, self._count = world.parameters.n, self._publication.snapshot.count
        self._unsound = unsound or {}
        self._leaves = self._signed(world, leaves or {})
        self._nodes = self._grow(world, nodes or {})
        self.depth = tree_depth(self._n, self._count)
        self.snapshot = self._snapshot_of(self._nodes[self.depth, 0].sums)
        world.store_snapshot(self.snapshot)
        self.open_round(world.view)

    def _signed(self, world: World, changes: Mapping[int, Change]) -> list[Leaf]:
        round_hash, p = world.view.round_hash, world.parameters
        served = (world.relay.leaves(round_hash, i, i + 1) for i in range(self._n, self._n + self._count))
        honest = enumerate((Leaf.decode(data, p) for data in served), self._n)
        return [signed_again(world, leaf, changes[i]) if i in changes else leaf for i, leaf in honest]

    def _grow(self, world: World, forged: Mapping[tuple[int, int], Change]) -> dict[tuple[int, int], Node]:
        enrolled = self._publication.enrolled
        enrolments = [Enrolment.decode(each) for each in split_enrolments(self.enrolments(0, enrolled), enrolled)]
        depth = tree_depth(self._n, self._count)
        nodes = {(0, index): empty_nodes(world.parameters, 0)[0] for index in range(1 << depth)}
        nodes |= {(0, self._n + i): leaf.node(enrolments[leaf.position]) for i, leaf in enumerate(self._leaves)}
        for level in range(1, depth + 1):
            for index in range(1 << depth - level):
                left, right = nodes[level - 1, 2 * index], nodes[level - 1, 2 * index + 1]
                node = join(left, right)
                if (level, index) in forged:
                    node = Node(b"", forged[level, index](node.sums))
                chunks = (self._hashed(level, index, chunk, node.sums) for chunk in range(node.sums.chunks))
                body = merkle_root([chunk.body for chunk in chunks])
                nodes[level, index] = Node(node_hash(left.hash, right.hash, body), node.sums)
        return nodes

    def _hashed(self, level: int, index: int, chunk: int, sums: Sums) -> Sums:
        """One chunk of a node as its hash has it."""
        known = sums.chunk(chunk)
        where, seat, data = self._unsound.get((level, index), (-1, 0, b""))
        if chunk != where:
            return known
        words = [*known.point_hashes, *known.correction_hashes]
        words[seat] = keccak(data)
        hashes = tuple(words[len(known.points) :])
        return PartialSums(known.count, known.points, known.corrections, 1, hashes, {seat: data})

    def _snapshot_of(self, root: Sums) -> Snapshot:
        chunks = [root.chunk(index) for index in range(root.chunks)]
        points = list(map(to_bytes128, root.points))
        if (self.depth, 0) in self._unsound:
            chunk, seat, data = self._unsound[self.depth, 0]
            points[chunk * len(points) // root.chunks + seat] = data
        return replace(
            self._publication.snapshot,
            left=self._nodes[self.depth - 1, 0].hash,
            right=self._nodes[self.depth - 1, 1].hash,
            points=tuple(points),
            corrections=tuple(hash_ for chunk in chunks for hash_ in chunk.correction_hashes),
        )

    def node(self, level: int, index: int) -> Node:
        """A node of the forged tree."""
        return self._nodes[level, index]

    def shown(self, level: int, index: int, chunk: int, seat: int) -> dict[str, list[Any]]:
        """The arguments of an `answerNode` to a seat, whose hashes are those of the tree."""
        places = (level, index), (level - 1, 2 * index), (level - 1, 2 * index + 1)
        parts = [self._shown(*where, chunk, seat) for where in places]
        return {name: [part[name] for part in parts] for name in ("nodes", "points", "rows")}

    def _shown(self, level: int, index: int, chunk: int, seat: int) -> dict[str, Any]:
        sums = self._nodes[level, index].sums
        known = self._hashed(level, index, chunk, sums)
        threshold = len(known.points)
        opening = {
            "left": self._nodes[level - 1, 2 * index].hash,
            "right": self._nodes[level - 1, 2 * index + 1].hash,
            "count": known.count,
            "words": body_words(known),
            "chunk": {"index": chunk, "path": sums.path(chunk)},
        }
        points = [point_struct(known.value_of(each)) for each in range(threshold)]
        return {"nodes": opening, "points": points, "rows": known.value_of(seat) if seat >= threshold else b""}

    def job(self, round_hash: bytes, seat: int) -> Job:
        rows, late = self._nodes[self.depth, 0].sums.corrections, seat - self._n
        correction = row_to_bytes(rows[late]) if seat >= self._n - len(rows) else b""
        return Job(self.snapshot, self._publication.enrolled, self._publication.roster, correction)

    def opening(self, round_hash: bytes, level: int, index: int) -> Opening:
        if (level, index) in self._withheld:
            raise RefusedError(Reason.NOT_FOUND, "lost")
        left, right = self._nodes[level - 1, 2 * index], self._nodes[level - 1, 2 * index + 1]
        return Opening(left.hash, right.hash, self._nodes[level, index].sums)

    def leaves(self, round_hash: bytes, start: int, stop: int) -> bytes:
        if any((0, index) in self._withheld for index in range(start, stop)):
            raise RefusedError(Reason.NOT_FOUND, "lost")
        return b"".join(leaf.encode() for leaf in self._leaves[start - self._n : stop - self._n])
