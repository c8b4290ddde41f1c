// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ExcludedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Prover} from "./Prover.sol";

/// @dev Excluded leaves taken out of the closed set: who is paid for what is left, and what cannot be passed off as it.
contract SettlingTest is DisputesFixture {
    uint32 private constant COUNT = 5;
    bytes private stored;

    function setUp() public override {
        super.setUp();
        stored = abi.encode(lied(defaultTerms(), COUNT));
    }

    function load() private view returns (Contribution memory) {
        return abi.decode(stored, (Contribution));
    }

    function test_settle__rows_are_over_what_is_left() external {
        Contribution memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        assertState(lie.id, IRounds.State.Settling);
        settle(lie);
        assertState(lie.id, IRounds.State.Answering);
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        set.points = Dealer.pointHashes(sharing(lie.id).points);
        set.count -= 1;
        set.exclusions = keccak256(abi.encode(lie.index));
        for (uint8 seat = 0; seat < 8; ++seat) {
            submit(lie.id, seat, set, sharing(lie.id).rows[seat]);
        }
        assertState(lie.id, IRounds.State.Completed);
        uint256 before = rounds.balanceOf(operator(lie.id, 3));
        close(lie.id);
        assertEq(rounds.balanceOf(operator(lie.id, 3)) - before, fee(defaultTerms(), COUNT - 1), "N is smaller");
        assertEq(token.balanceOf(address(rewards)), (COUNT - 1) * uint256(defaultTerms().reward), "one reward less");
        vm.expectRevert(abi.encodeWithSelector(IRewards.AlreadyClaimed.selector, lie.id, lie.index));
        rewards.claim(lie.id, lie.index, lie.signed.leaf, lie.path);
    }

    function test_settle__rows_before_it__are_refused() external {
        Contribution memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        uint256[] memory row = sharing(lie.id).rows[1];
        address holder = operator(lie.id, 1);
        vm.expectRevert(wrongState(lie.id, IRounds.State.Settling));
        vm.prank(holder);
        rounds.submitRow(lie.id, 1, set, row);
    }

    function test_settle__too_early_or_twice_or_without_exclusions__reverts() external {
        Contribution memory lie = load();
        settleRefused(wrongState(lie.id, IRounds.State.Disputing));
        complain(lie, 0);
        settleRefused(wrongState(lie.id, IRounds.State.Disputing));
        vm.warp(toComplaints(lie.id));
        settle(lie);
        settleRefused(wrongState(lie.id, IRounds.State.Answering));
    }

    function settleRefused(bytes memory reason) private {
        Contribution memory lie = load();
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        BLS.G1Point[] memory points = sharing(lie.id).points;
        IDisputes.Exclusion[] memory queue = verdicts(lie);
        vm.expectRevert(reason);
        disputes.settle(lie.id, set, points, queue, new ExcludedLeaf[](1));
    }

    function test_settle__other_points_than_the_difference__reverts() external {
        Contribution memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        Contribution memory wrong = lie;
        wrong.points[0] = Prover.multiply(wrong.points[0], 3);
        vm.expectRevert();
        this.settleOf(wrong);
    }

    function settleOf(Contribution calldata wrong) external {
        settle(wrong);
    }

    function test_settle__another_set_or_queue_or_shape__reverts() external {
        Contribution memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        BLS.G1Point[] memory points = sharing(lie.id).points;
        IDisputes.Exclusion[] memory queue = verdicts(lie);
        ExcludedLeaf[] memory leaves = new ExcludedLeaf[](1);

        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "leaves", 0, 1));
        disputes.settle(lie.id, set, points, queue, new ExcludedLeaf[](0));
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 7, 8));
        disputes.settle(lie.id, set, new BLS.G1Point[](7), queue, leaves);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 0, 6));
        disputes.settle(lie.id, set, points, queue, leaves);
        leaves[0].points = new BLS.G1Point[](6);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "corrections", 0, 2));
        disputes.settle(lie.id, set, points, queue, leaves);
        leaves[0].corrections = new bytes32[](2);
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.settle(lie.id, set, points, queue, leaves);
        queue[0].index ^= 1;
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.settle(lie.id, set, points, queue, leaves);
        set.count -= 1;
        vm.expectPartialRevert(ICases.WrongSet.selector);
        disputes.settle(lie.id, set, points, queue, leaves);
    }

    /// Points that differ by the excluded leaf and are no codeword: another seat ≥ R.
    function test_settle__late_seats_point_changed__reverts() external {
        Contribution memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        ExcludedLeaf[] memory leaves = excludedOf(lie);
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        BLS.G1Point[] memory points = sharing(lie.id).points;
        IDisputes.Exclusion[] memory queue = verdicts(lie);
        points[7] = points[6];
        vm.expectRevert(IDisputes.NotACodeword.selector);
        disputes.settle(lie.id, set, points, queue, leaves);
        points[7].y_b ^= bytes32(uint256(1));
        vm.expectRevert(IDisputes.PointsInvalid.selector);
        disputes.settle(lie.id, set, points, queue, leaves);
    }

    /// Bad noise goes like a bad contribution, but it was never counted: N stays, and so do all rewards.
    function test_settle__noise__leaves_the_count_as_it_was() external {
        Contribution memory lie = noisy(3);
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        set.points = Dealer.pointHashes(sharing(lie.id).points);
        set.noise = 0xf7;
        set.exclusions = keccak256(abi.encode(lie.index));
        for (uint8 seat = 0; seat < 8; ++seat) {
            if (seat != lie.index) submit(lie.id, seat, set, sharing(lie.id).rows[seat]);
        }
        assertState(lie.id, IRounds.State.Completed);
        close(lie.id);
        assertEq(token.balanceOf(address(rewards)), COUNT * uint256(noisyTerms().reward), "every contributor's reward");
    }

    /// Six dealers must be left; two may be silent already.
    function test_settle__too_little_noise_left__is_given_up() external {
        Contribution memory lie = dishonestNoise(opened(noisyTerms()), 3);
        lie.snapshot.noise = 0x3f;
        commit(lie, COUNT);
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        assertState(lie.id, IRounds.State.Abandoned);
    }

    function noisy(uint8 seat) private returns (Contribution memory lie) {
        lie = dishonestNoise(opened(noisyTerms()), seat);
        lie.snapshot.noise = 0xff;
        commit(lie, COUNT);
    }

    /// What is off the curve cannot be taken out: a clerk shows it as the developer's fraud before that.
    function test_settle__leaf_with_a_point_off_the_curve__reverts() external {
        BLS.G1Point memory off = Prover.publicKey(5);
        off.y_b ^= bytes32(uint256(1));
        Contribution memory lie = liedWithPoint(3, off, COUNT);
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        vm.expectRevert(IDisputes.PointsInvalid.selector);
        this.settleOf(lie);
    }

    function test_settle__not_in_time__is_given_up() external {
        Contribution memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id) + defaultTerms().complaintWindow);
        assertState(lie.id, IRounds.State.Abandoned);
        close(lie.id);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
        assertEq(rounds.round(lie.id).held, 0, "settled");
    }

    function test_settle__below_the_minimum__is_given_up() external {
        Contribution memory lie = lied(defaultTerms(), 3);
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        assertState(lie.id, IRounds.State.Abandoned);
        close(lie.id);
    }
}
