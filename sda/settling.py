"""Settling: what is left of a closed set when leaves were excluded. Anyone can do it, from public data."""

from __future__ import annotations

from collections.abc import Sequence

from sda.crypto.codeword import extend
from sda.crypto.curve import from_bytes128, to_bytes128
from sda.crypto.sumtree import Sums
from sda.errors import ProofError
from sda.opening import OpenTree
from sda.round import Exclusion, RoundView, Snapshot


def leaf_at(tree: OpenTree, excluded: Exclusion) -> Sums:
    """What an excluded leaf committed to.

    Raises:
        MissingError: It cannot be had.
        ProofError: Another one is in the tree than was excluded.
    """
    sums = tree.at(0, excluded.index).node.sums
    if sums.body != excluded.body:
        raise ProofError(f"leaf {excluded.index}: another one is in the tree than was excluded")
    return sums


def remaining_points(view: RoundView, snapshot: Snapshot, leaves: Sequence[Sums]) -> list[bytes]:
    """D_0 … D_{n-1} without the excluded leaves, 128 bytes each.

    Args:
        view: Of the round.
        snapshot: As on chain.
        leaves: What the excluded leaves committed to.
    """
    p = view.parameters
    points = [from_bytes128(point, subgroup=False) for point in snapshot.points[: p.reconstruction]]
    for leaf in leaves:
        points = [point - excluded for point, excluded in zip(points, leaf.points, strict=True)]
    return [to_bytes128(point) for point in extend(points, p.n, p.t, p.k)]
