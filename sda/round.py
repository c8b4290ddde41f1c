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

from sda.closed import Closed
from sda.crypto.hashes import ZERO_WORD, keccak, round_hash
from sda.crypto.keys import PublicKey
from sda.crypto.sumtree import Step
from sda.errors import ParameterError, ProofError
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
