// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Weight} from "../../contracts/libraries/Weight.sol";
import {DrawHarness} from "./DrawHarness.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev Who is drawn: frequencies against the exact law of successive sampling, with fixed seeds.
contract DrawLawTest is RegistryFixture {
    uint256 private constant ONE = 1e9; // fixed point of the statistics

    // chi-squared at 0.999: 7 and 119 degrees of freedom
    uint256 private constant CRITICAL_7 = 24_322 * ONE / 1000;
    uint256 private constant CRITICAL_119 = 173_617 * ONE / 1000;

    DrawHarness private harness;

    function populated(uint256 count) private {
        harness = new DrawHarness(token, address(this), defaults());
        harness.populate(count);
    }

    function test_draw_of_10__follows_the_law() external {
        populated(10);
        assertLe(statistic(10, 7, 1500), CRITICAL_7, "10 clerks");
    }

    function test_draw_of_1000__follows_the_law() external {
        populated(1000);
        assertLe(statistic(1000, 26, 400), CRITICAL_7, "1,000 clerks");
    }

    function test_draw_of_100000__follows_the_law() external {
        populated(100_000);
        assertLe(statistic(100_000, 26, 400), CRITICAL_7, "100,000 clerks");
    }

    /// @dev Not only the classes, every clerk is reached: of 10,400 seats drawn among 100,000, pairs of the same clerk are
    /// expected 10,400² / 2 · Σp² = 596 times, give or take 24.
    function test_draw_of_100000__reaches_everyone() external {
        populated(100_000);
        uint256[] memory drawn = new uint256[](100_001);
        uint256 pairs;
        for (uint256 d = 0; d < 400; ++d) {
            uint32[] memory ids = harness.peek(keccak256(abi.encode("reach", d)), 26);
            for (uint256 i = 0; i < ids.length; ++i) {
                pairs += drawn[ids[i]]++;
            }
        }
        assertLe(pairs, 596 + 5 * 24, "nobody too often");
        assertLe(596 - 5 * 24, pairs, "random, not in turn");
    }

    /// @dev Given the seats drawn so far, the next is of weight class c with chance (weight left in c) / (weight left):
    /// the sum over classes of (observed − expected)² / expected is chi-squared with 7 degrees of freedom.
    function statistic(uint256 clerks, uint256 n, uint256 draws) private view returns (uint256 chi) {
        uint256[8] memory weight;
        uint256[8] memory all;
        uint256 total;
        for (uint256 c = 0; c < 8; ++c) {
            weight[c] = Weight.ofStake(MINIMUM * (1 + c), MINIMUM, 8 * uint256(MINIMUM));
        }
        for (uint256 i = 1; i <= clerks; ++i) {
            all[i % 8] += weight[i % 8];
            total += weight[i % 8];
        }
        assertEq(harness.totalWeight(), total, "total");

        uint256[8] memory observed;
        uint256[8] memory expected;
        for (uint256 d = 0; d < draws; ++d) {
            uint32[] memory ids = harness.peek(keccak256(abi.encode("law", clerks, d)), n);
            assertDistinct(ids);
            uint256[8] memory left = copy(all);
            uint256 leftTotal = total;
            for (uint256 seat = 0; seat < n; ++seat) {
                for (uint256 c = 0; c < 8; ++c) {
                    expected[c] += left[c] * ONE / leftTotal;
                }
                uint256 drawn = ids[seat] % 8;
                observed[drawn] += ONE;
                left[drawn] -= weight[drawn];
                leftTotal -= weight[drawn];
            }
        }
        for (uint256 c = 0; c < 8; ++c) {
            chi += squaredDifference(observed[c], expected[c]) / expected[c];
        }
    }

    /// @dev Every committee of 7 of 10 against its exact chance, computed over all orders of drawing it.
    function test_draw_of_10__every_committee_has_its_exact_chance() external {
        populated(10);
        uint256[] memory chance = committeeChances(7);
        uint256[] memory count = new uint256[](1024);
        uint256 draws = 6000;
        for (uint256 d = 0; d < draws; ++d) {
            uint32[] memory ids = harness.peek(keccak256(abi.encode("exact", d)), 7);
            uint256 mask;
            for (uint256 i = 0; i < 7; ++i) {
                mask |= 1 << (ids[i] - 1);
            }
            count[mask] += ONE;
        }
        uint256 chi;
        uint256 sum;
        for (uint256 mask = 0; mask < 1024; ++mask) {
            if (chance[mask] == 0) continue;
            sum += chance[mask];
            chi += squaredDifference(count[mask], chance[mask] * draws) / (chance[mask] * draws);
        }
        assertLe(ONE - sum, 1000, "the chances add up to 1");
        assertLe(chi, CRITICAL_119, "120 committees");
    }

    /// @dev chance[mask]: that the first `n` drawn are exactly `mask`, by dynamic programming over the subsets.
    function committeeChances(uint256 n) private view returns (uint256[] memory chance) {
        uint256[] memory reached = new uint256[](1024);
        chance = new uint256[](1024);
        reached[0] = ONE * ONE;
        for (uint256 mask = 0; mask < 1024; ++mask) {
            if (reached[mask] == 0) continue;
            uint256 size;
            uint256 left;
            for (uint256 i = 0; i < 10; ++i) {
                if (mask & (1 << i) != 0) ++size;
                else left += harness.weightOf(uint32(i + 1));
            }
            if (size == n) {
                chance[mask] = reached[mask] / ONE;
                continue;
            }
            for (uint256 i = 0; i < 10; ++i) {
                if (mask & (1 << i) != 0) continue;
                reached[mask | (1 << i)] += reached[mask] * harness.weightOf(uint32(i + 1)) / left;
            }
        }
    }

    function copy(uint256[8] memory from) private pure returns (uint256[8] memory to) {
        for (uint256 c = 0; c < 8; ++c) {
            to[c] = from[c];
        }
    }

    function squaredDifference(uint256 left, uint256 right) private pure returns (uint256) {
        uint256 difference = left > right ? left - right : right - left;
        return difference * difference;
    }

    function assertDistinct(uint32[] memory ids) private pure {
        for (uint256 i = 0; i < ids.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(ids[i] != ids[j], "drawn twice");
            }
        }
    }
}
