"""The clerk: one row per round, for the set that stands on the chain and for no other.

`answer` checks everything before it sums (PROTOCOL §11.1): a developer or relay that shows other files than
it committed to, another roster to another clerk, or one contributor under many names, gets no row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sda.closed import Closed, ClosedSet, Settled, Snapshot
from sda.crypto.curve import POINT_BYTES, commit_chunks
from sda.crypto.field import row_from_bytes, row_to_bytes
from sda.crypto.hashes import keccak
from sda.crypto.keys import SecretKey
from sda.crypto.merkle import Roster, roster_root
from sda.crypto.pads import add, subtract
from sda.crypto.sumtree import Sums
from sda.enrolled import BLOCK
from sda.errors import MessageError, ProofError, RelayError
from sda.findings import LeafFinding
from sda.messages import ENROLMENT_BYTES
from sda.opening import Answers, OpenTree
from sda.pairing import InvalidEnrolmentError, Workers
from sda.pairs import Pairs
from sda.relay.interface import Job, Relay
from sda.round import RoundView, Seat
from sda.rows import SeatRows
from sda.settling import leaf_at, remaining
from sda.walk import Walk

_BATCH = BLOCK


class JobRefusedError(RelayError):
    """What was served is not what stands on the chain, or must not be answered.

    Args:
        check: Which check failed, a name for programs.
        detail: For people.
    """

    def __init__(self, check: str, detail: str) -> None:
        super().__init__(f"{check}: {detail}")
        self.check = check


class SumMismatchError(RelayError):
    """All files are those of the chain, yet the sum does not open the seat's commitment: somebody lied."""


@dataclass(frozen=True)
class Answer:
    """What a seat sends.

    Attributes:
        seat: Which.
        closed_set: What it answers.
        row: C·m elements.
        snapshot: Of a wide round, whose points are not on chain: a doubted chunk is opened with it.
        leaves: Of a wide round, what its excluded leaves committed to.
    """

    seat: int
    closed_set: ClosedSet
    row: list[int] = field(repr=False)
    snapshot: Snapshot | None = field(default=None, repr=False)
    leaves: tuple[Sums, ...] = field(default=(), repr=False)


def answer(
    view: RoundView,
    seat: Seat,
    relay: Relay,
    secret: SecretKey,
    pairs: Pairs,
    answers: Answers | None = None,
) -> Answer:
    """Check a job and compute its row; nothing is sent, see `sda.answers` before sending.

    Args:
        view: Of the round, after its snapshot is final.
        seat: The clerk's own.
        relay: Serves the files; not believed.
        secret: The clerk's key of the round's epoch.
        pairs: What the clerk remembers of the enrolled contributors; what is missing is added.
        answers: What the developer posted on chain for this seat, if leaves were excluded.

    Raises:
        JobRefusedError: Something served is not what the chain says, or the set must not be answered.
        SumMismatchError: Everything is, but the sum does not open the commitment.
    """
    if secret.public != seat.key or view.seats[seat.index] != seat:
        raise JobRefusedError("seat", f"seat {seat.index} is not held with this key")
    if view.closed is None:
        raise JobRefusedError("snapshot", f"round {view.round_id} has none on chain")
    job = relay.job(view.round_hash, seat.index)
    check_snapshot(view, view.closed, job)
    roster = check_roster(job)
    check_enrolments(view, relay, job, roster, pairs)
    rows = SeatRows(view, seat, pairs, roster, job.snapshot.noise)
    row = rows.all()
    if seat.index >= view.parameters.reconstruction:
        row = add(row, check_correction(view, seat, job))
    excluded: list[Sums] = []
    if view.closed.settled is not None:
        # What is posted of a wide round's leaf is one chunk of it.
        tree = OpenTree(view, relay, job.snapshot, answers if view.parameters.chunks == 1 else None)
        excluded = [leaf_at(tree, each) for each in view.closed.settled.excluded]
        row = subtract(row, _excluded_row(view, seat, rows, excluded, view.closed.settled))
    if not _opens(view, job.snapshot, excluded, seat.index, row):
        raise SumMismatchError(f"round {view.round_id}: the sum of seat {seat.index} does not open its commitment")
    closed_set = view.closed.answered_set(job.snapshot.closed_set)
    if view.parameters.chunks == 1:
        return Answer(seat.index, closed_set, row)
    return Answer(seat.index, closed_set, row, job.snapshot, tuple(excluded))


def find_liar(view: RoundView, seat: Seat, relay: Relay, pairs: Pairs, answers: Answers) -> Walk:
    """The walk of a seat whose sum does not open its commitment; everything it starts from is checked.

    Args:
        view, seat, relay: As for `answer`.
        pairs: After `answer` failed: it knows everybody in the roster.
        answers: What the developer posted on chain for this seat.

    Raises:
        JobRefusedError: As `answer`.
    """
    if view.closed is None:
        raise JobRefusedError("snapshot", f"round {view.round_id} has none on chain")
    job = relay.job(view.round_hash, seat.index)
    check_snapshot(view, view.closed, job)
    roster = check_roster(job)
    check_enrolments(view, relay, job, roster, pairs)
    late = seat.index >= view.parameters.reconstruction
    correction = check_correction(view, seat, job) if late else ()
    return Walk(view, seat, relay, pairs, roster, job.snapshot, answers, correction)


