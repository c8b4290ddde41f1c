"""What everybody in a round reads from the chain before acting: plain values, no web3.

`sda.chain` fills in a `RoundView`; the roles work on nothing else. Addresses are 20 bytes here; only
`sda.chain` and the command line write them as "0x…". A view cannot contradict its own round hash: it is
recomputed when the view is made, so a contributor that signs it signs exactly these terms, seats and keys
(PROTOCOL §11.2).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

from eth_abi.abi import encode

from sda.crypto.hashes import ZERO_WORD, keccak, round_hash, set_hash, word
from sda.crypto.keys import PublicKey
from sda.crypto.merkle import merkle_root
from sda.crypto.sumtree import Step, node_hash
from sda.errors import MessageError, ParameterError, ProofError
from sda.messages.domain import Domain
from sda.params import Parameters

ADDRESS_BYTES = 20


class State(IntEnum):
    """`IRounds.State`, mirrored once."""

    NONE = 0
    REQUESTED = 1
    MISSED = 2
    UNDRAWABLE = 3
    COLLECTING = 4
    ABANDONED = 5
    DISPUTING = 6
    SETTLING = 7
    ANSWERING = 8
    COMPLETED = 9
    FAILED = 10
    FRAUD = 11


@dataclass(frozen=True)
class Terms:
    """`Terms` of IRounds.sol, field by field in the same order: everything a round is agreed on.

    Windows are in seconds, money in token units, sigma in units of 2^-16.
    """

    n: int
    t: int
    k: int
    m: int
    length: int
    bits: int
    slot_bits: int
    offset: int
    minimum: int
    maximum: int
    silent: int
    noise_bound: int
    sigma: int
    query: bytes
    collect_window: int
    complaint_window: int
    row_window: int
    claim_window: int
    flat_fee: int
    rate: int
    reward: int

    ABI = (
        "(uint8,uint8,uint8,uint8,uint32,uint8,uint8,uint64,uint32,uint32,uint8,uint64,uint64,bytes32,"
        "uint32,uint32,uint32,uint32,uint96,uint96,uint96)"
    )

    @classmethod
    def for_parameters(
        cls,
        parameters: Parameters,
        *,
        minimum: int,
        silent: int = 0,
        sigma: int = 0,
        query: bytes = ZERO_WORD,
        collect_window: int,
        complaint_window: int,
        row_window: int,
        claim_window: int,
        flat_fee: int,
        rate: int,
        reward: int,
    ) -> Terms:
        """The terms of a round with these parameters; m and w follow from them."""
        return cls(
            n=parameters.n,
            t=parameters.t,
            k=parameters.k,
            m=parameters.chunk_length,
            length=parameters.length,
            bits=parameters.bits,
            slot_bits=parameters.slot_bits,
            offset=parameters.offset,
            minimum=minimum,
            maximum=parameters.maximum,
            silent=silent,
            noise_bound=parameters.noise_bound,
            sigma=sigma,
            query=query,
            collect_window=collect_window,
            complaint_window=complaint_window,
            row_window=row_window,
            claim_window=claim_window,
            flat_fee=flat_fee,
            rate=rate,
            reward=reward,
        )

    def row_fee(self, count: int) -> int:
        """What a right row over so many contributors earns, token units: flat fee + rate × N × m × C."""
        return self.flat_fee + self.rate * count * self.parameters.row_length

    @cached_property
    def parameters(self) -> Parameters:
        """The parameters of encoding and sharing.

        Raises:
            ParameterError: A parameter is out of range, or m or w is not what follows from the others.
        """
        parameters = Parameters(
            n=self.n,
            t=self.t,
            k=self.k,
            length=self.length,
            bits=self.bits,
            maximum=self.maximum,
            offset=self.offset,
            noise_bound=self.noise_bound,
            chunk=self.m,
        )
        if self.slot_bits != parameters.slot_bits:
            raise ParameterError("w", self.slot_bits, f"{parameters.slot_bits}, as follows from the other terms")
        if not 1 <= self.minimum <= self.maximum:
            raise ParameterError("minimum", self.minimum, f"in [1, maximum = {self.maximum}]")
        return parameters

    @property
    def dealers(self) -> int:
        """Noise leaves that must be in the tree: n - s in a private round, none otherwise."""
        return self.n - self.silent if self.sigma else 0

    @property
    def values(self) -> tuple[Any, ...]:
        """The fields in order, as a contract call takes them."""
        return astuple(self)

    @cached_property
    def hash(self) -> bytes:
        """keccak(abi.encode(Terms))."""
        return keccak(encode([self.ABI], [self.values]))


@dataclass(frozen=True)
class Seat:
    """One place in a committee."""

    index: int
    clerk_id: int
    operator: bytes
    key: PublicKey


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


@dataclass(frozen=True)
class ClaimProof:
    """Where a contributor's leaf is in the sum tree: what it shows to be paid.

    Attributes:
        index: Of the leaf.
        path: From the leaf up.
    """

    index: int
    path: tuple[Step, ...]


@dataclass(frozen=True)
class RoundView:
    """A drawn round as the chain tells it.

    Attributes:
        round_id, chain_id, contract: Which round; `contract` is the rounds contract.
        terms: What was agreed.
        developer, developer_key: Who asked, and the key under which vectors are masked for it.
        epoch: Of the clerks' keys.
        seats: The committee, in seat order.
        round_hash: As stored on chain.
        state: As derived by the contract at the block read.
        collect_end, complaint_end, row_end, claim_end: Unix seconds (exclusive); 0 while unknown.
        closed: The snapshot's facts, once there is one.
        answered: Bitmap of the seats whose row was accepted.

    Raises:
        ParameterError: The terms are impossible, or the seats do not fit them.
        ProofError: The round hash is not the hash of these values.
    """

    round_id: int
    chain_id: int
    contract: bytes
    terms: Terms
    developer: bytes
    developer_key: PublicKey
    epoch: int
    seats: tuple[Seat, ...]
    round_hash: bytes
    state: State = State.COLLECTING
    collect_end: int = 0
    complaint_end: int = 0
    row_end: int = 0
    claim_end: int = 0
    closed: Closed | None = None
    answered: int = 0

    def __post_init__(self) -> None:
        if [seat.index for seat in self.seats] != list(range(self.parameters.n)):
            raise ParameterError(
                "seats", [seat.index for seat in self.seats], f"0 … n - 1 = {self.terms.n - 1} in order"
            )
        for name, address in (("contract", self.contract), ("developer", self.developer)):
            if len(address) != ADDRESS_BYTES:
                raise ParameterError(name, address.hex(), f"{ADDRESS_BYTES} bytes")
        if self.round_hash != self.computed_round_hash():
            raise ProofError(f"round {self.round_id}: its terms, seats and keys do not hash to its round hash")

    @property
    def parameters(self) -> Parameters:
        """Parameters of encoding and sharing."""
        return self.terms.parameters

    @property
    def domain(self) -> Domain:
        """Where signatures for this round count."""
        return Domain(self.chain_id, self.contract)

    def computed_round_hash(self) -> bytes:
        """The round hash of the values in this view."""
        return round_hash(
            chain_id=self.chain_id,
            contract=self.contract,
            round_id=self.round_id,
            terms_hash=self.terms.hash,
            developer=self.developer,
            developer_key_hash=self.developer_key.hash,
            epoch=self.epoch,
            clerk_ids=[seat.clerk_id for seat in self.seats],
            key_hashes=[seat.key.hash for seat in self.seats],
        )
