// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IRewards} from "./interfaces/IRewards.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {Commitment} from "./libraries/Commitment.sol";

/// @title Pots of contributors' rewards; made by the rounds contract that fills them.
contract Rewards is IRewards {
    using SafeERC20 for IERC20;

    IRounds public immutable ROUNDS;
    IERC20 public immutable TOKEN;

    mapping(uint256 roundId => Pot) private _pots;
    mapping(uint256 roundId => mapping(uint256 word => uint256)) private _claimed;

    /// @param token Of the rewards.
    constructor(IERC20 token) {
        ROUNDS = IRounds(msg.sender);
        TOKEN = token;
    }

    /// @inheritdoc IRewards
    function open(uint256 roundId, Pot calldata pot_) external {
        if (msg.sender != address(ROUNDS)) revert OnlyRounds(msg.sender);
        _pots[roundId] = pot_;
        emit Opened(roundId, uint256(pot_.count) * pot_.reward, pot_.claimEnd);
    }

    /// @inheritdoc IRewards
    function exclude(uint256 roundId, uint256 index) external {
        if (msg.sender != address(ROUNDS)) revert OnlyRounds(msg.sender);
        uint256 bit = 1 << (index & 0xff);
        if (_claimed[roundId][index >> 8] & bit != 0) revert AlreadyExcluded(roundId, index);
        _claimed[roundId][index >> 8] |= bit;
    }

    /// @inheritdoc IRewards
    function claim(uint256 roundId, uint256 index, Leaf calldata leaf, Step[] calldata path) external {
        Pot memory p = _potOf(roundId);
        if (block.timestamp >= p.claimEnd) revert ClaimsOver(roundId, p.claimEnd);
        if (leaf.kind != 0) revert NotData(leaf.kind);
        if (leaf.payout == address(0)) revert NoPayout(index);
        // Without a bound on index and depth one leaf could be claimed under several indices, or a node as a leaf.
        if (index < p.n || index >= uint256(p.n) + p.count) {
            revert IndexOutOfRange(index, p.n, uint256(p.n) + p.count);
        }
        uint256 depth = Commitment.depth(p.n, p.count);
        if (path.length != depth) revert WrongDepth(path.length, depth);
        bytes32 computed = Commitment.rootOf(Commitment.leaf(p.roundHash, leaf), index, path);
        if (computed != p.root) revert NotInTree(computed, p.root);
        uint256 word = _claimed[roundId][index >> 8];
        uint256 bit = 1 << (index & 0xff);
        if (word & bit != 0) revert AlreadyClaimed(roundId, index);

        _claimed[roundId][index >> 8] = word | bit;
        _pots[roundId].claimed = p.claimed + 1;
        emit Claimed(roundId, index, leaf.payout, p.reward);
        TOKEN.safeTransfer(leaf.payout, p.reward);
    }

    /// @inheritdoc IRewards
    function sweep(uint256 roundId) external {
        Pot memory p = _potOf(roundId);
        if (block.timestamp < p.claimEnd) revert ClaimsOpen(roundId, p.claimEnd);
        if (p.claimed == p.count) revert NothingToSweep(roundId);
        uint256 amount = uint256(p.count - p.claimed) * p.reward;
        address developer = ROUNDS.round(roundId).developer;
        _pots[roundId].claimed = p.count;
        emit Swept(roundId, developer, amount);
        TOKEN.safeTransfer(developer, amount);
    }

    /// @inheritdoc IRewards
    function pot(uint256 roundId) external view returns (Pot memory) {
        return _pots[roundId];
    }

    /// @inheritdoc IRewards
    function isClaimed(uint256 roundId, uint256 index) external view returns (bool claimed) {
        return (_claimed[roundId][index >> 8] >> (index & 0xff)) & 1 == 1;
    }

    function _potOf(uint256 roundId) private view returns (Pot memory p) {
        p = _pots[roundId];
        if (p.reward == 0) revert NoPot(roundId);
    }
}
