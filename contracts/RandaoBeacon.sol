// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {IRandomness} from "./interfaces/IRandomness.sol";

/// @title Randomness from the RANDAO of one exact block.
/// @notice The mix (mixHash, the header's prevRandao) is proven by the block's header, the header by its hash.
/// @dev Not the block hash: whoever builds a block grinds its extra data for a hash it likes, while the mix follows from
/// the proposers' fixed signatures. Not "the previous block" of whoever calls: the caller would choose the block. A
/// proposer can still withhold its whole block, one bit of influence that costs it the block.
/// @dev Warning: hashes older than 256 blocks come from EIP-2935, which every chain with EIP-2537 has.
contract RandaoBeacon is IRandomness {
    uint256 private constant LOOKBACK = 8191;
    /// @dev The mix is item 13 of a header, after twelve short items and the logs' bloom filter, and has 32 bytes.
    uint256 private constant MIX_ITEM = 13;
    uint256 private constant MIX_PREFIX = 0xa0;

    /// @inheritdoc IRandomness
    function valueAt(uint256 blockNumber, bytes calldata evidence) external view returns (bytes32 value) {
        if (blockNumber >= block.number) revert BlockNotMined(blockNumber, block.number);
        bytes32 expected = Blockhash.blockHash(blockNumber);
        if (expected == 0) revert BlockForgotten(blockNumber, block.number);
        bytes32 given = keccak256(evidence);
        if (given != expected) revert WrongHeader(blockNumber, expected, given);
        return _mix(evidence);
    }

    /// @inheritdoc IRandomness
    function lookback() external pure returns (uint256 blocks) {
        return LOOKBACK;
    }

    /// @dev The header's hash was checked: it is well-formed RLP, a list of strings. Walking over the items costs a tenth
    /// of decoding them all.
    function _mix(bytes calldata header) private pure returns (bytes32) {
        uint256 position = 1 + _lengthBytes(uint8(header[0]), 0xf7);
        for (uint256 item = 0; item < MIX_ITEM; ++item) {
            position += _size(header, position);
        }
        assert(uint8(header[position]) == MIX_PREFIX);
        return bytes32(header[position + 1:position + 33]);
    }

    /// @dev Bytes that the string at `position` takes, its prefix included.
    function _size(bytes calldata header, uint256 position) private pure returns (uint256) {
        uint256 prefix = uint8(header[position]);
        if (prefix < 0x80) return 1;
        uint256 lengthBytes = _lengthBytes(prefix, 0xb7);
        if (lengthBytes == 0) return 1 + prefix - 0x80;
        uint256 length = uint256(bytes32(header[position + 1:])) >> (256 - 8 * lengthBytes);
        return 1 + lengthBytes + length;
    }

    /// @dev How many bytes of length follow a prefix; 0 if it holds the length itself.
    function _lengthBytes(uint256 prefix, uint256 longest) private pure returns (uint256) {
        return prefix > longest ? prefix - longest : 0;
    }
}
