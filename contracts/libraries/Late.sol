// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {G1} from "./G1.sol";
import {Lagrange} from "./Lagrange.sol";

/// @title Rows of the seats from R on: their commitments follow from those of the first R.
library Late {
    /// @notice Whether a row opens its seat's commitment, in one MSM: Σ row_i·H_i - Σ λ_i·P_i = 0.
    /// @param points P_0 … P_{R-1}.
    /// @param seat From R on.
    /// @return valid Whether all points are in the group; if not, `right` means nothing.
    function opens(address generators, BLS.G1Point[] calldata points, uint256 seat, uint256[] memory row)
        internal
        view
        returns (bool valid, bool right)
    {
        uint256 threshold = points.length;
        uint256[] memory coefficients = Lagrange.coefficientsAt(threshold, seat + 1);
        uint256 input = G1.allocate(threshold + row.length);
        for (uint256 i = 0; i < threshold; ++i) {
            G1.setTerm(input, i, points[i], G1.Q - coefficients[i]);
        }
        G1.setGenerators(generators, input + threshold * G1.TERM_BYTES, row);
        bytes32 difference;
        (valid, difference) = G1.msm(input, threshold + row.length);
        right = difference == G1.identityHash();
    }
}
