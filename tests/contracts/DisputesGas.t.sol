// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Frauds} from "../../contracts/Frauds.sol";
import {Place} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Nodes} from "./Nodes.sol";

/// @dev What each dispute costs in a tree of 250,000 leaves. Written to .build/gas-disputes.json.
/// forge-config: default.isolate = true
contract DisputesGasTest is DisputesFixture {
    uint32 private constant COUNT = 250_000;

    function setUp() public override {
        deploy(clerkSettings(), roundSettings());
        registerMany(90);
    }

    function test_gas__of_each_dispute() external {
        Contribution memory lie = lied(terms26(3), COUNT);
        complain(lie, 0);
        record("complaint", 500_000);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        record("settle", 600_000);

        lie = lied(terms26(3), COUNT);
        complain(lie, 25);
        record("complaint_late", 500_000);

        badSignature();
        badSum(terms26(3), "bad_node", 200_000);
        badSum(terms64(64), "bad_node_64", 500_000);

        lie = lied(terms64(64), COUNT);
        complain(lie, 63);
        record("complaint_64_m64", 1_500_000);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        record("settle_64", 1_500_000);
        vm.writeJson(json, ".build/gas-disputes.json");
    }

    function terms26(uint8 m) private pure returns (Terms memory terms) {
        terms = defaultTerms();
        (terms.n, terms.t, terms.k, terms.m) = (26, 8, 10, m);
        (terms.length, terms.slotBits) = (14 * 10 * uint32(m - 1), 18);
        (terms.minimum, terms.maximum) = (1_000, COUNT);
        (terms.flatFee, terms.rate, terms.reward) = (1e18 + 11, 1e10 + 13, 1e14 + 17);
    }

    function terms64(uint8 m) private pure returns (Terms memory terms) {
        terms = terms26(m);
        (terms.n, terms.t, terms.k) = (64, 31, 15);
        terms.length = 14 * 15 * uint32(m - 1);
    }

    function badSignature() private {
        Contribution memory lie = lied(terms26(3), COUNT);
        Frauds judge = frauds();
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badLeafSignature(lie.id, Place(lie.index, lie.path), lie.signed);
        // Another round, and a leaf of which one bit was changed after it was signed.
        uint256 id = opened(terms26(3));
        IRounds.Snapshot memory snapshot = makeSnapshot(id, 3);
        snapshot.count = COUNT;
        lie.signed = sign(id, lie.signed.leaf, 0);
        lie.signed.leaf.nonce ^= 1;
        lie.path =
            pathFrom(Leaves.hash(rounds.round(id).roundHash, lie.signed.leaf), lie.index, lie.path.length, snapshot);
        lie.path[lie.path.length - 1].body = Dealer.rootBody(snapshot);
        take(id, snapshot);
        vm.prank(ANYONE);
        judge.badLeafSignature(id, Place(lie.index, lie.path), lie.signed);
        record("bad_signature", 120_000);
        assertState(id, IRounds.State.Fraud);
    }

    /// @dev A node above the leaves whose points are not the sums of its children's.
    function badSum(Terms memory terms, string memory name, uint256 limit) private {
        uint256 id = opened(terms);
        Nodes.Family memory family = Nodes.family(terms.n, 7, 7, 7);
        IRounds.Snapshot memory snapshot = makeSnapshot(id, 3);
        snapshot.count = COUNT;
        uint256 length = depthOf(terms.n, COUNT) - 1;
        Place memory place = Place(terms.n / 2, pathFrom(Nodes.hash(family.node), terms.n / 2, length, snapshot));
        place.path[length - 1].body = Dealer.rootBody(snapshot);
        take(id, snapshot);
        Frauds judge = frauds();
        vm.prank(ANYONE);
        judge.badSum(id, 0, place, family.node, family.left, family.right, family.values);
        record(name, limit);
        assertState(id, IRounds.State.Fraud);
    }
}
