"""Settling: what is left of a closed set when leaves were excluded. Anyone can do it, from public data."""

from __future__ import annotations

from collections.abc import Sequence

from sda.closed import Exclusion, Snapshot
from sda.crypto.codeword import commitment, commitments
from sda.crypto.curve import Point, from_bytes128, to_bytes128
from sda.crypto.sumtree import Sums
from sda.errors import MessageError, ProofError
from sda.opening import OpenTree
from sda.params import Parameters
from sda.round import RoundView


def leaf_at(tree: OpenTree, excluded: Exclusion) -> Sums:
    """What an excluded leaf committed to.

    Raises:
        MissingError: It cannot be had.
        ProofError: Another one is in the tree than was excluded, or the posted one cannot be reckoned with.
    """
    sums = tree.at(0, excluded.index).node.sums
    if sums.body != excluded.body:
        raise ProofError(f"leaf {excluded.index}: another one is in the tree than was excluded")
    if not all(map(sums.is_sound, range(len(sums.points) + len(sums.corrections)))):
        raise ProofError(f"leaf {excluded.index}: what was posted of it are not points and rows")
    return sums


def remaining_points(view: RoundView, snapshot: Snapshot, leaves: Sequence[Sums]) -> list[bytes]:
    """D_0 … D_{n-1} without the excluded leaves, 128 bytes each; none of a wide round, whose set has no points.

    Args:
        view: Of the round.
        snapshot: As on chain.
        leaves: What the excluded leaves committed to.
    """
    if view.parameters.chunks > 1:
        return []
    return [point for seat in range(view.parameters.n) for point in remaining(view.parameters, snapshot, leaves, seat)]


def less(points: Sequence[bytes], leaf: Sums, parameters: Parameters) -> tuple[bytes, ...]:
    """All seats' points without an excluded leaf.

    Args:
        points: D_0 … D_{n-1} of chunk 0, then of chunk 1, and so on, 128 bytes each.
        leaf: What it committed to.
        parameters: Of the round.
    """
    by_seat = [commitments(leaf, seat, parameters) for seat in range(parameters.n)]
    taken = [by_seat[seat][chunk] for chunk in range(parameters.chunks) for seat in range(parameters.n)]
    return tuple(to_bytes128(from_bytes128(a, subgroup=False) - b) for a, b in zip(points, taken, strict=True))


def remaining(parameters: Parameters, snapshot: Snapshot, leaves: Sequence[Sums], seat: int) -> tuple[bytes, ...]:
    """A seat's points, one a chunk, without the excluded leaves.

    Raises:
        ProofError: As `root_commitment`; nothing opens that.
    """
    points = [root_commitment(snapshot, chunk, seat, parameters) for chunk in range(parameters.chunks)]
    for leaf in leaves:
        points = [a - b for a, b in zip(points, commitments(leaf, seat, parameters), strict=True)]
    return tuple(map(to_bytes128, points))


def root_commitment(snapshot: Snapshot, chunk: int, seat: int, parameters: Parameters) -> Point:
    """A seat's commitment to a chunk, at the root.

    A narrow round's points are on chain, and the contract has looked at them; nobody has at a wide one's.

    Raises:
        ProofError: The seat's is no point, or follows from what are not all points of the group.
    """
    try:
        if parameters.chunks == 1:
            return from_bytes128(snapshot.points[seat], subgroup=False)
        if seat < parameters.reconstruction:
            return from_bytes128(snapshot.committed(chunk)[seat], subgroup=False)
        return commitment([from_bytes128(point) for point in snapshot.committed(chunk)], seat, parameters)
    except MessageError as error:
        raise ProofError(f"chunk {chunk} of the root: {error}") from error
