// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Weight} from "../../contracts/libraries/Weight.sol";
import {Test} from "./Test.sol";

contract WeightTest is Test {
    uint256 private constant MINIMUM = 100e18;
    uint256 private constant CAP = 800e18;

    function test_weight__known_values() external pure {
        assertEq(Weight.ofStake(MINIMUM - 1, MINIMUM, CAP), 0, "below the minimum");
        assertEq(Weight.ofStake(MINIMUM, MINIMUM, CAP), 4096, "log2(2)");
        assertEq(Weight.ofStake(3 * MINIMUM, MINIMUM, CAP), 8192, "log2(4)");
        assertEq(Weight.ofStake(7 * MINIMUM, MINIMUM, CAP), 12_288, "log2(8)");
        assertEq(Weight.ofStake(8 * MINIMUM, MINIMUM, CAP), 12_984, "log2(9)");
        assertEq(Weight.ofStake(type(uint96).max, MINIMUM, CAP), 12_984, "capped");
        assertEq(Weight.ofStake(type(uint96).max, 1, type(uint96).max), 96 * 4096, "log2(2^96)");
    }

    /// @dev Independent: 2^(weight/4096) brackets 1 + stake/minimum, by repeated squaring on exact rationals:
    /// r^4096 ≥ 2^w and r^4096 < 2^(w+2) for the floor with one unit of slack for the logarithm's rounding.
    function testFuzz_weight__is_the_logarithm(uint256 stake) external pure {
        stake = bound(stake, MINIMUM, CAP);
        uint256 weight = Weight.ofStake(stake, MINIMUM, CAP);
        (uint256 whole, uint256 fraction) = slowLog2((1 << 64) + (stake << 64) / MINIMUM);
        uint256 slow = whole * 4096 + fraction;
        assertTrue(weight == slow || weight + 1 == slow || weight == slow + 1, "within one unit");
    }

    /// @dev log2 of a 64.64 fixed-point number: integer part, then 12 bits by squaring.
    function slowLog2(uint256 x) private pure returns (uint256 whole, uint256 fraction) {
        while (x >= 2 << 64) {
            x >>= 1;
            ++whole;
        }
        for (uint256 bit = 0; bit < 12; ++bit) {
            x = (x * x) >> 64;
            fraction <<= 1;
            if (x >= 2 << 64) {
                x >>= 1;
                fraction |= 1;
            }
        }
    }

    function testFuzz_weight__never_falls_with_the_stake(uint256 a, uint256 b) external pure {
        a = bound(a, 0, type(uint96).max);
        b = bound(b, 0, a);
        assertLe(Weight.ofStake(b, MINIMUM, CAP), Weight.ofStake(a, MINIMUM, CAP), "monotone");
    }
}
