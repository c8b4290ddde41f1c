from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sda.crypto import curve
from sda.crypto.curve import G
from sda.crypto.field import Q
from sda.crypto.sumtree import (
    Node,
    Step,
    Sums,
    SumTree,
    empty_nodes,
    evidence_hash,
    fold,
    make_leaf,
    no_sums,
    tree_depth,
    verify_path,
)
from sda.params import TEST, Parameters
from tests.reference import curve as reference
from tests.reference import tree

few = settings(max_examples=10, deadline=None)
R, LATE, M = TEST.reconstruction, TEST.n - TEST.reconstruction, TEST.row_length


@dataclass(frozen=True)
class Contribution:
    """Plain numbers from which both implementations make a leaf."""

    index: int
    count: int
    seed: int

    @property
    def struct_hash(self) -> bytes:
        return self.seed.to_bytes(32, "big")

    @property
    def logarithms(self) -> list[int]:
        return [(self.seed * 1000 + j) % Q for j in range(R)]

    @property
    def rows(self) -> list[list[int]]:
        return [[(self.seed * 77 + j * M + i - 1) % Q for i in range(M)] for j in range(LATE)]


def engine_leaf(c: Contribution) -> Node:
    points = tuple(curve.multiply(G, x) for x in c.logarithms)
    evidence = evidence_hash(bytes(65), bytes(64))
    return make_leaf(c.struct_hash, evidence, Sums(c.count, points, tuple(map(tuple, c.rows))))


def reference_leaf(c: Contribution) -> tree.Leaf:
    points = [reference.multiply(reference.G, x) for x in c.logarithms]
    return tree.leaf(c.struct_hash, bytes(65) + bytes(64), c.count, points, c.rows)


def tree_of(contributions: list[Contribution]) -> SumTree:
    data = sum(c.count for c in contributions)
    return SumTree(((c.index, engine_leaf(c)) for c in contributions), data, TEST)


@st.composite
def contributions(draw: st.DrawFn) -> list[Contribution]:
    noise = sorted(draw(st.sets(st.integers(0, TEST.n - 1), max_size=2)))
    data = draw(st.integers(0, 4))
    indices = [(j, 0) for j in noise] + [(TEST.n + i, 1) for i in range(data)]
    return [Contribution(i, count, draw(st.integers(0, 2**64))) for i, count in indices]


@few
@given(contributions())
def test_trees_equal_the_reference(some: list[Contribution]) -> None:
    built = tree_of(some)
    leaves = [tree.empty_leaf(R, LATE, M) for _ in range(1 << built.depth)]
    for c in some:
        leaves[c.index] = reference_leaf(c)
    expected = tree.root(leaves)
    assert built.root.hash == expected.hash
    assert built.root.sums.count == expected.count == sum(c.count for c in some)
    assert [curve.to_bytes128(point) for point in built.root.sums.points] == list(
        map(reference.encode, expected.points)
    )
    assert [list(row) for row in built.root.sums.corrections] == expected.rows
    for index, leaf in enumerate(leaves):
        assert built.node(0, index).hash == leaf.hash


SOME = [Contribution(1, 0, 5), *(Contribution(TEST.n + i, 1, 10 + i) for i in range(6))]
TREE = tree_of(SOME)


@pytest.mark.parametrize("index", range(1 << TREE.depth))
def test_every_leaf_has_a_path(index: int) -> None:
    leaf, path = TREE.node(0, index), TREE.path(index)
    assert verify_path(leaf.hash, index, path, TREE.root.hash, TREE.depth)
    other = TREE.node(0, index ^ 1).hash
    if other != leaf.hash:
        assert not verify_path(other, index, path, TREE.root.hash, TREE.depth)
        assert not verify_path(leaf.hash, index ^ 1, path, TREE.root.hash, TREE.depth)


