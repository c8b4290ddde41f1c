// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Chunks} from "./Chunks.sol";
import {Terms} from "../interfaces/IRounds.sol";

/// @title What follows from a round's terms.
/// @dev Unchecked: amounts are below 2^96, counts and elements of a row below 2^32, seats below 2^8, so no product reaches
/// 2^200. Halmos proves what the escrow has to cover (tests/contracts/proofs).
library RoundTerms {
    /// @notice R = t + k, the rows that complete a round.
    function reconstruction(Terms memory terms) internal pure returns (uint256) {
        return uint256(terms.t) + terms.k;
    }

    /// @notice Noise leaves that must be present: n - s in a private round.
    function dealers(Terms memory terms) internal pure returns (uint256) {
        return terms.sigma == 0 ? 0 : uint256(terms.n) - terms.silent;
    }

    /// @notice C, the chunks of a row.
    function chunks(Terms memory terms) internal pure returns (uint256) {
        return Chunks.count(Chunks.columns(terms.length, terms.slotBits, terms.k), terms.m);
    }

    /// @notice What a right row earns for its data: rate × N × m × C.
    /// @param count Below 2^32.
    function dataFee(Terms memory terms, uint256 count) internal pure returns (uint256) {
        unchecked {
            return uint256(terms.rate) * count * terms.m * chunks(terms);
        }
    }

    /// @notice What a full committee's rows cost for `count` contributors.
    /// @param count Below 2^32.
    function committeeFee(Terms memory terms, uint256 count) internal pure returns (uint256) {
        unchecked {
            return terms.n * (uint256(terms.flatFee) + dataFee(terms, count));
        }
    }

    /// @notice n flat fees: what a committee gets that was drawn for nothing.
    function flatFees(Terms memory terms) internal pure returns (uint256) {
        unchecked {
            return uint256(terms.n) * terms.flatFee;
        }
    }

    /// @notice What `count` contributors are promised.
    /// @param count Below 2^32.
    function rewards(Terms memory terms, uint256 count) internal pure returns (uint256) {
        unchecked {
            return count * terms.reward;
        }
    }
}