def review(view: RoundView, seat: Seat, relay: Relay, secret: SecretKey, pairs: Pairs) -> tuple[bytes, tuple[int, ...]]:
    """Look at a draft tree, of which nothing is on chain yet (PROTOCOL §11.6); nothing secret comes out of it.

    Args:
        view, seat, relay, secret, pairs: As for `answer`.

    Returns:
        The draft's root, and the indices of the leaves whose commitments for this seat are not those of its shares.

    Raises:
        RefusedError: There is no draft.
        JobRefusedError: The draft is not what the chain's rules ask for, or is not to be had whole.
    """
    draft = relay.job(view.round_hash, seat.index).snapshot
    foreseen = replace(view, closed=Closed(draft.root, draft.closed_set.hash(view.round_hash), draft.count))
    try:
        answer(foreseen, seat, relay, secret, pairs)
    except SumMismatchError:
        walk = find_liar(foreseen, seat, relay, pairs, {})
        findings = [walk.run(), *walk.every_bad_leaf()]
        for finding in findings:
            if not isinstance(finding, LeafFinding):
                raise JobRefusedError("draft", finding.words) from None
        leaves = {finding.place.index for finding in findings if isinstance(finding, LeafFinding)}
        return draft.root, tuple(sorted(leaves))
    return draft.root, ()


def _opens(view: RoundView, snapshot: Snapshot, excluded: Sequence[Sums], seat: int, row: list[int]) -> bool:
    """Whether the row opens the seat's commitment at the root, without the excluded leaves."""
    try:
        points = remaining(view.parameters, snapshot, excluded, seat)
    except ProofError:
        return False
    return commit_chunks(row, view.parameters) == points


def _excluded_row(view: RoundView, seat: Seat, rows: SeatRows, leaves: Sequence[Sums], settled: Settled) -> list[int]:
    """What this seat had from the excluded leaves."""
    parameters = view.parameters
    late = seat.index - parameters.reconstruction
    row = [0] * parameters.row_length
    for each, sums in zip(settled.excluded, leaves, strict=True):
        row = add(row, rows.over(range(each.index, each.index + 1)))
        if late >= 0:
            row = add(row, list(sums.corrections[late]))
    return row


def check_snapshot(view: RoundView, closed: Closed, job: Job) -> None:
    """The snapshot hashes to root and set hash, and has contributors and noise enough."""
    snapshot, parameters = job.snapshot, view.parameters
    shape, chunks = (len(snapshot.points), len(snapshot.corrections)), parameters.chunks
    late = parameters.n - parameters.reconstruction
    points = parameters.n if chunks == 1 else chunks * parameters.reconstruction
    if (snapshot.chunks, *shape) != (chunks, points, chunks * late):
        raise JobRefusedError("snapshot", f"{shape[0]} points and {shape[1]} corrections, not as the terms say")
    if any(len(point) != POINT_BYTES for point in snapshot.points):
        raise JobRefusedError("snapshot", f"points must be of {POINT_BYTES} bytes")
    if snapshot.root != closed.root:
        raise JobRefusedError("root", f"{snapshot.root.hex()} is served, {closed.root.hex()} is on chain")
    set_hash = closed.answered_set(snapshot.closed_set).hash(view.round_hash)
    if set_hash != closed.set_hash:
        raise JobRefusedError("set hash", f"{set_hash.hex()} is served, {closed.set_hash.hex()} is on chain")
    if not view.terms.minimum <= snapshot.count == closed.count <= view.terms.maximum:
        raise JobRefusedError(
            "count", f"{snapshot.count}, must be in [{view.terms.minimum}, {view.terms.maximum}], as on chain"
        )
    dealers = view.terms.dealers
    allowed = (1 << parameters.n) - 1 if view.terms.sigma else 0
    if snapshot.noise & ~allowed or snapshot.noise.bit_count() < dealers:
        raise JobRefusedError("noise", f"bitmap {snapshot.noise:#x}, must be within {allowed:#x} and name {dealers}")


def check_roster(job: Job) -> Roster:
    """The roster file hashes to its root, and names exactly N contributors, and a nonce for each noise leaf."""
    try:
        roster = Roster.from_bytes(job.roster, job.enrolled, job.snapshot.count, job.snapshot.noise.bit_count())
    except MessageError as error:
        raise JobRefusedError("roster", str(error)) from error
    root = roster_root(job.roster)  # there is one encoding
    if root != job.snapshot.roster_root:
        raise JobRefusedError(
            "roster root", f"{root.hex()} is served, {job.snapshot.roster_root.hex()} is committed to"
        )
    return roster


