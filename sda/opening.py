"""A sum tree as somebody else serves it: node by node, each checked against the hash above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sda.crypto.hashes import ZERO_WORD
from sda.crypto.sumtree import leaf_hash, no_sums, tree_depth
from sda.errors import MessageError, ProofError, RelayError
from sda.findings import OpenLeaf, OpenNode, Place, Withheld
from sda.messages import Enrolment, Leaf
from sda.relay.interface import Relay
from sda.round import RoundView, Snapshot


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
        answers: What the developer posted on chain, by level and index; asked first, not believed either.
    """

    def __init__(
        self,
        view: RoundView,
        relay: Relay,
        snapshot: Snapshot,
        answers: Mapping[tuple[int, int], OpenNode] | None = None,
    ) -> None:
        self._view, self._relay, self._snapshot = view, relay, snapshot
        self._answers = answers or {}
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
            raise MissingError(Withheld(here.place, node.hash, here.level)) from error

    def at(self, level: int, index: int) -> Here:
        """The node at a place, with everything above it checked."""
        here = self.root()
        while here.level > level:
            here = self.children(here)[index >> (here.level - 1 - level) & 1]
        return here

    def _open(self, level: int, place: Place, expected: bytes) -> Here:
        if level == 0 and expected == self._empty_leaf:
            return Here(level, place, OpenNode(ZERO_WORD, ZERO_WORD, self._nothing))
        posted = self._answers.get((level, place.index))
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
            raise MissingError(Withheld(place, expected, level))
        return Here(level, place, node)

    def _inner(self, level: int, index: int) -> OpenNode:
        opening = self._relay.opening(self._view.round_hash, level, index)
        return OpenNode(opening.left, opening.right, opening.sums)

    def _leaf(self, index: int) -> OpenLeaf:
        data = self._relay.leaves(self._view.round_hash, index, index + 1)
        leaf = Leaf.decode(data, self._view.parameters, check_subgroup=False)
        if leaf.round_hash != self._view.round_hash:
            raise MessageError(f"leaf {index}: is of another round")
        enrolment = Enrolment.decode(self._relay.enrolments(leaf.position, leaf.position + 1))
        return open_leaf(leaf, enrolment)


def open_leaf(leaf: Leaf, enrolment: Enrolment) -> OpenLeaf:
    """A leaf with what its hash is made of."""
    return OpenLeaf(leaf.struct_hash(enrolment.key.hash), leaf.evidence(enrolment), leaf.sums, leaf, enrolment)
