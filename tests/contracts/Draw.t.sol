// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {DrawHarness} from "./DrawHarness.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev When draws happen, whom they take, and how they fail.
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
            register(i, 8 * MINIMUM);
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

    function test_draw__keys_are_those_of_the_drawn() external {
        registerMany(8);
        (, uint32[] memory ids, bytes32[] memory keys) = drawNow(6, "seed");
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(keys[i], registry.keyHash(ids[i], 0), "key");
            assertEq(registry.clerk(ids[i]).seats, 1, "locked");
        }
    }

    /// Clerks are told apart by their whole ids: two that share the lowest byte sit on one committee, nobody sits twice.
    function test_draw__ids_with_the_same_lowest_byte__are_different_clerks() external {
        DrawHarness harness = new DrawHarness(token, address(this), defaults());
        harness.populate(1_000);
        uint256 alike;
        for (uint256 d = 0; d < 20; ++d) {
            uint32[] memory ids = harness.peek(bytes32(d), 26);
            for (uint256 i = 0; i < 26 * 26; ++i) {
                (uint32 first, uint32 second) = (ids[i / 26], ids[i % 26]);
                if (i / 26 < i % 26) assertTrue(first != second, "once each");
                if (first < second && (second - first) % 256 == 0) ++alike;
            }
        }
        assertTrue(alike != 0, "there were such");
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
}
