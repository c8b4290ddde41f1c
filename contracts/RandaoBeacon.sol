// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {IRandomness} from "./interfaces/IRandomness.sol";

/// @title Randomness from the RANDAO of one exact block.
/// @notice The mix (mixHash, the header's prevRandao) is proven by the block's header, the header by its hash.
/// @dev Not the block hash: whoever builds a block grinds its extra data for a hash it likes, while the mix follows from
/// the proposers' fixed signatures. Not "the previous block" of whoever calls: the caller would choose the block. A
/// proposer can still withhold its whole block, one bit of influence that costs it the block.
/// @dev Warning: hashes older than 256 blocks come from EIP-2935, which every chain with EIP-2537 has.
contract RandaoBeacon is IRandomness {
    using BlockHeader for Memory.Slice[];

    uint256 private constant LOOKBACK = 8191;

    /// @inheritdoc IRandomness
    function valueAt(uint256 blockNumber, bytes calldata evidence) external view returns (bytes32 value) {
        if (blockNumber >= block.number) revert BlockNotMined(blockNumber, block.number);
        bytes32 expected = Blockhash.blockHash(blockNumber);
        if (expected == 0) revert BlockForgotten(blockNumber, block.number);

        bytes memory header = evidence;
        bytes32 given = keccak256(header);
        if (given != expected) revert WrongHeader(blockNumber, expected, given);
        return BlockHeader.parseHeader(header).getPrevRandao();
    }

    /// @inheritdoc IRandomness
    function lookback() external pure returns (uint256 blocks) {
        return LOOKBACK;
    }
}
