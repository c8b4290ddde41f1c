// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Complaint} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";

/// @dev Bad shares: who may complain of what and when, and what becomes of the round. No false accusation does anything.
contract BadShareTest is DisputesFixture {
    uint32 private constant COUNT = 5;
    bytes private stored;

    function setUp() public override {
        super.setUp();
        stored = abi.encode(lied(defaultTerms(), COUNT));
    }

    function load() private view returns (Contribution memory) {
        return abi.decode(stored, (Contribution));
    }

    // ------------------------------------------------------------------ upheld

    function test_badShare__excludes_the_leaf_and_pays_the_filer() external {
        Contribution memory lie = load();
        uint256 held = rounds.round(lie.id).held;
        address holder = operator(lie.id, 2);
        vm.expectEmit();
        emit IDisputes.Excluded(lie.id, lie.index, lie.signed.leaf.account, 2, holder, false, lie.signed.leaf.body);
        complain(lie, 2);
        assertEq(rounds.balanceOf(holder), COMPLAINT_FEE, "paid");
        IRounds.Round memory facts = rounds.round(lie.id);
        assertEq(facts.held, held - COMPLAINT_FEE, "from the pot");
        assertEq(facts.excluded, 1, "queued");
        assertTrue(rewards.isClaimed(lie.id, lie.index), "its reward is barred");
    }

    function test_badShare__every_seat__also_the_late_ones() external {
        Contribution memory lie = load();
        for (uint8 seat = 0; seat < 8; ++seat) {
            uint256 snapshot = vm.snapshotState();
            complain(lie, seat);
            assertEq(rounds.round(lie.id).excluded, 1, "upheld");
            vm.revertToState(snapshot);
        }
    }

    function test_badShare__first_one__prolongs_complaints_once() external {
        Contribution memory lie = load();
        (, uint256 end,,) = rounds.deadlines(lie.id);
        vm.warp(end - 1);
        complain(lie, 0);
        assertEq(toComplaints(lie.id), block.timestamp + defaultTerms().complaintWindow, "prolonged");
        assertState(lie.id, IRounds.State.Disputing);
    }

    function test_badShare__after_the_window__reverts() external {
        Contribution memory lie = load();
        vm.warp(toComplaints(lie.id));
        refused(complaintOf(lie, 0), 0, wrongState(lie.id, IRounds.State.Answering));
    }

    // ------------------------------------------------------------------ refused

    function test_badShare__twice_for_one_leaf__reverts() external {
        Contribution memory lie = load();
        complain(lie, 0);
        refused(complaintOf(lie, 1), 1, abi.encodeWithSelector(IRewards.AlreadyExcluded.selector, lie.id, lie.index));
    }

    /// Shares that are right: the contract derives the same rows, corrects and interpolates, and says so, whatever the seat.
    function test_badShare__of_a_right_share__reverts() external {
        Contribution memory right = honest(opened(defaultTerms()), 0);
        commit(right, COUNT);
        for (uint8 seat = 0; seat < 8; ++seat) {
            refusedOf(right, seat, abi.encodeWithSelector(ICases.NothingWrong.selector));
        }
    }

    /// One wrong commitment is that seat's to complain of, and as a polynomial has it, every late seat's; nobody else's.
    function test_badShare__of_one_seat__convicts_for_that_seat_alone() external {
        Contribution memory wrong = honestBut(opened(defaultTerms()), 0, 1);
        commit(wrong, COUNT);
        for (uint8 seat = 0; seat < 8; ++seat) {
            uint256 snapshot = vm.snapshotState();
            if (seat == 1 || seat >= 6) complain(wrong, seat);
            else refusedOf(wrong, seat, abi.encodeWithSelector(ICases.NothingWrong.selector));
            vm.revertToState(snapshot);
        }
    }

    /// From the mempool somebody copies a complaint: the proof is bound to its sender, and to the seat.
    function test_badShare__by_anyone_else__reverts() external {
        Contribution memory lie = load();
        Complaint memory complaint = complaintOf(lie, 0);
        for (uint256 seat = 1; seat < 8; ++seat) {
            address other = operator(lie.id, seat);
            if (other == operator(lie.id, 0)) continue;
            vm.expectRevert(abi.encodeWithSelector(IDisputes.NotSeatHolder.selector, lie.id, 0, other));
            vm.prank(other);
            disputes.badShare(lie.id, complaint);
        }
        complaint.seat = 200;
        refused(
            complaint, 0, abi.encodeWithSelector(IDisputes.NotSeatHolder.selector, lie.id, 200, operator(lie.id, 0))
        );
    }

    function test_badShare__another_shared_point__reverts() external {
        Contribution memory lie = load();
        Complaint memory complaint = complaintOf(lie, 0);
        complaint.key.shared = Prover.multiply(complaint.key.shared, 2);
        refused(complaint, 0, abi.encodeWithSelector(IDisputes.SharedKeyInvalid.selector));
        complaint = complaintOf(lie, 0);
        complaint.key.proof.s = addmod(complaint.key.proof.s, 1, G1.Q);
        refused(complaint, 0, abi.encodeWithSelector(IDisputes.SharedKeyInvalid.selector));
        complaint.key.proof.s = G1.Q;
        refused(complaint, 0, abi.encodeWithSelector(IDisputes.SharedKeyInvalid.selector));
    }

    function test_badShare__another_key__reverts() external {
        Contribution memory lie = load();
        Complaint memory complaint = complaintOf(lie, 0);
        complaint.key.clerkKey = Prover.publicKey(5);
        bytes32 registered = registry.keyHash(rounds.seats(lie.id)[0], rounds.round(lie.id).epoch);
        bytes32 given = Prover.hash(complaint.key.clerkKey);
        refused(complaint, 0, abi.encodeWithSelector(IDisputes.KeyMismatch.selector, given, registered));
        complaint = complaintOf(lie, 0);
        complaint.key.contributorKey = Prover.publicKey(5);
        refused(complaint, 0, abi.encodeWithSelector(IDisputes.KeyMismatch.selector, given, lie.signed.leaf.key));
    }

    /// A leaf that its account did not sign is the developer's: the contributor cannot be put aside for it.
    function test_badShare__leaf_that_nobody_signed__reverts() external {
        Contribution memory forged = dishonest(opened(defaultTerms()), 0);
        forged.signed.leaf.payout = STRANGER;
        commit(forged, COUNT);
        refusedOf(forged, 0, abi.encodeWithSelector(IDisputes.SignatureInvalid.selector, forged.signed.leaf.account));
    }

    function test_badShare__in_another_round__reverts() external {
        Contribution memory lie = load();
        Contribution memory other = lied(defaultTerms(), COUNT);
        Complaint memory complaint = complaintOf(lie, 0);
        bytes32 computed = root(other.id, complaint);
        address holder = operator(other.id, 0);
        vm.expectRevert(abi.encodeWithSelector(ICases.NotInTree.selector, computed, rounds.round(other.id).root));
        vm.prank(holder);
        disputes.badShare(other.id, complaint);
    }

    function root(uint256 id, Complaint memory complaint) private view returns (bytes32 node) {
        node = Leaves.hash(rounds.round(id).roundHash, complaint.signed.leaf);
        for (uint256 level = 0; level < complaint.place.path.length; ++level) {
            IRewards.Step memory step = complaint.place.path[level];
            node = (complaint.place.index >> level) & 1 == 0
                ? keccak256(bytes.concat(node, step.sibling, step.body))
                : keccak256(bytes.concat(step.sibling, node, step.body));
        }
    }

    function test_badShare__words_of_another_body__reverts() external {
        Contribution memory lie = load();
        Complaint memory complaint = complaintOf(lie, 0);
        complaint.words[0] ^= bytes32(uint256(1));
        bytes32 given = keccak256(abi.encodePacked(uint256(1), complaint.words));
        refused(complaint, 0, abi.encodeWithSelector(ICases.NotOpened.selector, given, lie.signed.leaf.body));
        complaint.words = new bytes32[](7);
        refused(complaint, 0, abi.encodeWithSelector(ICases.WrongNumber.selector, "words", 7, 8));
    }

    function test_badShare__late_seat_without_its_evidence__reverts() external {
        Contribution memory lie = load();
        Complaint memory complaint = complaintOf(lie, 7);
        complaint.correction = new uint256[](1);
        refused(complaint, 7, abi.encodeWithSelector(ICases.WrongNumber.selector, "correction", 1, 2));
        complaint = complaintOf(lie, 7);
        complaint.points = new BLS.G1Point[](5);
        refused(complaint, 7, abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 5, 6));
    }

    /// A point outside of the group is the developer's fraud, whoever sent it: it had to check each.
    function test_badShare__of_a_leaf_with_a_point_outside_of_the_group__reverts() external {
        Contribution memory lie = liedWithPoint(2, outsideOfGroup(), COUNT);
        refusedOf(lie, 7, abi.encodeWithSelector(IDisputes.PointsInvalid.selector));
    }

    /// Too little gas fails the whole transaction, never only the curve's part of it.
    function test_badShare__starved_of_gas__is_no_verdict() external {
        Contribution memory lie = load();
        Complaint memory complaint = complaintOf(lie, 7);
        address holder = operator(lie.id, 7);
        for (uint256 gas_ = 60_000; gas_ < 400_000; gas_ += 17_000) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(holder);
            (bool done,) = address(disputes).call{gas: gas_}(abi.encodeCall(IDisputes.badShare, (lie.id, complaint)));
            assertEq(rounds.round(lie.id).excluded, done ? 1 : 0, "whole or not at all");
            vm.revertToState(snapshot);
        }
    }

    /// The last bad leaf that the escrow pays for, shown again by another seat: the round goes on.
    function test_badShare__twice_for_one_leaf__with_the_pot_empty__reverts() external {
        Contribution memory lie = withPotFor(1);
        complain(lie, 0);
        refusedOf(lie, 1, abi.encodeWithSelector(IRewards.AlreadyExcluded.selector, lie.id, lie.index));
        assertState(lie.id, IRounds.State.Disputing);
    }

    function withPotFor(uint8 exclusions) private returns (Contribution memory lie) {
        IRounds.Settings memory settings = roundSettings();
        settings.maximumExclusions = exclusions;
        deploy(clerkSettings(), settings);
        registerMany(16);
        return lied(defaultTerms(), COUNT);
    }

    /// One bad leaf more than the escrow pays for gives the round up at the developer's cost.
    function test_badShare__more_than_the_pot_pays__gives_the_round_up() external {
        Contribution memory lie = withPotFor(0);
        complain(lie, 0);
        assertState(lie.id, IRounds.State.Abandoned);
        close(lie.id);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
        assertEq(rounds.balanceOf(operator(lie.id, 1)), defaultTerms().flatFee, "flat fees");
        assertEq(rounds.round(lie.id).held, 0, "settled");
    }

    // ------------------------------------------------------------------ access

    function test_rounds__take_verdicts_from_the_disputes_contract_only() external {
        Contribution memory lie = load();
        bytes memory refused_ = abi.encodeWithSelector(IRounds.OnlyDisputes.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(refused_);
        rounds.exclude(lie.id, lie.index, STRANGER);
        vm.expectRevert(refused_);
        rounds.extend(lie.id, type(uint40).max);
        vm.expectRevert(refused_);
        rounds.convict(lie.id, STRANGER);
        vm.expectRevert(refused_);
        rounds.replaceSet(lie.id, 0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IRewards.OnlyRounds.selector, STRANGER));
        rewards.exclude(lie.id, lie.index);
        vm.stopPrank();
    }

    function refused(Complaint memory complaint, uint256 seat, bytes memory reason) private {
        Contribution memory lie = load();
        address holder = operator(lie.id, seat);
        vm.expectRevert(reason);
        vm.prank(holder);
        disputes.badShare(lie.id, complaint);
    }

    function refusedOf(Contribution memory of_, uint8 seat, bytes memory reason) private {
        Complaint memory complaint = complaintOf(of_, seat);
        address holder = operator(of_.id, seat);
        vm.expectRevert(reason);
        vm.prank(holder);
        disputes.badShare(of_.id, complaint);
    }
}
