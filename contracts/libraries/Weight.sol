// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @title The weight of a stake in the draw: log2(1 + min(stake, cap) / minimum).
/// @dev A concave weight pays whoever splits a stake into several clerks; the cap bounds what honest concentration loses
/// to it (PROTOCOL §8), the registration fee is what a further identity costs.
library Weight {
    /// @notice Weight units per bit. With a cap of 8 minima a clerk weighs at most 12,984 units, so 330,000 clerks at the
    /// cap fit into 32 bits.
    uint256 internal constant UNIT = 4096;

    int256 private constant ONE = 1e18;
    uint256 private constant LN2 = 693147180559945309;

    /// @param stake Token units.
    /// @param minimum Token units, at least 1; a smaller stake has weight 0.
    /// @param cap Token units; stake beyond it does not count.
    /// @return In units of 1/4096, rounded down.
    function ofStake(uint256 stake, uint256 minimum, uint256 cap) internal pure returns (uint32) {
        if (stake < minimum) return 0;
        uint256 counted = stake < cap ? stake : cap;
        // counted < 2^96, so nothing here comes near 2^255.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 ratio = ONE + int256(counted * 1e18 / minimum);
        // ratio ≥ 2, so its logarithm is positive, and at most ln(2^96 + 1) < 67, so the weight is below 2^19.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(uint256(FixedPointMathLib.lnWad(ratio)) * UNIT / LN2);
    }
}
