// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {G1} from "./G1.sol";

/// @title Coefficients that carry values at 1 … R to a further point.
library Lagrange {
    /// @notice λ_1 … λ_R with f(x) = Σ λ_i·f(i) for every polynomial f of degree below R.
    /// @dev λ_i = (-1)^(R-i)·C(x-1, i-1)·C(x-i-1, R-i), integers for integers x > R. With x ≤ 64 no product of the two
    /// reaches 2^126. Exact recurrence: λ_{i+1}/λ_i = -(R-i)·(x-i) / (i·(x-i-1)).
    /// @param threshold R.
    /// @param x In (R, 64].
    function coefficientsAt(uint256 threshold, uint256 x) internal pure returns (uint256[] memory coefficients) {
        coefficients = new uint256[](threshold);
        // No product reaches 2^140, and x - i - 1 ≥ threshold - i for every i < threshold.
        unchecked {
            uint256 size = 1; // |λ_1| = C(x-2, R-1)
            for (uint256 i = 1; i < threshold; ++i) {
                size = size * (x - 1 - i) / i;
            }
            for (uint256 i = 1; i <= threshold; ++i) {
                coefficients[i - 1] = (threshold - i) % 2 == 0 ? size : G1.Q - size;
                if (i < threshold) size = size * (threshold - i) * (x - i) / (i * (x - i - 1));
            }
        }
    }
}
