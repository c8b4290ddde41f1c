// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A source of public randomness that nobody can choose.
/// @notice A draw names a future block; once that block is mined its value is fixed for everybody.
interface IRandomness {
    /// @notice The block is not mined yet: there is no value to prove.
    error BlockNotMined(uint256 blockNumber, uint256 current);
    /// @notice The block is so old that the chain no longer remembers its hash.
    error BlockForgotten(uint256 blockNumber, uint256 current);
    /// @notice The evidence is not the header of that block.
    error WrongHeader(uint256 blockNumber, bytes32 expected, bytes32 given);

    /// @notice The random value of one exact block.
    /// @param blockNumber The block, mined already and not forgotten yet.
    /// @param evidence What proves the value; for RANDAO the block's RLP-encoded header.
    /// @return value Uniform, the same for every caller.
    function valueAt(uint256 blockNumber, bytes calldata evidence) external view returns (bytes32 value);

    /// @notice How many blocks after a block its value can still be proven.
    function lookback() external view returns (uint256 blocks);
}
