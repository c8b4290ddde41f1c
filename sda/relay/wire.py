"""What a relay and its clients exchange besides messages, in bytes (docs/FORMATS.md, "Relay").

Whoever decodes believes nothing: every length is checked, and what does not fit is a `MessageError`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sda.closed import Snapshot
from sda.crypto.curve import POINT_BYTES
from sda.crypto.sumtree import Step
from sda.errors import MessageError
from sda.params import MAXIMUM_SEATS, Parameters
from sda.relay.interface import Opening, Publication
from sda.relay.tree import decode_sums, encode_sums, sums_size
from sda.round import ClaimProof

_HASH = 32
_COUNT = 4
_BITMAP = 8
_CHUNKS = 2
_LENGTH = 4


class _Cursor:
    """Reads bytes from the front."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._name, self._at = memoryview(data), name, 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise MessageError(f"{self._name} of {len(self._data)} bytes: ends in the middle of a field")
        self._at += size
        return bytes(self._data[self._at - size : self._at])

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def framed(self) -> bytes:
        return self.take(self.integer(_LENGTH))

    @property
    def ended(self) -> bool:
        return self._at == len(self._data)

    def end(self) -> None:
        if not self.ended:
            raise MessageError(f"{self._name} of {len(self._data)} bytes: must be {self._at}")


# ---------------------------------------------------------------------- lists


def frame(items: Iterable[bytes]) -> bytes:
    """length(4) ‖ item, for each."""
    return b"".join(part for item in items for part in (len(item).to_bytes(_LENGTH, "big"), item))


def unframe(data: bytes) -> list[bytes]:
    """Read it back."""
    cursor, items = _Cursor(data, "list"), []
    while not cursor.ended:
        items.append(cursor.framed())
    return items


# ---------------------------------------------------------------------- snapshots


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """left ‖ right ‖ count(4) ‖ noise(8) ‖ roster root ‖ enrolment root ‖ n(1) ‖ R(1) ‖ C(2) ‖ points ‖ corrections."""
    n = snapshot.seats
    threshold = n - snapshot.late
    return b"".join(
        (
            snapshot.left,
            snapshot.right,
            snapshot.count.to_bytes(_COUNT, "big"),
            snapshot.noise.to_bytes(_BITMAP, "big"),
            snapshot.roster_root,
            snapshot.enrolment_root,
            bytes([n, threshold]),
            snapshot.chunks.to_bytes(_CHUNKS, "big"),
            *snapshot.points,
            *snapshot.corrections,
        )
    )


def decode_snapshot(data: bytes) -> Snapshot:
    """Read it back; whether it is the one on chain is for whoever asked to see."""
    cursor = _Cursor(data, "snapshot")
    left, right = cursor.take(_HASH), cursor.take(_HASH)
    count, noise = cursor.integer(_COUNT), cursor.integer(_BITMAP)
    roster_root, enrolment_root = cursor.take(_HASH), cursor.take(_HASH)
    n, threshold = cursor.integer(1), cursor.integer(1)
    if not 1 <= threshold <= n <= MAXIMUM_SEATS:
        raise MessageError(f"snapshot: {n} seats and threshold {threshold}, must be 1 ≤ R ≤ n ≤ {MAXIMUM_SEATS}")
    chunks = cursor.integer(_CHUNKS)
    if chunks < 1:
        raise MessageError("snapshot: 0 chunks, must be at least 1")
    points = tuple(cursor.take(POINT_BYTES) for _ in range(n if chunks == 1 else chunks * threshold))
    corrections = tuple(cursor.take(_HASH) for _ in range(chunks * (n - threshold)))
    cursor.end()
    return Snapshot(left, right, count, noise, roster_root, enrolment_root, points, corrections, chunks)


# ---------------------------------------------------------------------- parts of the tree


def encode_opening(opening: Opening) -> bytes:
    """left ‖ right ‖ sums."""
    return opening.left + opening.right + encode_sums(opening.sums)


def decode_opening(data: bytes, parameters: Parameters) -> Opening:
    """Read it back."""
    if len(data) != 2 * _HASH + sums_size(parameters):
        raise MessageError(f"node of {len(data)} bytes: must be {2 * _HASH + sums_size(parameters)}")
    try:
        sums = decode_sums(data[2 * _HASH :], parameters)
    except ValueError as error:
        raise MessageError(f"node: {error}") from error
    return Opening(data[:_HASH], data[_HASH : 2 * _HASH], sums)


def encode_claim(proof: ClaimProof) -> bytes:
    """index(4) ‖ (sibling ‖ body) for each step, from the leaf up."""
    steps = (part for step in proof.path for part in (step.sibling, step.body))
    return b"".join((proof.index.to_bytes(_COUNT, "big"), *steps))


def decode_claim(data: bytes) -> ClaimProof:
    """Read it back."""
    cursor = _Cursor(data, "claim proof")
    index, steps = cursor.integer(_COUNT), []
    while not cursor.ended:
        steps.append(Step(cursor.take(_HASH), cursor.take(_HASH)))
    return ClaimProof(index, tuple(steps))


# ---------------------------------------------------------------------- publications


def encode_publication(publication: Publication) -> bytes:
    """Framed: snapshot, M(4), roster, levels(1), each level, and level(1) ‖ index(4) ‖ sums of each kept node."""
    sums = (bytes([level]) + index.to_bytes(_COUNT, "big") + data for (level, index), data in publication.sums.items())
    return frame(
        (
            encode_snapshot(publication.snapshot),
            publication.enrolled.to_bytes(_COUNT, "big"),
            publication.roster,
            bytes([len(publication.levels)]),
            *publication.levels,
            *sums,
        )
    )


def decode_publication(data: bytes) -> Publication:
    """Read it back."""
    items = unframe(data)
    if len(items) < 4 or len(items[1]) != _COUNT or len(items[3]) != 1 or len(items) < 4 + items[3][0]:
        raise MessageError("publication: lacks its snapshot, roster or levels")
    end = 4 + items[3][0]
    sums = {}
    for item in items[end:]:
        if len(item) <= 1 + _COUNT:
            raise MessageError("publication: a node without sums")
        sums[item[0], int.from_bytes(item[1 : 1 + _COUNT], "big")] = item[1 + _COUNT :]
    enrolled = int.from_bytes(items[1], "big")
    return Publication(decode_snapshot(items[0]), enrolled, items[2], items[4:end], sums)
