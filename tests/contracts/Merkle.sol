// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Chunk} from "../../contracts/interfaces/Evidence.sol";

/// @dev The tree over what is said of each chunk, built whole and level by level: the contracts only ever follow one path.
library Merkle {
    /// @return levels From the words, filled up with zero words to a power of two, to the root.
    function build(bytes32[] memory words) internal pure returns (bytes32[][] memory levels) {
        uint256 depth = 0;
        while (2 ** depth < words.length) ++depth;
        levels = new bytes32[][](depth + 1);
        levels[0] = new bytes32[](2 ** depth);
        for (uint256 i = 0; i < words.length; ++i) {
            levels[0][i] = words[i];
        }
        for (uint256 level = 1; level <= depth; ++level) {
            levels[level] = new bytes32[](2 ** (depth - level));
            for (uint256 i = 0; i < levels[level].length; ++i) {
                levels[level][i] = keccak256(bytes.concat(levels[level - 1][2 * i], levels[level - 1][2 * i + 1]));
            }
        }
    }

    function root(bytes32[] memory words) internal pure returns (bytes32) {
        bytes32[][] memory levels = build(words);
        return levels[levels.length - 1][0];
    }

    function chunk(bytes32[] memory words, uint256 index) internal pure returns (Chunk memory) {
        bytes32[][] memory levels = build(words);
        bytes32[] memory path = new bytes32[](levels.length - 1);
        for (uint256 level = 0; level < path.length; ++level) {
            path[level] = levels[level][(index >> level) ^ 1];
        }
        return Chunk(index, path);
    }
}
