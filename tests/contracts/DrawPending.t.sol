// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Weight} from "../../contracts/libraries/Weight.sol";
import {Prover} from "./Prover.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev Once a seed is known, nobody can change whom it draws; what changes meanwhile waits.
contract DrawPendingTest is RegistryFixture {
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

    /// A seat given back once the seed is known does not count for this draw, only for the next.
    function test_pending__a_full_clerk_cannot_choose_to_be_drawable() external {
        for (uint256 i = 1; i <= 8; ++i) {
            register(i, 8 * MINIMUM);
        }
        for (uint256 i = 0; i < 4; ++i) {
            drawOne(1);
        }
        uint256 state = vm.snapshotState();
        bytes32 seed;
        for (uint32[] memory willing; !_contains(willing, 1);) {
            vm.revertToState(state);
            seed = keccak256(abi.encode(seed));
            registry.release(1, 0);
            (, willing,) = drawNow(5, seed);
        }
        vm.revertToState(state);
        (, uint32[] memory full,) = drawNow(5, seed);
        vm.revertToState(state);
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        registry.release(1, 0);
        assertEq(registry.clerk(1).seats, 3, "free for withdrawal, and shown as such");
        (, uint32[] memory steered,) = registry.draw(ticket, seed, 5, 0);
        assertEq(keccak256(abi.encode(full)), keccak256(abi.encode(steered)), "as if it were full");
        assertTrue(!_contains(steered, 1), "clerk 1 is passed over");
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
        for (uint256 i = 0; i < 3; ++i) {
            drawOne(1);
        }
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        uint256 state = vm.snapshotState();
        bytes32 seed;
        uint32[] memory honest;
        for (uint256 d = 0; !_contains(honest, 1); ++d) {
            assertLe(d, 100, "clerk 1 is one of eight and has room");
            vm.revertToState(state);
            seed = bytes32(d);
            (, honest,) = registry.draw(ticket, seed, 5, 0);
        }
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
        Proof memory proof = Prover.prove(secretOf(id, 0), "SDA/1 leaked key", address(registry), subject);
        vm.prank(account(99));
        registry.reportLeak(id, 0, key, proof);

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

    /// @dev A committee of one: this clerk.
    function drawOne(uint32 id) private {
        uint256 state = vm.snapshotState();
        for (uint256 d = 0; d < 200; ++d) {
            (, uint32[] memory ids,) = drawNow(1, bytes32(d));
            if (_contains(ids, id)) return;
            vm.revertToState(state);
        }
        assertTrue(false, "not drawn in 200 tries");
    }

    function _contains(uint32[] memory ids, uint32 id) private pure returns (bool) {
        for (uint256 i = 0; i < ids.length; ++i) {
            if (ids[i] == id) return true;
        }
        return false;
    }
}