def test_an_index_has_no_alias() -> None:
    """PROTOCOL §4: index + 2^depth would take the same turns, and be claimed twice."""
    leaf, path = TREE.node(0, 6), TREE.path(6)
    for alias in (6 + (1 << TREE.depth), 6 - (1 << TREE.depth)):
        assert not verify_path(leaf.hash, alias, path, TREE.root.hash, TREE.depth)


def test_a_node_is_no_leaf() -> None:
    """A path that starts at an inner node, or below a leaf, is too short or too long."""
    assert not verify_path(TREE.node(1, 3).hash, 3, TREE.path(6)[1:], TREE.root.hash, TREE.depth)
    assert not verify_path(TREE.root.hash, 0, [], TREE.root.hash, TREE.depth)
    longer = [Step(bytes(32), bytes(32)), *TREE.path(6)]
    assert not verify_path(TREE.node(0, 6).hash, 6, longer, TREE.root.hash, TREE.depth)


def test_a_changed_step_is_refused() -> None:
    path = TREE.path(6)
    for level in range(TREE.depth):
        for change in ({"sibling": bytes(32)}, {"body": bytes(32)}):
            changed = [*path[:level], replace(path[level], **change), *path[level + 1 :]]
            assert not verify_path(TREE.node(0, 6).hash, 6, changed, TREE.root.hash, TREE.depth)


def test_nodes_are_the_sums_of_their_children() -> None:
    for level in range(1, TREE.depth + 1):
        for index in range(1 << (TREE.depth - level)):
            left, right = TREE.children(level, index)
            assert TREE.node(level, index).sums == left.sums + right.sums


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (5, 0), (4, 1), (0, 16), (0, -1)])
def test_there_is_nothing_outside_the_tree(level: int, index: int) -> None:
    assert TREE.depth == 4
    with pytest.raises(IndexError, match="not in a tree of depth 4"):
        TREE.node(level, index)


@pytest.mark.parametrize(
    ("n", "count", "depth"), [(2, 0, 1), (8, 0, 3), (8, 1, 4), (8, 8, 4), (8, 9, 5), (26, 250_000, 18)]
)
def test_depth(n: int, count: int, depth: int) -> None:
    assert tree_depth(n, count) == depth


def test_the_empty_tree() -> None:
    built = tree_of([])
    assert built.root == empty_nodes(TEST, built.depth)[-1]
    assert built.root.sums == no_sums(TEST)


def test_a_tree_without_late_seats() -> None:
    p = Parameters(n=2, t=1, k=1, length=1, bits=1, maximum=2)
    leaf = make_leaf(bytes(32), bytes(32), Sums(1, (G, G), ()))
    built = SumTree([(2, leaf), (3, leaf)], 2, p)
    assert built.root.sums == Sums(2, (G + G, G + G), ())


def test_leaves_come_in_order_and_inside_the_tree() -> None:
    leaf = engine_leaf(SOME[1])
    for bad in (
        [(5, leaf), (5, leaf)],
        [(6, leaf), (5, leaf)],
        [(8, leaf)],
        [(7, leaf), (8, leaf)],
        [(-1, leaf)],
    ):
        with pytest.raises(ValueError, match="must"):
            fold(bad, empty_nodes(TEST, 3), lambda *_: None)


def test_what_a_leaf_commits_to() -> None:
    leaf = engine_leaf(SOME[1])
    evidence = evidence_hash(bytes(65), bytes(64))
    sums = leaf.sums
    changed = [
        make_leaf(bytes(32), evidence, sums),
        make_leaf(SOME[1].struct_hash, evidence_hash(bytes(64) + b"\1", bytes(64)), sums),
        make_leaf(SOME[1].struct_hash, evidence, replace(sums, count=0)),
        make_leaf(SOME[1].struct_hash, evidence, replace(sums, points=sums.points[::-1])),
        make_leaf(SOME[1].struct_hash, evidence, replace(sums, corrections=((0, 1),))),
    ]
    assert len({leaf.hash, *(other.hash for other in changed)}) == 6
