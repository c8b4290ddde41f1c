// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Chunk} from "../interfaces/Evidence.sol";

/// @title Rows in chunks of columns, and the Merkle tree over what is said of each (docs/FORMATS.md). The tree is filled up
/// with zero words to a power of two; over one chunk, that of a narrow round, it is the chunk's word itself.
library Chunks {
    error WrongChunk(uint256 index, uint256 chunks);
    error WrongChunkDepth(uint256 given, uint256 required);

    /// @dev A field element holds any integer of 254 bits.
    uint256 internal constant ELEMENT_BITS = 254;

    /// @notice B, the packed columns of a row.
    function columns(uint256 length, uint256 slotBits, uint256 k) internal pure returns (uint256) {
        return _ceilDiv(_ceilDiv(length, ELEMENT_BITS / slotBits), k);
    }

    /// @notice C = ceil(B / (m - 1)): each chunk has m - 1 packed columns and one for blinding.
    function count(uint256 columns_, uint256 m) internal pure returns (uint256) {
        return _ceilDiv(columns_, m - 1);
    }

    /// @notice The root over the words of all chunks, from one of them.
    /// @param word Of the chunk at `index`.
    /// @param path Its siblings, from the bottom up.
    function rootOf(bytes32 word, uint256 index, bytes32[] calldata path, uint256 chunks)
        internal
        pure
        returns (bytes32 root)
    {
        if (index >= chunks) revert WrongChunk(index, chunks);
        uint256 depth = chunks == 1 ? 0 : Math.log2(chunks - 1) + 1;
        if (path.length != depth) revert WrongChunkDepth(path.length, depth);
        root = word;
        for (uint256 level = 0; level < depth; ++level) {
            root = (index >> level) & 1 == 0 ? _parent(root, path[level]) : _parent(path[level], root);
        }
    }

    /// @notice The same for a chunk as evidence names it.
    function rootOf(bytes32 word, Chunk calldata chunk, uint256 chunks) internal pure returns (bytes32) {
        return rootOf(word, chunk.index, chunk.path, chunks);
    }

    /// @notice The root over the same word for every chunk.
    function repeated(bytes32 word, uint256 chunks) internal pure returns (bytes32 last) {
        // Of each level: all but the last node in use, the last one, and those that only fill up.
        (bytes32 full, bytes32 zero) = (word, 0);
        last = word;
        for (uint256 width = chunks; width > 1; width = (width + 1) / 2) {
            last = width % 2 == 0 ? _parent(full, last) : _parent(last, zero);
            (full, zero) = (_parent(full, full), _parent(zero, zero));
        }
    }

    /// @dev Of numbers below 2^255.
    function _ceilDiv(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return (a + b - 1) / b;
        }
    }

    function _parent(bytes32 left, bytes32 right) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            digest := keccak256(0x00, 0x40)
        }
    }
}
