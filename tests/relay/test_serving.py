"""What a relay serves after publication, against a whole tree in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sda.contributor import check_counted
from sda.crypto.field import row_to_bytes
from sda.crypto.sumtree import Node, SumTree, node_hash, verify_path
from sda.messages import Leaf
from sda.messages.contribution import leaf_size
from sda.params import TEST, Parameters
from sda.relay import RefusedError
from sda.relay.tree import KEPT_LEVEL, Subtree, TreeRecord, decode_sums, encode_leaf, encode_sums, growths
from tests.world import World

SIZES = [1, 4, 70]


def leaves_of(world: World) -> Iterator[tuple[int, Node]]:
    for i, party in enumerate(world.contributors):
        leaf = world.messages[party.key.account.address].leaf
        yield world.parameters.n + i, leaf.node(party.enrolment)


@pytest.fixture(scope="module", params=SIZES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("serving"), TEST, contributors=request.param)
    world.contribute_all()
    world.close()
    return world


@pytest.fixture(scope="module")
def tree(world: World) -> SumTree:
    return SumTree(leaves_of(world), len(world.contributors), TEST)


def test_openings__are_those_of_the_tree(world: World, tree: SumTree) -> None:
    assert world.view.closed is not None
    assert tree.root.hash == world.view.closed.root
    for level in range(1, tree.depth + 1):
        for index in range(1 << (tree.depth - level)):
            opening = world.relay.opening(world.view.round_hash, level, index)
            node = tree.node(level, index)
            assert opening.sums == node.sums
            assert node_hash(opening.left, opening.right, opening.sums.body) == node.hash


def test_claim_proofs__are_those_of_the_tree(world: World, tree: SumTree) -> None:
    assert world.view.closed is not None
    for i, party in enumerate(world.contributors):
        account = party.key.account.address
        proof = world.relay.claim_proof(world.view.round_hash, account)
        assert proof.index == TEST.n + i
        assert list(proof.path) == tree.path(proof.index)
        leaf = tree.node(0, proof.index).hash
        assert verify_path(leaf, proof.index, proof.path, world.view.closed.root, tree.depth)
        check_counted(world.view, world.messages[account].leaf, party.enrolment, proof)


def test_leaves__are_the_messages_without_their_vectors(world: World) -> None:
    count, size = len(world.contributors), leaf_size(TEST)
    data = world.relay.leaves(world.view.round_hash, TEST.n, TEST.n + count)
    assert len(data) == count * size
    for i, party in enumerate(world.contributors):
        leaf = Leaf.decode(data[i * size : (i + 1) * size], TEST)
        assert leaf == world.messages[party.key.account.address].leaf


def test_job__of_late_seats_has_the_summed_corrections(world: World, tree: SumTree) -> None:
    for seat in range(TEST.n):
        job = world.relay.job(world.view.round_hash, seat)
        late = seat - TEST.reconstruction
        assert job.correction == (row_to_bytes(tree.root.sums.corrections[late]) if late >= 0 else b"")


def test_claim_proof__of_a_stranger__is_refused(world: World) -> None:
    with pytest.raises(RefusedError, match="not in the snapshot"):
        world.relay.claim_proof(world.view.round_hash, bytes(20))


@pytest.mark.parametrize("seat", [-1, TEST.n])
def test_job__of_no_seat__is_refused(world: World, seat: int) -> None:
    with pytest.raises(RefusedError, match="must be in"):
        world.relay.job(world.view.round_hash, seat)


def test_opening__of_no_inner_node__is_refused(world: World, tree: SumTree) -> None:
    for level, index in ((0, 0), (tree.depth + 1, 0), (tree.depth, 1), (1, -1)):
        with pytest.raises(RefusedError, match="no inner node"):
            world.relay.opening(world.view.round_hash, level, index)


def test_leaves__out_of_range__are_refused(world: World) -> None:
    end = TEST.n + len(world.contributors)
    for start, stop in ((0, 1), (TEST.n, end + 1), (end, end - 1)):
        with pytest.raises(RefusedError, match="must be within"):
            world.relay.leaves(world.view.round_hash, start, stop)


def test_before_publication__is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=1)
    world.contribute_all()
    hash_, account = world.view.round_hash, world.contributors[0].key.account.address
    for call in (
        lambda: world.relay.job(hash_, 0),
        lambda: world.relay.opening(hash_, 1, 0),
        lambda: world.relay.leaves(hash_, 5, 6),
        lambda: world.relay.claim_proof(hash_, account),
    ):
        with pytest.raises(RefusedError, match="not published"):
            call()


def test_publish__again__replaces(tmp_path: Path) -> None:
    world = World(tmp_path, TEST, contributors=9)
    world.contribute_all()
    first = world.close()
    world.relay.publish(world.view.round_hash, first.publication)
    assert world.relay.job(world.view.round_hash, 0).snapshot == first.snapshot
    assert world.reveal() == world.expected


# ---------------------------------------------------------------------- the record


def record_of(world: World) -> TreeRecord:
    leaves = (encode_leaf(leaf) for _, leaf in leaves_of(world))
    grown = (
        Subtree.decode(growth.run(), world.parameters)
        for growth in growths(leaves, world.parameters, world.parameters.n)
    )
    return TreeRecord(grown, world.parameters)


@pytest.mark.parametrize("height", [3, 4, 6, 7, 11])
def test_tree_record__from_subtrees_of_any_height__is_the_tree(
    world: World, tree: SumTree, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sda.relay.tree.SUBTREE_LEVEL", height)
    record = record_of(world)
    assert (record.depth, record.root) == (tree.depth, tree.root)
    assert [len(level) for level in record.levels] == [64 << (tree.depth - i) for i in range(tree.depth + 1)]
    for level in range(tree.depth + 1):
        for index in range(1 << (tree.depth - level)):
            assert record.hash(level, index) == tree.node(level, index).hash
            if (level, index) in record.sums:
                assert decode_sums(record.sums[level, index], TEST) == tree.node(level, index).sums
    occupied = TEST.n + len(world.contributors)
    kept = {(level, i) for level in range(KEPT_LEVEL, tree.depth + 1) for i in range(-(-occupied >> level))}
    assert set(record.sums) == kept | {(tree.depth, 0)}


@pytest.mark.parametrize("count", [0, 3, 2, 10, 11, 12])
def test_growths__take_every_leaf_once__in_its_place(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Around n + N = 8 and 16: whole subtrees, one leaf more, one less."""
    monkeypatch.setattr("sda.relay.tree.SUBTREE_LEVEL", 3)
    some = list(growths((bytes([i]) for i in range(count)), TEST, TEST.n))
    assert b"".join(growth.leaves for growth in some) == bytes(range(count))
    assert [growth.first for growth in some] == [TEST.n] + [0] * (len(some) - 1)
    assert len(some) == max(1, -(-(TEST.n + count) // 8))
    assert {growth.height for growth in some} == {3}
    assert all(growth.first + len(growth.leaves) == 8 for growth in some[:-1])


@pytest.mark.parametrize("parameters", [TEST, Parameters(n=3, t=1, k=2, length=3, bits=4, maximum=10)])
def test_sums__round_trip(tmp_path: Path, parameters: Parameters) -> None:
    world = World(tmp_path, parameters, contributors=3)
    world.contribute_all()
    sums = record_of(world).root.sums
    assert decode_sums(encode_sums(sums), parameters) == sums
