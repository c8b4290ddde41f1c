// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Complaint, ExcludedLeaf} from "../interfaces/Evidence.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Codeword} from "../libraries/Codeword.sol";
import {Commitment} from "../libraries/Commitment.sol";
import {G1} from "../libraries/G1.sol";
import {DisputeBase} from "./DisputeBase.sol";

/// @title Leaves taken out of the closed set: queued by verdicts, settled in one step, so that every row is over the final
/// set and a clerk reveals one sum.
abstract contract Settling is DisputeBase {
    /// @dev Verdicts in order, as a chain of hashes: H(H(0 ‖ first) ‖ second) … The events tell which they are.
    mapping(uint256 roundId => bytes32) private _verdicts;

    /// @dev Queue a leaf. Its contributor is put aside, and its key, of which one share is public now, retired.
    function _exclude(uint256 roundId, Complaint calldata complaint) internal {
        IRewards.Leaf calldata leaf = complaint.signed.leaf;
        bool noise = leaf.kind != 0;
        // The depth is at most 25: n + N < 2^25.
        // forge-lint: disable-next-line(unsafe-typecast)
        Exclusion memory exclusion = Exclusion(uint32(complaint.place.index), noise, leaf.body);
        _verdicts[roundId] = _chained(_verdicts[roundId], exclusion);
        emit Excluded(roundId, exclusion.index, leaf.account, complaint.seat, msg.sender, noise, leaf.body);
        if (!noise) {
            emit PutAside(leaf.account, block.timestamp + ASIDE_TIME);
            emit KeyRetired(leaf.key, leaf.account);
        }
        _renewChallenges(roundId, complaint.seat);
        ROUNDS.exclude(roundId, exclusion.index, msg.sender);
    }

    /// @inheritdoc IDisputes
    function verdictsOf(uint256 roundId) external view returns (bytes32) {
        return _verdicts[roundId];
    }

    function _chained(bytes32 before, Exclusion memory exclusion) private pure returns (bytes32) {
        return keccak256(abi.encode(before, exclusion));
    }

    /// @inheritdoc IDisputes
    function settle(
        uint256 roundId,
        IRounds.Set calldata set,
        BLS.G1Point[] calldata points,
        Exclusion[] calldata queue,
        ExcludedLeaf[] calldata leaves
    ) external {
        IRounds.Case memory c = ROUNDS.settling(roundId);
        bytes32 given = Commitment.setHash(c.roundHash, set);
        if (given != c.setHash) revert WrongSet(given, c.setHash);
        _requireVerdicts(roundId, queue);
        bool narrow = c.chunks == 1;
        uint256 needed = narrow ? queue.length : 0;
        if (leaves.length != needed) revert WrongNumber("leaves", leaves.length, needed);
        needed = narrow ? c.n : 0;
        if (points.length != needed) revert WrongNumber("points", points.length, needed);

        IRounds.Set memory final_ = _without(set, queue);
        if (narrow) {
            final_.points = G1.hashes(points);
            _requireRest(c, set, points, queue, leaves);
        }
        bytes32 setHash = Commitment.setHash(c.roundHash, final_);
        if (narrow) _requireCodeword(c, points, setHash);
        emit Settled(roundId, setHash, final_.count);
        ROUNDS.replaceSet(roundId, setHash, final_.count, final_.noise);
    }

    /// @dev The points of the first R seats are those of the set without the leaves, which are those of the queue.
    function _requireRest(
        IRounds.Case memory c,
        IRounds.Set calldata set,
        BLS.G1Point[] calldata points,
        Exclusion[] calldata queue,
        ExcludedLeaf[] calldata leaves
    ) private view {
        for (uint256 i = 0; i < leaves.length; ++i) {
            _requireQueued(c, leaves[i], queue[i]);
        }
        for (uint256 seat = 0; seat < c.threshold; ++seat) {
            _requireDifference(set.points[seat], points[seat], leaves, seat);
        }
    }

    function _requireCodeword(IRounds.Case memory c, BLS.G1Point[] calldata points, bytes32 setHash) private view {
        Codeword.Verdict verdict = Codeword.check(points, c.threshold, setHash);
        if (verdict == Codeword.Verdict.PointsInvalid) revert PointsInvalid();
        if (verdict == Codeword.Verdict.NotACodeword) revert NotACodeword();
    }

    /// @dev These are all verdicts on the round, in order.
    function _requireVerdicts(uint256 roundId, Exclusion[] calldata queue) private view {
        bytes32 chain = 0;
        for (uint256 i = 0; i < queue.length; ++i) {
            chain = _chained(chain, queue[i]);
        }
        _requireSame(chain, _verdicts[roundId]);
    }

    /// @dev The set with its excluded leaves counted out; the points are still the old ones, and stay so in a wide round.
    function _without(IRounds.Set calldata set, Exclusion[] calldata queue) private pure returns (IRounds.Set memory) {
        IRounds.Set memory final_ = set;
        bytes memory indices;
        for (uint256 i = 0; i < queue.length; ++i) {
            if (queue[i].noise) final_.noise &= ~(uint64(1) << uint8(queue[i].index));
            else final_.count -= 1;
            indices = abi.encodePacked(indices, uint256(queue[i].index));
        }
        final_.exclusions = keccak256(indices);
        return final_;
    }

    /// @dev Points and corrections are those of the body that the contributor signed.
    function _requireQueued(IRounds.Case memory c, ExcludedLeaf calldata leaf, Exclusion calldata queued) private pure {
        if (leaf.points.length != c.threshold) revert WrongNumber("points", leaf.points.length, c.threshold);
        uint256 late = uint256(c.n) - c.threshold;
        if (leaf.corrections.length != late) revert WrongNumber("corrections", leaf.corrections.length, late);
        bytes32 body = Commitment.body(queued.noise ? 0 : 1, G1.hashes(leaf.points), c.threshold, leaf.corrections);
        _requireSame(body, queued.body);
    }

    /// @dev What is left and all that was excluded add up to what was there. Only additions: the codeword check that follows
    /// fixes the seats ≥ R and refuses points outside the subgroup.
    function _requireDifference(
        bytes32 before,
        BLS.G1Point calldata point,
        ExcludedLeaf[] calldata leaves,
        uint256 seat
    ) private view {
        uint256 input = G1.allocate(2);
        G1.copyPoint(input, point);
        for (uint256 i = 0; i < leaves.length; ++i) {
            G1.copyPoint(input + G1.POINT_BYTES, leaves[i].points[seat]);
            if (!G1.accumulate(input)) revert PointsInvalid();
        }
        _requireSame(G1.hashAt(input), before);
    }

    /// @dev Each upheld verdict lets a seat look for the next culprit (PROTOCOL §11.11).
    function _renewChallenges(uint256 roundId, uint8 seat) internal virtual;
}
