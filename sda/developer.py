"""The developer: closes the collection, commits to its sums, and unpacks the sum once R rows are accepted.

`collect` reads everything the relay stored, in one pass and a batch at a time: it drops what must not be
included, builds the sum tree, and adds up the padded vectors without their masks. It is deterministic: after
a crash it gives the same snapshot again. `reveal` needs that sum, and any R accepted rows (PROTOCOL §4, §6).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sda.batch import unmasked
from sda.closed import Exclusion, Snapshot
from sda.crypto.codeword import extend
from sda.crypto.curve import POINT_BYTES, commit_chunks, to_bytes128
from sda.crypto.encoding import unpack
from sda.crypto.field import row_from_bytes, row_to_bytes
from sda.crypto.keys import SecretKey
from sda.crypto.merkle import Roster, enrolment_root
from sda.crypto.pads import subtract, sum_of_pads
from sda.engine import SERIAL, Engine, WorkFiles, run
from sda.errors import MessageError, ParameterError, ProofError, RelayError
from sda.intake import Dropped, Intake
from sda.messages import Contribution, Enrolment, Kind, Leaf
from sda.messages.contribution import Header
from sda.noise import dealer
from sda.params import Parameters
from sda.relay.interface import Publication, Relay
from sda.relay.tree import Subtree, TreeRecord, growths
from sda.round import RoundView
from sda.settling import less


@dataclass(frozen=True)
class PaddedSum:
    """Σ of the included vectors under their pads; the developer's alone. With any R rows it gives the sum.

    Attributes:
        set_hash: Of the closed set that it sums.
        elements: E field elements.
        points: D_0 … D_{n-1} of that set, 128 bytes each, chunk after chunk: rows that do not open them are not used.
        dealers: Seats whose noise is in it.
    """

    set_hash: bytes
    elements: tuple[int, ...] = field(repr=False)
    points: tuple[bytes, ...] = field(repr=False)
    dealers: int = 0

    def to_json(self) -> str:
        """For a private file."""
        values = {
            "set_hash": self.set_hash.hex(),
            "elements": row_to_bytes(self.elements).hex(),
            "points": b"".join(self.points).hex(),
            "dealers": self.dealers,
        }
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> PaddedSum:
        """Read it back.

        Raises:
            MessageError: It is not what `to_json` wrote.
        """
        try:
            values = json.loads(text)
            set_hash, elements, points = (bytes.fromhex(values[name]) for name in ("set_hash", "elements", "points"))
            dealers = int(values["dealers"])
        except (ValueError, KeyError, TypeError) as error:
            raise MessageError("padded sum: is not in its JSON form") from error
        starts = range(0, len(points), POINT_BYTES)
        return cls(
            set_hash, tuple(row_from_bytes(elements)), tuple(points[i : i + POINT_BYTES] for i in starts), dealers
        )


@dataclass(frozen=True)
class Collected:
    """A closed round, before its snapshot is on chain.

    Attributes:
        publication: For the relay; `snapshot` in it is for the chain.
        root: Of the sum tree.
        padded_sum: To be kept until rows are accepted.
        dropped: What was left out, and why.
    """

    publication: Publication = field(repr=False)
    root: bytes
    padded_sum: PaddedSum
    dropped: tuple[Dropped, ...]

    @property
    def snapshot(self) -> Snapshot:
        """What goes to the chain."""
        return self.publication.snapshot

    @property
    def positions(self) -> Sequence[int]:
        """Enrolment positions of the contributors, in leaf order."""
        publication, snapshot = self.publication, self.snapshot
        dealers = snapshot.noise.bit_count()
        return Roster.from_bytes(publication.roster, publication.enrolled, snapshot.count, dealers).positions


def collect(
    view: RoundView,
    relay: Relay,
    secret: SecretKey,
    left_out: Collection[int] = (),
    without_noise: Collection[int] = (),
    *,
    engine: Engine = SERIAL,
    kept: WorkFiles | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Collected:
    """Close a round at the relay, and build its snapshot from what is stored there.

    Args:
        view: Of the round.
        relay: Where the contributions are; not believed.
        secret: The developer's round key.
        left_out: Enrolment positions of contributors that seats found wrong in a draft.
        without_noise: Seats whose noise others found wrong in a draft.
        engine: Where batches are checked and subtrees grown; the result is the same wherever.
        kept: What was finished before a crash, and in an earlier draft, is taken from here.
        progress: Called with the number of messages done.

    Raises:
        ParameterError: The key is not the round's, or fewer contributions than the minimum, or less noise than the
            terms ask for, can be included.
        RelayError: The relay serves contributions or enrolments out of order.
        EngineError: Processes or cluster broke down.
    """
    if secret.public != view.developer_key:
        raise ParameterError("secret", secret, "the secret of the round's developer key")
    # Before the relay is closed, for good: more may come.
    _require_enough(relay.count(view.round_hash), relay.count(view.round_hash, Kind.NOISE), view)
    enrolled = relay.close_round(view.round_hash)
    capacity = min(relay.count(view.round_hash), view.terms.maximum)
    intake = Intake(view, relay, secret, enrolled, capacity, frozenset(left_out), frozenset(without_noise))
    p = view.parameters
    first = 0 if view.terms.sigma else p.n
    subtrees = run(engine, growths(intake.leaves(engine, kept, progress), p, first), kept)
    tree = TreeRecord((Subtree.decode(grown, p) for _, grown in subtrees), p)
    count = len(intake.positions)
    dealers = intake.noise.bit_count()
    _require_enough(count, dealers, view)

    roster = Roster(enrolled, intake.positions, intake.nonces, tuple(intake.noise_nonces))
    chunks = [tree.root.sums.chunk(index) for index in range(p.chunks)]
    points = tuple(to_bytes128(each) for chunk in chunks for each in extend(chunk.points, p.n, p.t, p.k))
    snapshot = Snapshot(
        left=tree.hash(tree.depth - 1, 0),
        right=tree.hash(tree.depth - 1, 1),
        count=count,
        noise=intake.noise,
        roster_root=roster.root(),
        enrolment_root=enrolment_root(intake.enrolment_leaves()),
        points=tuple(map(to_bytes128, tree.root.sums.points)) if p.chunks > 1 else points,
        corrections=tuple(hash_ for chunk in chunks for hash_ in chunk.correction_hashes),
        chunks=p.chunks,
    )
    set_hash = snapshot.closed_set.hash(view.round_hash)
    return Collected(
        publication=Publication(snapshot, enrolled, roster.to_bytes(), tree.levels, tree.sums),
        root=tree.root.hash,
        padded_sum=PaddedSum(set_hash, tuple(intake.padded), points, dealers),
        dropped=tuple(intake.dropped),
    )


def reveal(view: RoundView, padded_sum: PaddedSum, rows: Mapping[int, Sequence[int]]) -> list[int]:
    """The sum of the contributors' vectors.

    Args:
        view: Of the round, after its snapshot.
        padded_sum: From `collect`.
        rows: By seat, the rows that a node says the contract accepted; R of them at least. One that does not open
            its commitment is not used.

    Returns:
        d integers.

    Raises:
        ProofError: The padded sum is of another set than the one on chain, or there are too few rows.
        EncodingError: The result is no sum of valid vectors: a contributor sent anything else (PROTOCOL
        §11.17).
    """
    parameters = view.parameters
    if view.closed is None or view.closed.set_hash != padded_sum.set_hash:
        raise ProofError(f"round {view.round_id}: the padded sum is not of the set that is closed on chain")
    right = [seat for seat in sorted(rows) if _opens(rows[seat], padded_sum.points[seat :: parameters.n], parameters)]
    if len(right) < parameters.reconstruction:
        raise ProofError(
            f"round {view.round_id}: has {len(right)} accepted rows, must have {parameters.reconstruction}"
        )
    seats = right[: parameters.reconstruction]
    pads = sum_of_pads(seats, [rows[seat] for seat in seats], parameters)
    return unpack(subtract(padded_sum.elements, pads), parameters, view.closed.counted, padded_sum.dealers)


def _opens(row: Sequence[int], points: tuple[bytes, ...], parameters: Parameters) -> bool:
    return len(row) == parameters.row_length and commit_chunks(row, parameters) == points


def _require_enough(count: int, dealers: int, view: RoundView) -> None:
    if count < view.terms.minimum:
        raise ParameterError("count", count, f"at least the round's minimum {view.terms.minimum}")
    if dealers < view.terms.dealers:
        raise ParameterError("dealers", dealers, f"at least n - s = {view.terms.dealers} seats with noise")


def without_excluded(view: RoundView, padded_sum: PaddedSum, relay: Relay, secret: SecretKey) -> PaddedSum:
    """The padded sum of the set that was settled: less the vectors of the excluded contributors.

    Args:
        view: Of a round whose exclusions are settled.
        padded_sum: From `collect`.
        relay: Where the contributions are.
        secret: The developer's round key.

    Raises:
        RelayError: The relay does not have what was excluded.
    """
    if view.closed is None or view.closed.settled is None or padded_sum.set_hash == view.closed.set_hash:
        return padded_sum
    bodies = {_sender(view, relay, each): each.body for each in view.closed.settled.excluded}
    dealers = padded_sum.dealers - sum(each.noise for each in view.closed.settled.excluded)
    elements, points = padded_sum.elements, padded_sum.points
    for message in relay.contributions(view.round_hash) if bodies else ():
        header = Header.decode(message)
        body = bodies.pop((header.kind, header.position), None)
        if body is None:
            continue
        contribution = Contribution.decode(message, view.parameters, check_subgroup=False)
        if contribution.leaf.body != body:
            raise RelayError(f"round {view.round_id}: the relay serves another contribution than was excluded")
        elements = tuple(subtract(elements, unmasked(contribution, _holder(view, relay, header), secret)))
        points = less(points, contribution.leaf.sums, view.parameters)
    if bodies:
        raise RelayError(f"round {view.round_id}: the relay does not have {len(bodies)} of the excluded contributions")
    # A narrow round's points are known by the set hash, which the caller's view has from the chain.
    return PaddedSum(view.closed.set_hash, elements, view.closed.settled.points or points, dealers)


def _sender(view: RoundView, relay: Relay, excluded: Exclusion) -> tuple[Kind, int]:
    """Kind and position of an excluded leaf: as the relay says, whoever relies on it looks at the leaf's body."""
    if excluded.noise:
        return Kind.NOISE, excluded.index
    data = relay.leaves(view.round_hash, excluded.index, excluded.index + 1)
    return Kind.DATA, Leaf.decode(data, view.parameters, check_subgroup=False).position


def _holder(view: RoundView, relay: Relay, header: Header) -> Enrolment:
    """Whose key a contribution is under."""
    if header.kind is Kind.NOISE:
        return dealer(view.seats[header.position])
    return Enrolment.decode(relay.enrolments(header.position, header.position + 1))
