// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The generators H_0 … H_63 as the code of one data contract.
/// @notice The code is 0x00 (STOP) and 64 points of 128 bytes, each by hash-to-curve from a fixed string (docs/FORMATS.md):
/// nobody knows a relation among them. tools/generators.py recomputes the hash.
library Generators {
    bytes32 internal constant CODE_HASH = 0xfb7ff89b39ceb5dabeb923e6bae2cd55341819c958f5c6dbb3ac6cbb1e2a5912;

    /// @notice Whether the contract at `data` is the generators.
    function standAt(address data) internal view returns (bool) {
        return data.codehash == CODE_HASH;
    }
}
