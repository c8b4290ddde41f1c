// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Chunk, Opening, Place} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IFrauds} from "../../contracts/interfaces/IFrauds.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Chunks} from "../../contracts/libraries/Chunks.sol";
import {Dealer} from "./Dealer.sol";
import {FraudsFixture} from "./FraudsFixture.sol";
import {Merkle} from "./Merkle.sol";
import {Nodes} from "./Nodes.sol";
import {Prover} from "./Prover.sol";

/// @dev A developer's frauds in one chunk of three, and the honest chunk next to them that convicts nobody.
contract WideFraudsTest is FraudsFixture {
    uint256 private constant CHUNKS = 3;

    /// @dev 36 slots to an element, 3 elements to a column, 3 columns to a chunk.
    function wideTerms() private pure returns (Terms memory terms) {
        terms = defaultTerms();
        (terms.m, terms.length) = (4, uint32(36 * 3 * 3 * CHUNKS));
    }

    function makeSnapshot(uint256 id, uint32 count) internal view override returns (IRounds.Snapshot memory snapshot) {
        snapshot = super.makeSnapshot(id, count);
        if (!rounds.round(id).wide) return snapshot;
        snapshot.points = new BLS.G1Point[](0);
        snapshot.corrections = new bytes32[](0);
        snapshot.body = "opaque";
    }

    // ------------------------------------------------------------------ nodes of which each chunk is a family

    struct Families {
        Nodes.Family[CHUNKS] chunks;
        bytes32 node;
    }

    /// @dev All chunks over the same two children: chunk c's are these, its node's count and points what the families say.
    function joined(Nodes.Family[CHUNKS] memory chunks) private pure returns (Families memory f) {
        f.chunks = chunks;
        bytes32 left = joinOne(chunks[0].left, chunks[1].left, chunks[2].left);
        bytes32 right = joinOne(chunks[0].right, chunks[1].right, chunks[2].right);
        for (uint256 c = 0; c < CHUNKS; ++c) {
            (chunks[c].node.left, chunks[c].node.right) = (left, right);
        }
        f.node = joinOne(chunks[0].node, chunks[1].node, chunks[2].node);
    }

    /// @return Hash of the node over three chunks, each of which now says how it leads there.
    function joinOne(Opening memory first, Opening memory second, Opening memory third) private pure returns (bytes32) {
        bytes32[] memory bodies = new bytes32[](CHUNKS);
        bodies[0] = keccak256(abi.encodePacked(first.count, first.words));
        bodies[1] = keccak256(abi.encodePacked(second.count, second.words));
        bodies[2] = keccak256(abi.encodePacked(third.count, third.words));
        first.chunk = Merkle.chunk(bodies, 0);
        second.chunk = Merkle.chunk(bodies, 1);
        third.chunk = Merkle.chunk(bodies, 2);
        return keccak256(bytes.concat(first.left, first.right, Merkle.root(bodies)));
    }

    /// @dev Right but for the points of chunk 1.
    function badSecond() private view returns (Families memory) {
        return joined([Nodes.family(8, 7, 3, 4), Nodes.family(8, 12, 5, 6), Nodes.family(8, 9, 1, 8)]);
    }

    function closedOver(Families memory f) private returns (Closed memory) {
        return closedOver(opened(wideTerms()), f.node, 1, 4);
    }

    function show(Closed memory c, Families memory f, uint256 chunk, uint8 seat) private {
        Nodes.Family memory one = f.chunks[chunk];
        vm.prank(ANYONE);
        judge.badSum(c.id, seat, c.place, one.node, one.left, one.right, one.values);
    }

    function test_badSum__in_one_chunk() external {
        Families memory f = badSecond();
        Closed memory c = closedOver(f);
        for (uint256 chunk = 0; chunk < 3; chunk += 2) {
            vm.expectRevert(ICases.NothingWrong.selector);
            show(c, f, chunk, 0);
        }
        vm.expectEmit();
        emit IFrauds.Convicted(c.id, IFrauds.Fraud.Sum, 4, ANYONE);
        show(c, f, 1, 0);
        assertFraud(c.id);
    }

    function test_badSum__correction_rows_of_one_chunk() external {
        Families memory f = badSecond();
        bytes memory three = abi.encode(uint256(3), uint256(0), uint256(G1.Q - 1), uint256(1));
        bytes memory four = abi.encode(uint256(4), uint256(0), uint256(2), uint256(1));
        Nodes.setValues(f.chunks[0], 7, abi.encode(uint256(7), uint256(0), uint256(1), uint256(2)), three, four);
        Nodes.setValues(f.chunks[2], 7, abi.encode(uint256(7), uint256(0), uint256(1), uint256(3)), three, four);
        // Rows of a narrow round of m = 2.
        Nodes.setValues(f.chunks[1], 7, abi.encode(uint256(3), uint256(3)), abi.encode(1, 1), abi.encode(2, 2));
        f = joined(f.chunks);
        Closed memory c = closedOver(f);
        vm.expectRevert(ICases.NothingWrong.selector);
        show(c, f, 0, 7);
        uint256 state = vm.snapshotState();
        show(c, f, 1, 7);
        assertState(c.id, IRounds.State.Fraud);
        vm.revertToState(state);
        show(c, f, 2, 7);
        assertState(c.id, IRounds.State.Fraud);
    }

    /// A node's chunk beside another chunk of its children: their sums say nothing.
    function test_nodes__of_mixed_chunks__reverts() external {
        Families memory f = badSecond();
        Closed memory c = closedOver(f);
        Nodes.Family memory zero = f.chunks[0];
        Nodes.Family memory two = f.chunks[2];
        bytes[3] memory values = [zero.values[0], two.values[1], zero.values[2]];
        bytes memory mixed = abi.encodeWithSelector(ICases.WrongNumber.selector, "chunk", 2, 0);
        vm.expectRevert(mixed);
        judge.badSum(c.id, 0, c.place, zero.node, two.left, zero.right, values);
        vm.expectRevert(mixed);
        judge.badSum(c.id, 0, c.place, zero.node, zero.left, two.right, values);
        vm.expectRevert(mixed);
        judge.badCount(c.id, c.place, zero.node, two.left, zero.right);
        vm.expectRevert(mixed);
        judge.badCount(c.id, c.place, zero.node, zero.left, two.right);
        // Called what it is not.
        two.left.chunk.index = 0;
        vm.expectPartialRevert(ICases.NotOpened.selector);
        judge.badSum(c.id, 0, c.place, zero.node, two.left, zero.right, values);
    }

    function test_badCount__in_one_chunk() external {
        Families memory f = badSecond();
        f.chunks[2].node.count = 3;
        f = joined(f.chunks);
        Closed memory c = closedOver(f);
        Nodes.Family memory one = f.chunks[1];
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badCount(c.id, c.place, one.node, one.left, one.right);
        Nodes.Family memory two = f.chunks[2];
        convictedOf(c.id, IFrauds.Fraud.Count, 4);
        judge.badCount(c.id, c.place, two.node, two.left, two.right);
        assertFraud(c.id);
    }

    function test_node__outside_of_the_chunks__reverts() external {
        Families memory f = badSecond();
        Closed memory c = closedOver(f);
        Nodes.Family memory one = f.chunks[1];
        one.node.chunk.index = 3;
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunk.selector, 3, 3));
        judge.badSum(c.id, 0, c.place, one.node, one.left, one.right, one.values);
        one.node.chunk = Chunk(0, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunkDepth.selector, 0, 2));
        judge.badSum(c.id, 0, c.place, one.node, one.left, one.right, one.values);
    }

    // ------------------------------------------------------------------ the root's count

    /// @dev Chunks of the root that count so many.
    function rootOf(uint256[CHUNKS] memory counts) private returns (uint256 id, Opening[CHUNKS] memory chunks) {
        id = opened(wideTerms());
        IRounds.Snapshot memory snapshot = makeSnapshot(id, COUNT);
        bytes32[] memory bodies = new bytes32[](CHUNKS);
        for (uint256 c = 0; c < CHUNKS; ++c) {
            chunks[c] = Nodes.opening(8, "root", counts[c], keccak256(abi.encode(c)));
            bodies[c] = keccak256(abi.encodePacked(counts[c], chunks[c].words));
            (chunks[c].left, chunks[c].right) = (snapshot.left, snapshot.right);
        }
        for (uint256 c = 0; c < CHUNKS; ++c) {
            chunks[c].chunk = Merkle.chunk(bodies, c);
        }
        snapshot.body = Merkle.root(bodies);
        take(id, snapshot);
    }

    /// Fees and rewards are for the snapshot's N; nobody checked it against the body.
    function test_badRootCount__of_one_chunk() external {
        (uint256 id, Opening[CHUNKS] memory chunks) = rootOf([uint256(COUNT), COUNT, COUNT + 1]);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badRootCount(id, chunks[0]);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badRootCount(id, chunks[1]);
        // Not the root's.
        chunks[1].count += 1;
        vm.expectPartialRevert(ICases.NotOpened.selector);
        judge.badRootCount(id, chunks[1]);
        convictedOf(id, IFrauds.Fraud.Count, 0);
        judge.badRootCount(id, chunks[2]);
        assertFraud(id);
    }

    function test_badRootCount__of_a_count_beyond_any() external {
        (uint256 id, Opening[CHUNKS] memory chunks) = rootOf([(1 << 32) + uint256(COUNT), COUNT, COUNT]);
        judge.badRootCount(id, chunks[0]);
        assertState(id, IRounds.State.Fraud);
    }

    /// In a narrow round the contract made the body itself, from the count that it stored.
    function test_badRootCount__in_a_narrow_round__never_convicts() external {
        uint256 id = disputing(COUNT);
        IRounds.Snapshot memory snapshot = makeSnapshot(id, COUNT);
        Opening memory root = Opening(snapshot.left, snapshot.right, COUNT, new bytes32[](8), whole);
        for (uint256 seat = 0; seat < 8; ++seat) {
            root.words[seat] = seat < 6 ? Prover.hash(snapshot.points[seat]) : snapshot.corrections[seat - 6];
        }
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badRootCount(id, root);
    }

    function test_badRootCount__after_the_window__reverts() external {
        (uint256 id, Opening[CHUNKS] memory chunks) = rootOf([uint256(COUNT), COUNT, COUNT + 1]);
        vm.warp(toComplaints(id));
        vm.expectRevert(wrongState(id, IRounds.State.Answering));
        judge.badRootCount(id, chunks[2]);
    }

    // ------------------------------------------------------------------ leaves

    /// @dev A tree with a leaf of three chunks.
    function leafOver(Opening[CHUNKS] memory chunks, uint256 index) private returns (Closed memory) {
        return closedOver(opened(wideTerms()), joinOne(chunks[0], chunks[1], chunks[2]), 0, index);
    }

    function leafChunks() private pure returns (Opening[CHUNKS] memory chunks) {
        for (uint256 c = 0; c < CHUNKS; ++c) {
            chunks[c] = Nodes.opening(8, "leaf", 1, keccak256(abi.encode(c)));
        }
    }

    function test_badLeafCount__of_one_chunk() external {
        Opening[CHUNKS] memory chunks = leafChunks();
        chunks[2].count = 2;
        Closed memory c = leafOver(chunks, 12);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafCount(c.id, c.place, chunks[0]);
        convictedOf(c.id, IFrauds.Fraud.Count, 12);
        judge.badLeafCount(c.id, c.place, chunks[2]);
    }

    function test_badLeafPoint__of_one_chunk() external {
        Opening[CHUNKS] memory chunks = leafChunks();
        chunks[1].words[4] = Prover.hash(outsideOfGroup());
        chunks[2].words[4] = Prover.hash(Prover.publicKey(5));
        Closed memory c = leafOver(chunks, 9);
        BLS.G1Point memory inside = Prover.publicKey(5);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafPoint(c.id, 4, c.place, chunks[2], inside);
        vm.expectPartialRevert(ICases.NotOpened.selector);
        judge.badLeafPoint(c.id, 4, c.place, chunks[2], outsideOfGroup());
        convictedOf(c.id, IFrauds.Fraud.Point, 9);
        judge.badLeafPoint(c.id, 4, c.place, chunks[1], outsideOfGroup());
        assertFraud(c.id);
    }

    // ------------------------------------------------------------------ what fills the tree up

    /// @dev The leaf of nothing: as many chunks of zeros.
    function emptyLeaf(uint256 chunks, uint256 m) private pure returns (bytes32) {
        bytes32[] memory words = new bytes32[](8);
        for (uint256 seat = 0; seat < 8; ++seat) {
            words[seat] = seat < 6 ? keccak256(new bytes(128)) : keccak256(new bytes(32 * m));
        }
        bytes32[] memory bodies = new bytes32[](chunks);
        for (uint256 c = 0; c < chunks; ++c) {
            bodies[c] = keccak256(abi.encodePacked(uint256(0), words));
        }
        return keccak256(bytes.concat(bytes32(0), bytes32(0), Merkle.root(bodies)));
    }

    function filledWith(bytes32 hash, uint256 index) private returns (Closed memory c, IRounds.Set memory set) {
        c = closedOver(opened(wideTerms()), hash, 0, index);
        set = Dealer.setOf(c.snapshot);
    }

    function test_badFill__with_the_fill_of_all_chunks__convicts_where_it_does_not_belong() external {
        bytes32 fill = emptyLeaf(CHUNKS, 4);
        (Closed memory c, IRounds.Set memory set) = filledWith(fill, 14);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badFill(c.id, c.place, set, fill);
        (c, set) = filledWith(fill, 2);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badFill(c.id, c.place, set, fill);
        (c, set) = filledWith(fill, 12);
        convictedOf(c.id, IFrauds.Fraud.Kind, 12);
        judge.badFill(c.id, c.place, set, fill);
        assertFraud(c.id);
    }

    /// What fills a narrow round's tree, or one of another number of chunks, is something here.
    function test_badFill__with_another_rounds_fill__convicts() external {
        bytes32[3] memory others = [emptyLeaf(1, 4), emptyLeaf(CHUNKS + 1, 4), emptyLeaf(CHUNKS, 3)];
        for (uint256 i = 0; i < 3; ++i) {
            (Closed memory c, IRounds.Set memory set) = filledWith(others[i], 14);
            convictedOf(c.id, IFrauds.Fraud.Kind, 14);
            judge.badFill(c.id, c.place, set, others[i]);
        }
    }
}
