"""Whether many points are in the subgroup of order q, for a tenth of the price of asking each (45 µs).

The random subset test (Bellare, Garay, Rabin: "Fast batch verification for modular exponentiation and digital
signatures", EUROCRYPT 1998): take the sum of a random subset of the points, each point in it with chance 1/2.
If one of them lies outside the subgroup then, whatever the others are and whoever chose them, either the sum
with it or the sum without it lies outside too, so a subset shows it with chance 1/2 at least. That holds for
an outside part of any order. A linear combination with large random factors would not do: the curve's
cofactor is divisible by 3 and 11, and a point of order 3 vanishes under every third factor (Boyd, Pavlovski:
"Attacking and repairing batch verification schemes", ASIACRYPT 2000).

At least 64 independent subsets are summed; they are drawn afresh, after the points are fixed. Searching a
million contributions for bad ones takes fewer than 2^20 such tests, even if all are bad: that any point
slips through has a chance below 2^-44. Few points are asked one by one, which is exact.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from sda.crypto.curve import IDENTITY, Point, add_all

SUBSETS = 64
"""Of every test: a point outside is missed with chance 2^-64 at most."""

_EXACT = 128
"""So many points are asked one by one: subsets would cost more."""
_FEWEST_BITS, _MOST_BITS = 4, 11


def all_inside(points: Sequence[Point]) -> bool:
    """Whether all points of the curve are in the subgroup; wrongly True with chance 2^-64 at most."""
    if len(points) <= _EXACT:
        return all(point.is_in_subgroup() for point in points)
    # 2^bits buckets cost as much again as the points if there are as many: an eighth of them is the best.
    bits = min(max(len(points).bit_length() - 4, _FEWEST_BITS), _MOST_BITS)
    rounds = -(-SUBSETS // bits)
    sums = chain.from_iterable(_random_subset_sums(points, bits) for _ in range(rounds))
    return all(point.is_in_subgroup() for point in sums)


def find_outside(groups: Sequence[Sequence[Point]]) -> list[int]:
    """Which groups of points hold one outside the subgroup.

    Args:
        groups: The points of one contribution each.

    Returns:
        Indices, ascending. However many there are, the search costs a few times what asking every point would.
    """

    def search(start: int, stop: int) -> list[int]:
        points = list(chain.from_iterable(groups[start:stop]))
        if all_inside(points):
            return []
        if stop - start == 1:
            return [start]
        middle = (start + stop) // 2
        return [*search(start, middle), *search(middle, stop)]

    return search(0, len(groups))


def _random_subset_sums(points: Sequence[Point], bits: int) -> Iterator[Point]:
    """Sums of `bits` independent random subsets, for one addition a point and 2^(bits + 1) besides.

    Every point falls into one of 2^bits buckets; subset i holds the buckets whose number has bit i.
    """
    choices = np.frombuffer(secrets.token_bytes(2 * len(points)), dtype=np.uint16) & ((1 << bits) - 1)
    buckets = [IDENTITY] * (1 << bits)
    for point, choice in zip(points, choices.tolist(), strict=True):
        buckets[choice] += point
    while len(buckets) > 1:
        half = len(buckets) // 2
        upper = buckets[half:]
        yield add_all(upper)
        buckets = [low + high for low, high in zip(buckets[:half], upper, strict=True)]
