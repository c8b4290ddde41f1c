// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Complaint, ExcludedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Expansion} from "../../contracts/libraries/Expansion.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Dealer} from "./Dealer.sol";
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

    function load() private view returns (Lie memory) {
        return abi.decode(stored, (Lie));
    }

    // ------------------------------------------------------------------ upheld

    function test_badShare__excludes_the_leaf_and_pays_the_filer() external {
        Lie memory lie = load();
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
        Lie memory lie = load();
        for (uint8 seat = 0; seat < 8; ++seat) {
            uint256 snapshot = vm.snapshotState();
            complain(lie, seat);
            assertEq(rounds.round(lie.id).excluded, 1, "upheld");
            vm.revertToState(snapshot);
        }
    }

    function test_badShare__first_one__prolongs_complaints_once() external {
        Lie memory lie = load();
        (, uint256 end,,) = rounds.deadlines(lie.id);
        vm.warp(end - 1);
        complain(lie, 0);
        assertEq(toComplaints(lie.id), block.timestamp + defaultTerms().complaintWindow, "prolonged");
        assertState(lie.id, IRounds.State.Disputing);
    }

    function test_badShare__after_the_window__reverts() external {
        Lie memory lie = load();
        vm.warp(toComplaints(lie.id));
        refused(complaintOf(lie, 0), 0, wrongState(lie.id, IRounds.State.Answering));
    }

    // ------------------------------------------------------------------ refused

    function test_badShare__twice_for_one_leaf__reverts() external {
        Lie memory lie = load();
        complain(lie, 0);
        refused(complaintOf(lie, 1), 1, abi.encodeWithSelector(IRewards.AlreadyExcluded.selector, lie.id, lie.index));
    }

    /// A share that is right: the contract derives the same row and says so.
    function test_badShare__of_a_right_share__reverts() external {
        Lie memory lie = load();
        Terms memory terms = defaultTerms();
        uint256 id = request(terms);
        draw(id);
        Lie memory honest = lie;
        honest.id = id;
        honest.words[1] = Prover.hash(commitmentOf(id, 1));
        honest.signed = sign(id, leafOf(honest.words));
        commit(honest, terms, COUNT);
        refusedOf(honest, 1, abi.encodeWithSelector(ICases.NothingWrong.selector));
        complain(honest, 0);
    }

    function commitmentOf(uint256 id, uint8 seat) private view returns (BLS.G1Point memory) {
        BLS.G1Point memory contributor = Prover.publicKey(CONTRIBUTOR_KEY);
        bytes32 seed = Expansion.seed(
            Expansion.PAD,
            rounds.round(id).roundHash,
            seat,
            this.compressed(contributor),
            Leaves.leafOf(0).nonce,
            this.compressed(Prover.multiply(contributor, clerkSecret(id, seat)))
        );
        uint256[] memory row = new uint256[](2);
        BLS.G1Point[] memory generators = new BLS.G1Point[](2);
        for (uint32 i = 0; i < 2; ++i) {
            (row[i], generators[i]) = (Expansion.element(seed, i), bases[i]);
        }
        return Prover.combine(generators, row);
    }

    function compressed(BLS.G1Point calldata point) external pure returns (bytes memory) {
        return G1.compress(point);
    }

    /// From the mempool somebody copies a complaint: the proof is bound to its sender, and to the seat.
    function test_badShare__by_anyone_else__reverts() external {
        Lie memory lie = load();
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
        Lie memory lie = load();
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
        Lie memory lie = load();
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
        Lie memory lie = load();
        Terms memory terms = defaultTerms();
        uint256 id = request(terms);
        draw(id);
        Lie memory forged = lie;
        forged.id = id;
        forged.signed = sign(id, leafOf(forged.words));
        forged.signed.leaf.payout = STRANGER;
        commit(forged, terms, COUNT);
        refusedOf(forged, 0, abi.encodeWithSelector(IDisputes.SignatureInvalid.selector, lie.signed.leaf.account));
    }

    function test_badShare__in_another_round__reverts() external {
        Lie memory lie = load();
        Lie memory other = lied(defaultTerms(), COUNT);
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
        Lie memory lie = load();
        Complaint memory complaint = complaintOf(lie, 0);
        complaint.words[0] ^= bytes32(uint256(1));
        bytes32 given = keccak256(abi.encodePacked(uint256(1), complaint.words));
        refused(complaint, 0, abi.encodeWithSelector(ICases.NotOpened.selector, given, lie.signed.leaf.body));
        complaint.words = new bytes32[](7);
        refused(complaint, 0, abi.encodeWithSelector(ICases.WrongNumber.selector, "words", 7, 8));
    }

    function test_badShare__late_seat_without_its_evidence__reverts() external {
        Lie memory lie = load();
        Complaint memory complaint = complaintOf(lie, 7);
        complaint.correction = new uint256[](1);
        refused(complaint, 7, abi.encodeWithSelector(ICases.WrongNumber.selector, "correction", 1, 2));
        complaint = complaintOf(lie, 7);
        complaint.points = new BLS.G1Point[](5);
        refused(complaint, 7, abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 5, 6));
    }

    /// Too little gas fails the whole transaction, never only the curve's part of it.
    function test_badShare__starved_of_gas__is_no_verdict() external {
        Lie memory lie = load();
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

    // ------------------------------------------------------------------ settling

    function test_settle__rows_are_over_what_is_left() external {
        Lie memory lie = load();
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
        Lie memory lie = load();
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
        Lie memory lie = load();
        settleRefused(wrongState(lie.id, IRounds.State.Disputing));
        complain(lie, 0);
        settleRefused(wrongState(lie.id, IRounds.State.Disputing));
        vm.warp(toComplaints(lie.id));
        settle(lie);
        settleRefused(wrongState(lie.id, IRounds.State.Answering));
    }

    function settleRefused(bytes memory reason) private {
        Lie memory lie = load();
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        BLS.G1Point[] memory points = sharing(lie.id).points;
        IDisputes.Exclusion[] memory queue = verdicts(lie);
        vm.expectRevert(reason);
        disputes.settle(lie.id, set, points, queue, new ExcludedLeaf[](1));
    }

    function test_settle__other_points_than_the_difference__reverts() external {
        Lie memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        Lie memory wrong = lie;
        wrong.points[0] = Prover.multiply(wrong.points[0], 3);
        vm.expectRevert();
        this.settleOf(wrong);
    }

    function settleOf(Lie calldata wrong) external {
        settle(wrong);
    }

    function test_settle__another_set_or_queue_or_shape__reverts() external {
        Lie memory lie = load();
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
        Lie memory lie = load();
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

    function test_settle__not_in_time__is_given_up() external {
        Lie memory lie = load();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id) + defaultTerms().complaintWindow);
        assertState(lie.id, IRounds.State.Abandoned);
        close(lie.id);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
        assertEq(rounds.round(lie.id).held, 0, "settled");
    }

    function test_settle__below_the_minimum__is_given_up() external {
        Lie memory lie = lied(defaultTerms(), 3);
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        assertState(lie.id, IRounds.State.Abandoned);
        close(lie.id);
    }

    /// The escrow pays for two complaints. A third bad leaf gives the round up at the developer's cost.
    function test_badShare__more_than_the_pot_pays__gives_the_round_up() external {
        IRounds.Settings memory settings = roundSettings();
        settings.maximumExclusions = 0;
        deploy(clerkSettings(), settings);
        registerMany(16);
        Lie memory lie = lied(defaultTerms(), COUNT);
        complain(lie, 0);
        assertState(lie.id, IRounds.State.Abandoned);
        close(lie.id);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
        assertEq(rounds.balanceOf(operator(lie.id, 1)), defaultTerms().flatFee, "flat fees");
        assertEq(rounds.round(lie.id).held, 0, "settled");
    }

    // ------------------------------------------------------------------ access

    function test_rounds__take_verdicts_from_the_disputes_contract_only() external {
        Lie memory lie = load();
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
        Lie memory lie = load();
        address holder = operator(lie.id, seat);
        vm.expectRevert(reason);
        vm.prank(holder);
        disputes.badShare(lie.id, complaint);
    }

    function refusedOf(Lie memory of_, uint8 seat, bytes memory reason) private {
        Complaint memory complaint = complaintOf(of_, seat);
        address holder = operator(of_.id, seat);
        vm.expectRevert(reason);
        vm.prank(holder);
        disputes.badShare(of_.id, complaint);
    }
}
