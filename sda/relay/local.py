"""A relay on a database: what the service runs on, and what tests and single machines use as it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sda.crypto.field import row_to_bytes
from sda.crypto.sumtree import Step, Sums, no_sums, tree_depth
from sda.messages import Contribution, Domain, Kind
from sda.messages.contribution import leaf_of
from sda.relay.door import Admitted, Clock, Door, Find
from sda.relay.interface import Job, Opening, Publication, Reason, Receipt, RefusedError, Standing, Unblemished
from sda.relay.store import Published, Store
from sda.relay.tree import decode_sums
from sda.round import ClaimProof, RoundView

_BATCH = 512
"""Messages that are stored together."""


class LocalRelay:
    """Implements `Relay`.

    Args:
        place: A file, or the URL of a PostgreSQL database.
        domain: The rounds contract that it serves.
        clock: Unix seconds; for deadlines.
        standing: What verdicts on chain say of contributors.
        find: Asked for rounds that nobody opened.

    Raises:
        StorageError: The database is not to be had.
        RelayError: It is another contract's, or of a later version.
    """

    def __init__(
        self,
        place: str | Path,
        domain: Domain,
        clock: Clock = time.time,
        standing: Standing | None = None,
        find: Find = lambda _: None,
    ) -> None:
        self._store = Store(place, domain)
        self._door = Door(self._store, domain, clock, standing or Unblemished(), find)

    def close(self) -> None:
        """Close what this thread holds of the database."""
        self._store.close()

    def challenge_secret(self) -> bytes:
        """Under which developers are challenged (`sda.relay.access`)."""
        return self._store.challenge_secret()

    def view(self, round_hash: bytes) -> RoundView:
        """The round with this hash, as it is known here."""
        return self._door.view(round_hash)

    # ------------------------------------------------------------------ contributors

    def enrol(self, message: bytes) -> int:
        """See `Relay.enrol`."""
        return self._door.enrol(message)

    def position_of(self, account: bytes) -> int | None:
        """See `Relay.position_of`."""
        enrolled = self._store.enrolment_of(account)
        return None if enrolled is None else enrolled.position

    def submit(self, message: bytes) -> Receipt:
        """See `Relay.submit`."""
        (answer,) = self.submit_many([message])
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def submit_many(self, messages: Sequence[bytes]) -> list[Receipt | RefusedError]:
        """See `Relay.submit_many`."""
        batches = (messages[start : start + _BATCH] for start in range(0, len(messages), _BATCH))
        return [answer for batch in batches for answer in self._submit_batch(batch)]

    def _submit_batch(self, messages: Sequence[bytes]) -> list[Receipt | RefusedError]:
        checked = self._door.check_many(messages)
        admitted = [item for item in checked if isinstance(item, Admitted)]
        entries, maxima = [item.entry for item in admitted], [item.view.terms.maximum for item in admitted]
        stored = iter(self._store.add_contributions(entries, maxima) if entries else [])
        answers: list[Receipt | RefusedError] = []
        for item in checked:
            if not isinstance(item, Admitted):
                answers.append(item)
            elif next(stored):
                answers.append(Receipt(item.entry.id, item.entry.position))
            else:
                answers.append(self._door.why_not_stored(item))
        return answers

    def claim_proof(self, round_hash: bytes, account: bytes) -> ClaimProof:
        """See `Relay.claim_proof`."""
        view, published = self._published(round_hash)
        (places,) = np.isin(_positions(published), self._store.positions_of(account)).nonzero()
        if len(places) != 1:
            raise RefusedError(Reason.NOT_FOUND, f"0x{account.hex()} is not in the snapshot of round {view.round_id}")
        index = view.parameters.n + int(places[0])
        depth = tree_depth(view.parameters.n, published.snapshot.count)
        steps = tuple(
            Step(
                self._store.node(round_hash, level, index >> level ^ 1)[0],
                self._store.node(round_hash, level + 1, index >> (level + 1))[1],
            )
            for level in range(depth)
        )
        return ClaimProof(index, steps)

    # ------------------------------------------------------------------ anyone

    def enrolled(self) -> int:
        """See `Relay.enrolled`."""
        return self._store.enrolled()

    def enrolments(self, start: int, stop: int) -> bytes:
        """See `Relay.enrolments`."""
        if not 0 <= start <= stop <= self.enrolled():
            raise RefusedError(Reason.NOT_FOUND, f"enrolments {start} to {stop}: must be within 0 to {self.enrolled()}")
        return self._store.enrolment_messages(start, stop)

    def open_round(self, view: RoundView) -> None:
        """See `Relay.open_round`."""
        self._door.open_round(view)

    def count(self, round_hash: bytes, kind: Kind = Kind.DATA) -> int:
        """See `Relay.count`."""
        self._door.view(round_hash)
        return self._store.count(round_hash, kind)

    def job(self, round_hash: bytes, seat: int) -> Job:
        """See `Relay.job`."""
        view, published = self._published(round_hash)
        parameters = view.parameters
        if not 0 <= seat < parameters.n:
            raise RefusedError(Reason.NOT_FOUND, f"seat {seat}: must be in [0, {parameters.n})")
        correction = b""
        if seat >= parameters.reconstruction:
            depth = tree_depth(parameters.n, published.snapshot.count)
            rows = self._sums(view, published, depth, 0).corrections
            correction = row_to_bytes(rows[seat - parameters.reconstruction])
        return Job(published.snapshot, published.enrolled, published.roster, correction)

    def opening(self, round_hash: bytes, level: int, index: int) -> Opening:
        """See `Relay.opening`."""
        view, published = self._published(round_hash)
        depth = tree_depth(view.parameters.n, published.snapshot.count)
        if not (1 <= level <= depth and 0 <= index < 1 << (depth - level)):
            raise RefusedError(Reason.NOT_FOUND, f"node ({level}, {index}): no inner node of a tree of depth {depth}")
        left, _ = self._store.node(round_hash, level - 1, 2 * index)
        right, _ = self._store.node(round_hash, level - 1, 2 * index + 1)
        return Opening(left, right, self._sums(view, published, level, index))

    def leaves(self, round_hash: bytes, start: int, stop: int) -> bytes:
        """See `Relay.leaves`."""
        view, published = self._published(round_hash)
        n, count = view.parameters.n, published.snapshot.count
        if stop == start + 1 and 0 <= start < n and published.snapshot.noise >> start & 1:
            return leaf_of(self._message(view, Kind.NOISE, start), view.parameters)
        if not n <= start <= stop <= n + count:
            raise RefusedError(Reason.NOT_FOUND, f"leaves {start} to {stop}: must be within {n} to {n + count}")
        positions = _positions(published)[start - n : stop - n].tolist()
        return b"".join(leaf_of(self._message(view, Kind.DATA, position), view.parameters) for position in positions)

    # ------------------------------------------------------------------ clerks, on a draft

    def review(self, message: bytes) -> None:
        """See `Relay.review`."""
        review = self._door.check_review(message)
        self._store.add_review(review.round_hash, review.seat, message)

    def reviews(self, round_hash: bytes) -> list[bytes]:
        """See `Relay.reviews`."""
        self._door.view(round_hash)
        return self._store.reviews(round_hash)

    # ------------------------------------------------------------------ clerks, in a wide round

    def serve_row(self, message: bytes) -> None:
        """See `Relay.serve_row`."""
        row = self._door.check_row(message)
        self._store.add_row(row.round_hash, row.seat, row.data)

    def row(self, round_hash: bytes, seat: int) -> bytes:
        """See `Relay.row`."""
        self._door.view(round_hash)
        return self._store.row(round_hash, seat)

    # ------------------------------------------------------------------ the developer

    def close_round(self, round_hash: bytes) -> int:
        """See `Relay.close_round`."""
        self._door.view(round_hash)
        return self._store.close_round(round_hash)

    def contributions(self, round_hash: bytes) -> Iterator[bytes]:
        """See `Relay.contributions`."""
        self._door.view(round_hash)
        return self._store.contributions(round_hash)

    def contributions_after(self, round_hash: bytes, kind: Kind, position: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` messages of a kind beyond a position, each with its own: a page of `contributions`."""
        self._door.view(round_hash)
        return self._store.contributions_after(round_hash, kind, position, limit)

    def publish(self, round_hash: bytes, publication: Publication) -> None:
        """See `Relay.publish`."""
        self._door.view(round_hash)
        self._store.publish(round_hash, publication)

    # ------------------------------------------------------------------ inside

    def _published(self, round_hash: bytes) -> tuple[RoundView, Published]:
        view = self._door.view(round_hash)
        published = self._store.published(round_hash)
        if published is None:
            raise RefusedError(Reason.NOT_PUBLISHED, f"round {view.round_id} has no snapshot here yet")
        return view, published

    def _sums(self, view: RoundView, published: Published, level: int, index: int) -> Sums:
        kept = self._store.sums(view.round_hash, level, index)
        if kept is not None:
            return decode_sums(kept, view.parameters)
        # A small subtree, or an empty one.
        positions, n = _positions(published), view.parameters.n
        first, last = index << level, (index + 1) << level
        members = [(Kind.DATA, position) for position in positions[max(first - n, 0) : max(last - n, 0)].tolist()]
        members += [(Kind.NOISE, seat) for seat in range(first, min(last, n)) if published.snapshot.noise >> seat & 1]
        sums = (
            Contribution.decode(self._message(view, *member), view.parameters, check_subgroup=False).leaf.sums
            for member in members
        )
        return reduce(add, sums, no_sums(view.parameters))

    def _message(self, view: RoundView, kind: Kind, position: int) -> bytes:
        message = self._store.contribution(view.round_hash, kind, position)
        if message is None:
            raise RefusedError(Reason.NOT_FOUND, f"the {kind.name.lower()} at position {position} is not stored")
        return message


def _positions(published: Published) -> NDArray[np.intp]:
    """Positions of the data leaves, in leaf order."""
    bitmap = np.frombuffer(published.roster, dtype=np.uint8, count=-(-published.enrolled // 8))
    return np.flatnonzero(np.unpackbits(bitmap, bitorder="little"))
