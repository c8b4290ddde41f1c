"""What a developer closes a round with, and what becomes of it when leaves are excluded; mirrors `IRounds`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sda.crypto.hashes import ZERO_WORD, keccak, set_hash, word
from sda.crypto.merkle import merkle_root
from sda.crypto.sumtree import node_hash
from sda.errors import MessageError


@dataclass(frozen=True)
class ClosedSet:
    """`IRounds.Set`: the preimage of the set hash, what a row answers.

    Attributes:
        count: N.
        noise: Bitmap of the seats whose noise leaf is present.
        roster_root, enrolment_root: See docs/FORMATS.md.
        point_hashes: h_0 … h_{n-1}; of a wide round the root's body instead.
        exclusions: Zero until a leaf is excluded.
    """

    count: int
    noise: int
    roster_root: bytes
    enrolment_root: bytes
    point_hashes: tuple[bytes, ...]
    exclusions: bytes = ZERO_WORD

    def hash(self, round_hash: bytes) -> bytes:
        """The set hash in the round with this round hash."""
        return set_hash(
            round_hash=round_hash,
            count=self.count,
            noise=self.noise,
            roster_root=self.roster_root,
            enrolment_root=self.enrolment_root,
            point_hashes=self.point_hashes,
            exclusions=self.exclusions,
        )

    def encode(self) -> bytes:
        """For a file: the words that the set hash covers, without the round hash."""
        words = (word(self.count), word(self.noise), self.roster_root, self.enrolment_root, self.exclusions)
        return b"".join((*words, *self.point_hashes))

    @classmethod
    def decode(cls, data: bytes) -> ClosedSet:
        """Read it back.

        Raises:
            MessageError: Not whole words, or too few.
        """
        words = [data[i : i + 32] for i in range(0, len(data), 32)]
        if len(words) < 5 or len(words[-1]) != 32:
            raise MessageError(f"closed set of {len(data)} bytes: must be 32 for each of at least 5 words")
        count, noise, roster_root, enrolment_root, exclusions, *points = words
        numbers = int.from_bytes(count, "big"), int.from_bytes(noise, "big")
        return cls(*numbers, roster_root, enrolment_root, tuple(points), exclusions)


@dataclass(frozen=True)
class Snapshot:
    """`IRounds.Snapshot`: the preimage of the tree's root, and what it commits to; from the relay or a
    transaction.

    Attributes:
        left, right: The root's children.
        count: N.
        noise: Bitmap of the seats whose noise leaf is present.
        roster_root, enrolment_root: See docs/FORMATS.md.
        points: D_0 … D_{n-1}, each in 128 bytes; of a wide round D_0 … D_{R-1} of chunk 0, then of chunk 1, and so on.
        corrections: g_R … g_{n-1} at the root; of a wide round those of chunk 0, and so on.
        chunks: C; of a wide round the chain has only the body of all this.
    """

    left: bytes
    right: bytes
    count: int
    noise: int
    roster_root: bytes
    enrolment_root: bytes
    points: tuple[bytes, ...]
    corrections: tuple[bytes, ...]
    chunks: int = 1

    @property
    def late(self) -> int:
        """n - R."""
        return len(self.corrections) // self.chunks

    @property
    def seats(self) -> int:
        """n."""
        return len(self.points) // self.chunks + (self.late if self.chunks > 1 else 0)

    @cached_property
    def closed_set(self) -> ClosedSet:
        """The set that rows answer."""
        commitments = self._hashes if self.chunks == 1 else (self.body,)
        return ClosedSet(self.count, self.noise, self.roster_root, self.enrolment_root, commitments)

    @cached_property
    def _hashes(self) -> tuple[bytes, ...]:
        return tuple(map(keccak, self.points))

    def words(self, chunk: int) -> tuple[bytes, ...]:
        """Of a chunk's body at the root, after the count: the first R points' hashes and the corrections'."""
        threshold, late = self.seats - self.late, self.late
        points = self._hashes[threshold * chunk : threshold * (chunk + 1)]
        return *points, *self.corrections[late * chunk : late * (chunk + 1)]

    @cached_property
    def bodies(self) -> tuple[bytes, ...]:
        """The body of every chunk at the root."""
        chunks = range(self.chunks)
        return tuple(keccak(b"".join((word(self.count), *self.words(chunk)))) for chunk in chunks)

    @cached_property
    def body(self) -> bytes:
        """Of the root."""
        return merkle_root(self.bodies)

    @cached_property
    def root(self) -> bytes:
        """The root of the sum tree."""
        return node_hash(self.left, self.right, self.body)

    def committed(self, chunk: int) -> tuple[bytes, ...]:
        """D_0 … D_{R-1} of a chunk: those of the other seats follow from them."""
        threshold = self.seats - self.late
        return self.points[threshold * chunk : threshold * (chunk + 1)]


@dataclass(frozen=True)
class Exclusion:
    """`IDisputes.Exclusion`: a leaf that a verdict took out.

    Attributes:
        index: Of the leaf.
        noise: Whether it is a clerk's.
        body: That was signed.
    """

    index: int
    noise: bool
    body: bytes


@dataclass(frozen=True)
class Settled:
    """What the closed set became when the excluded leaves were taken out.

    Attributes:
        excluded: In the order of their verdicts.
        points: D_0 … D_{n-1} of what is left, each in 128 bytes; none in a wide round, whose set keeps its body.
    """

    excluded: tuple[Exclusion, ...]
    points: tuple[bytes, ...]

    @property
    def indices(self) -> tuple[int, ...]:
        """Of the excluded data leaves."""
        return tuple(each.index for each in self.excluded if not each.noise)

    def final_set(self, before: ClosedSet) -> ClosedSet:
        """The set that rows answer."""
        noise = before.noise
        for each in self.excluded:
            noise &= ~(1 << each.index) if each.noise else noise
        return ClosedSet(
            before.count - len(self.indices),
            noise,
            before.roster_root,
            before.enrolment_root,
            tuple(map(keccak, self.points)) or before.point_hashes,
            keccak(b"".join(word(each.index) for each in self.excluded)),
        )


@dataclass(frozen=True)
class Closed:
    """What the chain stores of a snapshot.

    Attributes:
        root: Of the sum tree, excluded leaves included.
        set_hash: Of the set that rows answer: the settled one if leaves were excluded.
        count: N of the tree.
        settled: What was taken out, once it was.
    """

    root: bytes
    set_hash: bytes
    count: int
    settled: Settled | None = None

    @property
    def counted(self) -> int:
        """N of the sum: without the excluded."""
        return self.count - (len(self.settled.indices) if self.settled else 0)

    def answered_set(self, snapshot: ClosedSet) -> ClosedSet:
        """The set that rows answer, from the snapshot's."""
        return self.settled.final_set(snapshot) if self.settled else snapshot
