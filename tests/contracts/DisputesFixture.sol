// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Frauds} from "../../contracts/Frauds.sol";
import {Complaint, ExcludedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Contributions} from "./Contributions.sol";
import {Dealer} from "./Dealer.sol";
import {GasRecord} from "./GasRecord.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";

/// @dev A closed round with one contribution that is known, in a tree as deep as one likes, and the disputes about it.
abstract contract DisputesFixture is Contributions, GasRecord {
    function frauds() internal view returns (Frauds) {
        return Frauds(disputes.frauds());
    }

    function opened(Terms memory terms) internal returns (uint256 id) {
        id = request(terms);
        draw(id);
    }

    /// @dev A round of `count` contributors whose first lied, its snapshot taken.
    function lied(Terms memory terms, uint32 count) internal returns (Contribution memory lie) {
        lie = dishonest(opened(terms), 0);
        commit(lie, count);
    }

    /// @dev The same, and the commitment for one seat is this point, whatever it is.
    function liedWithPoint(uint256 seat, BLS.G1Point memory point, uint32 count)
        internal
        returns (Contribution memory lie)
    {
        lie = dishonest(opened(defaultTerms()), 0);
        lie.words[seat] = Prover.hash(point);
        lie.signed = sign(lie.id, leafOf(0, lie.words), 0);
        commit(lie, count);
        lie.points[seat] = point;
    }

    /// @dev x = 0 gives y^2 = 4: the point (0, 2) is on the curve and of order 3.
    function outsideOfGroup() internal pure returns (BLS.G1Point memory point) {
        point.y_b = bytes32(uint256(2));
    }

    /// @dev The snapshot of a round that has the contribution at its place, and made-up ones elsewhere; the noise that
    /// `made.snapshot` names.
    function commit(Contribution memory made, uint32 count) internal {
        uint64 noise = made.snapshot.noise;
        made.snapshot = makeSnapshot(made.id, 3);
        (made.snapshot.count, made.snapshot.noise) = (count, noise);
        for (uint256 seat = 0; seat < made.points.length; ++seat) {
            made.snapshot.points[seat] = BLS.add(made.snapshot.points[seat], made.points[seat]);
        }
        bytes32 node = Leaves.hash(rounds.round(made.id).roundHash, made.signed.leaf);
        made.path = pathFrom(node, made.index, depthOf(made.points.length, count), made.snapshot);
        made.path[made.path.length - 1].body = Dealer.rootBody(made.snapshot);
        take(made.id, made.snapshot);
    }

    function depthOf(uint256 n, uint256 count) internal pure returns (uint256 depth) {
        depth = 1;
        while (2 ** depth < n + count) ++depth;
    }

    /// @dev A path of made-up siblings and bodies; the snapshot gets the root's children.
    function pathFrom(bytes32 node, uint256 index, uint256 length, IRounds.Snapshot memory snapshot)
        internal
        pure
        returns (IRewards.Step[] memory path)
    {
        path = new IRewards.Step[](length);
        for (uint256 level = 0; level < length; ++level) {
            bytes32 sibling = keccak256(abi.encode("sibling", level));
            bytes32 body = Leaves.bodyOf(level + 1, index >> (level + 1));
            path[level] = IRewards.Step(sibling, body);
            (bytes32 left, bytes32 right) = (index >> level) & 1 == 0 ? (node, sibling) : (sibling, node);
            (snapshot.left, snapshot.right) = (left, right);
            node = keccak256(bytes.concat(left, right, body));
        }
    }

    // ------------------------------------------------------------------ complaints and their consequences

    function complain(Contribution memory about, uint8 seat) internal {
        Complaint memory complaint = complaintOf(about, seat);
        address holder = operator(about.id, seat);
        vm.prank(holder);
        disputes.badShare(about.id, complaint);
    }

    function verdicts(Contribution memory lie) internal pure returns (IDisputes.Exclusion[] memory queue) {
        queue = new IDisputes.Exclusion[](1);
        queue[0] = IDisputes.Exclusion(uint32(lie.index), lie.signed.leaf.kind != 0, lie.signed.leaf.body);
    }

    function excludedOf(Contribution memory lie) internal pure returns (ExcludedLeaf[] memory leaves) {
        leaves = new ExcludedLeaf[](1);
        leaves[0] = excludedLeaf(lie);
    }

    /// @dev A wide round is settled without.
    function noPoints() internal pure returns (BLS.G1Point[] memory) {}

    function noLeaves() internal pure returns (ExcludedLeaf[] memory) {}

    function settle(Contribution memory lie) internal {
        ExcludedLeaf[] memory leaves = excludedOf(lie);
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        BLS.G1Point[] memory points = sharing(lie.id).points;
        vm.prank(ANYONE);
        disputes.settle(lie.id, set, points, verdicts(lie), leaves);
    }
}
