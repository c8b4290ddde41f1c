// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Frauds} from "../../contracts/Frauds.sol";
import {Place, SignedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {IFrauds} from "../../contracts/interfaces/IFrauds.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Nodes} from "./Nodes.sol";

/// @dev Closed rounds with one node that is known, and what a conviction comes to.
abstract contract FraudsFixture is DisputesFixture {
    uint32 internal constant COUNT = 5;
    uint256 internal constant DEPTH = 4; // 8 + 5 leaves

    Frauds internal judge;

    struct Closed {
        uint256 id;
        Place place;
        IRounds.Snapshot snapshot;
    }

    function setUp() public virtual override {
        super.setUp();
        judge = frauds();
    }

    function opened() internal returns (uint256) {
        return opened(defaultTerms());
    }

    /// @dev A round whose tree has `node` at this index of this level.
    function closedOver(uint256 id, bytes32 node, uint256 level, uint256 index)
        internal
        returns (Closed memory closed)
    {
        closed.id = id;
        closed.snapshot = makeSnapshot(id, 3);
        closed.snapshot.count = COUNT;
        commitTo(closed, node, level, index);
    }

    function commitTo(Closed memory closed, bytes32 node, uint256 level, uint256 index) internal {
        uint256 length = DEPTH - level;
        closed.place = Place(index, pathFrom(node, index, length, closed.snapshot));
        closed.place.path[length - 1].body = Dealer.rootBody(closed.snapshot);
        take(closed.id, closed.snapshot);
    }

    function convictedOf(uint256 id, IFrauds.Fraud fraud, uint256 index) internal {
        vm.expectEmit();
        emit IFrauds.Convicted(id, fraud, index, ANYONE);
        vm.prank(ANYONE);
    }

    function assertFraud(uint256 id) internal {
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

    function signedLeaf(uint256 id) internal view returns (SignedLeaf memory) {
        return sign(id, leafOf(0, Nodes.opening(8, "leaf", 1, 0).words), 0);
    }

    function leafHash(uint256 id, IRewards.Leaf memory leaf) internal view returns (bytes32) {
        return Leaves.hash(rounds.round(id).roundHash, leaf);
    }

    function evidenceOf(SignedLeaf memory signed) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(signed.signature, signed.proof.e, signed.proof.s));
    }
}
