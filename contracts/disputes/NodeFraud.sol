// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Opening, Place} from "../interfaces/Evidence.sol";
import {IFrauds} from "../interfaces/IFrauds.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {G1} from "../libraries/G1.sol";
import {FraudBase} from "./FraudBase.sol";

/// @title Nodes that are not the sum of their children.
abstract contract NodeFraud is FraudBase {
    /// @inheritdoc IFrauds
    function badCount(
        uint256 roundId,
        Place calldata place,
        Opening calldata node,
        Opening calldata left,
        Opening calldata right
    ) external {
        _requireFamily(_case(roundId), place, node, left, right);
        unchecked {
            // A sum that wraps is none: the parts are compared as well.
            uint256 sum = left.count + right.count;
            if (sum == node.count && sum >= left.count) revert NothingWrong();
        }
        _convict(roundId, Fraud.Count, place.index);
    }

    /// @inheritdoc IFrauds
    function badRootCount(uint256 roundId, Opening calldata opening) external {
        IRounds.Case memory c = _case(roundId);
        _requireSame(_hash(c, opening), c.root);
        if (opening.count == c.count) revert NothingWrong();
        _convict(roundId, Fraud.Count, 0);
    }

    /// @inheritdoc IFrauds
    function badSum(
        uint256 roundId,
        uint8 seat,
        Place calldata place,
        Opening calldata node,
        Opening calldata left,
        Opening calldata right,
        bytes[3] calldata values
    ) external {
        IRounds.Case memory c = _case(roundId);
        _requireFamily(c, place, node, left, right);
        if (seat >= c.n) revert WrongIndex(seat);
        _requireSame(keccak256(values[0]), node.words[seat]);
        _requireSame(keccak256(values[1]), left.words[seat]);
        _requireSame(keccak256(values[2]), right.words[seat]);
        bool right_ = seat < c.threshold ? _pointsAdd(values) : _rowsAdd(values, c.m);
        if (right_) revert NothingWrong();
        _convict(roundId, Fraud.Sum, place.index);
    }

    /// @dev Three openings of one node and its children, above the leaves.
    function _requireFamily(
        IRounds.Case memory c,
        Place calldata place,
        Opening calldata node,
        Opening calldata left,
        Opening calldata right
    ) private pure {
        if (place.path.length >= _depth(c)) revert WrongLevel(place.path.length, _depth(c) - 1);
        _requireInTree(c, _hash(c, node), place);
        uint256 chunk = node.chunk.index;
        if (left.chunk.index != chunk) revert WrongNumber("chunk", left.chunk.index, chunk);
        if (right.chunk.index != chunk) revert WrongNumber("chunk", right.chunk.index, chunk);
        _requireSame(_hash(c, left), node.left);
        _requireSame(_hash(c, right), node.right);
    }

    /// @dev What is no point of 128 bytes on the curve adds up to nothing.
    function _pointsAdd(bytes[3] calldata values) private view returns (bool) {
        if (values[1].length != G1.POINT_BYTES || values[2].length != G1.POINT_BYTES) return false;
        (bool valid, bytes32 sum) = G1.add(values[1], values[2]);
        return valid && sum == keccak256(values[0]);
    }

    /// @dev Rows are m words below q; others add up to nothing.
    function _rowsAdd(bytes[3] calldata values, uint256 m) private pure returns (bool) {
        for (uint256 i = 0; i < 3; ++i) {
            if (values[i].length != 32 * m) return false;
        }
        for (uint256 start = 0; start < 32 * m; start += 32) {
            uint256 left = uint256(bytes32(values[1][start:start + 32]));
            uint256 right = uint256(bytes32(values[2][start:start + 32]));
            if (left >= G1.Q || right >= G1.Q) return false;
            if (addmod(left, right, G1.Q) != uint256(bytes32(values[0][start:start + 32]))) return false;
        }
        return true;
    }
}
