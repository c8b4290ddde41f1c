// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Terms} from "../../contracts/interfaces/IRounds.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev What terms are admitted and cost, over all of them. Each refusal by name: RoundsTerms.t.sol.
contract RoundPolicyTest is RoundsFixture {
    /// w is the length of the largest sum in bits, m what follows from it; both found here by counting.
    function testFuzz_admit__slot_bits_are_the_sums_length(uint32 maximum, uint8 bits, uint64 bound_) external view {
        Terms memory terms = defaultTerms();
        (terms.flatFee, terms.rate, terms.reward) = (0, 0, 0);
        terms.maximum = uint32(bound(maximum, 3, 1 << 24));
        terms.bits = uint8(bound(bits, 1, 64));
        if (bound_ != 0) (terms.noiseBound, terms.sigma) = (bound_, 1);
        uint256 largest = terms.maximum * (2 ** uint256(terms.bits) - 1) + 16 * uint256(terms.noiseBound);
        terms.slotBits = 0;
        while (largest >> terms.slotBits != 0) {
            ++terms.slotBits;
        }
        terms.m = uint8((10 + 254 / terms.slotBits - 1) / (254 / terms.slotBits));
        terms.m = uint8((terms.m + 2) / 3 + 1);
        policy.admit(terms);
    }

    function testFuzz_quote__is_fees_rewards_bounty__and_four_abort_fees(uint96 flat, uint96 rate, uint96 reward)
        external
        view
    {
        Terms memory terms = defaultTerms();
        (terms.flatFee, terms.rate, terms.reward) = (flat, rate, reward);
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        assertEq(
            escrow, 8 * (flat + 200 * uint256(rate)) + 100 * uint256(reward) + BOUNTY + 2 * COMPLAINT_FEE, "escrow"
        );
        assertEq(deposit, 4 * (8 * uint256(flat) + ABORT_BURN), "deposit");
        assertTrue(deposit >= 64 * uint256(NO_DATA_BURN), "pays every seat's no data");
    }
}
