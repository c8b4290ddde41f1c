// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Opening, Place, SignedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IFrauds} from "../../contracts/interfaces/IFrauds.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {FraudsFixture} from "./FraudsFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Nodes} from "./Nodes.sol";
import {Prover} from "./Prover.sol";

/// @dev Leaves that a developer must not have put into its tree, and the honest ones next to them.
contract LeafFraudTest is FraudsFixture {
    function test_badLeafSignature__in_every_way() external {
        for (uint256 kind = 0; kind < 4; ++kind) {
            uint256 id = opened();
            SignedLeaf memory signed = signedLeaf(id);
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
        SignedLeaf memory signed = signedLeaf(id);
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
        SignedLeaf memory signed = signedLeaf(id);
        signed.proof.s ^= 1;
        signed.leaf.evidence = evidenceOf(signed);
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 8);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        convictedOf(id, IFrauds.Fraud.Possession, 8);
        judge.badLeafKey(id, c.place, signed, key);
        assertFraud(id);
    }

    /// No proof holds for a key outside of the group: whatever stands there is none.
    function test_badLeafKey__outside_of_the_group() external {
        uint256 id = opened();
        SignedLeaf memory signed = signedLeaf(id);
        signed.leaf.key = Prover.hash(outsideOfGroup());
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 8);
        convictedOf(id, IFrauds.Fraud.Possession, 8);
        judge.badLeafKey(id, c.place, signed, outsideOfGroup());
    }

    /// Noise is sent under the clerk's own key, whose proof the registry has.
    function test_badLeafKey__of_noise__reverts() external {
        uint256 id = opened();
        SignedLeaf memory signed = signedLeaf(id);
        signed.leaf.kind = 1;
        signed.proof.s ^= 1;
        signed.leaf.evidence = evidenceOf(signed);
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 2);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafKey(id, c.place, signed, key);
    }

    function test_badLeafBody__over_other_commitments() external {
        uint256 id = opened();
        SignedLeaf memory signed = signedLeaf(id);
        bytes32 structHash = Leaves.structHash(rounds.round(id).roundHash, signed.leaf);
        bytes32 node = keccak256(bytes.concat(structHash, signed.leaf.evidence, bytes32("another body")));
        Closed memory c = closedOver(id, node, 0, 8);
        convictedOf(id, IFrauds.Fraud.Body, 8);
        judge.badLeafBody(id, c.place, signed.leaf, "another body");
        assertFraud(id);
    }

    function test_badLeafCount__two_for_one() external {
        Opening memory leaf = Nodes.opening(8, "leaf", 2, 0);
        Closed memory c = closedOver(opened(), Nodes.hash(leaf), 0, 12);
        convictedOf(c.id, IFrauds.Fraud.Count, 12);
        judge.badLeafCount(c.id, c.place, leaf);
        leaf.count = 1;
        c = closedOver(opened(), Nodes.hash(leaf), 0, 12);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafCount(c.id, c.place, leaf);
    }

    function test_badLeafCount__beyond_the_last_or_noise__must_be_zero() external {
        Opening memory leaf = Nodes.opening(8, "leaf", 1, 0);
        Closed memory c = closedOver(opened(), Nodes.hash(leaf), 0, 13);
        convictedOf(c.id, IFrauds.Fraud.Count, 13);
        judge.badLeafCount(c.id, c.place, leaf);
        c = closedOver(opened(), Nodes.hash(leaf), 0, 7);
        convictedOf(c.id, IFrauds.Fraud.Count, 7);
        judge.badLeafCount(c.id, c.place, leaf);
    }

    function test_badLeafKind__noise_as_data() external {
        uint256 id = opened();
        SignedLeaf memory signed = signedLeaf(id);
        signed.leaf.kind = 1;
        Closed memory c = closedOver(id, leafHash(id, signed.leaf), 0, 8);
        convictedOf(id, IFrauds.Fraud.Kind, 8);
        judge.badLeafKind(id, c.place, signed.leaf, signed.leaf.body);
    }

    /// Noise of a seat must be its clerk's.
    function test_badLeafKind__noise_of_somebody_else() external {
        uint256 id = opened();
        SignedLeaf memory signed = signedLeaf(id);
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
            Opening memory leaf = Nodes.opening(8, "leaf", 1, keccak256(bad[i]));
            Closed memory c = closedOver(opened(), Nodes.hash(leaf), 0, 8);
            convictedOf(c.id, IFrauds.Fraud.Point, 8);
            judge.badLeafPoint(c.id, 0, c.place, leaf, point);
            close(c.id);
            ++tried;
        }
        assertTrue(tried >= 3, "vectors");
    }

    function test_badLeafPoint__in_the_group__reverts() external {
        BLS.G1Point memory point = Prover.publicKey(5);
        Opening memory leaf = Nodes.opening(8, "leaf", 1, Prover.hash(point));
        Closed memory c = closedOver(opened(), Nodes.hash(leaf), 0, 8);
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
}
