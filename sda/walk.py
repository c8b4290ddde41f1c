"""The walk: a clerk whose sum does not open its commitment finds out who lied, in O(log N) requests.

At each node the clerk compares the children's sums with the node's, and goes on to a child whose commitment
for its seat is not that of the clerk's own partial sum. Everything that is served is checked against the hash
above it, up to the root on the chain: a relay that lies costs a request, never a wrong accusation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sda.closed import Snapshot
from sda.crypto.codeword import commitment
from sda.crypto.curve import Point, commit_row
from sda.crypto.hashes import ZERO_WORD
from sda.crypto.merkle import Roster
from sda.crypto.pads import add
from sda.crypto.sumtree import Sums
from sda.errors import ProofError
from sda.findings import (
    BadCount,
    BadEnrolment,
    BadFill,
    BadKey,
    BadKind,
    BadPair,
    BadPoint,
    BadRoster,
    BadShare,
    BadSignature,
    BadSum,
    Finding,
    LeafFinding,
    OpenLeaf,
    Place,
    Withheld,
)
from sda.messages import Kind
from sda.opening import Answers, Here, MissingError, OpenTree
from sda.pairs import Pairs
from sda.relay.interface import Relay
from sda.round import RoundView, Seat
from sda.rows import SeatRows
from sda.settling import root_commitment

_BLOCK_LEVEL = 8
"""Leaves are read 256 at a time when all of them are looked at."""


class Walk:
    """One seat's way through the tree of a closed round.

    Args:
        view: Of the round, with its snapshot.
        seat: The clerk's own.
        relay: Serves nodes and leaves; not believed.
        pairs: What the clerk remembers of the enrolled contributors; those of the roster are known.
        roster: Of the closed set, checked against its root.
        snapshot: Checked against the chain.
        answers: What the developer posted on chain, by chunk, level and index.
        correction: Of a late seat, summed; checked against the root.
    """

    def __init__(
        self,
        view: RoundView,
        seat: Seat,
        relay: Relay,
        pairs: Pairs,
        roster: Roster,
        snapshot: Snapshot,
        answers: Answers | None = None,
        correction: Sequence[int] = (),
    ) -> None:
        self._view, self._seat, self._correction = view, seat, correction
        self._pairs, self._roster, self._snapshot = pairs, roster, snapshot
        self._parameters = view.parameters
        self._n = view.parameters.n
        self._dealers = [other for other in range(self._n) if snapshot.noise >> other & 1]
        self._rows = SeatRows(view, seat, pairs, roster, snapshot.noise)
        self._relay, self._answers = relay, answers
        self._look_at(0)

    def _look_at(self, chunk: int) -> None:
        """Go on in this chunk of columns; in a narrow round there is one."""
        self._chunk = chunk
        self._tree = OpenTree(self._view, self._relay, self._snapshot, self._answers, chunk)

    def run(self) -> Finding:
        """Who lied, and what shows it.

        Raises:
            ProofError: Nothing is wrong on the way: the clerk's own sum opens every commitment.
        """
        try:
            self._look_at(self._wrong_chunk())
            here = self._tree.root()
            while here.level:
                left, right = self._tree.children(here)
                wrong = self._compare(here, left, right)
                if wrong is not None:
                    return wrong
                here = next(child for child in (left, right) if not self._opens(child))
            return self._judge(here)
        except MissingError as missing:
            return missing.finding
        except StopIteration as error:
            raise ProofError(f"round {self._view.round_id}: every commitment on the way is opened") from error

    def _wrong_chunk(self) -> int:
        """The first that the seat's sum does not open, as the snapshot has it: a narrow round's only one, or none."""
        if self._parameters.chunks == 1:
            return 0
        row = self._rows.all()
        if self._correction:
            row = add(row, list(self._correction))
        for index, chunk in enumerate(self._parameters.chunked(row)):
            try:
                committed = root_commitment(self._snapshot, index, self._seat.index, self._parameters)
            except ProofError:
                return index
            if commit_row(chunk) != committed:
                return index
        return 0

    def every_bad_leaf(self) -> Iterator[Finding]:
        """All leaves whose commitment for this seat is wrong, found one by one: after a first exclusion lies that
        cancelled each other do no more (PROTOCOL §11.6).
        """
        level = min(_BLOCK_LEVEL, self._tree.depth)
        for block in range((self._n + self._snapshot.count - 1 >> level) + 1):
            for index in self._suspects(level, block):
                for chunk in range(self._parameters.chunks):
                    if chunk != self._chunk:
                        self._look_at(chunk)
                    here = self._at_leaf(index)
                    if isinstance(here, Finding):
                        yield here
                        break
                    if not self._opens(here):
                        yield self._judge(here)
                        break

    def _suspects(self, level: int, block: int) -> Sequence[int]:
        """Leaves under a node that must be looked at: the wrong ones, or all if they cannot be had at once."""
        inside = range(block << level, block + 1 << level)
        dealers = [seat for seat in self._dealers if seat in inside]
        data = range(max(inside.start, self._n), min(inside.stop, self._n + self._snapshot.count))
        positions = self._roster.positions[data.start - self._n : data.stop - self._n] if data else []
        members = [*dealers, *data]
        try:
            chunks = range(self._parameters.chunks)
            leaves = self._tree.leaves(level, block, dealers, data, positions) if members else []
        except MissingError:
            return members
        return [
            index
            for index, leaf in zip(members, leaves, strict=True)
            if not all(self._is_opened(leaf.sums, range(index, index + 1), chunk) for chunk in chunks)
        ]

    def _is_opened(self, sums: Sums, leaves: range, chunk: int) -> bool:
        """Whether one chunk of these leaves' rows, with the summed corrections, opens the commitment of the sums."""
        row, known = self._parameters.chunked(self._rows.over(leaves))[chunk], sums.chunk(chunk)
        if not all(map(known.is_sound, range(self._n))):
            return False
        late = self._seat.index - self._parameters.reconstruction
        return self._opens_chunk(row, known.corrections[late] if late >= 0 else (), known.points)

    def _opens_chunk(self, row: Sequence[int], correction: Sequence[int], points: Sequence[Point]) -> bool:
        """Whether a row, with the correction of a late seat, opens what follows from these points for the seat."""
        if correction:
            row = add(list(row), list(correction))
            # Nobody has looked at the points of a wide round's root: one outside of the group, and no row opens them.
            if self._parameters.chunks > 1 and not all(point.is_in_subgroup() for point in points):
                return False
        return commit_row(row) == commitment(points, self._seat.index, self._parameters)

    def _at_leaf(self, index: int) -> Here | Finding:
        try:
            return self._tree.at(0, index)
        except MissingError as missing:
            return missing.finding

    # ------------------------------------------------------------------ what is compared

    def _compare(self, here: Here, left: Here, right: Here) -> Finding | None:
        """A node with the sum of its children."""
        node, sides, chunk = here.node, (left.node, right.node), self._chunk
        whole, first, second = (each.sums.chunk(chunk) for each in (node, *sides))
        if whole.count != first.count + second.count:
            return BadCount(here.place, node, *sides, chunk)
        points = zip(whole.points, first.points, second.points, strict=True)
        for seat, (point, one, other) in enumerate(points):
            if point != one + other or not _are_sound(seat, whole, first, second):
                return BadSum(here.place, seat, node, *sides, chunk)
        rows = zip(whole.corrections, first.corrections, second.corrections, strict=True)
        for seat, known in enumerate(rows, start=self._parameters.reconstruction):
            # Of what was posted on chain only the seat's own rows are known.
            wrong = all(known) and list(known[0]) != add(list(known[1]), list(known[2]))
            if wrong or not _are_sound(seat, whole, first, second):
                return BadSum(here.place, seat, node, *sides, chunk)
        return None

    def _opens(self, here: Here) -> bool:
        """Whether the seat's own partial sum opens the node's commitment."""
        leaves = range(here.place.index << here.level, (here.place.index + 1) << here.level)
        return self._is_opened(here.node.sums, leaves, self._chunk)

    # ------------------------------------------------------------------ the leaf at the end

    def _judge(self, here: Here) -> Finding:
        """Whose lie a leaf is: the contributor's only if all that the developer had to check holds."""
        place, opened = here.place, here.node
        is_noise = place.index in self._dealers
        is_data = self._n <= place.index < self._n + self._snapshot.count
        empty = opened.sums.count == 0 and opened.left == ZERO_WORD
        if empty or not (is_noise or is_data):
            return BadFill(place, opened.hash, self._snapshot.closed_set)
        if not isinstance(opened, OpenLeaf):
            return Withheld(place, opened.hash, 0, self._chunk)
        leaf, enrolment = opened.leaf, opened.enrolment
        try:
            leaf.verify(self._view.domain, enrolment.key.hash)
        except ProofError:
            return BadSignature(place, opened)
        wrong = self._judge_noise(place, opened) if is_noise else self._judge_data(place, opened)
        if wrong is not None:
            return wrong
        known = leaf.sums.chunk(self._chunk)
        for seat, point in enumerate(known.points):
            if not (known.is_sound(seat) and point.is_in_subgroup()):
                return BadPoint(place, opened, seat, self._chunk)
        if is_data and not self._pairs.recompute(leaf.position):
            raise ProofError(f"the point shared with 0x{leaf.account.hex()} was remembered wrongly: all are made again")
        return BadShare(place, opened, self._seat.index, self._chunk)

    def _judge_noise(self, place: Place, opened: OpenLeaf) -> Finding | None:
        """Whether the leaf is what the seat's clerk dealt, with the roster's nonce."""
        leaf, seat = opened.leaf, self._view.seats[place.index]
        dealt = (leaf.account, opened.enrolment.key) == (seat.operator, seat.key)
        if leaf.kind is not Kind.NOISE or not dealt:
            return BadKind(place, opened)
        if leaf.nonce != self._roster.noise_nonces[self._dealers.index(place.index)]:
            return self._bad_roster(place, opened, nonce=True)
        return None

    def _judge_data(self, place: Place, opened: OpenLeaf) -> Finding | None:
        """Whether the leaf is a contributor's, and the one that the roster has at this index."""
        try:
            opened.enrolment.verify_possession(self._view.domain)
        except ProofError:
            return BadKey(place, opened)
        if opened.leaf.kind is not Kind.DATA:
            return BadKind(place, opened)
        order = place.index - self._n
        leaf = opened.leaf
        if leaf.account != opened.enrolment.account:
            return BadEnrolment(place, opened, self._enrolments(), self._snapshot.closed_set)
        if leaf.position not in self._roster.positions:
            return self._bad_roster(place, opened, nonce=False)
        if leaf.nonce != self._roster.nonces[order]:
            return self._bad_roster(place, opened, nonce=True)
        if leaf.position == self._roster.positions[order]:
            return None
        # Every leaf's position is in the roster, and this one is not in its order: some two neighbours descend.
        return self._descending() or self._bad_roster(place, opened, nonce=True)

    def _bad_roster(self, place: Place, opened: OpenLeaf, *, nonce: bool) -> BadRoster:
        return BadRoster(place, opened, nonce, self._roster, self._enrolments(), self._snapshot.closed_set)

    def _enrolments(self) -> tuple[bytes, ...]:
        return tuple(self._pairs.leaf(position) for position in range(self._roster.enrolled))

    def _descending(self) -> BadPair | None:
        """Two neighbours whose positions do not ascend."""
        last: LeafFinding | None = None
        for index in range(self._n, self._n + self._snapshot.count):
            here = self._at_leaf(index)
            if isinstance(here, Finding) or not isinstance(here.node, OpenLeaf):
                last = None
                continue
            this = LeafFinding(here.place, here.node)
            if last is not None and last.opened.leaf.position >= this.opened.leaf.position:
                return BadPair(last, this)
            last = this
        return None


def _are_sound(seat: int, *sums: Sums) -> bool:
    return all(each.is_sound(seat) for each in sums)
