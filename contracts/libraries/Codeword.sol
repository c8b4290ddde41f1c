// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {G1} from "./G1.sol";

/// @title Whether n points are commitments to values of one polynomial of degree below R.
/// @notice Values y_1 … y_n at 1 … n belong to a polynomial of degree < R exactly if Σ_j (-1)^j·C(n-1, j)·p(j+1)·y_j = 0 for
/// every p of degree < n - R (the dual of a Reed-Solomon code). One random p, fixed by the set hash only after the
/// points were, misses a deviation with chance 1/q; the points' MSM checks curve and subgroup in passing.
library Codeword {
    /// @notice What the check found.
    enum Verdict {
        Codeword,
        PointsInvalid,
        NotACodeword
    }

    /// @param points D_0 … D_{n-1}.
    /// @param threshold R ≤ n.
    /// @param seed The set hash, which commits to the points.
    function check(BLS.G1Point[] calldata points, uint256 threshold, bytes32 seed) internal view returns (Verdict) {
        uint256 n = points.length;
        uint256[] memory polynomial = _polynomial(n - threshold, seed);
        uint256 input = G1.allocate(n);
        uint256 binomial = 1; // C(n-1, j)
        for (uint256 j = 0; j < n; ++j) {
            // n = R: any n points are a codeword; p = 0, and only the subgroup is checked.
            uint256 scalar = mulmod(binomial, _evaluate(polynomial, j + 1), G1.Q);
            if (j & 1 == 1 && scalar != 0) scalar = G1.Q - scalar;
            G1.setTerm(input, j, points[j], scalar);
            binomial = binomial * (n - 1 - j) / (j + 1);
        }
        (bool valid, bytes32 sum) = G1.msm(input, n);
        if (!valid) return Verdict.PointsInvalid;
        return sum == G1.identityHash() ? Verdict.Codeword : Verdict.NotACodeword;
    }

    /// @dev Coefficients c_i = keccak(seed ‖ i) mod q, the highest degree first.
    function _polynomial(uint256 terms, bytes32 seed) private pure returns (uint256[] memory polynomial) {
        polynomial = new uint256[](terms);
        for (uint256 i = 0; i < terms; ++i) {
            polynomial[terms - 1 - i] = uint256(keccak256(abi.encode(seed, i))) % G1.Q;
        }
    }

    /// @dev Horner's rule.
    function _evaluate(uint256[] memory polynomial, uint256 x) private pure returns (uint256 value) {
        uint256 q = G1.Q;
        assembly ("memory-safe") {
            let at := add(polynomial, 32)
            let end := add(at, mul(mload(polynomial), 32))
            for {} lt(at, end) { at := add(at, 32) } { value := addmod(mulmod(value, x, q), mload(at), q) }
        }
    }
}
