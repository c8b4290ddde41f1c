"""The contributor: sends one message per round, and later checks that it was counted.

`contribute` is the whole computation (PROTOCOL §3). It is deterministic given its nonce; `sda.outbox` chooses
the nonce, keeps the message, and sees to it that one nonce never serves two vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsIndex

from sda.crypto.curve import commit_rows
from sda.crypto.encoding import pack
from sda.crypto.keys import PublicKey, SecretKey, shared_point
from sda.crypto.pads import add, developer_mask, make_pads
from sda.crypto.seeds import SeedPrefix, expand
from sda.crypto.sumtree import Sums, tree_depth, verify_path
from sda.crypto.tags import Tag
from sda.errors import ParameterError, ProofError
from sda.messages import AccountKey, Contribution, Domain, Enrolment, Kind, Leaf
from sda.messages.contribution import padded_hash
from sda.round import ClaimProof, RoundView, State


@dataclass(frozen=True)
class Pinned:
    """The only contract a contributor deals with: known beforehand, never told by a developer or relay."""

    chain_id: int
    contract: bytes


@dataclass(frozen=True)
class Minima:
    """What a contributor asks of a round before it sends anything (PROTOCOL §11.2).

    Attributes:
        n: Seats.
        t: Privacy threshold: with t seats corrupt nothing but the sum is learned.
        minimum: Contributors without whom the round fails, so that a sum never stands for a few.
        sigma: σ of the noise in units of 2^-16; 0 accepts rounds without noise.
    """

    n: int = 8
    t: int = 3
    minimum: int = 100
    sigma: int = 0


class ContributorKey:
    """A contributor's keys at one rounds contract, and the points it shares with others, each computed once.

    Args:
        account: Its Ethereum account.
        secret: Its G1 key there (`Identity.key`).
    """

    def __init__(self, account: AccountKey, secret: SecretKey) -> None:
        self.account = account
        self.secret = secret
        self._shared: dict[PublicKey, bytes] = {}

    @property
    def public(self) -> PublicKey:
        """A_u."""
        return self.secret.public

    def shared(self, other: PublicKey) -> bytes:
        """K = a_u · other, compressed: 80 µs at first, nothing in later rounds."""
        if other not in self._shared:
            self._shared[other] = shared_point(self.secret, other)
        return self._shared[other]

    def enrol(self, domain: Domain) -> Enrolment:
        """The enrolment message for a rounds contract."""
        return Enrolment.create(domain, self.account, self.secret)

    def __repr__(self) -> str:
        return f"ContributorKey(0x{self.account.address.hex()}, secrets hidden)"


def check_round(view: RoundView, pinned: Pinned, minima: Minima, now: int) -> None:
    """Refuse a round that this contributor should not join.

    That its seats, keys and terms are those of its round hash was checked when the view was made; that its
    keys are in the subgroup, when they were read.

    Args:
        view: Read from the chain through an endpoint that the developer does not choose.
        pinned: The contract to deal with.
        minima: What to insist on.
        now: Unix seconds.

    Raises:
        ParameterError: Another chain or contract, terms below the minima, or seats that share a clerk.
        ProofError: The round does not collect now.
    """
    if (view.chain_id, view.contract) != (pinned.chain_id, pinned.contract):
        raise ParameterError(
            "contract",
            f"0x{view.contract.hex()} on chain {view.chain_id}",
            f"the pinned 0x{pinned.contract.hex()} on chain {pinned.chain_id}",
        )
    terms = view.terms
    for name in ("n", "t", "minimum", "sigma"):
        value, least = getattr(terms, name), getattr(minima, name)
        if value < least:
            raise ParameterError(name, value, f"at least {least}, this contributor's own minimum")
    # Clerks may share a key, as they may share an owner: refusing that would let anyone spoil committees for the
    # price of registering one key twice.
    clerks = {seat.clerk_id for seat in view.seats}
    if len(clerks) < terms.n:
        raise ParameterError("seats", sorted(clerks), "different clerks")
    if view.state is not State.COLLECTING or now >= view.collect_end:
        raise ProofError(f"round {view.round_id}: takes no contributions ({view.state.name.lower()})")


def contribute(
    view: RoundView,
    key: ContributorKey,
    position: int,
    vector: Sequence[SupportsIndex | float],
    payout: bytes,
    nonce: bytes,
) -> Contribution:
    """Everything a contributor computes in a round: the same bytes for the same arguments.

    Args:
        view: Of a round that `check_round` accepted.
        key: The contributor's keys.
        position: Of its enrolment.
        vector: d integers in [-offset, 2^b - offset).
        payout: Where the reward goes, 20 bytes.
        nonce: 4 bytes, fresh for every vector: two vectors under one nonce tell their difference.

    Raises:
        EncodingError: The vector does not fit the round.
    """
    return seal(view, key, Kind.DATA, position, pack(vector, view.parameters), payout, nonce)


def seal(
    view: RoundView, key: ContributorKey, kind: Kind, position: int, packed: Sequence[int], payout: bytes, nonce: bytes
) -> Contribution:
    """Pad, mask, commit and sign what is to be added: a contributor's data, or a clerk's noise (`sda.noise`).

    Args:
        view, key, payout, nonce: As for `contribute`.
        kind: What it is.
        position: Of the enrolment; of the seat if it is noise.
        packed: E field elements.
    """
    parameters = view.parameters
    threshold = parameters.reconstruction
    tag = Tag.PAD if kind is Kind.DATA else Tag.NOISE_PAD

    # 1. to 3. A point shared with every clerk, a seed from it, a row from that.
    rows = []
    for seat in view.seats:
        seed = SeedPrefix(tag, view.round_hash, seat.index).seed(key.public.compressed, nonce, key.shared(seat.key))
        rows.append(expand(seed, parameters.row_length))

    # 4. The rows of the first R seats are the shares: they fix the pad, and the corrections of the rest.
    pads = make_pads(rows, parameters)

    # 5. The vector under the pad, and under a mask that only the developer takes off.
    shared = key.shared(view.developer_key)
    mask = developer_mask(view.round_hash, key.public.compressed, nonce, shared, parameters.elements)
    padded = tuple(add(packed, pads.elements, mask))

    # 6. Commitments to the shares; those of the later seats follow from the first R.
    shares = zip(*map(parameters.chunked, rows[:threshold]), strict=True)  # chunk by chunk, of every seat
    commitments = tuple(point for chunk in shares for point in commit_rows(chunk))

    # 7. The signature, over all of it and the round hash.
    leaf = Leaf(
        round_hash=view.round_hash,
        account=key.account.address,
        position=position,
        kind=kind,
        payout=payout,
        nonce=nonce,
        padded_hash=padded_hash(padded),
        sums=Sums(kind.count, commitments, tuple(map(tuple, pads.corrections)), parameters.chunks),
    )
    return Contribution(leaf.sign(view.domain, key.account, key.public.hash), padded)


def check_counted(view: RoundView, leaf: Leaf, enrolment: Enrolment, proof: ClaimProof) -> None:
    """Check that the closed set holds this contributor's leaf, and so that its reward can be claimed.

    Args:
        view: Of the round, after its snapshot.
        leaf: What the contributor sent.
        enrolment: Its own.
        proof: From the relay.

    Raises:
        ProofError: There is no snapshot yet, or the leaf is not where the proof says.
    """
    if view.closed is None:
        raise ProofError(f"round {view.round_id}: has no snapshot")
    n, count = view.parameters.n, view.closed.count
    node = leaf.node(enrolment)
    place = (proof.index, proof.path, view.closed.root, tree_depth(n, count))
    if not (n <= proof.index < n + count and verify_path(node.hash, *place)):
        raise ProofError(
            f"round {view.round_id}: the contribution of 0x{leaf.account.hex()} is not at leaf {proof.index}"
        )
