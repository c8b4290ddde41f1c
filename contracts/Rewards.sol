// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRewards} from "./interfaces/IRewards.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {Commitment} from "./libraries/Commitment.sol";

/// @title Claims of contributors; made by the rounds contract that pays them.
contract Rewards is IRewards {
    IRounds public immutable ROUNDS;

    mapping(uint256 roundId => mapping(uint256 word => uint256)) private _claimed;

    constructor() {
        ROUNDS = IRounds(msg.sender);
    }

    /// @inheritdoc IRewards
    function claim(uint256 roundId, uint256 index, Leaf calldata leaf, Step[] calldata path) external {
        (bytes32 roundHash, bytes32 root, uint256 n, uint256 count) = ROUNDS.closedSet(roundId);
        if (leaf.kind != 0) revert NotData(leaf.kind);
        if (leaf.payout == address(0)) revert NoPayout(index);
        // Without a bound on index and depth one leaf could be claimed under several indices, or a node as a leaf.
        if (index < n || index >= n + count) revert IndexOutOfRange(index, n, n + count);
        uint256 depth = Commitment.depth(n, count);
        if (path.length != depth) revert WrongDepth(path.length, depth);
        bytes32 computed = Commitment.rootOf(Commitment.leaf(roundHash, leaf), index, path);
        if (computed != root) revert NotInTree(computed, root);
        if (isClaimed(roundId, index)) revert AlreadyClaimed(roundId, index);

        _claimed[roundId][index >> 8] |= 1 << (index & 0xff);
        uint256 reward = ROUNDS.payReward(roundId, leaf.payout);
        emit Claimed(roundId, index, leaf.payout, reward);
    }

    /// @inheritdoc IRewards
    function isClaimed(uint256 roundId, uint256 index) public view returns (bool claimed) {
        return (_claimed[roundId][index >> 8] >> (index & 0xff)) & 1 == 1;
    }
}
