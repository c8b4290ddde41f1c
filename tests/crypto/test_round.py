"""A whole round in the engine alone: contributions, tree, clerks' rows, the developer's sum."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest

from sda.crypto import codeword, curve
from sda.crypto.encoding import pack, unpack
from sda.crypto.field import Q
from sda.crypto.keys import PublicKey, SecretKey, shared_point
from sda.crypto.pads import add, developer_mask, make_pads, subtract, sum_of_pads
from sda.crypto.seeds import SeedPrefix, expand, sum_rows
from sda.crypto.sumtree import Sums, SumTree, make_leaf
from sda.crypto.tags import Tag
from sda.params import DEMO, EVENTS_250K, TEST, Parameters
from tests.reference import sharing

ROUND_HASH = bytes(range(32))
SIGNED = Parameters(n=6, t=2, k=3, length=40, bits=16, maximum=1000, offset=2**15)
TIGHT = Parameters(n=4, t=2, k=2, length=9, bits=64, maximum=2**32 - 1)


@dataclass
class Contribution:
    public: PublicKey
    nonce: bytes
    padded: list[int]
    sums: Sums


def contribute(
    vector: list[int], clerks: list[PublicKey], developer: PublicKey, number: int, p: Parameters
) -> Contribution:
    secret, nonce = SecretKey.generate(), number.to_bytes(4, "big")
    key = secret.public.compressed
    rows = [
        expand(SeedPrefix(Tag.PAD, ROUND_HASH, j).seed(key, nonce, shared_point(secret, clerk)), p.row_length)
        for j, clerk in enumerate(clerks)
    ]
    pads = make_pads(rows, p)
    mask = developer_mask(ROUND_HASH, key, nonce, shared_point(secret, developer), p.elements)
    commitments = curve.commit_rows(rows[: p.reconstruction])
    sums = Sums(1, tuple(commitments), tuple(map(tuple, pads.corrections)))
    return Contribution(secret.public, nonce, add(pack(vector, p), pads.elements, mask), sums)


def clerk_row(clerk: SecretKey, seat: int, set_: list[Contribution], tree: SumTree, p: Parameters) -> list[int]:
    entries = b"".join(c.public.compressed + c.nonce + shared_point(clerk, c.public) for c in set_)
    row = sum_rows(SeedPrefix(Tag.PAD, ROUND_HASH, seat), entries, p.row_length)
    late = seat - p.reconstruction
    return row if late < 0 else add(row, tree.root.sums.corrections[late])


@pytest.mark.parametrize("p", [TEST, DEMO, EVENTS_250K, SIGNED, TIGHT], ids=["test", "demo", "250k", "signed", "tight"])
def test_any_r_rows_give_exactly_the_sum(p: Parameters) -> None:
    random = Random(7)
    low, high = -p.offset, 2**p.bits - 1 - p.offset
    vectors = [[random.choice([low, high, random.randint(low, high)]) for _ in range(p.length)] for _ in range(5)]
    clerks = [SecretKey.generate() for _ in range(p.n)]
    developer = SecretKey.generate()
    keys = [clerk.public for clerk in clerks]
    set_ = [contribute(vector, keys, developer.public, i, p) for i, vector in enumerate(vectors)]

    leaves = ((p.n + i, make_leaf(bytes(32), bytes(32), c.sums)) for i, c in enumerate(set_))
    tree = SumTree(leaves, len(set_), p)
    points = codeword.extend(tree.root.sums.points, p.n, p.t, p.k)
    assert codeword.is_codeword(points, bytes(32), p.reconstruction)

    rows = [clerk_row(clerk, seat, set_, tree, p) for seat, clerk in enumerate(clerks)]
    assert [curve.commit_row(row) for row in rows] == points

    masks = [
        developer_mask(ROUND_HASH, c.public.compressed, c.nonce, shared_point(developer, c.public), p.elements)
        for c in set_
    ]
    padded = subtract(add(*(c.padded for c in set_)), add(*masks))
    expected = [sum(column) for column in zip(*vectors, strict=True)]
    for _ in range(3):
        seats = random.sample(range(p.n), p.reconstruction)
        pads = sum_of_pads(seats, [rows[seat] for seat in seats], p)
        assert unpack(subtract(padded, pads), p, len(set_)) == expected


def test_a_changed_row_does_not_open_the_commitment() -> None:
    row = [5, 6, 7]
    for i in range(3):
        for by in (1, Q - 1):
            changed = [*row[:i], (row[i] + by) % Q, *row[i + 1 :]]
            assert curve.commit_row(changed) != curve.commit_row(row)


def test_the_pad_of_one_contributor_equals_the_reference() -> None:
    clerks = [SecretKey(100 + j) for j in range(TEST.n)]
    secret = SecretKey(99)
    key, nonce = secret.public.compressed, b"\0\0\0\1"
    rows = [
        sharing.expand(
            sharing.seed("SDA/1 pad", ROUND_HASH, j, key, nonce, shared_point(clerk, secret.public)),
            TEST.row_length,
        )
        for j, clerk in enumerate(clerks)
    ]
    _, secrets = sharing.shares_and_secrets(rows, TEST.n, TEST.t, TEST.k)
    assert make_pads(rows, TEST).elements == [secrets[e % TEST.k][e // TEST.k] for e in range(TEST.elements)]
