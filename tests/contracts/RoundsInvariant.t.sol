// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {Rounds} from "../../contracts/Rounds.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Leaves} from "./Leaves.sol";
import {RoundsHandler} from "./RoundsHandler.sol";
import {Test} from "./Test.sol";

/// @dev What holds whatever developers, clerks and contributors do. No action of the handler may revert.
/// forge-config: default.invariant.fail-on-revert = true
contract RoundsInvariantTest is Test {
    uint256 private constant BOND = 25e18;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    RoundsHandler private handler;
    SDAToken private token;
    ClerkRegistry private registry;
    Rounds private rounds;
    IRewards private rewards;

    function setUp() external {
        handler = new RoundsHandler();
        (token, registry, rounds, rewards) = handler.contracts();
    }

    /// @dev Read by Foundry.
    function targetContracts() external view returns (address[] memory contracts) {
        contracts = new address[](1);
        contracts[0] = address(handler);
    }

    /// @dev Read by Foundry. What carries rounds on comes more often than what ends them.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), actions());
    }

    function actions() private pure returns (bytes4[] memory list) {
        list = new bytes4[](19);
        list[0] = list[1] = list[2] = RoundsHandler.wait.selector;
        list[3] = list[4] = RoundsHandler.openRound.selector;
        list[5] = list[6] = RoundsHandler.drawNext.selector;
        list[7] = list[8] = RoundsHandler.takeSnapshot.selector;
        list[9] = list[10] = RoundsHandler.sendRows.selector;
        list[11] = RoundsHandler.sendWrongRow.selector;
        list[12] = RoundsHandler.sayNoData.selector;
        list[13] = list[14] = RoundsHandler.closeRound.selector;
        list[15] = RoundsHandler.claimReward.selector;
        list[16] = RoundsHandler.withdrawCredit.selector;
        list[17] = RoundsHandler.sweepRound.selector;
        list[18] = RoundsHandler.giveUp.selector;
    }

    // ------------------------------------------------------------------ invariants

    function invariant_balance_is_what_is_owed() external view {
        assertMoneyOwed();
    }

    function invariant_everybody_earned_what_it_got() external view {
        assertLedger();
    }

    function invariant_locked_is_staked() external view {
        assertStakes();
    }

    /// @dev Every token of the contracts is held for a round, credited to somebody or waits for its contributor.
    function assertMoneyOwed() private view {
        uint256 owed;
        uint256 waiting;
        for (uint256 who = 0; who <= handler.CLERKS() + 1; ++who) {
            owed += rounds.balanceOf(handler.accountAt(who));
        }
        for (uint256 id = 0; id < rounds.rounds(); ++id) {
            IRounds.Round memory r = rounds.round(id);
            owed += r.held;
            assertLe(uint256(r.deposit) + r.slashed, r.held, "parts of what is held");
            if (r.closed) assertEq(uint256(r.held) + r.deposit + r.slashed, 0, "settled");
            IRewards.Pot memory pot = rewards.pot(id);
            waiting += uint256(pot.count - pot.claimed) * pot.reward;
        }
        assertEq(token.balanceOf(address(rewards)), waiting, "pots");
        assertEq(token.balanceOf(address(rounds)), owed, "held and credits");
    }

    /// @dev By the handler's own ledger: nobody is paid twice, or too little.
    function assertLedger() private view {
        for (uint256 who = 1; who <= handler.CLERKS() + 1; ++who) {
            address account = handler.accountAt(who);
            uint256 got = rounds.balanceOf(account) + handler.withdrawn(account);
            assertEq(got, handler.earned(account), "clerks and drawers");
        }
        address developer = handler.accountAt(0);
        uint256 returned = rounds.balanceOf(developer) + handler.withdrawn(developer);
        assertEq(returned, handler.refunded(), "developer");
        assertLe(returned + handler.swept(), handler.paid(), "a developer gains nothing");
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(token.balanceOf(Leaves.payoutOf(i)), handler.rewarded(Leaves.payoutOf(i)), "rewards");
        }
    }

    /// @dev Bonds of held seats are staked, and held seats are those that owe something.
    function assertStakes() private view {
        uint256 staked;
        for (uint32 id = 1; id <= handler.CLERKS(); ++id) {
            IClerkRegistry.Clerk memory clerk = registry.clerk(id);
            assertEq(clerk.seats, handler.seatsOf(id), "seats");
            assertLe(clerk.seats * BOND, clerk.stake, "locked and staked");
            staked += clerk.stake;
        }
        assertEq(token.balanceOf(address(registry)), staked, "every token is somebody's stake");
    }

    // ------------------------------------------------------------------ the handler itself

    /// The handler's actions do reach every end of a round, a leak on the way: the invariants above say something.
    function test_handler__reaches_every_end() external {
        bytes4[] memory list = actions();
        for (uint256 i = 0; i < 900; ++i) {
            bytes32 random = keccak256(abi.encode("walk", i));
            bytes4 action = i % 100 == 99 ? RoundsHandler.leak.selector : list[uint256(random) % list.length];
            (bool success, bytes memory output) = address(handler)
                .call(
                    abi.encodePacked(
                        action, abi.encode(keccak256(abi.encode(random, 1)), random, keccak256(abi.encode(random, 2)))
                    )
                );
            if (!success) {
                assembly {
                    revert(add(output, 32), mload(output))
                }
            }
            if (i % 50 == 0) {
                assertMoneyOwed();
                assertLedger();
                assertStakes();
            }
        }
        assertTrue(handler.ended(IRounds.State.Missed) != 0, "missed");
        assertTrue(handler.ended(IRounds.State.Abandoned) != 0, "abandoned");
        assertTrue(handler.ended(IRounds.State.Completed) != 0, "completed");
        assertTrue(handler.ended(IRounds.State.Failed) != 0, "failed");
        assertTrue(handler.claims() != 0, "claims");
        assertTrue(handler.swept() != 0, "sweeps");
    }
}
