// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Dealer} from "./Dealer.sol";
import {Prover} from "./Prover.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev The closed set: who may commit to it, when, and that its points are a codeword.
contract RoundsSnapshotTest is RoundsFixture {
    // ------------------------------------------------------------------ taken

    function test_snapshot__stores_root_count_and_set_hash() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        bytes32 root = keccak256(bytes.concat(made.left, made.right, Dealer.rootBody(made)));
        bytes32 setHash = keccak256(
            abi.encodePacked(
                rounds.round(id).roundHash,
                uint256(5),
                uint256(0),
                made.rosterRoot,
                made.enrolmentRoot,
                bytes32(0),
                Dealer.pointHashes(made.points)
            )
        );
        vm.expectEmit();
        emit IRounds.SnapshotTaken(id, root, setHash, 5, 0, made.rosterRoot, made.enrolmentRoot);
        take(id, made);

        IRounds.Round memory facts = rounds.round(id);
        assertEq(facts.root, root, "root");
        assertEq(facts.setHash, setHash, "set hash");
        assertEq(facts.count, 5, "count");
        assertEq(facts.snapshotAt, block.timestamp, "time");
        assertState(id, IRounds.State.Disputing);
    }

    function test_snapshot__windows_count_from_it() external {
        uint256 id = collecting();
        vm.warp(block.timestamp + 1234);
        take(id, makeSnapshot(id, 5));
        (, uint256 complaintEnd, uint256 rowEnd, uint256 claimEnd) = rounds.deadlines(id);
        assertEq(complaintEnd, block.timestamp + 10 minutes, "complaints");
        assertEq(rowEnd, complaintEnd + 20 minutes, "rows");
        assertEq(claimEnd, rowEnd + 7 days, "claims");
        vm.warp(complaintEnd - 1);
        assertState(id, IRounds.State.Disputing);
        vm.warp(complaintEnd);
        assertState(id, IRounds.State.Answering);
        vm.warp(rowEnd - 1);
        assertState(id, IRounds.State.Answering);
        vm.warp(rowEnd);
        assertState(id, IRounds.State.Failed);
    }

    function test_snapshot__in_the_last_second__is_accepted() external {
        uint256 id = collecting();
        (uint256 end,,,) = rounds.deadlines(id);
        vm.warp(end - 1);
        take(id, makeSnapshot(id, 5));
        assertState(id, IRounds.State.Disputing);
    }

    function test_snapshot__minimum_and_maximum__are_accepted() external {
        uint256 id = collecting();
        take(id, makeSnapshot(id, 3));
        assertEq(rounds.round(id).count, 3, "minimum");
        id = collecting();
        take(id, makeSnapshot(id, 100));
        assertEq(rounds.round(id).count, 100, "maximum");
    }

    /// n = R: any points of the group are a codeword.
    function test_snapshot__all_seats_needed__takes_any_points_of_the_group() external {
        uint256 id = collecting(allNeeded());
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        assertEq(made.corrections.length, 0, "no late seats");
        made.points[3] = Prover.publicKey(17);
        take(id, made);
        assertState(id, IRounds.State.Disputing);
    }

    function test_snapshot__identity_points__are_a_codeword() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        made.points = new BLS.G1Point[](8);
        take(id, made);
        assertState(id, IRounds.State.Disputing);
    }

    /// Every codeword of a whole committee's size passes, not only the fixture's.
    function testFuzz_snapshot__any_codeword__is_accepted(uint8 n, uint8 t, uint8 k, bytes32 seed) external {
        Terms memory terms = defaultTerms();
        terms.n = uint8(bound(n, 2, 12));
        terms.t = uint8(bound(t, 1, terms.n - 1));
        terms.k = uint8(bound(k, 1, terms.n - terms.t));
        uint256 id = collecting(terms);
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        made.points = Dealer.deal(terms, bases, seed).points;
        take(id, made);
        assertState(id, IRounds.State.Disputing);
    }

    // ------------------------------------------------------------------ who and when

    function test_snapshot__by_a_stranger__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDeveloper.selector, id, STRANGER));
        vm.prank(STRANGER);
        rounds.snapshot(id, made);
        address seatHolder = operator(id, 0);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDeveloper.selector, id, seatHolder));
        vm.prank(seatHolder);
        rounds.snapshot(id, made);
    }

    function test_snapshot__twice__reverts() external {
        uint256 id = disputing(5);
        refused(id, makeSnapshot(id, 5), wrongState(id, IRounds.State.Disputing));
        toRows(id);
        refused(id, makeSnapshot(id, 6), wrongState(id, IRounds.State.Answering));
    }

    function test_snapshot__before_the_draw__reverts() external {
        uint256 drawn = collecting();
        IRounds.Snapshot memory made = makeSnapshot(drawn, 5);
        uint256 id = request(defaultTerms());
        refused(id, made, wrongState(id, IRounds.State.Requested));
        refused(id + 1, made, wrongState(id + 1, IRounds.State.None));
    }

    function test_snapshot__exactly_at_the_end__reverts() external {
        uint256 id = collecting();
        (uint256 end,,,) = rounds.deadlines(id);
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        vm.warp(end);
        refused(id, made, wrongState(id, IRounds.State.Abandoned));
    }

    function test_snapshot__given_up__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        vm.prank(DEVELOPER);
        rounds.abandon(id);
        refused(id, made, wrongState(id, IRounds.State.Abandoned));
    }

    // ------------------------------------------------------------------ shape

    function test_snapshot__under_the_minimum__reverts() external {
        uint256 id = collecting();
        refused(id, makeSnapshot(id, 2), abi.encodeWithSelector(IRounds.CountOutOfRange.selector, 2, 3, 100));
        refused(id, makeSnapshot(id, 0), abi.encodeWithSelector(IRounds.CountOutOfRange.selector, 0, 3, 100));
    }

    function test_snapshot__over_the_maximum__reverts() external {
        uint256 id = collecting();
        refused(id, makeSnapshot(id, 101), abi.encodeWithSelector(IRounds.CountOutOfRange.selector, 101, 3, 100));
    }

    function test_snapshot__a_point_too_few_or_too_many__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        BLS.G1Point[] memory all = made.points;
        made.points = resized(all, 7);
        refused(id, made, wrongNumber("points", 7, 8));
        made.points = resized(all, 9);
        refused(id, made, wrongNumber("points", 9, 8));
        made.points = new BLS.G1Point[](0);
        refused(id, made, wrongNumber("points", 0, 8));
    }

    function test_snapshot__a_correction_too_few_or_too_many__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        made.corrections = new bytes32[](1);
        refused(id, made, wrongNumber("corrections", 1, 2));
        made.corrections = new bytes32[](3);
        refused(id, made, wrongNumber("corrections", 3, 2));
    }

    // ------------------------------------------------------------------ noise

    function test_snapshot__noise_in_a_round_without__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        made.noise = 1;
        refused(id, made, abi.encodeWithSelector(IRounds.NoiseUnexpected.selector, 1, 0));
    }

    function test_snapshot__noise_of_a_seat_that_is_none__reverts() external {
        uint256 id = collecting(noisyTerms());
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        made.noise = 0x1ff;
        refused(id, made, abi.encodeWithSelector(IRounds.NoiseUnexpected.selector, 0x1ff, 0xff));
        made.noise = type(uint64).max;
        refused(id, made, abi.encodeWithSelector(IRounds.NoiseUnexpected.selector, type(uint64).max, 0xff));
    }

    /// n - s = 6 dealers must be there.
    function test_snapshot__too_little_noise__reverts() external {
        uint256 id = collecting(noisyTerms());
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        refused(id, made, abi.encodeWithSelector(IRounds.NoiseMissing.selector, 0, 6));
        made.noise = 0x1f;
        refused(id, made, abi.encodeWithSelector(IRounds.NoiseMissing.selector, 0x1f, 6));
        made.noise = 0xb7;
        take(id, made);
        assertState(id, IRounds.State.Disputing);
    }

    function test_snapshot__noise_of_all__is_accepted_and_bound_by_the_set_hash() external {
        uint256 id = collecting(noisyTerms());
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        made.noise = 0xff;
        uint256 before = vm.snapshotState();
        take(id, made);
        bytes32 all = rounds.round(id).setHash;
        vm.revertToState(before);
        made.noise = 0x7f;
        take(id, made);
        assertTrue(rounds.round(id).setHash != all, "another set");
    }

    // ------------------------------------------------------------------ points

    /// Also a single late seat's: its clerk could otherwise be slashed for the right row.
    function test_snapshot__any_single_point_changed__reverts() external {
        uint256 id = collecting();
        for (uint256 seat = 0; seat < 8; ++seat) {
            IRounds.Snapshot memory made = makeSnapshot(id, 5);
            made.points[seat] = BLS.add(made.points[seat], Prover.generator());
            refused(id, made, abi.encodePacked(IRounds.NotACodeword.selector));
        }
    }

    function test_snapshot__two_points_swapped__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        (made.points[1], made.points[6]) = (made.points[6], made.points[1]);
        refused(id, made, abi.encodePacked(IRounds.NotACodeword.selector));
    }

    /// Points of degree R: one more than the clerks' rows can explain.
    function test_snapshot__polynomial_of_a_degree_too_high__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        Terms memory higher = defaultTerms();
        higher.k += 1;
        made.points = Dealer.deal(higher, bases, "higher").points;
        refused(id, made, abi.encodePacked(IRounds.NotACodeword.selector));
    }

    function testFuzz_snapshot__any_deviation__reverts(uint256 seats, uint256[8] memory factors) external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        // At most two seats deviate: a code of distance 3 has no other word there.
        (uint256 first, uint256 second) = (seats % 8, (seats >> 8) % 8);
        made.points[first] = BLS.add(made.points[first], Prover.publicKey(1 + factors[first] % 1e18));
        if (second != first) {
            made.points[second] = BLS.add(made.points[second], Prover.publicKey(1 + factors[second] % 1e18));
        }
        refused(id, made, abi.encodePacked(IRounds.NotACodeword.selector));
    }

    function test_snapshot__a_point_off_the_curve__reverts() external {
        uint256 id = collecting();
        for (uint256 seat = 0; seat < 8; seat += 7) {
            IRounds.Snapshot memory made = makeSnapshot(id, 5);
            made.points[seat].y_b = bytes32(uint256(made.points[seat].y_b) ^ 1);
            refused(id, made, abi.encodePacked(IRounds.PointsInvalid.selector));
        }
    }

    function test_snapshot__a_coordinate_beyond_the_field__reverts() external {
        uint256 id = collecting();
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        made.points[2].x_a = bytes32(type(uint256).max);
        refused(id, made, abi.encodePacked(IRounds.PointsInvalid.selector));
    }

    function test_snapshot__a_point_outside_the_subgroup__reverts() external {
        uint256 id = collecting();
        for (uint256 seat = 0; seat < 8; seat += 7) {
            IRounds.Snapshot memory made = makeSnapshot(id, 5);
            made.points[seat] = BLS.add(made.points[seat], torsion());
            refused(id, made, abi.encodePacked(IRounds.PointsInvalid.selector));
        }
    }

    /// n = R: there is no equation to fail, the subgroup is checked all the same.
    function test_snapshot__all_seats_needed_and_a_bad_point__reverts() external {
        uint256 id = collecting(allNeeded());
        IRounds.Snapshot memory made = makeSnapshot(id, 5);
        BLS.G1Point memory good = made.points[4];
        made.points[4] = BLS.add(good, torsion());
        refused(id, made, abi.encodePacked(IRounds.PointsInvalid.selector));
        made.points[4] = good;
        made.points[4].y_b = bytes32(uint256(good.y_b) ^ 1);
        refused(id, made, abi.encodePacked(IRounds.PointsInvalid.selector));
    }

    /// A sender that starves the precompile of gas gets no verdict.
    function test_snapshot__starved_of_gas__reverts_and_is_no_verdict() external {
        uint256 id = collecting();
        bytes memory input = abi.encodeCall(IRounds.snapshot, (id, makeSnapshot(id, 5)));
        uint256 starved;
        for (uint256 gas_ = 20_000; gas_ < 180_000; gas_ += 2_000) {
            uint256 before = vm.snapshotState();
            vm.prank(DEVELOPER);
            (bool success, bytes memory reason) = address(rounds).call{gas: gas_}(input);
            bytes4 verdict = reason.length < 4 ? bytes4(0) : bytes4(reason);
            assertTrue(verdict != IRounds.PointsInvalid.selector, "starving must not look like a bad point");
            assertTrue(verdict != IRounds.NotACodeword.selector, "nor like a bad word");
            assertTrue(success || rounds.round(id).snapshotAt == 0, "all or nothing");
            if (verdict == G1.NotEnoughGas.selector) ++starved;
            vm.revertToState(before);
        }
        assertTrue(starved != 0, "the guard was reached");
    }

    // ------------------------------------------------------------------ giving up

    function test_abandon__by_a_stranger_or_in_another_state__reverts() external {
        uint256 id = request(defaultTerms());
        vm.expectRevert(wrongState(id, IRounds.State.Requested));
        vm.prank(DEVELOPER);
        rounds.abandon(id);
        draw(id);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDeveloper.selector, id, STRANGER));
        vm.prank(STRANGER);
        rounds.abandon(id);
        take(id, makeSnapshot(id, 5));
        vm.expectRevert(wrongState(id, IRounds.State.Disputing));
        vm.prank(DEVELOPER);
        rounds.abandon(id);
    }

    // ------------------------------------------------------------------ helpers

    function allNeeded() private pure returns (Terms memory terms) {
        terms = defaultTerms();
        terms.k = 5;
    }

    /// @dev (0, 2) is on the curve and of order 3.
    function torsion() private pure returns (BLS.G1Point memory point) {
        point.y_b = bytes32(uint256(2));
    }

    function resized(BLS.G1Point[] memory points_, uint256 length) private pure returns (BLS.G1Point[] memory made) {
        made = new BLS.G1Point[](length);
        for (uint256 i = 0; i < length && i < points_.length; ++i) {
            made[i] = points_[i];
        }
    }

    function wrongNumber(string memory field, uint256 given, uint256 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRounds.WrongNumber.selector, field, given, required);
    }

    function refused(uint256 id, IRounds.Snapshot memory made, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(DEVELOPER);
        rounds.snapshot(id, made);
    }
}
