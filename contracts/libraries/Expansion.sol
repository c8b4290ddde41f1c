// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {G1} from "./G1.sol";

/// @title Seeds and the rows expanded from them (docs/FORMATS.md): what a clerk and a contributor share, as the chain sees
/// it when a share is disputed.
library Expansion {
    bytes31 internal constant PAD = "SDA/1 pad";
    bytes31 internal constant NOISE_PAD = "SDA/1 noise pad";

    uint256 private constant TWO_TO_256_MOD_Q = 0x1824b159acc5056f998c4fefecbc4ff55884b7fa0003480200000001fffffffe;

    /// @notice SHA-256(tag ‖ round hash ‖ seat ‖ A_u ‖ nonce ‖ K_uj).
    /// @param contributorKey A_u, compressed, 48 bytes.
    /// @param shared K_uj, compressed, 48 bytes.
    function seed(
        bytes31 tag,
        bytes32 roundHash,
        uint8 seat,
        bytes memory contributorKey,
        uint32 nonce,
        bytes memory shared
    ) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(tag, roundHash, seat, contributorKey, nonce, shared));
    }

    /// @notice Element i of a row: two digests as one 512-bit integer mod q.
    /// @param index i, below 2^32.
    /// @dev One digest mod q would be biased: 2^256 is not much larger than q (PROTOCOL §11.18).
    function element(bytes32 seed_, uint256 index) internal view returns (uint256) {
        uint256 high = _digest(seed_, index, 0);
        return addmod(mulmod(high, TWO_TO_256_MOD_Q, G1.Q), _digest(seed_, index, 1), G1.Q);
    }

    /// @dev SHA-256(seed ‖ index ‖ half), 37 bytes, without memory of its own: a row takes up to 128 of them.
    function _digest(bytes32 seed_, uint256 index, uint256 half) private view returns (uint256 digest) {
        bool done;
        assembly ("memory-safe") {
            mstore(0x20, shl(216, or(shl(8, index), half)))
            mstore(0x00, seed_)
            done := staticcall(gas(), 2, 0x00, 37, 0x00, 32)
            digest := mload(0x00)
        }
        assert(done);
    }
}
