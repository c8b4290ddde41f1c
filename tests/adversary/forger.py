"""A developer (and the relay behind it) that commits to another tree than the honest one, and serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sda.closed import Snapshot
from sda.crypto.codeword import extend
from sda.crypto.curve import G, Point, to_bytes128
from sda.crypto.merkle import Roster, enrolment_root
from sda.crypto.sumtree import Node, Sums, empty_nodes, join, node_hash, tree_depth
from sda.developer import collect
from sda.messages import Contribution, Enrolment
from sda.messages.enrolment import split_enrolments
from sda.relay import LocalRelay
from sda.relay.interface import Publication
from sda.relay.tree import encode_sums
from tests.rounds.cast import Cast

Forge = Callable[[Node, Node, Node], Node]
"""What becomes of a node, given the honest one and its children."""


def other_sums(change: Callable[[Sums], Sums]) -> Forge:
    """A node that commits to other sums than its children's."""

    def forge(node: Node, left: Node, right: Node) -> Node:
        sums = change(node.sums)
        return Node(node_hash(left.hash, right.hash, sums.body), sums)

    return forge


def other_point(seat: int) -> Callable[[Sums], Sums]:
    """G more in a seat's point."""

    def change(sums: Sums) -> Sums:
        points = [point + G if i == seat else point for i, point in enumerate(sums.points)]
        return replace(sums, points=tuple(points))

    return change


def other_correction(late: int, element: int = 0) -> Callable[[Sums], Sums]:
    """Another element in a late seat's correction row."""

    def change(sums: Sums) -> Sums:
        rows = [
            (*row[:element], row[element] ^ 1, *row[element + 1 :]) if i == late else row
            for i, row in enumerate(sums.corrections)
        ]
        return replace(sums, corrections=tuple(rows))

    return change


def other_count(by: int) -> Callable[[Sums], Sums]:
    """A count that is off; with a point that is off, so that somebody looks."""

    def change(sums: Sums) -> Sums:
        return replace(other_point(0)(sums), count=sums.count + by)

    return change


class AccompliceRelay(LocalRelay):
    """Serves the developer's leaves instead of those that were sent."""

    def serve(self, leaves: Mapping[int, Contribution]) -> None:
        """Serve these, by index."""
        self._forged = {index: it.leaf.encode() for index, it in leaves.items()}

    def leaves(self, round_hash: bytes, start: int, stop: int) -> bytes:
        return b"".join(self._forged[index] for index in range(start, stop))


class Forger:
    """What a developer has in its hands when it closes a round.

    Attributes:
        leaves: Index → contribution, as an honest developer includes them.
        roster: Of the honest set.
        count: N that is claimed.
    """

    def __init__(self, cast: Cast, round_id: int) -> None:
        self._cast = cast
        self._round_id = round_id
        self.view = cast.rounds.view(round_id)
        self._honest = collect(self.view, cast.relay, cast.developer.round_key).publication
        self._enrolments = split_enrolments(cast.relay.enrolments(0, cast.relay.enrolled()), cast.relay.enrolled())
        messages = list(cast.relay.contributions(self.view.round_hash))
        self.n = self.view.parameters.n
        self.count = len(messages)
        self.leaves = {
            self.n + i: Contribution.decode(message, self.view.parameters) for i, message in enumerate(messages)
        }
        self.roster = Roster.from_bytes(self._honest.roster, self._honest.enrolled, self.count)

    def _node(self, contribution: Contribution) -> Node:
        enrolment = Enrolment.decode(self._enrolments[contribution.leaf.position])
        return contribution.leaf.node(enrolment)

    def close(self, forged: Mapping[tuple[int, int], Forge] | None = None) -> None:
        """Build the tree, forging the nodes at these (level, index), publish it and commit to it."""
        publication = self._publication(forged or {})
        relay = AccompliceRelay(
            self._cast.home / "relay.sqlite", self._cast.domain, clock=self._cast.contracts.chain.now
        )
        relay.serve(self.leaves)
        relay.open_round(self.view)
        for agent in self._cast.clerks.values():
            agent.relay = relay
        self._cast.relay.publish(self.view.round_hash, publication)
        self._cast.rounds.snapshot(self._cast.developer.account, self._round_id, publication.snapshot)
        self._cast.developer.announce(self._round_id)

    def _publication(self, forged: Mapping[tuple[int, int], Forge]) -> Publication:
        parameters = self.view.parameters
        depth = tree_depth(self.n, self.count)
        empty = empty_nodes(parameters, depth)[0]
        nodes: Sequence[Node] = [self._leaf(i, empty) for i in range(1 << depth)]
        levels, sums = [self._level(nodes)], {}
        for level in range(1, depth + 1):
            nodes = [self._parent(level, i, nodes, forged) for i in range(len(nodes) // 2)]
            levels.append(self._level(nodes))
            sums |= {(level, i): encode_sums(node.sums) for i, node in enumerate(nodes)}
        (root,) = nodes
        chunks = [root.sums.chunk(index) for index in range(parameters.chunks)]
        snapshot = Snapshot(
            left=levels[-2][:32],
            right=levels[-2][64:96],
            count=self.count,
            noise=0,
            roster_root=self.roster.root(),
            enrolment_root=enrolment_root([Enrolment.decode(each).leaf for each in self._enrolments]),
            points=tuple(map(to_bytes128, self._points(root.sums))),
            corrections=tuple(hash_ for chunk in chunks for hash_ in chunk.correction_hashes),
            chunks=parameters.chunks,
        )
        assert snapshot.root == root.hash
        return Publication(snapshot, len(self._enrolments), self.roster.to_bytes(), levels, sums)

    def _points(self, sums: Sums) -> Sequence[Point]:
        """What a snapshot has of them: of a wide round what is committed to."""
        parameters = self.view.parameters
        if parameters.chunks > 1:
            return sums.points
        return extend(sums.points, parameters.n, parameters.t, parameters.k)

    def _leaf(self, index: int, empty: Node) -> Node:
        return self._node(self.leaves[index]) if index in self.leaves else empty

    @staticmethod
    def _parent(level: int, index: int, below: Sequence[Node], forged: Mapping[tuple[int, int], Forge]) -> Node:
        left, right = below[2 * index : 2 * index + 2]
        node = join(left, right)
        forge = forged.get((level, index))
        return node if forge is None else forge(node, left, right)

    @staticmethod
    def _level(nodes: Sequence[Node]) -> bytes:
        return b"".join(node.hash + node.sums.body for node in nodes)
