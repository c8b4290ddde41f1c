// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Rewards: contributors are paid for the leaves of a completed round.
/// @notice Whoever shows a leaf's path to the round's root has its reward paid to the payout address that the contributor
/// signed, once. What nobody claimed in time goes back to the developer.
/// @dev A round that completes pays its rewards into a pot here, with all that a claim is checked against: asking the rounds
/// contract each time would cost every contributor a third more.
interface IRewards {
    /// @notice The rewards of one round.
    struct Pot {
        bytes32 roundHash;
        bytes32 root; // of the sum tree
        uint96 reward; // token units each; 0: there is no pot
        uint32 count; // N
        uint32 claimed; // rewards paid or swept
        uint40 claimEnd; // unix seconds
        uint8 n; // leaves below n are no contributors'
    }

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

    event Opened(uint256 indexed roundId, uint256 amount, uint40 claimEnd);
    event Claimed(uint256 indexed roundId, uint256 indexed index, address indexed payout, uint256 amount);
    event Swept(uint256 indexed roundId, address indexed developer, uint256 amount);

    error OnlyRounds(address caller);
    error NoPot(uint256 roundId);
    error ClaimsOver(uint256 roundId, uint256 endedAt);
    error ClaimsOpen(uint256 roundId, uint256 endsAt);
    error NothingToSweep(uint256 roundId);
    error IndexOutOfRange(uint256 index, uint256 lowest, uint256 highest);
    error WrongDepth(uint256 given, uint256 required);
    error NotInTree(bytes32 computed, bytes32 root);
    error NotData(uint8 kind);
    error NoPayout(uint256 index);
    error AlreadyExcluded(uint256 roundId, uint256 index);
    error AlreadyClaimed(uint256 roundId, uint256 index);

    /// @notice Pay a contributor's reward to the payout address in its leaf.
    /// @param index Of the leaf, in [n, n + N).
    function claim(uint256 roundId, uint256 index, Leaf calldata leaf, Step[] calldata path) external;

    /// @notice Pay unclaimed rewards to the round's developer once the claim window is over. Anyone may.
    function sweep(uint256 roundId) external;

    /// @notice Take the rewards of a completed round, transferred beforehand. The rounds contract only.
    function open(uint256 roundId, Pot calldata pot_) external;

    /// @notice Bar the reward of an excluded leaf. The disputes are the rounds contract's to tell of.
    function exclude(uint256 roundId, uint256 index) external;

    function pot(uint256 roundId) external view returns (Pot memory);

    /// @return claimed Whether the reward of a leaf was paid.
    function isClaimed(uint256 roundId, uint256 index) external view returns (bool claimed);
}
