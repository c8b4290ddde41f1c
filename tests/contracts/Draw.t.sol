// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Weight} from "../../contracts/libraries/Weight.sol";
import {DrawHarness} from "./DrawHarness.sol";
import {Prover} from "./Prover.sol";
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

/// @dev When draws happen, what they may not be steered by, and how they fail.
contract DrawTest is RegistryFixture {
    function test_draw__is_the_same_for_whoever_draws() external {
        registerMany(8);
        uint256 state = vm.snapshotState();
        (, uint32[] memory first,) = drawNow(5, "seed");
        vm.revertToState(state);
        vm.warp(block.timestamp + 1 hours);
        vm.roll(block.number + 100);
        (, uint32[] memory second,) = drawNow(5, "seed");
        assertEq(keccak256(abi.encode(first)), keccak256(abi.encode(second)), "only the seed matters");
    }

    function test_draw__pool_too_small__locks_nobody() external {
        registerMany(4);
        (IClerkRegistry.Outcome outcome, uint32[] memory ids,) = drawNow(4, "seed");
        assertTrue(outcome == IClerkRegistry.Outcome.PoolTooSmall, "4n > 3 pool");
        assertEq(ids.length, 0, "no committee");
        (outcome,,) = drawNow(3, "seed");
        assertTrue(outcome == IClerkRegistry.Outcome.Drawn, "the ticket was used up, the next is served");
    }

    function test_draw__everyone_seated__pool_busy() external {
        for (uint256 i = 1; i <= 4; ++i) {
            register(i, MINIMUM);
        }
        for (uint256 d = 0; d < 16; ++d) {
            (IClerkRegistry.Outcome outcome,,) = drawNow(3, bytes32(d));
            if (outcome == IClerkRegistry.Outcome.PoolBusy) {
                for (uint32 id = 1; id <= 4; ++id) {
                    assertLe(registry.clerk(id).seats, 4, "never more seats than allowed");
                }
                return;
            }
        }
        assertTrue(false, "four seats each cannot fill sixteen committees of three");
    }

    function test_draw__nobody_has_a_key__tries_exhausted() external {
        registerMany(8);
        vm.warp(block.timestamp + EPOCH);
        (IClerkRegistry.Outcome outcome,,) = drawNow(3, "seed");
        assertTrue(outcome == IClerkRegistry.Outcome.TriesExhausted, "keys lapsed");
    }

    function test_draw__out_of_order__reverts() external {
        registerMany(8);
        registry.scheduleDraw(uint64(block.number));
        uint256 second = registry.scheduleDraw(uint64(block.number));
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotNextDraw.selector, second, 0));
        registry.draw(second, "seed", 3, 0);
        registry.draw(0, "seed", 3, 0);
        registry.draw(second, "seed", 3, 0);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotNextDraw.selector, second, 2));
        registry.draw(second, "seed", 3, 0);
    }

    function test_draw__expired__makes_way_for_the_next() external {
        registerMany(8);
        uint256 first = registry.scheduleDraw(uint64(block.number));
        vm.roll(block.number + DRAW_WINDOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotNextDraw.selector, first, 1));
        registry.draw(first, "seed", 3, 0);
        (IClerkRegistry.Outcome outcome,,) = drawNow(3, "seed");
        assertTrue(outcome == IClerkRegistry.Outcome.Drawn, "the next one");
    }

    function test_skipExpired__clears_a_backlog_that_no_draw_could() external {
        registerMany(8);
        for (uint256 i = 0; i < 40; ++i) {
            registry.scheduleDraw(uint64(block.number));
        }
        vm.roll(block.number + DRAW_WINDOW + 1);
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotNextDraw.selector, ticket, 16));
        registry.draw(ticket, "seed", 3, 0);
        registry.skipExpired(100);
        assertEq(registry.nextTicket(), ticket, "at the front");
        registry.draw(ticket, "seed", 3, 0);
    }

    // ------------------------------------------------------------------ steering

    /// What a known seed would draw does not change with anything anybody can do before the draw, but for slashes.
    function test_pending__nothing_steers_the_draw() external {
        registerMany(10);
        fund(3, 1000 * uint256(MINIMUM));
        drawNow(7, "earlier");
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        uint256 state = vm.snapshotState();
        (, uint32[] memory honest,) = registry.draw(ticket, "known", 5, 0);
        vm.revertToState(state);

        vm.prank(account(3));
        registry.addStake(5 * MINIMUM, noPermit); // heavier
        register(11, 8 * MINIMUM); // newcomer
        vm.prank(registry.operatorOf(honest[0]));
        registry.unbond(); // steps aside
        vm.prank(registry.operatorOf(honest[1]));
        registry.unbond();
        for (uint32 id = 1; id <= 10; ++id) {
            if (registry.clerk(id).seats == 1) registry.release(id, 0); // frees capacity
        }
        registry.sync(1);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.DrawPending.selector, ticket));
        registry.applyQueue(10);

        (, uint32[] memory steered,) = registry.draw(ticket, "known", 5, 0);
        assertEq(keccak256(abi.encode(honest)), keccak256(abi.encode(steered)), "the same committee");
    }

    function test_pending__the_queue_is_applied_afterwards() external {
        registerMany(8);
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        uint32 id = register(9, MINIMUM);
        vm.prank(account(1));
        registry.unbond();
        assertEq(registry.clerk(id).weight, 0, "not yet");
        assertTrue(registry.clerk(1).weight != 0, "still");
        assertEq(registry.queueLength(), 2, "two wait");
        registry.draw(ticket, "seed", 3, 0);
        registry.applyQueue(10);
        assertEq(registry.queueLength(), 0, "none");
        assertEq(registry.clerk(id).weight, Weight.UNIT, "in");
        assertEq(registry.clerk(1).weight, 0, "out");
    }

    function test_pending__a_full_clerk_cannot_choose_to_be_drawable() external {
        for (uint256 i = 1; i <= 4; ++i) {
            register(i, MINIMUM);
        }
        uint256 d;
        while (registry.clerk(1).seats < 4) {
            drawNow(1, bytes32(++d));
        }
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        uint256 state = vm.snapshotState();
        (IClerkRegistry.Outcome full,,) = registry.draw(ticket, "x", 3, 0);
        vm.revertToState(state);
        registry.release(1, 0);
        assertEq(registry.clerk(1).seats, 3, "free for withdrawal and shown as such");
        (IClerkRegistry.Outcome freed, uint32[] memory ids,) = registry.draw(ticket, "x", 3, 0);
        assertTrue(full == freed, "but not for a draw whose seed was known");
        for (uint256 i = 0; i < ids.length; ++i) {
            assertTrue(ids[i] != 1, "clerk 1 counts as full");
        }
    }

    /// Whoever proposes the blocks before the seed block knows the seed early: the tree is frozen before.
    function test_pending__from_eight_blocks_before_the_seed_block() external {
        registerMany(4);
        registry.scheduleDraw(uint64(block.number + 9));
        assertTrue(!registry.drawPending(), "the seed is far");
        uint32 id = register(9, MINIMUM);
        assertEq(registry.clerk(id).weight, Weight.UNIT, "at once");
        vm.roll(block.number + 1);
        assertTrue(registry.drawPending(), "eight blocks before");
        id = register(10, MINIMUM);
        assertEq(registry.clerk(id).weight, 0, "queued");
    }

    /// A wrong row costs its bond, but it is no way out of a draw whose seed is known.
    function test_pending__a_slash__does_not_step_aside() external {
        for (uint256 i = 1; i <= 8; ++i) {
            register(i, MINIMUM);
        }
        uint256 d;
        while (registry.clerk(1).seats < 3) {
            drawNow(1, bytes32(++d));
        }
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        uint256 state = vm.snapshotState();
        bytes32 seed;
        uint32[] memory honest;
        do {
            vm.revertToState(state);
            seed = bytes32(++d);
            (, honest,) = registry.draw(ticket, seed, 5, 0);
        } while (!_contains(honest, 1));
        vm.revertToState(state);
        registry.release(1, BOND);
        (, uint32[] memory steered,) = registry.draw(ticket, seed, 5, 0);
        assertEq(keccak256(abi.encode(honest)), keccak256(abi.encode(steered)), "the same committee");
        assertTrue(registry.clerk(1).seats * BOND <= registry.clerk(1).stake, "all bonds are covered");
        registry.applyQueue(1);
        assertEq(registry.clerk(1).weight, 0, "below the minimum from now on");
    }

    /// Whoever is shown to have leaked its key, at whatever moment, loses its seat to the next: the others keep theirs.
    function test_pending__a_leak__moves_nobody_else() external {
        registerMany(10);
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        uint256 state = vm.snapshotState();
        (, uint32[] memory honest,) = registry.draw(ticket, "known", 5, 0);
        vm.revertToState(state);

        uint32 id = honest[2];
        (BLS.G1Point memory key,) = keyAndProof(id, 0);
        uint256 subject = (uint256(uint160(account(99))) << 32) | id;
        vm.prank(account(99));
        registry.reportLeak(id, 0, key, Prover.prove(secretOf(id, 0), "SDA/1 leaked key", address(registry), subject));

        (, uint32[] memory drawn,) = registry.draw(ticket, "known", 5, 0);
        assertTrue(!_contains(drawn, id), "not the leaked one");
        for (uint256 i = 0; i < 5; ++i) {
            if (i != 2) assertTrue(_contains(drawn, honest[i]), "all the others");
        }
    }

    function test_pending__next_epochs_key__may_be_registered() external {
        registerMany(4);
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 1);
        vm.prank(account(1));
        registry.registerKey(1, key, proof);
        (IClerkRegistry.Outcome outcome,, bytes32[] memory keys) = registry.draw(ticket, "seed", 3, 0);
        assertTrue(outcome == IClerkRegistry.Outcome.Drawn, "drawn");
        for (uint256 i = 0; i < keys.length; ++i) {
            assertTrue(keys[i] != Prover.hash(key), "with the keys of the round's epoch");
        }
    }

    function test_draw__keys_are_those_of_the_drawn() external {
        registerMany(8);
        (, uint32[] memory ids, bytes32[] memory keys) = drawNow(6, "seed");
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(keys[i], registry.keyHash(ids[i], 0), "key");
            assertEq(registry.clerk(ids[i]).seats, 1, "locked");
        }
    }

    /// Most keys lapse: who has one is still found, nobody else is drawn.
    function test_draw__passes_over_lapsed_keys() external {
        registerMany(20);
        vm.warp(block.timestamp + EPOCH);
        for (uint256 i = 1; i <= 8; ++i) {
            (BLS.G1Point memory key, Proof memory proof) = keyAndProof(i, 1);
            vm.prank(account(i));
            registry.registerKey(1, key, proof);
        }
        (IClerkRegistry.Outcome outcome, uint32[] memory ids,) = drawNow(5, "seed");
        assertTrue(outcome == IClerkRegistry.Outcome.Drawn, "drawn");
        for (uint256 i = 0; i < 5; ++i) {
            assertLe(ids[i], 8, "has a key for this epoch");
        }
    }

    function test_applyQueue__bounded__and_each_clerk_waits_once() external {
        registerMany(8);
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        fund(1, 10 * uint256(MINIMUM));
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(account(1));
            registry.addStake(MINIMUM, noPermit);
        }
        for (uint256 i = 2; i <= 6; ++i) {
            vm.prank(account(i));
            registry.unbond();
        }
        assertEq(registry.queueLength(), 6, "six clerks");
        registry.draw(ticket, "seed", 3, 0);
        registry.applyQueue(1);
        assertEq(registry.queueLength(), 5, "one");
        registry.sync(8);
        assertEq(registry.queueLength(), 3, "two in passing");
        registry.applyQueue(100);
        assertEq(registry.queueLength(), 0, "the rest");
        assertEq(registry.poolSize(), 3, "clerks 1, 7 and 8");
    }

    function _contains(uint32[] memory ids, uint32 id) private pure returns (bool) {
        for (uint256 i = 0; i < ids.length; ++i) {
            if (ids[i] == id) return true;
        }
        return false;
    }
}
