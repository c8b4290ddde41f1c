// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Disputes} from "../../contracts/Disputes.sol";
import {Opening, Place} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";

/// @dev Withheld nodes.
contract ChallengesTest is DisputesFixture {
    bytes private stored;
    address private holder;

    function setUp() public override {
        super.setUp();
        Contribution memory lie = lied(defaultTerms(), 5);
        stored = abi.encode(lie);
        holder = operator(lie.id, 1);
        fundDisputes(holder);
        fundDisputes(DEVELOPER);
    }

    function load() private view returns (Contribution memory) {
        return abi.decode(stored, (Contribution));
    }

    function fundDisputes(address account) private {
        require(token.transfer(account, 100e18));
        vm.prank(account);
        token.approve(address(disputes), type(uint256).max);
    }

    function challenged() private returns (uint256 challengeId) {
        Contribution memory lie = load();
        Place memory place = Place(0, new IRewards.Step[](0));
        bytes32 node = rounds.round(lie.id).root;
        vm.prank(holder);
        return disputes.challenge(lie.id, 1, place, node, 0, noPermit);
    }

    function leafChallenged() private returns (uint256 challengeId) {
        Contribution memory lie = load();
        bytes32 node = Leaves.hash(rounds.round(lie.id).roundHash, lie.signed.leaf);
        vm.prank(holder);
        return disputes.challenge(lie.id, 1, Place(lie.index, lie.path), node, 0, noPermit);
    }

    function test_challenge__unanswered__convicts_and_returns_the_bond() external {
        Contribution memory lie = load();
        uint256 before = token.balanceOf(holder);
        uint256 id = challenged();
        assertEq(token.balanceOf(holder), before - CHALLENGE_BOND, "the bond");
        uint256 deadline = disputes.challengeOf(id).deadline;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ChallengeOpen.selector, id, deadline));
        disputes.unanswered(id);
        vm.warp(deadline);
        uint256 deposit = rounds.round(lie.id).deposit;
        disputes.unanswered(id);
        assertState(lie.id, IRounds.State.Fraud);
        close(lie.id);
        assertEq(rounds.balanceOf(holder), deposit / 2 + defaultTerms().flatFee, "finder and seat");
        vm.prank(holder);
        disputes.withdraw(holder);
        assertEq(token.balanceOf(holder), before, "the bond is back");
        assertEq(token.balanceOf(address(disputes)), 0, "nothing is left");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NoChallenge.selector, id));
        disputes.unanswered(id);
    }

    function test_challenge__answered_and_nothing_wrong__pays_the_developer() external {
        uint256 id = leafChallenged();
        answer(id);
        assertTrue(disputes.challengeOf(id).held, "while complaints last");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NoChallenge.selector, id));
        disputes.unanswered(id);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ChallengeOpen.selector, id, 0));
        disputes.reclaim(id);
        vm.warp(toComplaints(load().id));
        disputes.reclaim(id);
        assertEq(disputes.balanceOf(DEVELOPER), CHALLENGE_BOND, "the bond");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NoChallenge.selector, id));
        disputes.reclaim(id);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NothingToWithdraw.selector, holder));
        vm.prank(holder);
        disputes.withdraw(holder);
    }

    /// A developer whose contributor lies, and whose relay withholds the way to it, earns nothing by answering.
    function test_challenge__answered_and_a_leaf_excluded__returns_the_bond() external {
        uint256 id = leafChallenged();
        answer(id);
        complain(load(), 0);
        vm.warp(toComplaints(load().id));
        disputes.reclaim(id);
        assertEq(disputes.balanceOf(holder), CHALLENGE_BOND, "to the seat, whoever complained");
        assertEq(disputes.balanceOf(DEVELOPER), 0, "nothing");
    }

    function test_challenge__answered_and_fraud__returns_the_bond() external {
        uint256 id = leafChallenged();
        answer(id);
        vm.prank(address(disputes));
        rounds.convict(load().id, STRANGER);
        disputes.reclaim(id);
        assertEq(disputes.balanceOf(holder), CHALLENGE_BOND, "to the seat");
    }

    function answer(uint256 id) private {
        Contribution memory lie = load();
        BLS.G1Point[] memory points = new BLS.G1Point[](6);
        bytes32[] memory corrections = new bytes32[](2);
        for (uint256 seat = 0; seat < 8; ++seat) {
            if (seat < 6) points[seat] = lie.points[seat];
            else corrections[seat - 6] = lie.words[seat];
        }
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        disputes.answerLeaf(id, lie.signed, key, points, corrections, new uint256[](0), whole);
    }

    /// @dev A node whose children, and what seats 1 and 7 need of them, are known.
    function openings()
        private
        view
        returns (Opening[3] memory made, BLS.G1Point[][3] memory points, bytes[3] memory rows)
    {
        for (uint256 i = 3; i > 0; --i) {
            uint256 at_ = i - 1;
            points[at_] = new BLS.G1Point[](6);
            made[at_].words = new bytes32[](8);
            for (uint256 seat = 0; seat < 6; ++seat) {
                points[at_][seat] = Prover.publicKey(100 * i + seat);
                made[at_].words[seat] = Prover.hash(points[at_][seat]);
            }
            rows[at_] = abi.encode(i, i);
            made[at_].words[7] = keccak256(rows[at_]);
            (made[at_].left, made[at_].right) = (bytes32(i), bytes32(i + 10));
        }
        (made[0].left, made[0].right) = (hashOf(made[1]), hashOf(made[2]));
    }

    function hashOf(Opening memory opening) private pure returns (bytes32) {
        bytes32 body = keccak256(abi.encodePacked(opening.count, opening.words));
        return keccak256(bytes.concat(opening.left, opening.right, body));
    }

    function test_answerNode__everything_that_the_seat_needs__or_nothing() external {
        (Opening[3] memory made, BLS.G1Point[][3] memory points, bytes[3] memory rows) = openings();
        uint256 round = request(defaultTerms());
        draw(round);
        IRounds.Snapshot memory snapshot = makeSnapshot(round, 5);
        Place memory place = Place(2, pathFrom(hashOf(made[0]), 2, 2, snapshot));
        place.path[1].body = Dealer.rootBody(snapshot);
        take(round, snapshot);
        address late = operator(round, 7);
        fundDisputes(late);
        bytes32 node = hashOf(made[0]);
        vm.prank(late);
        uint256 id = disputes.challenge(round, 7, place, node, 0, noPermit);

        Contribution memory lie = load();
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongLevel.selector, 1, 0));
        disputes.answerLeaf(id, lie.signed, key, points[0], new bytes32[](2), new uint256[](2), whole);
        rows[2] = abi.encode(uint256(1), uint256(1));
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.answerNode(id, made, points, rows);
        (, points, rows) = openings();
        points[1][3] = points[1][4];
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.answerNode(id, made, points, rows);
        points[1] = new BLS.G1Point[](5);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 5, 6));
        disputes.answerNode(id, made, points, rows);
        (, points, rows) = openings();
        vm.expectEmit();
        emit IDisputes.Answered(round, id);
        disputes.answerNode(id, made, points, rows);
        assertEq(disputes.challengeOf(id).deadline, 0, "answered");
        assertEq(disputes.challenges(), id + 1, "counted");
    }

    function test_answer__of_something_else__reverts() external {
        Contribution memory lie = load();
        uint256 id = leafChallenged();
        lie.signed.leaf.nonce ^= 1;
        bytes32 given = Leaves.hash(rounds.round(lie.id).roundHash, lie.signed.leaf);
        bytes32 node = disputes.challengeOf(id).node;
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, given, node));
        disputes.answerLeaf(id, lie.signed, key, new BLS.G1Point[](6), new bytes32[](2), new uint256[](0), whole);
        Opening[3] memory nodes;
        BLS.G1Point[][3] memory points;
        bytes[3] memory rows;
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongLevel.selector, 0, 1));
        disputes.answerNode(id, nodes, points, rows);
    }

    function test_challenge__prolongs_complaints() external {
        Contribution memory lie = load();
        vm.warp(toComplaints(lie.id) - 1);
        challenged();
        assertEq(toComplaints(lie.id), block.timestamp + 10 minutes, "two windows of five minutes");
    }

    function test_challenge__more_than_the_depth_and_one__reverts() external {
        Contribution memory lie = load();
        for (uint256 i = 0; i < 5; ++i) {
            challenged(); // 13 leaves: depth 4
        }
        Place memory place = Place(0, new IRewards.Step[](0));
        bytes32 node = rounds.round(lie.id).root;
        vm.expectRevert(abi.encodeWithSelector(IDisputes.TooManyChallenges.selector, 1, 5));
        vm.prank(holder);
        disputes.challenge(lie.id, 1, place, node, 0, noPermit);
        complain(lie, 1);
        challenged(); // a verdict renews them
    }

    /// Of a leaf a late seat gets its correction row as well, or there is no answer.
    function test_answerLeaf__to_a_late_seat__with_its_correction() external {
        Contribution memory lie = load();
        address late = operator(lie.id, 7);
        fundDisputes(late);
        bytes32 node = Leaves.hash(rounds.round(lie.id).roundHash, lie.signed.leaf);
        vm.prank(late);
        uint256 id = disputes.challenge(lie.id, 7, Place(lie.index, lie.path), node, 0, noPermit);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        BLS.G1Point[] memory points = firstPoints(lie);
        bytes32[] memory corrections = excludedLeaf(lie).corrections;
        bytes32 given = keccak256(abi.encodePacked(lie.corrections[0]));
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, given, corrections[1]));
        disputes.answerLeaf(id, lie.signed, key, points, corrections, lie.corrections[0], whole);
        disputes.answerLeaf(id, lie.signed, key, points, corrections, lie.corrections[1], whole);
        assertEq(disputes.challengeOf(id).deadline, 0, "answered");
    }

    function test_challenge__of_what_is_not_in_the_tree__reverts() external {
        Contribution memory lie = load();
        Place memory place = Place(0, new IRewards.Step[](0));
        bytes32 root = rounds.round(lie.id).root;
        vm.expectRevert(abi.encodeWithSelector(ICases.NotInTree.selector, bytes32("no node"), root));
        vm.prank(holder);
        disputes.challenge(lie.id, 1, place, "no node", 0, noPermit);
        place.path = new IRewards.Step[](5); // 13 leaves: depth 4
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongLevel.selector, 5, 4));
        vm.prank(holder);
        disputes.challenge(lie.id, 1, place, root, 0, noPermit);
        place.path = new IRewards.Step[](0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotSeatHolder.selector, lie.id, 1, STRANGER));
        vm.prank(STRANGER);
        disputes.challenge(lie.id, 1, place, root, 0, noPermit);
    }

    /// The round ends otherwise: no bond is stuck.
    function test_reclaim__after_the_round_went_on__returns_the_bond() external {
        Contribution memory lie = load();
        uint256 id = challenged();
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ChallengeOpen.selector, id, disputes.challengeOf(id).deadline));
        disputes.reclaim(id);
        vm.warp(toComplaints(lie.id));
        disputes.reclaim(id);
        assertEq(disputes.balanceOf(holder), CHALLENGE_BOND, "back");
    }

    function test_deploy__no_time_to_answer__reverts() external {
        IDisputes.Settings memory settings = disputeSettings();
        settings.challengeWindow = 0;
        vm.expectRevert(abi.encodeWithSelector(IDisputes.InvalidSettings.selector, "challengeWindow"));
        new Disputes(rounds, registry, token, DATA, settings);
        assertEq(keccak256(abi.encode(disputes.settings())), keccak256(abi.encode(disputeSettings())), "settings");
        assertEq(rounds.disputes(), address(disputes), "the one it obeys");
    }
}
