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
        _fill(input, points, polynomial);
        (bool valid, bytes32 sum) = G1.msm(input, n);
        if (!valid) return Verdict.PointsInvalid;
        return sum == G1.identityHash() ? Verdict.Codeword : Verdict.NotACodeword;
    }

    /// @dev Coefficients c_i = keccak(seed ‖ i) mod q, the highest degree first.
    function _polynomial(uint256 terms, bytes32 seed) private pure returns (uint256[] memory polynomial) {
        polynomial = new uint256[](terms);
        uint256 q = G1.Q;
        assembly ("memory-safe") {
            mstore(0x00, seed)
            for { let i := 0 } lt(i, terms) { i := add(i, 1) } {
                mstore(0x20, i)
                mstore(add(polynomial, mul(sub(terms, i), 32)), mod(keccak256(0x00, 0x40), q))
            }
        }
    }

    /// @dev Terms of the MSM: D_j with (-1)^j·C(n-1, j)·p(j+1), p by Horner's rule, binomials by their exact recurrence
    /// (below 2^60). n = R: p = 0, any n points are a codeword, and only the subgroup is checked. In assembly, as it runs
    /// n·(n - R) times.
    function _fill(uint256 input, BLS.G1Point[] calldata points, uint256[] memory polynomial) private pure {
        uint256 q = G1.Q;
        assembly ("memory-safe") {
            let n := points.length
            let from := add(polynomial, 32)
            let end := add(from, mul(mload(polynomial), 32))
            let binomial := 1
            for { let j := 0 } lt(j, n) {} {
                let x := add(j, 1)
                let value := 0
                // Both are below q < 2^255: their sum needs no reduction before the next step's.
                for { let at := from } lt(at, end) { at := add(at, 32) } {
                    value := add(mulmod(value, x, q), mload(at))
                }
                value := mulmod(binomial, value, q)
                // An odd term's sign; q itself stands for 0 there, which the precompile takes.
                if and(j, 1) { value := sub(q, value) }
                calldatacopy(input, add(points.offset, mul(j, 128)), 128)
                mstore(add(input, 128), value)
                input := add(input, 160)
                binomial := div(mul(binomial, sub(sub(n, 1), j)), x)
                j := x
            }
        }
    }
}
