"""Collecting a round one message at a time, with the whole tree in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sda.crypto.field import Q
from sda.crypto.keys import SecretKey, shared_point
from sda.crypto.pads import developer_mask
from sda.crypto.sumtree import SumTree
from sda.errors import SDAError
from sda.messages import Contribution, Enrolment, Kind
from sda.round import RoundView


@dataclass
class Expected:
    """What collecting must come to."""

    tree: SumTree
    positions: list[int]
    dropped: list[int]
    padded: list[int]


def collect(
    view: RoundView,
    messages: Sequence[bytes],
    enrolments: Sequence[bytes],
    secret: SecretKey,
    left_out: Collection[int] = (),
) -> Expected:
    """Every point asked for its subgroup, every message added on its own."""
    parameters = view.parameters
    leaves, positions, dropped = [], [], []
    padded = [0] * parameters.elements
    seen: set[bytes] = set()
    for message in messages:
        position = int.from_bytes(message[53:57], "big")
        try:
            contribution = Contribution.decode(message, parameters, check_subgroup=True)
            enrolment = Enrolment.decode(enrolments[position])
            enrolment.verify(view.domain)
            contribution.leaf.verify(view.domain, enrolment.key.hash)
        except SDAError:
            dropped.append(position)
            continue
        leaf = contribution.leaf
        names = {leaf.account, enrolment.key.compressed}
        in_place = leaf.kind is Kind.DATA and leaf.round_hash == view.round_hash and leaf.account == enrolment.account
        if not in_place or position in left_out or names & seen:
            dropped.append(position)
            continue
        seen |= names
        leaves.append((parameters.n + len(positions), leaf.node(enrolment)))
        positions.append(position)
        shared = shared_point(secret, enrolment.key)
        mask = developer_mask(view.round_hash, enrolment.key.compressed, leaf.nonce, shared, parameters.elements)
        padded = [(total + y - m) % Q for total, y, m in zip(padded, contribution.padded, mask, strict=True)]
    return Expected(SumTree(leaves, len(positions), parameters), positions, dropped, padded)
