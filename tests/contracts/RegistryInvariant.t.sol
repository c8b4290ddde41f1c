// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {Weight} from "../../contracts/libraries/Weight.sol";
import {RegistryHandler} from "./RegistryHandler.sol";
import {Test} from "./Test.sol";

/// @dev What holds whatever clerks, finders and rounds do. No action of the handler may revert.
/// forge-config: default.invariant.fail-on-revert = true
contract RegistryInvariantTest is Test {
    uint256 private constant MINIMUM = 100e18;
    uint256 private constant BOND = MINIMUM / 4;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    RegistryHandler private handler;
    IClerkRegistry private registry;

    function setUp() external {
        handler = new RegistryHandler();
        registry = handler.theRegistry();
    }

    /// @dev Read by Foundry.
    function targetContracts() external view returns (address[] memory contracts) {
        contracts = new address[](1);
        contracts[0] = address(handler);
    }

    /// @dev Read by Foundry. Draws, releases and the clock twice: they are half of what happens.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory actions = new bytes4[](16);
        actions[0] = actions[1] = RegistryHandler.wait.selector;
        actions[2] = RegistryHandler.registerClerk.selector;
        actions[3] = RegistryHandler.registerKey.selector;
        actions[4] = RegistryHandler.addStake.selector;
        actions[5] = RegistryHandler.unbond.selector;
        actions[6] = RegistryHandler.withdraw.selector;
        actions[7] = RegistryHandler.reportLeak.selector;
        actions[8] = RegistryHandler.sync.selector;
        actions[9] = RegistryHandler.applyQueue.selector;
        actions[10] = actions[11] = RegistryHandler.schedule.selector;
        actions[12] = actions[13] = RegistryHandler.draw.selector;
        actions[14] = actions[15] = RegistryHandler.release.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), actions);
    }

    function invariant_locked_is_staked_and_every_token_is_somebodys_stake() external {
        handler.setClock();
        uint256 staked;
        for (uint32 id = 1; id <= handler.clerks(); ++id) {
            IClerkRegistry.Clerk memory clerk = registry.clerk(id);
            staked += clerk.stake;
            assertEq(clerk.seats, handler.seatsOf(id), "seats");
            assertLe(clerk.seats, 4, "no more seats than allowed");
            assertLe(clerk.seats * BOND, clerk.stake, "locked is staked");
        }
        assertEq(handler.stakeHeld(), staked, "balance is the sum of stakes");
    }

    function invariant_total_is_the_sum_of_weights() external {
        handler.setClock();
        uint256 total;
        uint256 positive;
        for (uint32 id = 1; id <= handler.clerks(); ++id) {
            uint256 weight = registry.clerk(id).weight;
            total += weight;
            if (weight != 0) ++positive;
        }
        assertEq(registry.totalWeight(), total, "total");
        assertEq(registry.poolSize(), positive, "pool");
    }

    function invariant_tree_is_frozen_while_a_draw_is_pending() external view {
        assertEq(handler.moved(), 0, "moved");
    }

    function invariant_weights_catch_up_with_the_facts() external {
        handler.settle();
        assertEq(registry.queueLength(), 0, "queue");
        uint32 epoch = registry.epochNow();
        for (uint32 id = 1; id <= handler.clerks(); ++id) {
            IClerkRegistry.Clerk memory clerk = registry.clerk(id);
            bool out = clerk.withdrawableAt != 0 || clerk.leaked || registry.keyHash(id, epoch) == 0;
            uint256 weight = out ? 0 : Weight.ofStake(clerk.stake, MINIMUM, 8 * MINIMUM);
            assertEq(clerk.weight, weight, "weight");
        }
    }

    function invariant_everybody_can_leave() external {
        handler.everybodyLeaves();
        assertEq(registry.totalWeight(), 0, "nobody is left");
        assertEq(handler.stakeHeld(), 0, "every stake was paid out, burned or slashed");
    }
}
