// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IEligibility} from "../../contracts/interfaces/IEligibility.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Prover} from "./Prover.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev How stake leaves: withdrawn after the wait, taken from a seat's bond, or slashed for a leaked key.
contract ClerkLeavingTest is RegistryFixture {
    // ------------------------------------------------------------------ leaving

    function test_withdraw__after_the_wait__returns_everything_and_closes_the_id() external {
        uint32 id = register(1, 3 * MINIMUM);
        vm.prank(account(1));
        registry.unbond();
        assertEq(registry.totalWeight(), 0, "weighs nothing");
        uint256 ready = registry.clerk(id).withdrawableAt;
        vm.warp(ready - 1);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.TooEarly.selector, ready, ready - 1));
        vm.prank(account(1));
        registry.withdraw(account(9));
        vm.warp(ready);
        vm.prank(account(1));
        registry.withdraw(account(9));
        assertEq(token.balanceOf(account(9)), 3 * uint256(MINIMUM), "paid");
        assertEq(token.balanceOf(address(registry)), 0, "nothing left");
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotRegistered.selector, account(1)));
        vm.prank(account(1));
        registry.withdraw(account(9));
        assertEq(register(1, MINIMUM), id + 1, "a new id");
    }

    /// Keys of an epoch are in use to its end: so long the stake is liable, however short the wait.
    function test_unbond__outlasts_the_epoch() external {
        IClerkRegistry.Settings memory s = defaults();
        s.unbondingPeriod = 1 days;
        registry = new ClerkRegistry(token, address(this), IEligibility(address(0)), s);
        uint32 id = register(1, MINIMUM);
        vm.prank(account(1));
        registry.unbond();
        assertEq(registry.clerk(id).withdrawableAt, registry.epochEnd(0), "the epoch's end is later");
        vm.warp(block.timestamp + EPOCH - 1 hours);
        id = register(2, MINIMUM);
        vm.prank(account(2));
        registry.unbond();
        assertEq(registry.clerk(id).withdrawableAt, block.timestamp + 1 days, "the wait's end is later");
    }

    function test_withdraw__bonded__reverts() external {
        uint32 id = register(1, MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotUnbonding.selector, id));
        vm.prank(account(1));
        registry.withdraw(account(1));
    }

    function test_unbond__twice_or_then_add__reverts() external {
        uint32 id = register(1, MINIMUM);
        vm.prank(account(1));
        registry.unbond();
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.IsUnbonding.selector, id));
        vm.prank(account(1));
        registry.unbond();
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.IsUnbonding.selector, id));
        vm.prank(account(1));
        registry.addStake(1, noPermit);
    }

    function test_withdraw__while_seated__reverts() external {
        registerMany(4);
        (IClerkRegistry.Outcome outcome, uint32[] memory ids,) = drawNow(3, "seed");
        assertTrue(outcome == IClerkRegistry.Outcome.Drawn, "drawn");
        address operator = registry.operatorOf(ids[0]);
        vm.prank(operator);
        registry.unbond();
        vm.warp(registry.clerk(ids[0]).withdrawableAt);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.StillLocked.selector, ids[0], 1));
        vm.prank(operator);
        registry.withdraw(operator);
        registry.release(ids[0], 0);
        vm.prank(operator);
        registry.withdraw(operator);
    }

    // ------------------------------------------------------------------ seats and slashes

    function test_release__takes_the_penalty_from_the_bond() external {
        registerMany(4);
        (, uint32[] memory ids,) = drawNow(3, "seed");
        uint96 stake = registry.clerk(ids[0]).stake;
        uint256 before = token.balanceOf(address(this));
        registry.release(ids[0], BOND);
        assertEq(registry.clerk(ids[0]).stake, stake - BOND, "slashed");
        assertEq(registry.clerk(ids[0]).seats, 0, "free");
        assertEq(token.balanceOf(address(this)), before + BOND, "to the rounds contract");
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NoSeat.selector, ids[0]));
        registry.release(ids[0], 0);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.PenaltyTooLarge.selector, BOND + 1, BOND));
        registry.release(ids[1], BOND + 1);
    }

    function test_release_draw_schedule__by_a_stranger__reverts() external {
        bytes memory refused = abi.encodeWithSelector(IClerkRegistry.OnlyRounds.selector, account(1));
        vm.startPrank(account(1));
        vm.expectRevert(refused);
        registry.release(1, 0);
        vm.expectRevert(refused);
        registry.scheduleDraw(1);
        vm.expectRevert(refused);
        registry.draw(0, 0, 1, 0);
        vm.stopPrank();
    }

    function test_slash_below_the_minimum__weighs_nothing() external {
        for (uint256 i = 1; i <= 4; ++i) {
            register(i, MINIMUM);
        }
        (, uint32[] memory ids,) = drawNow(3, "seed");
        registry.release(ids[0], BOND);
        assertEq(registry.clerk(ids[0]).weight, 0, "below the minimum");
    }

    // ------------------------------------------------------------------ leaked keys

    function test_reportLeak__pays_a_quarter_and_burns_the_rest() external {
        register(1, 2 * MINIMUM);
        uint256 supply = token.totalSupply();
        (BLS.G1Point memory key,) = keyAndProof(1, 0);
        address finder = account(7);
        Proof memory proof = leakProof(1, finder, 1);

        vm.expectRevert(IClerkRegistry.KeyProofInvalid.selector); // copied from the mempool by somebody else
        vm.prank(account(8));
        registry.reportLeak(1, 0, key, proof);

        vm.prank(finder);
        registry.reportLeak(1, 0, key, proof);
        assertEq(token.balanceOf(finder), uint256(2 * MINIMUM) / 4, "a quarter");
        assertEq(token.totalSupply(), supply - uint256(2 * MINIMUM) * 3 / 4, "the rest burned");
        assertEq(registry.clerk(1).weight, 0, "never drawn again");
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.AlreadyLeaked.selector, 1));
        vm.prank(finder);
        registry.reportLeak(1, 0, key, proof);
    }

    function test_reportLeak__seated__the_bond_burns_as_the_round_ends() external {
        registerMany(4);
        (, uint32[] memory ids,) = drawNow(3, "seed");
        uint32 id = ids[1];
        (BLS.G1Point memory key,) = keyAndProof(id, 0);
        Proof memory proof = leakProof(id, account(7), id);
        vm.prank(account(7));
        registry.reportLeak(id, 0, key, proof);
        assertEq(registry.clerk(id).stake, BOND, "the bond stays locked");
        uint256 supply = token.totalSupply();
        registry.release(id, 10);
        assertEq(registry.clerk(id).stake, 0, "gone");
        assertEq(token.totalSupply(), supply - (BOND - 10), "burned but for the penalty");
    }

    function test_reportLeak__new_stake_does_not_bring_it_back() external {
        uint32 id = register(1, MINIMUM);
        (BLS.G1Point memory key,) = keyAndProof(1, 0);
        Proof memory proof = leakProof(1, account(7), id);
        vm.prank(account(7));
        registry.reportLeak(id, 0, key, proof);
        fund(1, MINIMUM);
        vm.prank(account(1));
        registry.addStake(MINIMUM, noPermit);
        assertEq(registry.clerk(id).weight, 0, "its key is still known to others");
    }

    function test_reportLeak__another_key__reverts() external {
        register(1, MINIMUM);
        BLS.G1Point memory other = Prover.publicKey(3);
        vm.expectRevert(
            abi.encodeWithSelector(IClerkRegistry.KeyMismatch.selector, Prover.hash(other), registry.keyHash(1, 0))
        );
        registry.reportLeak(1, 0, other, Proof(1, 1));
    }

    /// Stake is liable for the whole wait: an unbonding clerk is slashed like any other.
    function test_reportLeak__unbonding__is_slashed() external {
        uint32 id = register(1, MINIMUM);
        vm.prank(account(1));
        registry.unbond();
        (BLS.G1Point memory key,) = keyAndProof(1, 0);
        Proof memory proof = leakProof(1, account(7), id);
        vm.prank(account(7));
        registry.reportLeak(id, 0, key, proof);
        assertEq(registry.clerk(id).stake, 0, "nothing left to withdraw");
    }

    function leakProof(uint256 i, address finder, uint32 id) internal view returns (Proof memory) {
        uint256 subject = (uint256(uint160(finder)) << 32) | id;
        return Prover.prove(secretOf(i, 0), "SDA/1 leaked key", address(registry), subject);
    }
}
