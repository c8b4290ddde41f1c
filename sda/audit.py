"""Anyone checks a finished round again, from the chain and the relay's public data (PROTOCOL §4, §6, §11.1).

An auditor sees who contributed, the commitments and the rows; never a padded vector, and so never the sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sda.clerk import check_roster, check_snapshot
from sda.closed import Closed
from sda.crypto.codeword import is_codeword
from sda.crypto.curve import commit_row, from_bytes128, to_bytes128
from sda.crypto.hashes import keccak
from sda.crypto.merkle import Roster, enrolment_root
from sda.crypto.sumtree import Node, Sums, empty_nodes, fold, tree_depth
from sda.errors import ProofError, RelayError, SDAError
from sda.messages import Enrolment, Kind, Leaf
from sda.messages.contribution import leaf_size
from sda.messages.enrolment import split_enrolments
from sda.noise import dealer
from sda.outcomes import Events, SeatEvent
from sda.posted import posted_row, wrong_chunk
from sda.relay.interface import Job, Relay
from sda.round import RoundView, State
from sda.settling import remaining

_BATCH = 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """One thing that was verified.

    Attributes:
        name: What.
        ok: Whether it holds.
        detail: What was seen.
    """

    name: str
    ok: bool
    detail: str


def audit(view: RoundView, relay: Relay, events: Events) -> list[Check]:
    """Verify a round that has a snapshot; every check is made, whatever the others say.

    Args:
        view: From the chain.
        relay: Serves the public data; not believed.
        events: From the chain.
    """
    run = _Audit(view, relay, events)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("round hash", run.check_round_hash),
        ("root and set hash", run.check_snapshot),
        ("roster", run.check_roster),
        ("enrolments", run.check_enrolments),
        ("leaves", run.check_leaves),
        ("sum tree", run.check_tree),
        ("commitments add up", run.check_points),
        ("corrections add up", run.check_corrections),
        ("rows open the commitments", run.check_rows),
        ("fees", run.check_fees),
        ("seats", run.check_seats),
        ("rewards", run.check_claims),
    ]
    return [_run(name, function) for name, function in checks]


def _run(name: str, function: Callable[[], str]) -> Check:
    try:
        return Check(name, True, function())
    except SDAError as error:
        return Check(name, False, str(error))


class _Audit:
    """The checks of one round, and what they read."""

    def __init__(self, view: RoundView, relay: Relay, events: Events) -> None:
        self._view = view
        self._relay = relay
        self._events = events
        self._parameters = view.parameters
        self._job: Job | None = None
        self._roster: Roster | None = None
        self._enrolments: dict[int, Enrolment] | None = None
        self._leaf_problems: list[str] = []
        self._root: Node | None = None
        self._payouts: dict[int, bytes] = {}
        self._excluded: dict[int, Sums] = {}
        # A row that was posted counts unless a chunk of it was wrong, or was not opened.
        counted = tuple(each for each in events.posted if view.answered >> each.seat & 1)
        self._answered: tuple[SeatEvent, ...] = events.rows or counted

    @property
    def _closed(self) -> Closed:
        return _known(self._view.closed, "snapshot")

    # ------------------------------------------------------------------ the set

    def check_round_hash(self) -> str:
        if self._view.computed_round_hash() != self._view.round_hash:
            raise ProofError("terms, seats and keys do not hash to it")
        return f"{self._parameters.n} seats, terms and keys are those of {self._view.round_hash.hex()}"

    def check_snapshot(self) -> str:
        if self._view.closed is None:
            raise ProofError("there is no snapshot on chain")
        job = self._relay.job(self._view.round_hash, 0)
        check_snapshot(self._view, self._view.closed, job)
        self._job = job
        return f"the relay's preimages are those on chain, N = {job.snapshot.count}"

    def check_roster(self) -> str:
        self._roster = check_roster(_known(self._job, "snapshot"))
        return f"{len(self._roster.positions)} contributors of {self._roster.enrolled} enrolled, each once"

    def check_enrolments(self) -> str:
        job, roster = _known(self._job, "snapshot"), _known(self._roster, "roster")
        members, leaves = set(roster.positions), []
        found: dict[int, Enrolment] = {}
        for position, message in enumerate(self._read_enrolments(job.enrolled)):
            leaves.append(keccak(message))
            if position in members:
                found[position] = Enrolment.decode(message)
                found[position].verify(self._view.domain)
        if enrolment_root(leaves) != job.snapshot.enrolment_root:
            raise ProofError("the enrolments do not hash to their root")
        self._enrolments = found
        for name, values in (
            ("account", Counter(enrolment.account for enrolment in found.values())),
            ("key", Counter(enrolment.key.compressed for enrolment in found.values())),
        ):
            if len(values) != len(found):
                raise ProofError(f"one {name} is in the set more than once")
        return f"{len(found)} signatures and proofs of possession, accounts and keys all different"

    def _read_enrolments(self, enrolled: int) -> Iterator[bytes]:
        for start in range(0, enrolled, _BATCH):
            stop = min(start + _BATCH, enrolled)
            yield from split_enrolments(self._relay.enrolments(start, stop), stop - start)

    # ------------------------------------------------------------------ the tree

    def check_leaves(self) -> str:
        """One pass over the leaves, which also builds the tree for the checks that follow."""
        count = _known(self._job, "snapshot").snapshot.count
        depth = tree_depth(self._parameters.n, count)
        self._root = fold(self._read_leaves(count), empty_nodes(self._parameters, depth), _ignore)
        if self._leaf_problems:
            raise ProofError(f"{len(self._leaf_problems)} of {count}, the first: {self._leaf_problems[0]}")
        return f"{count} signed for this round, at the positions and with the nonces of the roster"

    def _read_leaves(self, count: int) -> Iterator[tuple[int, Node]]:
        yield from self._read_noise()
        roster, enrolments = _known(self._roster, "roster"), _known(self._enrolments, "enrolments")
        wanted = {claim.index for claim in self._events.claims}
        size, first = leaf_size(self._parameters), self._parameters.n
        for start in range(0, count, _BATCH):
            stop = min(start + _BATCH, count)
            data = self._relay.leaves(self._view.round_hash, first + start, first + stop)
            if len(data) != size * (stop - start):
                raise RelayError(f"{stop - start} leaves of {len(data)} bytes, must be {size * (stop - start)}")
            for i in range(start, stop):
                leaf = Leaf.decode(data[size * (i - start) : size * (i - start + 1)], self._parameters)
                enrolment = enrolments[roster.positions[i]]
                self._check_leaf(leaf, enrolment, roster.positions[i], roster.nonces[i])
                if first + i in wanted:
                    self._payouts[first + i] = leaf.payout
                self._remember(first + i, leaf)
                yield first + i, leaf.node(enrolment)

    def _read_noise(self) -> Iterator[tuple[int, Node]]:
        nonces = iter(_known(self._roster, "roster").noise_nonces)
        noise = _known(self._job, "snapshot").snapshot.noise
        for seat in self._view.seats:
            if noise >> seat.index & 1:
                data = self._relay.leaves(self._view.round_hash, seat.index, seat.index + 1)
                leaf = Leaf.decode(data, self._parameters)
                self._check_leaf(leaf, dealer(seat), seat.index, next(nonces), Kind.NOISE)
                self._remember(seat.index, leaf)
                yield seat.index, leaf.node(dealer(seat))

    def _remember(self, index: int, leaf: Leaf) -> None:
        """What was excluded: rows of a wide round open what is left."""
        settled = self._closed.settled
        if settled is not None and any(index == each.index for each in settled.excluded):
            self._excluded[index] = leaf.sums

    def _check_leaf(
        self, leaf: Leaf, enrolment: Enrolment, position: int, nonce: bytes, kind: Kind = Kind.DATA
    ) -> None:
        try:
            if (leaf.round_hash, leaf.kind) != (self._view.round_hash, kind):
                raise ProofError(f"is not {kind.name.lower()} of this round")
            if (leaf.position, leaf.nonce) != (position, nonce):
                raise ProofError("has another position or nonce than the roster")
            if leaf.account != enrolment.account:
                raise ProofError("is not of the account enrolled there")
            leaf.verify(self._view.domain, enrolment.key.hash)
        except ProofError as error:
            self._leaf_problems.append(f"{kind.name.lower()} at position {position}: {error}")

    def check_tree(self) -> str:
        root, job = _known(self._root, "leaves"), _known(self._job, "snapshot")
        if root.hash != job.snapshot.root:
            raise ProofError(f"the leaves give root {root.hash.hex()}, on chain is {job.snapshot.root.hex()}")
        return f"the leaves give the root on chain, {root.hash.hex()}"

    def check_points(self) -> str:
        root, job = _known(self._root, "leaves"), _known(self._job, "snapshot")
        points = job.snapshot.points
        threshold = self._parameters.reconstruction
        for index, point in enumerate(root.sums.points):
            if to_bytes128(point) != points[index]:
                raise ProofError(f"seat {index % threshold}: the leaves' commitments do not add up to its point")
        if self._parameters.chunks > 1:
            return f"Σ of the leaves for {threshold} seats in {self._parameters.chunks} chunks; the others follow"
        decoded = [from_bytes128(point) for point in points]
        if not is_codeword(decoded, job.snapshot.closed_set.hash(self._view.round_hash), threshold):
            raise ProofError(f"the points of the seats {threshold} and up do not follow from the others")
        return f"Σ of the leaves for {threshold} seats, and the codeword for all {self._parameters.n}"

    def check_corrections(self) -> str:
        root, job = _known(self._root, "leaves"), _known(self._job, "snapshot")
        chunks = [root.sums.chunk(index) for index in range(self._parameters.chunks)]
        if tuple(hash_ for chunk in chunks for hash_ in chunk.correction_hashes) != job.snapshot.corrections:
            raise ProofError("the leaves' corrections do not add up to those at the root")
        return f"Σ of the leaves for {job.snapshot.late} later seats"

    # ------------------------------------------------------------------ rows and money

    def check_rows(self) -> str:
        wide = self._parameters.chunks > 1
        served = self._check_posted() if wide else self._check_accepted()
        answered = sum(1 << each.seat for each in self._answered)
        if answered != self._view.answered:
            raise ProofError(f"rows of seats {answered:#b} are logged, the contract counts {self._view.answered:#b}")
        rows, enough = len(self._answered), self._parameters.reconstruction
        if self._view.state is State.COMPLETED and rows < enough:
            raise ProofError(f"completed with {rows} rows, must be {enough}")
        return f"{rows} rows, {enough} reconstruct" + (f", {served} are served and open" if wide else "")

    def _check_accepted(self) -> int:
        job, settled = _known(self._job, "snapshot"), self._closed.settled
        points = settled.points if settled else job.snapshot.points
        for row in self._events.rows:
            if to_bytes128(commit_row(row.row)) != points[row.seat]:
                raise ProofError(f"seat {row.seat}: its accepted row does not open its commitment")
        return len(self._events.rows)

    def _check_posted(self) -> int:
        """Of a wide round the chain has roots: what is served is checked; the rest was the developer's to doubt."""
        job, settled, served = _known(self._job, "snapshot"), self._closed.settled, 0
        _known(self._root, "leaves")
        leaves = [self._excluded[each.index] for each in settled.excluded] if settled else []
        for each in self._events.posted:
            row = posted_row(self._relay.row(self._view.round_hash, each.seat), each.root, self._parameters)
            if row is None or each not in self._answered:
                continue
            chunk = wrong_chunk(row, remaining(self._parameters, job.snapshot, leaves, each.seat), self._parameters)
            if chunk is not None:
                raise ProofError(f"seat {each.seat}: chunk {chunk} of its row does not open its commitment")
            served += 1
        return served

    def check_fees(self) -> str:
        """Right rows are credited when the round is settled, each with the same fee."""
        terms, count = self._view.terms, self._closed.counted
        fee = terms.row_fee(count)
        credited = Counter[bytes]()
        for credit in self._events.credits:
            credited[credit.account] += credit.amount
        due = Counter[bytes]()
        for row in self._events.rows:
            if row.fee != fee:
                raise ProofError(f"seat {row.seat}: earned {row.fee}, must be {fee}")
        for each in self._answered:
            due[self._view.seats[each.seat].operator] += fee
        if not self._events.settled:
            return f"{fee} for each of {len(self._answered)} rows, due when the round is settled"
        for account, amount in due.items():
            if credited[account] < amount:
                raise ProofError(f"0x{account.hex()}: was credited {credited[account]}, must be {amount} at least")
        return f"{fee} for each of {len(self._answered)} rows"

    def check_seats(self) -> str:
        """No seat has two outcomes, and each is its holder's."""
        events = self._events
        outcomes: list[SeatEvent] = [
            *self._answered,
            *events.rejected,
            *events.silent,
            *events.no_data,
            *events.bad_noise,
        ]
        twice = [seat for seat, times in Counter(event.seat for event in outcomes).items() if times > 1]
        if twice:
            raise ProofError(f"seats {twice}: have more than one outcome")
        for event in outcomes:
            if event.clerk_id != self._view.seats[event.seat].clerk_id:
                raise ProofError(f"seat {event.seat}: clerk {event.clerk_id} is not its holder")
        slashed = (*events.rejected, *events.silent, *events.bad_noise)
        if any(event.amount <= 0 for event in slashed):
            raise ProofError("a seat was slashed by nothing")
        return (
            f"{len(self._answered)} paid, {len(events.rejected)} slashed for a wrong row, "
            f"{len(events.silent)} for silence, {len(events.bad_noise)} for bad noise, "
            f"{len(events.no_data)} without data"
        )

    def check_claims(self) -> str:
        job, claims = _known(self._job, "snapshot"), self._events.claims
        first, last = self._parameters.n, self._parameters.n + job.snapshot.count
        if len({claim.index for claim in claims}) != len(claims):
            raise ProofError("one leaf was paid twice")
        for claim in claims:
            if not first <= claim.index < last:
                raise ProofError(f"leaf {claim.index}: was paid, must be in [{first}, {last})")
            if self._closed.settled and claim.index in self._closed.settled.indices:
                raise ProofError(f"leaf {claim.index}: was paid, and had been excluded")
            if claim.amount != self._view.terms.reward:
                raise ProofError(f"leaf {claim.index}: was paid {claim.amount}, must be {self._view.terms.reward}")
            if claim.payout != self._payouts.get(claim.index):
                raise ProofError(f"leaf {claim.index}: was paid to 0x{claim.payout.hex()}, not to its payout address")
        return f"{len(claims)} of {job.snapshot.count} claimed, {self._view.terms.reward} each"


def _known(value: T | None, check: str) -> T:
    if value is None:
        raise ProofError(f"not reached: the check of the {check} failed before")
    return value


def _ignore(level: int, index: int, node: Node) -> None:
    """`fold` shows every node; an audit needs the root only."""
