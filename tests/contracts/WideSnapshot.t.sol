// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IRoundPolicy} from "../../contracts/interfaces/IRoundPolicy.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {WideFixture} from "./WideFixture.sol";

/// @dev A wide round's terms and price, and the closed set that it is: a body in the place of points.
contract WideSnapshotTest is WideFixture {
    function refusedTerms(Terms memory terms, bytes memory reason) private {
        (BLS.G1Point memory key, Proof memory proof) = roundKey(DEVELOPER);
        vm.expectRevert(reason);
        vm.prank(DEVELOPER);
        rounds.request(terms, key, proof, type(uint256).max, noPermit);
    }

    function refused(Wide memory w, bytes memory reason) private {
        vm.expectRevert(reason);
        take(w.id, w.snapshot);
    }

    // ------------------------------------------------------------------ terms and price

    function test_request__asks_for_the_data_of_all_chunks() external {
        for (uint256 chunks = 2; chunks < 6; ++chunks) {
            Terms memory terms = wideTerms(chunks);
            (uint256 escrow, uint256 deposit) = policy.quote(terms);
            uint256 rows = 8 * wideFee(chunks, terms.maximum);
            uint256 rewards_ = 100 * uint256(terms.reward);
            assertEq(escrow, rows + rewards_ + BOUNTY + 2 * uint256(COMPLAINT_FEE), "escrow");
            assertEq(deposit, 4 * (8 * uint256(terms.flatFee) + ABORT_BURN), "deposit");
            uint256 before = token.balanceOf(DEVELOPER);
            uint256 id = request(terms);
            assertEq(before - token.balanceOf(DEVELOPER), escrow + deposit, "taken");
            assertTrue(rounds.round(id).wide, "wide");
        }
    }

    /// The developer may choose chunks smaller than they could be; none has blinding alone, or columns to spare.
    function test_request__m__from_two_to_one_more_than_the_columns() external {
        Terms memory terms = wideTerms(3); // 8 columns
        for (uint8 m = 2; m < 10; ++m) {
            terms.m = m;
            assertTrue(rounds.round(request(terms)).wide == (m < 9), "narrow with one chunk alone");
        }
        terms.m = 1;
        refusedTerms(terms, abi.encodeWithSelector(IRoundPolicy.InvalidTerm.selector, "m", 1, 2, 9));
        terms.m = 10;
        refusedTerms(terms, abi.encodeWithSelector(IRoundPolicy.InvalidTerm.selector, "m", 10, 2, 9));
    }

    /// Whoever holds more than n - R seats would have the sum from the others' rows.
    function test_request__data_of_all_chunks_as_high_as_the_bonds__reverts() external {
        Terms memory terms = wideTerms(5);
        // n - R + 1 = 3 bonds = 75 tokens, of which flat fees take 8 and rewards none.
        (terms.flatFee, terms.reward) = (1e18, 0);
        terms.rate = uint96(67e18 / (8 * uint256(100) * 4 * 5));
        assertTrue(8 * uint256(100) * 4 * 5 * terms.rate == 67e18, "exactly");
        refusedTerms(terms, abi.encodeWithSelector(IRoundPolicy.PaymentsExceedBonds.selector, 75e18, 75e18));
        terms.rate -= 1;
        assertTrue(rounds.round(request(terms)).wide, "wide");
    }

    // ------------------------------------------------------------------ the closed set

    function test_snapshot__stores_root_and_set_hash_over_the_body() external {
        Wide memory w = begun(wideTerms(3), 3);
        filled(w);
        IRounds.Snapshot memory s = w.snapshot;
        bytes32 root = keccak256(bytes.concat(s.left, s.right, s.body));
        bytes32 setHash = keccak256(
            abi.encodePacked(
                rounds.round(w.id).roundHash,
                uint256(COUNT),
                uint256(0),
                s.rosterRoot,
                s.enrolmentRoot,
                bytes32(0),
                s.body
            )
        );
        vm.expectEmit();
        emit IRounds.SnapshotTaken(w.id, root, setHash, COUNT, 0, s.rosterRoot, s.enrolmentRoot);
        take(w.id, s);
        assertEq(rounds.round(w.id).root, root, "root");
        assertEq(rounds.round(w.id).setHash, setHash, "set hash");
        assertState(w.id, IRounds.State.Disputing);
    }

    function test_snapshot__windows__rows_have_three() external {
        Wide memory w = closed(3);
        (, uint256 complaintEnd, uint256 rowEnd, uint256 claimEnd) = rounds.deadlines(w.id);
        assertEq(complaintEnd, block.timestamp + 10 minutes, "complaints");
        assertEq(rowEnd, complaintEnd + 60 minutes, "rows");
        assertEq(claimEnd, rowEnd + 7 days, "claims");
        vm.warp(complaintEnd - 1);
        assertState(w.id, IRounds.State.Disputing);
        vm.warp(complaintEnd);
        assertState(w.id, IRounds.State.Answering);
        vm.warp(rowEnd - 1);
        assertState(w.id, IRounds.State.Answering);
        vm.warp(rowEnd);
        assertState(w.id, IRounds.State.Failed);
    }

    function test_snapshot__of_a_wide_round_with_points_or_corrections__reverts() external {
        Wide memory w = begun(wideTerms(3), 3);
        filled(w);
        w.snapshot.points = w.chunks[0].points;
        refused(w, abi.encodeWithSelector(IRounds.WrongNumber.selector, "points", 8, 0));
        w.snapshot.points = new BLS.G1Point[](0);
        w.snapshot.corrections = new bytes32[](2);
        refused(w, abi.encodeWithSelector(IRounds.WrongNumber.selector, "corrections", 2, 0));
        w.snapshot.corrections = new bytes32[](0);
        take(w.id, w.snapshot);
    }

    function test_snapshot__of_a_narrow_round_with_a_body_or_without_points__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory snapshot = makeSnapshot(id, COUNT);
        snapshot.body = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IRounds.WrongNumber.selector, "body", 1, 0));
        take(id, snapshot);
        snapshot.body = 0;
        BLS.G1Point[] memory points = snapshot.points;
        snapshot.points = new BLS.G1Point[](0);
        vm.expectRevert(abi.encodeWithSelector(IRounds.WrongNumber.selector, "points", 0, 8));
        take(id, snapshot);
        snapshot.points = points;
        take(id, snapshot);
    }

    function test_snapshot__counts_and_noise_are_checked_as_in_a_narrow_round() external {
        Wide memory w = begun(wideTerms(3), 3);
        filled(w);
        w.snapshot.count = 2;
        refused(w, abi.encodeWithSelector(IRounds.CountOutOfRange.selector, 2, 3, 100));
        w.snapshot.count = 101;
        refused(w, abi.encodeWithSelector(IRounds.CountOutOfRange.selector, 101, 3, 100));
        (w.snapshot.count, w.snapshot.noise) = (COUNT, 1);
        refused(w, abi.encodeWithSelector(IRounds.NoiseUnexpected.selector, 1, 0));
    }

    /// The checks read the arguments as they came: wherever the snapshot stands in them.
    function test_snapshot__encoded_otherwise__is_the_same() external {
        Wide memory w = begun(wideTerms(3), 3);
        filled(w);
        bytes memory usual = abi.encode(w.snapshot); // its offset, then the struct
        bytes memory tail = new bytes(usual.length - 32);
        for (uint256 i = 0; i < tail.length; ++i) {
            tail[i] = usual[i + 32];
        }
        uint256 state = vm.snapshotState();
        take(w.id, w.snapshot);
        (bytes32 root, bytes32 setHash) = (rounds.round(w.id).root, rounds.round(w.id).setHash);
        vm.revertToState(state);

        bytes memory moved = abi.encodePacked(IRounds.snapshot.selector, w.id, uint256(160), "between", bytes25(0));
        moved = bytes.concat(moved, bytes32("more"), bytes32(0), tail, bytes32("behind"));
        vm.prank(DEVELOPER);
        (bool done,) = address(rounds).call(moved);
        assertTrue(done, "taken");
        assertEq(rounds.round(w.id).root, root, "root");
        assertEq(rounds.round(w.id).setHash, setHash, "set hash");
    }

    function test_snapshot__encoded_beyond_the_arguments__reverts() external {
        Wide memory w = begun(wideTerms(3), 3);
        filled(w);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 offset = i == 0 ? 1 << 20 : i == 1 ? type(uint256).max - 31 : type(uint64).max;
            bytes memory data = abi.encodePacked(IRounds.snapshot.selector, w.id, offset, abi.encode(w.snapshot));
            vm.prank(DEVELOPER);
            (bool done,) = address(rounds).call(data);
            assertTrue(!done, "taken");
        }
    }
}