def check_enrolments(view: RoundView, relay: Relay, job: Job, roster: Roster, pairs: Pairs) -> None:
    """All M enrolments hash to their root; those in the roster are valid, of different accounts and keys.

    What `pairs` remembers is not asked for again; if it does not fit the root, everything is.
    """
    committed, members = job.snapshot.enrolment_root, roster.positions
    _read(view, relay, range(len(pairs), job.enrolled), members, pairs)
    if pairs.root(job.enrolled) != committed:
        _read(view, relay, range(job.enrolled), members, pairs)
    _pair(view, relay, pairs.unknown(members), pairs)
    root = pairs.root(job.enrolled)
    if root != committed:
        raise JobRefusedError("enrolment root", f"{root.hex()} is served, {committed.hex()} is committed to")
    if not pairs.distinct(job.enrolled, members):
        raise JobRefusedError("members", "one account or key is in the set more than once")


def meet(view: RoundView, relay: Relay, pairs: Pairs, enrolled: int, limit: int) -> int:
    """Verify contributors before it is known who takes part: when the files are there only the sum is left to do.

    Args:
        view: Of a round in which the clerk has a seat.
        relay: Serves the enrolments; not believed.
        pairs: What the clerk remembers.
        enrolled: How many the relay has.
        limit: To meet so many at once.

    Returns:
        How many of all it knows then.

    Raises:
        JobRefusedError: An enrolment is not valid; those before it are remembered.
    """
    start, stop = len(pairs), min(len(pairs) + limit, enrolled)
    _pair(view, relay, pairs.unknown(range(min(start, enrolled)))[:limit], pairs)
    _read(view, relay, range(start, stop), range(start, stop), pairs)
    return enrolled - len(pairs.unknown(range(enrolled)))


def _read(view: RoundView, relay: Relay, positions: range, members: Sequence[int], pairs: Pairs) -> None:
    """Read enrolments; a contributor is verified, and its shared point computed, when it first takes part."""
    total = len(pairs.unknown(_between(members, positions.start, positions.stop)))
    with _pairing(pairs, view, total) as workers:
        for start, data in _enrolments(relay, positions):
            pairs.remember(start, data)
            for position in pairs.unknown(_between(members, start, start + len(data) // ENROLMENT_BYTES)):
                workers.put(position, _key_or_message(pairs, position, start, data))


def _pair(view: RoundView, relay: Relay, positions: Sequence[int], pairs: Pairs) -> None:
    """Those who are remembered and take part for the first time, or for the first time in this epoch."""
    with _pairing(pairs, view, len(positions)) as workers:
        for position in filter(pairs.is_verified, positions):
            workers.put(position, pairs.key(position))
        rest = [position for position in positions if not pairs.is_verified(position)]
        for first in sorted({position - position % _BATCH for position in rest}):
            for start, data in _enrolments(relay, range(first, min(first + _BATCH, len(pairs)))):
                pairs.remember(start, data)
                for position in _between(rest, start, start + _BATCH):
                    workers.put(position, _key_or_message(pairs, position, start, data))


@contextmanager
def _pairing(pairs: Pairs, view: RoundView, total: int) -> Iterator[Workers]:
    """What is put is done when this ends, and written down however it ends."""
    try:
        with pairs.workers(view.domain, total) as workers:
            yield workers
            workers.finish()
    except InvalidEnrolmentError as error:
        raise JobRefusedError("enrolments", str(error)) from error
    finally:
        pairs.checkpoint()


def _key_or_message(pairs: Pairs, position: int, start: int, data: bytes) -> bytes:
    """What workers take: the key of a contributor that was verified before, or its message."""
    offset = (position - start) * ENROLMENT_BYTES
    return pairs.key(position) if pairs.is_verified(position) else data[offset : offset + ENROLMENT_BYTES]


def _between(positions: Sequence[int], start: int, stop: int) -> Sequence[int]:
    """Those of ascending positions that are in [start, stop)."""
    return positions[bisect_left(positions, start) : bisect_left(positions, stop)]


def _enrolments(relay: Relay, positions: range) -> Iterator[tuple[int, bytes]]:
    """Enrolments some thousand at a time, each with the position of the first."""
    start = positions.start
    while start < positions.stop:
        # Whole blocks of what is remembered, whatever was remembered before.
        stop = min(start - start % _BATCH + _BATCH, positions.stop)
        data = relay.enrolments(start, stop)
        if len(data) != (stop - start) * ENROLMENT_BYTES:
            raise JobRefusedError("enrolments", f"{len(data)} bytes for {stop - start}: must be {ENROLMENT_BYTES} each")
        yield start, data
        start = stop


def check_correction(view: RoundView, seat: Seat, job: Job) -> list[int]:
    """The summed corrections of a seat ≥ R, which must be the ones the root commits to (PROTOCOL §11.11)."""
    p = view.parameters
    try:
        row = row_from_bytes(job.correction)
    except MessageError as error:
        raise JobRefusedError("correction", str(error)) from error
    if len(row) != p.row_length:
        raise JobRefusedError("correction", f"{len(row)} elements, must be {p.row_length}")
    hashes = [keccak(row_to_bytes(chunk)) for chunk in p.chunked(row)]
    expected = job.snapshot.corrections[seat.index - p.reconstruction :: p.n - p.reconstruction]
    for served, committed in zip(hashes, expected, strict=True):
        if served != committed:
            raise JobRefusedError("correction", f"hashes to {served.hex()}, the root says {committed.hex()}")
    return row
