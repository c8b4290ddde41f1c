// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Opening, Place} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IFrauds} from "../../contracts/interfaces/IFrauds.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {FraudsFixture} from "./FraudsFixture.sol";
import {Nodes} from "./Nodes.sol";
import {Prover} from "./Prover.sol";

/// @dev Nodes that are not the sum of their children: the tree that convicts, and the honest one next to it that does not.
contract NodeFraudTest is FraudsFixture {
    function sumOf(uint256 left, uint256 right, uint256 node) private view returns (Nodes.Family memory) {
        return Nodes.family(8, node, left, right);
    }

    function test_badSum__points() external {
        Nodes.Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        assertFraud(c.id);
    }

    function test_badSum__points_that_add_up__reverts() external {
        Nodes.Family memory f = sumOf(3, 4, 7);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        // Its count is right as well.
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badCount(c.id, c.place, f.node, f.left, f.right);
    }

    function test_badSum__a_child_off_the_curve() external {
        BLS.G1Point memory off = Prover.publicKey(3);
        off.y_b = bytes32(uint256(off.y_b) ^ 1);
        Nodes.Family memory f = Nodes.family(8, Prover.publicKey(7), off, Prover.publicKey(4));
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    function test_badSum__correction_rows() external {
        Nodes.Family memory f = sumOf(3, 4, 7);
        (uint256 left, uint256 right) = (G1.Q - 1, 5);
        f.values = [abi.encode(uint256(4), uint256(9)), abi.encode(left, uint256(2)), abi.encode(right, uint256(7))];
        (f.left.words[7], f.right.words[7]) = (keccak256(f.values[1]), keccak256(f.values[2]));
        f.node.words[7] = keccak256(f.values[0]);
        Nodes.bind(f);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badSum(c.id, 7, c.place, f.node, f.left, f.right, f.values);

        f.values[0] = abi.encode(uint256(4), uint256(10));
        f.node.words[7] = keccak256(f.values[0]);
        c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(c.id, 7, c.place, f.node, f.left, f.right, f.values);
    }

    function test_badSum__values_or_children_that_are_not_the_trees__reverts() external {
        Nodes.Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        bytes[3] memory others = sumOf(3, 5, 8).values;
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, keccak256(others[2]), keccak256(f.values[2])));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, others);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongIndex.selector, 8));
        judge.badSum(c.id, 8, c.place, f.node, f.left, f.right, f.values);
        bytes32 required = Nodes.hash(f.left);
        f.left.count = 2;
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, Nodes.hash(f.left), required));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    function test_badCount__of_a_node() external {
        Nodes.Family memory f = sumOf(3, 4, 7);
        f.node.count = 3;
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Count, 4);
        judge.badCount(c.id, c.place, f.node, f.left, f.right);
        assertFraud(c.id);
    }

    /// Counts whose sum wraps to the node's.
    function test_badCount__that_wraps() external {
        Nodes.Family memory f = sumOf(3, 4, 7);
        (f.left.count, f.right.count, f.node.count) = (type(uint256).max, 3, 2);
        Nodes.bind(f);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        convictedOf(c.id, IFrauds.Fraud.Count, 4);
        judge.badCount(c.id, c.place, f.node, f.left, f.right);
    }

    function test_nodes__at_the_leaves_or_outside__reverts() external {
        Nodes.Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 0, 8);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongLevel.selector, DEPTH, DEPTH - 1));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        c.place.index = 8;
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongIndex.selector, 8));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    /// What a developer committed to as a row, and is none: too short, or with an element that is not below q.
    function test_badSum__children_that_are_no_rows() external {
        bytes[2] memory bad = [abi.encode(uint256(7)), abi.encode(G1.Q, uint256(7))];
        for (uint256 i = 0; i < 2; ++i) {
            Nodes.Family memory f = sumOf(3, 4, 7);
            f.values = [abi.encode(uint256(5), uint256(9)), bad[i], abi.encode(uint256(5), uint256(2))];
            (f.left.words[7], f.right.words[7]) = (keccak256(f.values[1]), keccak256(f.values[2]));
            f.node.words[7] = keccak256(f.values[0]);
            Nodes.bind(f);
            Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
            convictedOf(c.id, IFrauds.Fraud.Sum, 4);
            judge.badSum(c.id, 7, c.place, f.node, f.left, f.right, f.values);
            close(c.id);
        }
        // And what is no point.
        Nodes.Family memory g = sumOf(3, 4, 7);
        g.values[1] = "no point";
        g.left.words[0] = keccak256(g.values[1]);
        g.node.left = Nodes.hash(g.left);
        Closed memory d = closedOver(opened(), Nodes.hash(g.node), 1, 4);
        convictedOf(d.id, IFrauds.Fraud.Sum, 4);
        judge.badSum(d.id, 0, d.place, g.node, g.left, g.right, g.values);
    }

    function test_evidence__of_another_shape__reverts() external {
        Nodes.Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
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
        vm.expectRevert(abi.encodeWithSelector(ICases.NotOpened.selector, Nodes.hash(f.right), required));
        judge.badCount(c.id, place, f.node, f.left, f.right);
    }

    // ------------------------------------------------------------------ when

    function test_frauds__outside_of_the_complaint_window__reverts() external {
        Nodes.Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        vm.warp(toComplaints(c.id));
        vm.expectRevert(wrongState(c.id, IRounds.State.Answering));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }

    function test_frauds__twice__reverts() external {
        Nodes.Family memory f = sumOf(3, 4, 8);
        Closed memory c = closedOver(opened(), Nodes.hash(f.node), 1, 4);
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
        vm.expectRevert(wrongState(c.id, IRounds.State.Fraud));
        judge.badSum(c.id, 0, c.place, f.node, f.left, f.right, f.values);
    }
}
