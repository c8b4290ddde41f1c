"""Rows of wide rounds: posted as a root, served off chain, opened chunk by chunk where somebody doubts them.

The contract's side is `contracts/interfaces/IRowChecks.sol`; docs/wide.md has the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sda.closed import Closed, ClosedSet, Exclusion, Snapshot
from sda.crypto.curve import commit_chunks
from sda.crypto.field import row_from_bytes, row_to_bytes
from sda.crypto.hashes import keccak
from sda.crypto.merkle import merkle_path, merkle_root
from sda.crypto.sumtree import Sums
from sda.errors import MessageError
from sda.params import Parameters
from sda.settling import remaining


@dataclass(frozen=True)
class RowOpening:
    """`IRowChecks.RowOpening`: one chunk of a row, and all that says what it must be.

    Attributes:
        chunk: Which.
        row: Its m elements.
        row_path: From their hash to the row's root.
        path: From the chunk's body at the tree's root to the body of all chunks.
        count: N of the tree.
        words: Of the chunk's body.
        closed_set: The set on chain now.
        points: Without the excluded leaves': D_j for a seat j < R, D_0 … D_{R-1} for the others; 128 bytes each.
        queue: All verdicts on the round, in order.
        leaves: What they took out.
    """

    chunk: int
    row: tuple[int, ...] = field(repr=False)
    row_path: tuple[bytes, ...] = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)
    count: int
    words: tuple[bytes, ...] = field(repr=False)
    closed_set: ClosedSet
    points: tuple[bytes, ...] = field(repr=False)
    queue: tuple[Exclusion, ...] = ()
    leaves: tuple[Sums, ...] = ()


def row_words(row: Sequence[int], parameters: Parameters) -> list[bytes]:
    """The hash of each chunk of a row, the leaves under its root."""
    return [keccak(row_to_bytes(chunk)) for chunk in parameters.chunked(row)]


def row_root(row: Sequence[int], parameters: Parameters) -> bytes:
    """What a seat posts: the Merkle root over the hashes of its row's chunks.

    Args:
        row: C·m elements.
        parameters: Of the round.
    """
    return merkle_root(row_words(row, parameters))


def posted_row(data: bytes, root: bytes, parameters: Parameters) -> list[int] | None:
    """The row that somebody serves, None if it is not the one that was posted.

    Args:
        data: 32 bytes an element.
        root: That was posted.
        parameters: Of the round.
    """
    try:
        row = row_from_bytes(data)
    except MessageError:
        return None
    if len(row) != parameters.row_length or row_root(row, parameters) != root:
        return None
    return row


def wrong_chunk(row: Sequence[int], points: Sequence[bytes], parameters: Parameters) -> int | None:
    """The first chunk of a row that does not open its commitment, None if all do.

    Args:
        row: C·m elements.
        points: The seat's, one a chunk, 128 bytes each, without the excluded leaves'.
        parameters: Of the round.
    """
    opened = commit_chunks(row, parameters)
    return next((index for index, point in enumerate(points) if opened[index] != point), None)


def open_chunk(
    parameters: Parameters,
    closed: Closed,
    snapshot: Snapshot,
    leaves: Sequence[Sums],
    row: Sequence[int],
    seat: int,
    chunk: int,
) -> RowOpening:
    """What shows a chunk of a row to the contract, right or wrong.

    Args:
        parameters: Of the round.
        closed: The set on chain.
        snapshot: Whose root stands there.
        leaves: What the excluded leaves committed to, in the order of their verdicts.
        row: That the seat posted.
        seat: Its seat.
        chunk: Which.
    """
    needed = [seat] if seat < parameters.reconstruction else range(parameters.reconstruction)
    return RowOpening(
        chunk=chunk,
        row=tuple(parameters.chunked(row)[chunk]),
        row_path=tuple(merkle_path(row_words(row, parameters), chunk)),
        path=tuple(merkle_path(snapshot.bodies, chunk)),
        count=snapshot.count,
        words=tuple(snapshot.words(chunk)),
        closed_set=closed.answered_set(snapshot.closed_set),
        points=tuple(remaining(parameters, snapshot, leaves, each)[chunk] for each in needed),
        queue=closed.settled.excluded if closed.settled else (),
        leaves=tuple(leaves),
    )
