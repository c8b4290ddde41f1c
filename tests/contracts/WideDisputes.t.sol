// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Chunk, Complaint, Opening, Place} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Chunks} from "../../contracts/libraries/Chunks.sol";
import {Leaves} from "./Leaves.sol";
import {Merkle} from "./Merkle.sol";
import {Prover} from "./Prover.sol";
import {WideFixture} from "./WideFixture.sol";

/// @dev Bad shares and withheld nodes of one chunk among several.
contract WideDisputesTest is WideFixture {
    function refused(Wide memory w, Complaint memory complaint, bytes memory reason) private {
        address holder = operator(w.id, complaint.seat);
        vm.expectRevert(reason);
        vm.prank(holder);
        disputes.badShare(w.id, complaint);
    }

    // ------------------------------------------------------------------ bad shares

    /// Each seat derives its chunk at the chunk's place of the expansion, late ones with the chunk's correction.
    function test_badShare__in_each_chunk__of_each_seat() external {
        for (uint256 chunk = 0; chunk < 3; ++chunk) {
            Wide memory w = liedIn(3, chunk);
            for (uint8 seat = 0; seat < 8; ++seat) {
                uint256 state = vm.snapshotState();
                complainAbout(w, 0, chunk, seat);
                assertEq(rounds.round(w.id).excluded, 1, "upheld");
                vm.revertToState(state);
            }
        }
    }

    /// The other chunks of the same leaf are right: seeds reach them at the right offset.
    function test_badShare__of_a_right_chunk__reverts() external {
        Wide memory w = liedIn(5, 2);
        bytes memory nothing = abi.encodeWithSelector(ICases.NothingWrong.selector);
        for (uint256 chunk = 0; chunk < 5; ++chunk) {
            if (chunk == 2) continue;
            refused(w, complaintAbout(w, chunk, 0), nothing);
            refused(w, complaintAbout(w, chunk, 7), nothing);
        }
        complainAbout(w, 0, 2, 0);
    }

    /// Otherwise another part of the pad would convict an honest contributor.
    function test_badShare__of_one_chunk_at_anothers_place__reverts() external {
        Wide memory w = liedIn(3, 2);
        Complaint memory complaint = complaintAbout(w, 0, 0);
        bytes32[] memory path = complaint.chunk.path;
        complaint.chunk = Merkle.chunk(bodiesOf(w.lies[0]), 1);
        refusedBody(w, complaint);
        complaint.chunk = Chunk(1, path);
        refusedBody(w, complaint);
        complaint.chunk.index = 3;
        refused(w, complaint, abi.encodeWithSelector(Chunks.WrongChunk.selector, 3, 3));
        // C · m + i: an index whose product with m wraps to chunk 0's.
        complaint.chunk.index = 1 << 254;
        refused(w, complaint, abi.encodeWithSelector(Chunks.WrongChunk.selector, uint256(1 << 254), 3));
        complaint.chunk = Chunk(0, new bytes32[](0));
        refused(w, complaint, abi.encodeWithSelector(Chunks.WrongChunkDepth.selector, 0, 2));
    }

    function refusedBody(Wide memory w, Complaint memory complaint) private {
        address holder = operator(w.id, complaint.seat);
        vm.expectPartialRevert(ICases.NotOpened.selector);
        vm.prank(holder);
        disputes.badShare(w.id, complaint);
    }

    function test_badShare__late_seat_with_another_chunks_correction__reverts() external {
        Wide memory w = liedIn(3, 1);
        Complaint memory complaint = complaintAbout(w, 0, 7);
        complaint.correction = w.lies[0][2].corrections[1];
        refusedBody(w, complaint);
        complaint = complaintAbout(w, 0, 7);
        complaint.points = firstPoints(w.lies[0][2]);
        refusedBody(w, complaint);
    }

    function test_badShare__with_a_path_in_a_narrow_round__reverts() external {
        Contribution memory made = lied(defaultTerms(), COUNT);
        Complaint memory complaint = complaintOf(made, 0);
        complaint.chunk.path = new bytes32[](1);
        address holder = operator(made.id, 0);
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunkDepth.selector, 1, 0));
        vm.prank(holder);
        disputes.badShare(made.id, complaint);
        complaint.chunk = Chunk(1, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunk.selector, 1, 1));
        vm.prank(holder);
        disputes.badShare(made.id, complaint);
    }

    // ------------------------------------------------------------------ withheld leaves

    /// @dev By a seat, of a chunk of the first contributor's leaf.
    function challenged(Wide memory w, uint8 seat, uint256 chunk) private returns (uint256 challengeId) {
        address holder = operator(w.id, seat);
        require(token.transfer(holder, 1e18));
        Place memory place = Place(w.lies[0][0].index, w.lies[0][0].path);
        bytes32 node = Leaves.hash(rounds.round(w.id).roundHash, w.lies[0][0].signed.leaf);
        vm.prank(holder);
        token.approve(address(disputes), 1e18);
        vm.expectEmit();
        emit IDisputes.Challenged(
            w.id, disputes.challenges(), seat, 0, place.index, chunk, uint40(block.timestamp + 5 minutes)
        );
        vm.prank(holder);
        return disputes.challenge(w.id, seat, place, node, chunk, noPermit);
    }

    /// @param shown The chunk whose contents are shown, as what `chunk` says.
    /// @param refusal How it is refused; 0 if it is not.
    function answerLeaf(
        Wide memory w,
        uint256 challengeId,
        uint8 seat,
        uint256 shown,
        Chunk memory chunk,
        bytes4 refusal
    ) private {
        Contribution memory part = w.lies[0][shown];
        uint256[] memory correction = seat < 6 ? new uint256[](0) : part.corrections[seat - 6];
        BLS.G1Point[] memory points = firstPoints(part);
        bytes32[] memory corrections = excludedLeaf(part).corrections;
        BLS.G1Point memory key = Prover.publicKey(part.key);
        if (refusal != 0) vm.expectPartialRevert(refusal);
        disputes.answerLeaf(challengeId, part.signed, key, points, corrections, correction, chunk);
    }

    function test_answerLeaf__with_the_chunk_that_was_asked_for() external {
        Wide memory w = liedIn(3, 1);
        bytes32[] memory bodies = bodiesOf(w.lies[0]);
        for (uint8 seat = 0; seat < 8; seat += 7) {
            uint256 challengeId = challenged(w, seat, 2);
            assertEq(disputes.challengeOf(challengeId).chunk, 2, "chunk");
            answerLeaf(w, challengeId, seat, 1, Merkle.chunk(bodies, 1), ICases.WrongNumber.selector);
            answerLeaf(w, challengeId, seat, 1, Merkle.chunk(bodies, 2), ICases.NotOpened.selector);
            answerLeaf(w, challengeId, seat, 2, Chunk(2, Merkle.chunk(bodies, 1).path), ICases.NotOpened.selector);
            answerLeaf(w, challengeId, seat, 2, Merkle.chunk(bodies, 2), 0);
            assertEq(disputes.challengeOf(challengeId).deadline, 0, "answered");
        }
    }

    function test_challenge__of_no_chunk__reverts() external {
        Wide memory w = liedIn(3, 1);
        address holder = operator(w.id, 0);
        Place memory root = Place(0, new IRewards.Step[](0));
        bytes32 node = rounds.round(w.id).root;
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunk.selector, 3, 3));
        vm.prank(holder);
        disputes.challenge(w.id, 0, root, node, 3, noPermit);
        // It would be stored as chunk 0.
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunk.selector, 1 << 32, 3));
        vm.prank(holder);
        disputes.challenge(w.id, 0, root, node, 1 << 32, noPermit);
    }

    function test_challenge__unanswered__convicts() external {
        Wide memory w = liedIn(3, 1);
        uint256 challengeId = challenged(w, 0, 2);
        vm.warp(block.timestamp + 5 minutes);
        disputes.unanswered(challengeId);
        assertState(w.id, IRounds.State.Fraud);
    }

    // ------------------------------------------------------------------ withheld nodes

    struct Family {
        Opening[3] nodes; // of one chunk
        BLS.G1Point[][3] points;
        bytes[3] rows; // of seat 7
        bytes32[][3] bodies;
    }

    /// @dev A root and its children of which one chunk is known.
    function family(uint256 chunk) private view returns (Family memory f) {
        for (uint256 i = 3; i != 0; --i) {
            uint256 node = i - 1;
            Opening memory made = f.nodes[node];
            f.points[node] = new BLS.G1Point[](6);
            (made.count, made.words) = (node == 0 ? COUNT : i, new bytes32[](8));
            for (uint256 seat = 0; seat < 6; ++seat) {
                f.points[node][seat] = Prover.publicKey(100 * i + seat);
                made.words[seat] = Prover.hash(f.points[node][seat]);
            }
            f.rows[node] = abi.encode(i, i, i, i);
            made.words[7] = keccak256(f.rows[node]);
            f.bodies[node] = new bytes32[](3);
            for (uint256 c = 0; c < 3; ++c) {
                f.bodies[node][c] = keccak256(abi.encode("opaque", node, c));
            }
            f.bodies[node][chunk] = keccak256(abi.encodePacked(made.count, made.words));
            made.chunk = Merkle.chunk(f.bodies[node], chunk);
            if (node != 0) (made.left, made.right) = (bytes32(i), bytes32(i + 10));
        }
        (f.nodes[0].left, f.nodes[0].right) = (hashOf(f, 1), hashOf(f, 2));
    }

    function hashOf(Family memory f, uint256 node) private pure returns (bytes32) {
        return keccak256(bytes.concat(f.nodes[node].left, f.nodes[node].right, Merkle.root(f.bodies[node])));
    }

    function test_answerNode__with_the_chunk_that_was_asked_for() external {
        Wide memory w = begun(wideTerms(3), 3);
        filled(w);
        Family memory f = family(2);
        (w.snapshot.left, w.snapshot.right) = (f.nodes[0].left, f.nodes[0].right);
        w.snapshot.body = Merkle.root(f.bodies[0]);
        take(w.id, w.snapshot);
        uint256 challengeId = rootChallenged(w, 7, 2);

        bytes32[] memory path = f.nodes[1].chunk.path;
        f.nodes[1].chunk = Merkle.chunk(f.bodies[1], 1);
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.answerNode(challengeId, f.nodes, f.points, f.rows);
        f.nodes[1].chunk = Chunk(2, path);
        bytes memory row = f.rows[2];
        f.rows[2] = f.rows[1];
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.answerNode(challengeId, f.nodes, f.points, f.rows);
        f.rows[2] = row;
        disputes.answerNode(challengeId, f.nodes, f.points, f.rows);
        assertEq(disputes.challengeOf(challengeId).deadline, 0, "answered");

        // The same openings do not answer for another chunk.
        challengeId = rootChallenged(w, 7, 1);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "chunk", 2, 1));
        disputes.answerNode(challengeId, f.nodes, f.points, f.rows);
    }

    function rootChallenged(Wide memory w, uint8 seat, uint256 chunk) private returns (uint256) {
        address holder = operator(w.id, seat);
        require(token.transfer(holder, 1e18));
        bytes32 node = rounds.round(w.id).root;
        vm.prank(holder);
        token.approve(address(disputes), 1e18);
        vm.prank(holder);
        return disputes.challenge(w.id, seat, Place(0, new IRewards.Step[](0)), node, chunk, noPermit);
    }
}
