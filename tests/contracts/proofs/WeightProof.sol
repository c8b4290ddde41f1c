// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Weight} from "../../../contracts/libraries/Weight.sol";
import {Proof} from "./Proof.sol";

/// @dev What of the weight can be proven. That it never falls as the stake grows, and that up to the cap it fits into 32 bits,
/// cannot: Solady's logarithm is a quotient of two polynomials of degree 8 over 96-bit fixed-point numbers, and Yices decides
/// no comparison with such a value (tried for a minute each). Both are fuzzed (Weight.t.sol); if the weight never falls, the
/// largest is that of the cap, which is known: 12,984.
contract WeightProof is Proof {
    uint256 private constant MINIMUM = 100e18;
    uint256 private constant CAP = 8 * MINIMUM;

    function check_weight__below_the_minimum__is_none(uint256 stake, uint256 minimum, uint256 cap) external pure {
        vm.assume(stake < minimum);
        assert(Weight.ofStake(stake, minimum, cap) == 0);
    }

    function check_weight__beyond_the_cap__is_that_of_the_cap(uint96 stake) external pure {
        vm.assume(stake >= CAP);
        assert(Weight.ofStake(stake, MINIMUM, CAP) == Weight.ofStake(CAP, MINIMUM, CAP));
    }
}
