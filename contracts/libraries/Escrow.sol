// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title How what a round holds is split (PROTOCOL §6). Parts are floored; what is left over burns.
library Escrow {
    /// @notice A forfeited deposit: half to the finder, so that convicting oneself does not pay. The committee's flat fees
    /// come from a quarter, and from the escrow where that is too little; the rest burns, a quarter at least.
    function forfeit(uint256 deposit, uint256 flatFees) internal pure returns (uint256 reward, uint256 burned) {
        reward = deposit / 2;
        burned = deposit - reward - Math.min(flatFees, deposit / 4);
    }

    /// @notice Slashes of a failed round: they first pay what its right rows earned for their data; the rest burns.
    function leftOf(uint256 slashed, uint256 dataFees) internal pure returns (uint256 burned) {
        return slashed - Math.min(slashed, dataFees);
    }
}
