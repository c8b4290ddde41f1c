// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Rewards: contributors are paid for the leaves of a completed round.
/// @notice Whoever shows a leaf's path to the round's root has its reward paid to the payout address that the contributor
/// signed, once. The rounds contract holds the money and says until when.
interface IRewards {
    /// @notice What a leaf commits to besides round and body (docs/FORMATS.md).
    struct Leaf {
        address account;
        uint32 position;
        uint8 kind;
        bytes32 key;
        address payout;
        uint32 nonce;
        bytes32 body;
        bytes32 padded;
        bytes32 evidence; // keccak(signature ‖ proof of possession)
    }

    /// @notice One step of a path, from the leaf up.
    struct Step {
        bytes32 sibling;
        bytes32 body; // of the parent
    }

    event Claimed(uint256 indexed roundId, uint256 indexed index, address indexed payout, uint256 amount);

    error IndexOutOfRange(uint256 index, uint256 lowest, uint256 highest);
    error WrongDepth(uint256 given, uint256 required);
    error NotInTree(bytes32 computed, bytes32 root);
    error NotData(uint8 kind);
    error NoPayout(uint256 index);
    error AlreadyClaimed(uint256 roundId, uint256 index);

    /// @notice Pay a contributor's reward to the payout address in its leaf.
    /// @param index Of the leaf, in [n, n + N).
    function claim(uint256 roundId, uint256 index, Leaf calldata leaf, Step[] calldata path) external;

    /// @return claimed Whether the reward of a leaf was paid.
    function isClaimed(uint256 roundId, uint256 index) external view returns (bool claimed);
}
