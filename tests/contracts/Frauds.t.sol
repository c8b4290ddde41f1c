// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Frauds} from "../../contracts/Frauds.sol";
import {Enrolments, Opening, Place, SignedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IFrauds} from "../../contracts/interfaces/IFrauds.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Roster} from "../../contracts/libraries/Roster.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";

/// @dev Every kind of fraud: the tree that convicts, and the honest one next to it that does not.
contract FraudsTest is DisputesFixture {
    uint32 private constant COUNT = 5;
    uint256 private constant DEPTH = 4; // 8 + 5 leaves

    Frauds private judge;

    struct Closed {
        uint256 id;
        Place place;
        IRounds.Snapshot snapshot;
    }

    struct Family {
        Opening node;
        Opening left;
        Opening right;
        bytes[3] values;
    }

    function setUp() public override {
        super.setUp();
        judge = frauds();
    }

    // ------------------------------------------------------------------ closed rounds

    function opened() private returns (uint256 id) {
        id = request(defaultTerms());
        draw(id);
    }

    /// @dev A round whose tree has `node` at this index of this level.
    function closedOver(uint256 id, bytes32 node, uint256 level, uint256 index) private returns (Closed memory closed) {
        closed.id = id;
        closed.snapshot = makeSnapshot(id, 3);
        closed.snapshot.count = COUNT;
        commitTo(closed, node, level, index);
    }

    function commitTo(Closed memory closed, bytes32 node, uint256 level, uint256 index) private {
        uint256 length = DEPTH - level;
        closed.place = Place(index, pathFrom(node, index, length, closed.snapshot));
        closed.place.path[length - 1].body = Dealer.rootBody(closed.snapshot);
        take(closed.id, closed.snapshot);
    }

    function convictedOf(uint256 id, IFrauds.Fraud fraud, uint256 index) private {
        vm.expectEmit();
        emit IFrauds.Convicted(id, fraud, index, ANYONE);
        vm.prank(ANYONE);
    }

    function assertFraud(uint256 id) private {
        assertState(id, IRounds.State.Fraud);
        uint256 deposit = rounds.round(id).deposit;
        uint256 held = rounds.round(id).held;
        uint256 supply = token.totalSupply();
        close(id);
        uint256 flat = 8 * uint256(defaultTerms().flatFee);
        uint256 burned = supply - token.totalSupply();
        assertEq(rounds.balanceOf(ANYONE), deposit / 2, "half to the finder");
        assertLe(deposit / 4, burned, "a quarter burns at least");
        assertEq(rounds.balanceOf(DEVELOPER), held - flat - deposit / 2 - burned, "the rest");
        assertEq(rounds.round(id).held, 0, "settled");
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
    }

    // ------------------------------------------------------------------ nodes

    function family(BLS.G1Point memory left, BLS.G1Point memory right, BLS.G1Point memory node)
        private
        pure
        returns (Family memory made)
    {
        made.values = [abi.encode(node), abi.encode(left), abi.encode(right)];
        made.left = openingOf("left", 1, keccak256(made.values[1]));
        made.right = openingOf("right", 1, keccak256(made.values[2]));
        made.node = openingOf("node", 2, keccak256(made.values[0]));
        (made.node.left, made.node.right) = (hashOf(made.left), hashOf(made.right));
    }

    function openingOf(string memory salt, uint256 count, bytes32 first) private pure returns (Opening memory opening) {
        opening.left = keccak256(abi.encode(salt, "left"));
        opening.right = keccak256(abi.encode(salt, "right"));
        opening.count = count;
        opening.words = new bytes32[](8);
        for (uint256 i = 0; i < 8; ++i) {
            opening.words[i] = i == 0 ? first : keccak256(abi.encode(salt, i));
        }
    }

    function hashOf(Opening memory opening) private pure returns (bytes32) {
        bytes32 body = keccak256(abi.encodePacked(opening.count, opening.words));
        return keccak256(bytes.concat(opening.left, opening.right, body));
    }

    function sumOf(uint256 left, uint256 right, uint256 node) private view returns (Family memory) {
        return family(Prover.publicKey(left), Prover.publicKey(right), Prover.publicKey(node));
    }

    function test_badSum__points() external {
        Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        assertFraud(c.id);
    }

    function test_badSum__points_that_add_up__reverts() external {
        Family memory f = sumOf(3, 4, 7);
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        // Its count is right as well.
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badCount(c.id, c.place, f.node, f.left, f.right);
    }

    function test_badSum__a_child_off_the_curve() external {
        BLS.G1Point memory off = Prover.publicKey(3);
        off.y_b = bytes32(uint256(off.y_b) ^ 1);
        Family memory f = family(off, Prover.publicKey(4), Prover.publicKey(7));
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    function test_badSum__correction_rows() external {
        Family memory f = sumOf(3, 4, 7);
        (uint256 left, uint256 right) = (G1.Q - 1, 5);
        f.values = [abi.encode(uint256(4), uint256(9)), abi.encode(left, uint256(2)), abi.encode(right, uint256(7))];
        (f.left.words[7], f.right.words[7]) = (keccak256(f.values[1]), keccak256(f.values[2]));
        f.node.words[7] = keccak256(f.values[0]);
        (f.node.left, f.node.right) = (hashOf(f.left), hashOf(f.right));
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badSum(c.id, 7, c.place, f.node, f.left, f.right, f.values);

        f.values[0] = abi.encode(uint256(4), uint256(10));
        f.node.words[7] = keccak256(f.values[0]);
        c = closedOver(opened(), hashOf(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(c.id, 7, c.place, f.node, f.left, f.right, f.values);
    }

    function test_badSum__values_or_children_that_are_not_the_trees__reverts() external {
        Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        bytes[3] memory others = sumOf(3, 5, 8).values;
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, keccak256(others[2]), keccak256(f.values[2])));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, others);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongIndex.selector, 8));
        judge.badSum(c.id, 8, c.place, f.node, f.left, f.right, f.values);
        bytes32 required = hashOf(f.left);
        f.left.count = 2;
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, hashOf(f.left), required));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    function test_badCount__of_a_node() external {
        Family memory f = sumOf(3, 4, 7);
        f.node.count = 3;
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Count, 4);
        judge.badCount(c.id, c.place, f.node, f.left, f.right);
        assertFraud(c.id);
    }

    /// Counts whose sum wraps to the node's.
    function test_badCount__that_wraps() external {
        Family memory f = sumOf(3, 4, 7);
        (f.left.count, f.right.count, f.node.count) = (type(uint256).max, 3, 2);
        (f.node.left, f.node.right) = (hashOf(f.left), hashOf(f.right));
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Count, 4);
        judge.badCount(c.id, c.place, f.node, f.left, f.right);
    }

    function test_nodes__at_the_leaves_or_outside__reverts() external {
        Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), hashOf(f.node), 0, 8);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongLevel.selector, DEPTH, DEPTH - 1));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        c = closedOver(opened(), hashOf(f.node), 1, 4);
        c.place.index = 8;
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongIndex.selector, 8));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    /// What a developer committed to as a row, and is none: too short, or with an element that is not below q.
    function test_badSum__children_that_are_no_rows() external {
        bytes[2] memory bad = [abi.encode(uint256(7)), abi.encode(G1.Q, uint256(7))];
        for (uint256 i = 0; i < 2; ++i) {
            Family memory f = sumOf(3, 4, 7);
            f.values = [abi.encode(uint256(5), uint256(9)), bad[i], abi.encode(uint256(5), uint256(2))];
            (f.left.words[7], f.right.words[7]) = (keccak256(f.values[1]), keccak256(f.values[2]));
            f.node.words[7] = keccak256(f.values[0]);
            (f.node.left, f.node.right) = (hashOf(f.left), hashOf(f.right));
            Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
            convictedOf(c.id, IFrauds.Fraud.Sum, 4);
            judge.badSum(c.id, 7, c.place, f.node, f.left, f.right, f.values);
            close(c.id);
        }
        // And what is no point.
        Family memory g = sumOf(3, 4, 7);
        g.values[1] = "no point";
        g.left.words[0] = keccak256(g.values[1]);
        g.node.left = hashOf(g.left);
        Closed memory d = closedOver(opened(), hashOf(g.node), 1, 4);
        convictedOf(d.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(d.id, 0, d.place, g.node, g.left, g.right, g.values);
    }

    function test_evidence__of_another_shape__reverts() external {
        Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        Opening memory short = f.node;
        bytes32[] memory words = short.words;
        short.words = new bytes32[](7);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "words", 7, 8));
        judge.badSum(c.id, 0, c.place, short, f.left, f.right, f.values);
        short.words = words;

        Place memory place = c.place;
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongLevel.selector, 3, 4));
        judge.badLeafCount(c.id, place, f.node);
        c.place = Place(4, new IRewards.Step[](5));
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongLevel.selector, 5, 3));
        judge.badCount(c.id, c.place, f.node, f.left, f.right);
        bytes32 required = f.node.right;
        f.right.count = 9;
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, hashOf(f.right), required));
        judge.badCount(c.id, place, f.node, f.left, f.right);
    }

    function test_membership__of_noise__has_no_enrolment() external {
        Membership memory m = membership(true, true, true);
        uint256 id = opened();
        Closed memory c;
        c.id = id;
        c.snapshot = makeSnapshot(id, 3);
        c.snapshot.count = COUNT;
        commitTo(c, leafHash(id, m.leaf), 0, 3);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        bytes memory refused_ = abi.encodeWithSelector(ICases.WrongIndex.selector, 3);
        vm.expectRevert(refused_);
        judge.badPosition(id, c.place, m.leaf, set, m.enrolments, 0, new bytes32[](0));
        vm.expectRevert(refused_);
        judge.badEnrolment(id, c.place, m.leaf, set, m.enrolments, m.message, key, new bytes32[](0));
    }

    function test_badPosition__beyond_the_enrolments() external {
        uint256 id = opened();
        IRewards.Leaf memory leaf = leafOf(openingOf("leaf", 1, 0).words);
        leaf.position = 10;
        Closed memory c;
        c.id = id;
        c.snapshot = makeSnapshot(id, 3);
        c.snapshot.count = COUNT;
        Enrolments memory enrolments = Enrolments(10, "root");
        c.snapshot.enrolmentRoot = keccak256(abi.encode(enrolments.number, enrolments.root));
        commitTo(c, leafHash(id, leaf), 0, 8);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        convictedOf(id, IFrauds.Fraud.Roster, 8);
        judge.badPosition(id, c.place, leaf, set, enrolments, 0, new bytes32[](0));
    }

    // ------------------------------------------------------------------ leaves

    function honest(uint256 id) private view returns (SignedLeaf memory) {
        return sign(id, leafOf(openingOf("leaf", 1, 0).words));
    }

    function leafHash(uint256 id, IRewards.Leaf memory leaf) private view returns (bytes32) {
        return Leaves.hash(rounds.round(id).roundHash, leaf);
    }

    function test_badLeafSignature__in_every_way() external {
        for (uint256 kind = 0; kind < 4; ++kind) {
            uint256 id = opened();
            SignedLeaf memory signed = honest(id);
            if (kind == 0) signed.leaf.payout = STRANGER; // changed after it was signed
            if (kind == 1) signed.leaf.account = STRANGER; // somebody else's
            if (kind == 2) signed.signature = highS(signed.signature);
            if (kind == 3) signed.signature[64] = 0x1d;
            signed.leaf.evidence = evidenceOf(signed);
            Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 8);
            convictedOf(id, IFrauds.Fraud.Signature, 8);
            judge.badLeafSignature(id, c.place, signed);
            assertState(id, IRounds.State.Fraud);
        }
    }

    function evidenceOf(SignedLeaf memory signed) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(signed.signature, signed.proof.e, signed.proof.s));
    }

    /// @dev The other valid s of the same signature.
    function highS(bytes memory signature) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = (word(signature, 0), word(signature, 32));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        return abi.encodePacked(r, order - uint256(s), uint8(signature[64]) == 27 ? uint8(28) : uint8(27));
    }

    function word(bytes memory data, uint256 from) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 32), from))
        }
    }

    function test_leaf__honest__convicts_nobody() external {
        uint256 id = opened();
        SignedLeaf memory signed = honest(id);
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 8);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafSignature(id, c.place, signed);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafKey(id, c.place, signed, key);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafBody(id, c.place, signed.leaf, signed.leaf.body);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafKind(id, c.place, signed.leaf, signed.leaf.body);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        bytes32 node = leafHash(id, signed.leaf);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badFill(id, c.place, set, node);
        signed.leaf.nonce ^= 1;
        vm.expectRevert(
            abi.encodeWithSelector(ICases.NotInTree.selector, rootOf(id, signed.leaf, c), rounds.round(id).root)
        );
        judge.badLeafSignature(id, c.place, signed);
    }

    function rootOf(uint256 id, IRewards.Leaf memory leaf, Closed memory c) private view returns (bytes32 node) {
        node = leafHash(id, leaf);
        for (uint256 level = 0; level < DEPTH; ++level) {
            IRewards.Step memory step = c.place.path[level];
            (bytes32 left, bytes32 right) =
                (c.place.index >> level) & 1 == 0 ? (node, step.sibling) : (step.sibling, node);
            node = keccak256(bytes.concat(left, right, step.body));
        }
    }

    function test_badLeafKey__without_possession() external {
        uint256 id = opened();
        SignedLeaf memory signed = honest(id);
        signed.proof.s ^= 1;
        signed.leaf.evidence = evidenceOf(signed);
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 8);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        convictedOf(id, IFrauds.Fraud.Possession, 8);
        judge.badLeafKey(id, c.place, signed, key);
        assertFraud(id);
    }

    function test_badLeafBody__over_other_commitments() external {
        uint256 id = opened();
        SignedLeaf memory signed = honest(id);
        bytes32 structHash = Leaves.structHash(rounds.round(id).roundHash, signed.leaf);
        bytes32 node = keccak256(bytes.concat(structHash, signed.leaf.evidence, bytes32("another body")));
        Closed memory c = closedOver(id, node, 0, 8);
        convictedOf(id, IFrauds.Fraud.Body, 8);
        judge.badLeafBody(id, c.place, signed.leaf, "another body");
        assertFraud(id);
    }

    function test_badLeafCount__two_for_one() external {
        Opening memory leaf = openingOf("leaf", 2, 0);
        Closed memory c = closedOver(opened(), hashOf(leaf), 0, 12);
        convictedOf(c.id, IFrauds.Fraud.Count, 12);
        judge.badLeafCount(c.id, c.place, leaf);
        leaf.count = 1;
        c = closedOver(opened(), hashOf(leaf), 0, 12);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafCount(c.id, c.place, leaf);
    }

    function test_badLeafCount__beyond_the_last_or_noise__must_be_zero() external {
        Opening memory leaf = openingOf("leaf", 1, 0);
        Closed memory c = closedOver(opened(), hashOf(leaf), 0, 13);
        convictedOf(c.id, IFrauds.Fraud.Count, 13);
        judge.badLeafCount(c.id, c.place, leaf);
        c = closedOver(opened(), hashOf(leaf), 0, 7);
        convictedOf(c.id, IFrauds.Fraud.Count, 7);
        judge.badLeafCount(c.id, c.place, leaf);
    }

    function test_badLeafKind__noise_as_data() external {
        uint256 id = opened();
        SignedLeaf memory signed = honest(id);
        signed.leaf.kind = 1;
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 8);
        convictedOf(id, IFrauds.Fraud.Kind, 8);
        judge.badLeafKind(id, c.place, signed.leaf, signed.leaf.body);
    }

    /// Noise of a seat must be its clerk's.
    function test_badLeafKind__noise_of_somebody_else() external {
        uint256 id = opened();
        SignedLeaf memory signed = honest(id);
        signed.leaf.kind = 1;
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 2);
        convictedOf(id, IFrauds.Fraud.Kind, 2);
        judge.badLeafKind(id, c.place, signed.leaf, signed.leaf.body);
        id = opened();
        (signed.leaf.account, signed.leaf.key) =
        (operator(id, 2), registry.keyHash(rounds.seats(id)[2], rounds.round(id).epoch));
        c = closedOver(id, leafHash(id, signed.leaf), 0, 2);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafKind(id, c.place, signed.leaf, signed.leaf.body);
    }

    function test_badFill__something_where_nothing_belongs() external {
        Closed memory c = closedOver(opened(), "a leaf", 0, 13);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        convictedOf(c.id, IFrauds.Fraud.Kind, 13);
        judge.badFill(c.id, c.place, set, "a leaf");
    }

    function test_badFill__nothing_where_data_belongs() external {
        bytes32 empty = emptyLeaf();
        Closed memory c = closedOver(opened(), empty, 0, 9);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        convictedOf(c.id, IFrauds.Fraud.Kind, 9);
        judge.badFill(c.id, c.place, set, empty);
        c = closedOver(opened(), empty, 0, 14);
        set = Dealer.setOf(c.snapshot);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badFill(c.id, c.place, set, empty);
        set.count = 6;
        bytes32 given = setHash(c.id, set);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongSet.selector, given, rounds.round(c.id).setHash));
        judge.badFill(c.id, c.place, set, empty);
    }

    function emptyLeaf() private pure returns (bytes32) {
        bytes memory body = abi.encode(uint256(0));
        for (uint256 i = 0; i < 8; ++i) {
            body = bytes.concat(body, i < 6 ? keccak256(new bytes(128)) : keccak256(new bytes(64)));
        }
        return keccak256(bytes.concat(bytes32(0), bytes32(0), keccak256(body)));
    }

    function setHash(uint256 id, IRounds.Set memory set) private view returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                rounds.round(id).roundHash,
                uint256(set.count),
                uint256(set.noise),
                set.rosterRoot,
                set.enrolmentRoot,
                set.exclusions,
                set.points
            )
        );
    }

    function test_badLeafPoint__outside_of_the_group() external {
        bytes[] memory bad = vm.parseJsonBytesArray(vm.readFile("tests/vectors/points.json"), ".badEncoded");
        uint256 tried;
        for (uint256 i = 0; i < bad.length; ++i) {
            if (bad[i].length != 128) continue;
            BLS.G1Point memory point = abi.decode(bad[i], (BLS.G1Point));
            Opening memory leaf = openingOf("leaf", 1, keccak256(bad[i]));
            Closed memory c = closedOver(opened(), hashOf(leaf), 0, 8);
            convictedOf(c.id, IFrauds.Fraud.Point, 8);
            judge.badLeafPoint(c.id, 0, c.place, leaf, point);
            close(c.id);
            ++tried;
        }
        assertTrue(tried >= 3, "vectors");
    }

    function test_badLeafPoint__in_the_group__reverts() external {
        BLS.G1Point memory point = Prover.publicKey(5);
        Opening memory leaf = openingOf("leaf", 1, Prover.hash(point));
        Closed memory c = closedOver(opened(), hashOf(leaf), 0, 8);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafPoint(c.id, 0, c.place, leaf, point);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongIndex.selector, 6));
        judge.badLeafPoint(c.id, 6, c.place, leaf, point);
    }

    // ------------------------------------------------------------------ two leaves

    /// @dev A tree of made-up leaves (no two alike) but for two of them.
    function treeOf(uint256 id, IRewards.Leaf memory first, IRewards.Leaf memory second)
        private
        returns (Place memory firstPlace, Place memory secondPlace)
    {
        Leaves.Tree memory tree_ = tree(id, COUNT);
        tree_.levels[0][9] = leafHash(id, first);
        tree_.levels[0][10] = leafHash(id, second);
        for (uint256 level = 1; level < tree_.depth; ++level) {
            for (uint256 i = 0; i < tree_.levels[level].length; ++i) {
                (bytes32 left, bytes32 right) = (tree_.levels[level - 1][2 * i], tree_.levels[level - 1][2 * i + 1]);
                tree_.levels[level][i] = keccak256(bytes.concat(left, right, Leaves.bodyOf(level, i)));
            }
        }
        IRounds.Snapshot memory snapshot = makeSnapshot(id, COUNT);
        (snapshot.left, snapshot.right) = Leaves.children(tree_);
        take(id, snapshot);
        firstPlace = Place(9, Leaves.pathOf(tree_, 9, Dealer.rootBody(snapshot)));
        secondPlace = Place(10, Leaves.pathOf(tree_, 10, Dealer.rootBody(snapshot)));
    }

    function test_badLeaves__one_account_or_key_or_descending() external {
        for (uint256 kind = 0; kind < 4; ++kind) {
            uint256 id = opened();
            (IRewards.Leaf memory first, IRewards.Leaf memory second) = (Leaves.leafOf(1), Leaves.leafOf(2));
            if (kind == 0) second.account = first.account;
            if (kind == 1) second.key = first.key;
            if (kind == 2) second.position = first.position;
            (Place memory firstPlace, Place memory secondPlace) = treeOf(id, first, second);
            if (kind == 3) {
                vm.expectRevert(ICases.NothingWrong.selector);
                judge.badLeaves(id, firstPlace, first, secondPlace, second);
                vm.expectRevert(abi.encodeWithSelector(ICases.WrongIndex.selector, 9));
                judge.badLeaves(id, firstPlace, first, firstPlace, first);
                return;
            }
            convictedOf(id, kind == 2 ? IFrauds.Fraud.Order : IFrauds.Fraud.Twice, 10);
            judge.badLeaves(id, firstPlace, first, secondPlace, second);
        }
    }

    // ------------------------------------------------------------------ roster and enrolments

    struct Membership {
        Closed closed;
        IRewards.Leaf leaf;
        IRounds.Set set;
        Enrolments enrolments;
        bytes32[] words; // of the roster: bitmap, nonces
        bytes32[] members; // enrolment leaves
        bytes message;
    }

    /// @dev Five contributors at the positions 1, 3, 5, 7, 9 of ten; the first one's leaf stands at 8.
    function membership(bool rightNonce, bool rightBit, bool rightMember) private returns (Membership memory m) {
        uint256 id = opened();
        m.leaf = leafOf(openingOf("leaf", 1, 0).words); // position 1
        m.words = new bytes32[](2);
        m.words[0] = bytes32(uint256(rightBit ? 0xaa : 0xa8) << 248) | bytes32(uint256(2) << 240);
        m.words[1] = bytes32(uint256(rightNonce ? m.leaf.nonce : m.leaf.nonce ^ 1) << 224);
        m.message = messageOf(rightMember ? m.leaf.account : STRANGER);
        m.members = new bytes32[](10);
        for (uint256 i = 0; i < 10; ++i) {
            m.members[i] = i == 1 ? keccak256(m.message) : keccak256(abi.encode("member", i));
        }
        m.enrolments = Enrolments(10, merkleRoot(m.members));
        m.closed.id = id;
        m.closed.snapshot = makeSnapshot(id, 3);
        m.closed.snapshot.count = COUNT;
        m.closed.snapshot.rosterRoot = merkleRoot(m.words);
        m.closed.snapshot.enrolmentRoot = keccak256(abi.encode(m.enrolments.number, m.enrolments.root));
        commitTo(m.closed, leafHash(id, m.leaf), 0, 8);
        m.set = Dealer.setOf(m.closed.snapshot);
    }

    function messageOf(address account) private view returns (bytes memory) {
        bytes memory key = this.compressed(Prover.publicKey(CONTRIBUTOR_KEY));
        return bytes.concat(hex"01", bytes20(account), key, new bytes(129));
    }

    function compressed(BLS.G1Point calldata point) external pure returns (bytes memory) {
        return G1.compress(point);
    }

    function merkleRoot(bytes32[] memory words) private pure returns (bytes32) {
        return merkle(words, 0, false)[0];
    }

    /// @return found The root alone, or the siblings of one word.
    function merkle(bytes32[] memory words, uint256 index, bool path) private pure returns (bytes32[] memory found) {
        uint256 depth;
        while (2 ** depth < words.length) ++depth;
        bytes32[] memory level = new bytes32[](2 ** depth);
        for (uint256 i = 0; i < words.length; ++i) {
            level[i] = words[i];
        }
        found = new bytes32[](path ? depth : 1);
        for (uint256 d = 0; d < depth; ++d) {
            if (path) found[d] = level[(index >> d) ^ 1];
            bytes32[] memory above = new bytes32[](level.length / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = keccak256(bytes.concat(level[2 * i], level[2 * i + 1]));
            }
            level = above;
        }
        if (!path) found[0] = level[0];
    }

    function test_badNonce__another_than_the_rosters() external {
        Membership memory m = membership(false, true, true);
        convictedOf(m.closed.id, IFrauds.Fraud.Roster, 8);
        judge.badNonce(m.closed.id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[1], merkle(m.words, 1, true));
    }

    function test_badPosition__a_bit_that_is_not_set() external {
        Membership memory m = membership(true, false, true);
        convictedOf(m.closed.id, IFrauds.Fraud.Roster, 8);
        judge.badPosition(
            m.closed.id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[0], merkle(m.words, 0, true)
        );
    }

    function test_badEnrolment__of_another_account() external {
        Membership memory m = membership(true, true, false);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        convictedOf(m.closed.id, IFrauds.Fraud.Enrolment, 8);
        judge.badEnrolment(
            m.closed.id, m.closed.place, m.leaf, m.set, m.enrolments, m.message, key, merkle(m.members, 1, true)
        );
    }

    function test_membership__honest__convicts_nobody() external {
        Membership memory m = membership(true, true, true);
        uint256 id = m.closed.id;
        bytes32[] memory nonces = merkle(m.words, 1, true);
        bytes32[] memory bits = merkle(m.words, 0, true);
        bytes32[] memory members = merkle(m.members, 1, true);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badNonce(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[1], nonces);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badPosition(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[0], bits);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badEnrolment(id, m.closed.place, m.leaf, m.set, m.enrolments, m.message, key, members);

        vm.expectRevert();
        judge.badNonce(id, m.closed.place, m.leaf, m.set, m.enrolments, bytes32(0), nonces);
        vm.expectRevert(abi.encodeWithSelector(Roster.WrongDepth.selector, 4, 1));
        judge.badNonce(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[1], members);
        m.enrolments.number = 9;
        vm.expectRevert();
        judge.badPosition(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[0], bits);
    }

    // ------------------------------------------------------------------ when

    function test_frauds__outside_of_the_complaint_window__reverts() external {
        Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        vm.warp(toComplaints(c.id));
        vm.expectRevert(wrongState(c.id, IRounds.State.Answering));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    function test_frauds__twice__reverts() external {
        Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), hashOf(f.node), 1, 4);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        vm.expectRevert(wrongState(c.id, IRounds.State.Fraud));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }
}
