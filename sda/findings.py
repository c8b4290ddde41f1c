"""What a walk through a sum tree finds: one kind of evidence for every kind of lie (PROTOCOL §7).

Each says in words what is wrong; `sda.chain.disputes` shows it to the contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sda.closed import ClosedSet
from sda.crypto.merkle import Roster
from sda.crypto.sumtree import Step, Sums, node_hash
from sda.messages import Enrolment, Leaf


@dataclass(frozen=True)
class Place:
    """Where something is in the tree.

    Attributes:
        index: Among the nodes of its level.
        path: From there to the root: its length tells the level.
    """

    index: int
    path: tuple[Step, ...]

    def child(self, side: int, sibling: bytes, body: bytes) -> Place:
        """The place of the left (0) or right (1) child of the node here.

        Args:
            side: 0 or 1.
            sibling: Hash of the other child.
            body: Of the node here.
        """
        return Place(2 * self.index + side, (Step(sibling, body), *self.path))


@dataclass(frozen=True)
class OpenNode:
    """A node with what its hash is made of: of a leaf, `left` is the struct hash and `right` the evidence."""

    left: bytes
    right: bytes
    sums: Sums

    @property
    def hash(self) -> bytes:
        """The node's hash."""
        return node_hash(self.left, self.right, self.sums.body)


@dataclass(frozen=True)
class OpenLeaf(OpenNode):
    """A contributor's leaf, with what it is made of."""

    leaf: Leaf
    enrolment: Enrolment


class Finding:
    """Somebody's lie, with what shows it."""

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """For people."""
        raise NotImplementedError


@dataclass(frozen=True)
class BadCount(Finding):
    """A node whose count, in one chunk, is not that of its children."""

    place: Place
    node: OpenNode
    left: OpenNode
    right: OpenNode
    chunk: int = 0

    @property
    def words(self) -> str:
        counts = f"{self.left.sums.count} + {self.right.sums.count}"
        return f"the developer's node counts {self.node.sums.count} contributors, its children {counts}"


@dataclass(frozen=True)
class BadSum(Finding):
    """A node whose point, or correction row, of one chunk for a seat is not the sum of its children's."""

    place: Place
    seat: int
    node: OpenNode
    left: OpenNode
    right: OpenNode
    chunk: int = 0

    @property
    def words(self) -> str:
        return f"a node of the developer's tree is not the sum of its children for seat {self.seat}"


@dataclass(frozen=True)
class BadFill(Finding):
    """A leaf where the tree must be empty."""

    place: Place
    hash: bytes
    closed_set: ClosedSet

    @property
    def words(self) -> str:
        return f"leaf {self.place.index} of the developer's tree must be empty and is not"


@dataclass(frozen=True)
class LeafFinding(Finding):
    """Something wrong with a contributor's leaf."""

    place: Place
    opened: OpenLeaf

    @property
    def who(self) -> str:
        """The leaf's account."""
        return f"0x{self.opened.leaf.account.hex()}"


@dataclass(frozen=True)
class BadSignature(LeafFinding):
    """The account did not sign."""

    @property
    def words(self) -> str:
        return f"the developer counts a contribution that {self.who} did not sign"


@dataclass(frozen=True)
class BadKey(LeafFinding):
    """The key's proof of possession does not hold."""

    @property
    def words(self) -> str:
        return f"the developer counts {self.who} under a key without a proof of possession"


@dataclass(frozen=True)
class BadKind(LeafFinding):
    """Noise where data belongs, or in a seat's place what its clerk did not deal."""

    @property
    def words(self) -> str:
        return f"what the developer has at leaf {self.place.index}, of {self.who}, does not belong there"


@dataclass(frozen=True)
class BadPoint(LeafFinding):
    """A commitment outside of the group."""

    seat: int
    chunk: int = 0

    @property
    def words(self) -> str:
        return f"the developer counts a contribution of {self.who} with a point outside of the group"


@dataclass(frozen=True)
class BadRoster(LeafFinding):
    """Another nonce or position than the roster's."""

    nonce: bool
    roster: Roster = field(repr=False)
    enrolments: tuple[bytes, ...] = field(repr=False)
    closed_set: ClosedSet

    @property
    def words(self) -> str:
        return f"the roster has another {'nonce' if self.nonce else 'position'} for {self.who} than its leaf"


@dataclass(frozen=True)
class BadEnrolment(LeafFinding):
    """Another account enrolled at the leaf's position."""

    enrolments: tuple[bytes, ...] = field(repr=False)
    closed_set: ClosedSet

    @property
    def words(self) -> str:
        return f"the developer counts {self.who} at a position at which somebody else enrolled"


@dataclass(frozen=True)
class BadPair(Finding):
    """One account or key in two leaves, or neighbours that do not ascend."""

    first: LeafFinding
    second: LeafFinding

    @property
    def words(self) -> str:
        return f"the developer's leaves {self.first.place.index} and {self.second.place.index} exclude each other"


@dataclass(frozen=True)
class BadShare(LeafFinding):
    """The commitment for a seat, in one chunk, is not that of the share sent to it: the contributor's lie."""

    seat: int
    chunk: int = 0

    @property
    def words(self) -> str:
        return f"{self.who} committed to another share for seat {self.seat} than it sent"


@dataclass(frozen=True)
class Withheld(Finding):
    """What is under a node could not be had, or was not what the node's hash says."""

    place: Place
    hash: bytes
    level: int
    chunk: int = 0

    @property
    def words(self) -> str:
        return f"the developer does not show what is under node ({self.level}, {self.place.index}) of its tree"
