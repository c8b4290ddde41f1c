// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Enrolments} from "../interfaces/Evidence.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Commitment} from "./Commitment.sol";

/// @title What roster and enrolment root commit to (docs/FORMATS.md).
library Roster {
    error NotInRoster(bytes32 computed, bytes32 root);
    error NotEnrolments(bytes32 given, bytes32 root);
    error WrongDepth(uint256 given, uint256 required);

    uint256 private constant BITS_PER_WORD = 256;
    uint256 private constant NONCES_PER_WORD = 8;

    /// @notice The nonce that the roster has for the leaf at `index`.
    function nonceOf(
        IRounds.Set calldata set,
        uint256 n,
        uint256 index,
        Enrolments calldata enrolments,
        bytes32 word,
        bytes32[] calldata siblings
    ) internal pure returns (uint32) {
        // Nonces of the noise leaves present come first, by seat.
        uint256 order = index < n ? _popcount(set.noise & ((1 << index) - 1)) : _popcount(set.noise) + index - n;
        requireIn(set, enrolments, _bitmapWords(enrolments.number) + order / NONCES_PER_WORD, word, siblings);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(uint256(word) >> (224 - 32 * (order % NONCES_PER_WORD)));
    }

    /// @notice Whether the bit of an enrolment position is set. Bytes ascend, their lowest bit comes first.
    function hasPosition(
        IRounds.Set calldata set,
        uint32 position,
        Enrolments calldata enrolments,
        bytes32 word,
        bytes32[] calldata siblings
    ) internal pure returns (bool) {
        requireIn(set, enrolments, position / BITS_PER_WORD, word, siblings);
        uint256 within = position % BITS_PER_WORD;
        return (uint256(word) >> (8 * (31 - within / 8) + within % 8)) & 1 == 1;
    }

    /// @notice Revert unless a word of the roster file is at `index`.
    function requireIn(
        IRounds.Set calldata set,
        Enrolments calldata enrolments,
        uint256 index,
        bytes32 word,
        bytes32[] calldata siblings
    ) internal pure {
        requireEnrolments(set, enrolments);
        uint256 nonces = _popcount(set.noise) + set.count;
        uint256 words = _bitmapWords(enrolments.number) + (nonces + NONCES_PER_WORD - 1) / NONCES_PER_WORD;
        requirePath(word, index, siblings, words, set.rosterRoot);
    }

    /// @notice Revert unless the enrolment root commits to these.
    function requireEnrolments(IRounds.Set calldata set, Enrolments calldata enrolments) internal pure {
        bytes32 given = keccak256(abi.encode(enrolments.number, enrolments.root));
        if (given != set.enrolmentRoot) revert NotEnrolments(given, set.enrolmentRoot);
    }

    /// @notice Revert unless `word` is at `index` of `words` words under `root`.
    function requirePath(bytes32 word, uint256 index, bytes32[] calldata siblings, uint256 words, bytes32 root)
        internal
        pure
    {
        uint256 depth = words < 2 ? 0 : Commitment.depth(words, 0);
        if (siblings.length != depth) revert WrongDepth(siblings.length, depth);
        for (uint256 level = 0; level < depth; ++level) {
            word = (index >> level) & 1 == 0
                ? keccak256(abi.encode(word, siblings[level]))
                : keccak256(abi.encode(siblings[level], word));
        }
        if (word != root || index >= words) revert NotInRoster(word, root);
    }

    function _bitmapWords(uint256 enrolled) private pure returns (uint256) {
        return (enrolled + BITS_PER_WORD - 1) / BITS_PER_WORD;
    }

    function _popcount(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
