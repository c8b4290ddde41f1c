"""A sum tree as somebody else serves it: node by node, each checked against the hash above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sda.closed import Snapshot
from sda.crypto.hashes import ZERO_WORD
from sda.crypto.sumtree import Node, empty_nodes, fold, leaf_hash, no_sums, tree_depth
from sda.errors import MessageError, ProofError, RelayError
from sda.findings import OpenLeaf, OpenNode, Place, Withheld
from sda.messages import Enrolment, Leaf
from sda.messages.contribution import leaf_size
from sda.messages.enrolment import split_enrolments
from sda.noise import dealer
from sda.relay.interface import Relay
from sda.round import RoundView

_DENSE = 8
"""Enrolments are read in one piece if one in so many is wanted."""


Answers: TypeAlias = Mapping[tuple[int, int, int], OpenNode]
"""What a developer posted on chain, by chunk, level and index."""


@dataclass(frozen=True)
class Here:
    """A node of the tree, and where it is."""

    level: int
    place: Place
    node: OpenNode


class MissingError(ProofError):
    """A node could not be had, or was not what its hash says."""

    def __init__(self, finding: Withheld) -> None:
        super().__init__(finding.words)
        self.finding = finding


class OpenTree:
    """Reads the tree of a closed round.

    Args:
        view: Of the round.
        relay: Serves nodes and leaves; not believed.
        snapshot: Whose root stands on the chain.
        answers: What the developer posted on chain, by chunk, level and index; asked first, not believed either.
        chunk: Of columns that has to be known of every node; the others may be withheld.
    """

    def __init__(
        self,
        view: RoundView,
        relay: Relay,
        snapshot: Snapshot,
        answers: Answers | None = None,
        chunk: int = 0,
    ) -> None:
        self._view, self._relay, self._snapshot = view, relay, snapshot
        self._chunk = chunk
        self._answers = answers or {}
        self._kept: dict[tuple[int, int], Here] = {}
        self._nothing = no_sums(view.parameters)
        self._empty_leaf = leaf_hash(ZERO_WORD, ZERO_WORD, self._nothing.body)
        self.depth = tree_depth(view.parameters.n, snapshot.count)

    def root(self) -> Here:
        """The root; raises MissingError, as all do."""
        return self._open(self.depth, Place(0, ()), self._snapshot.root)

    def children(self, here: Here) -> tuple[Here, Here]:
        """The two children of a node above the leaves; if one cannot be had, the node is what is withheld."""
        node, body = here.node, here.node.sums.body
        left, right = here.place.child(0, node.right, body), here.place.child(1, node.left, body)
        try:
            return self._open(here.level - 1, left, node.left), self._open(here.level - 1, right, node.right)
        except MissingError as error:
            raise MissingError(Withheld(here.place, node.hash, here.level, self._chunk)) from error

    def at(self, level: int, index: int) -> Here:
        """The node at a place, with everything above it checked."""
        here = self.root()
        while here.level > level:
            here = self.children(here)[index >> (here.level - 1 - level) & 1]
        return here

    def leaves(
        self, level: int, index: int, dealers: Sequence[int], data: range, positions: Sequence[int]
    ) -> list[Leaf]:
        """The leaves under a node, read at once and checked against the node's hash: first noise, then data.

        Args:
            level, index: Of the node.
            dealers: Seats whose noise is under it.
            data: Indices of the data leaves under it, in a row.
            positions: In the enrolment, of the contributors that the roster has there.

        Raises:
            MissingError: The node cannot be had, or the leaves that are served are not those under it.
        """
        here = self.at(level, index)
        try:
            leaves = [leaf for seat in dealers for leaf in self._leaves(range(seat, seat + 1))]
            leaves += self._leaves(data) if data else []
            enrolments = [dealer(self._view.seats[seat]) for seat in dealers]
            enrolments += self._enrolments(positions) if data else []
            nodes = [leaf.node(enrolment) for leaf, enrolment in zip(leaves, enrolments, strict=True)]
        except (RelayError, MessageError, ValueError) as error:
            raise MissingError(Withheld(here.place, here.node.hash, level, self._chunk)) from error
        first = index << level
        places = (member - first for member in (*dealers, *data))
        root = fold(zip(places, nodes, strict=True), empty_nodes(self._view.parameters, level), _ignore)
        if root.hash != here.node.hash:
            raise MissingError(Withheld(here.place, here.node.hash, level, self._chunk))
        return leaves

    def _open(self, level: int, place: Place, expected: bytes) -> Here:
        if level == 0 and expected == self._empty_leaf:
            return Here(level, place, OpenNode(ZERO_WORD, ZERO_WORD, self._nothing))
        kept = self._kept.get((level, place.index))
        if kept is not None:
            return kept
        posted = self._answers.get((self._chunk, level, place.index))
        if posted is not None and posted.hash != expected:
            posted = None
        # A leaf may have been posted as its parent's child only, without what was signed: the relay may have it.
        if posted is not None and (level or isinstance(posted, OpenLeaf)):
            return Here(level, place, posted)
        node = posted
        try:
            served = self._leaf(place.index) if level == 0 else self._inner(level, place.index)
            node = served if served.hash == expected else posted
        except (RelayError, MessageError):
            pass
        if node is None:
            raise MissingError(Withheld(place, expected, level, self._chunk))
        here = Here(level, place, node)
        if level:
            self._kept[level, place.index] = here
        return here

    def _inner(self, level: int, index: int) -> OpenNode:
        opening = self._relay.opening(self._view.round_hash, level, index)
        return OpenNode(opening.left, opening.right, opening.sums)

    def _leaf(self, index: int) -> OpenLeaf:
        (leaf,) = self._leaves(range(index, index + 1))
        if index < self._view.parameters.n:
            return open_leaf(leaf, dealer(self._view.seats[index]))
        (enrolment,) = self._enrolments([leaf.position])
        return open_leaf(leaf, enrolment)

    def _leaves(self, members: range) -> list[Leaf]:
        parameters = self._view.parameters
        data = self._relay.leaves(self._view.round_hash, members.start, members.stop)
        size = leaf_size(parameters)
        if len(data) != size * len(members):
            raise MessageError(f"{len(members)} leaves of {len(data)} bytes: must be {size * len(members)}")
        leaves = [Leaf.decode(data[i : i + size], parameters, check_subgroup=False) for i in range(0, len(data), size)]
        if any(leaf.round_hash != self._view.round_hash for leaf in leaves):
            raise MessageError(f"leaves {members.start} to {members.stop}: are of another round")
        return leaves

    def _enrolments(self, positions: Sequence[int]) -> list[Enrolment]:
        """Those at ascending positions: in one piece if they lie close together."""
        first, stop = positions[0], positions[-1] + 1
        if stop - first <= _DENSE * len(positions):
            messages = split_enrolments(self._relay.enrolments(first, stop), stop - first)
            return [Enrolment.decode(messages[position - first]) for position in positions]
        return [Enrolment.decode(self._relay.enrolments(position, position + 1)) for position in positions]


def open_leaf(leaf: Leaf, enrolment: Enrolment) -> OpenLeaf:
    """A leaf with what its hash is made of."""
    return OpenLeaf(leaf.struct_hash(enrolment.key.hash), leaf.evidence(enrolment), leaf.sums, leaf, enrolment)


def _ignore(level: int, index: int, node: Node) -> None:
    """Only the root of the subtree is wanted."""
