// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {Disputes} from "../../contracts/Disputes.sol";
import {Rounds} from "../../contracts/Rounds.sol";
import {RowChecks} from "../../contracts/RowChecks.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Leaves} from "./Leaves.sol";
import {DisputesHandler} from "./DisputesHandler.sol";
import {RoundsHandler} from "./RoundsHandler.sol";
import {Test} from "./Test.sol";
import {WideHandler} from "./WideHandler.sol";

/// @dev What holds whatever developers, clerks and contributors do. No action of the handler may revert.
/// forge-config: default.invariant.fail-on-revert = true
contract RoundsInvariantTest is Test {
    uint256 private constant BOND = 25e18;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    WideHandler private handler;
    SDAToken private token;
    ClerkRegistry private registry;
    Rounds private rounds;
    IRewards private rewards;
    Disputes private disputes;
    RowChecks private checks;

    function setUp() external {
        handler = new WideHandler();
        (token, registry, rounds, rewards, disputes, checks) = handler.contracts();
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
        list = new bytes4[](42);
        list[0] = list[1] = list[2] = RoundsHandler.wait.selector;
        list[3] = list[4] = RoundsHandler.openRound.selector;
        list[5] = list[6] = RoundsHandler.drawNext.selector;
        list[7] = list[8] = list[9] = RoundsHandler.takeSnapshot.selector;
        list[10] = list[11] = list[12] = RoundsHandler.sendRows.selector;
        list[13] = RoundsHandler.sendWrongRow.selector;
        list[14] = RoundsHandler.sayNoData.selector;
        list[15] = list[16] = RoundsHandler.closeRound.selector;
        list[17] = list[18] = RoundsHandler.claimReward.selector;
        list[19] = RoundsHandler.withdrawCredit.selector;
        list[20] = RoundsHandler.sweepRound.selector;
        list[21] = RoundsHandler.giveUp.selector;
        list[22] = list[23] = list[24] = list[31] = DisputesHandler.complain.selector;
        list[25] = list[33] = DisputesHandler.settleSet.selector;
        list[26] = DisputesHandler.showNode.selector;
        list[27] = DisputesHandler.challenge.selector;
        list[28] = DisputesHandler.answerChallenge.selector;
        list[29] = DisputesHandler.unanswered.selector;
        list[32] = RoundsHandler.topUp.selector;
        list[30] = DisputesHandler.reclaim.selector;
        list[34] = list[35] = list[36] = WideHandler.postRows.selector;
        list[37] = WideHandler.doubt.selector;
        list[38] = list[39] = WideHandler.openChunk.selector;
        list[40] = WideHandler.reclaimDoubt.selector;
        list[41] = WideHandler.withdrawDoubts.selector;
    }

    // ------------------------------------------------------------------ invariants

    function invariant_balance_is_what_is_owed() external view {
        assertMoneyOwed();
    }

    function invariant_everybody_earned_what_it_got() external view {
        assertLedger();
    }

    function invariant_nobody_honest_loses_stake() external view {
        assertStakes();
    }

    /// @dev Every token of the contracts is held for a round, credited to somebody or waits for its contributor.
    function assertMoneyOwed() private view {
        uint256 owed;
        uint256 waiting;
        (uint256 bonds, uint256 doubts) = (handler.bondsHeld(), handler.doubtsHeld());
        for (uint256 who = 0; who < handler.ACCOUNTS(); ++who) {
            owed += rounds.balanceOf(handler.accountAt(who));
            bonds += disputes.balanceOf(handler.accountAt(who));
            doubts += checks.balanceOf(handler.accountAt(who));
        }
        for (uint256 id = 0; id < rounds.rounds(); ++id) {
            IRounds.Round memory r = rounds.round(id);
            owed += r.held;
            assertLe(uint256(r.deposit) + r.slashed, r.held, "parts of what is held");
            if (r.wide && !r.closed) assertEq(r.answered, handler.standing(id), "rows that count");
            if (r.closed) assertEq(uint256(r.held) + r.deposit + r.slashed, 0, "settled");
            IRewards.Pot memory pot = rewards.pot(id);
            assertEq(pot.count - pot.claimed, handler.waiting(id), "rewards of everybody honest wait for them");
            waiting += handler.waiting(id) * pot.reward;
        }
        assertEq(token.balanceOf(address(rewards)), waiting, "pots");
        assertEq(token.balanceOf(address(rounds)), owed, "held and credits");
        assertEq(token.balanceOf(address(disputes)), bonds, "bonds");
        assertEq(token.balanceOf(address(checks)), doubts, "doubts");
    }

    /// @dev By the handler's own ledger: nobody is paid twice, or too little.
    function assertLedger() private view {
        for (uint256 who = 1; who < handler.ACCOUNTS(); ++who) {
            address account = handler.accountAt(who);
            uint256 got = rounds.balanceOf(account) + handler.withdrawn(account);
            assertEq(got, handler.earned(account), "clerks, drawers and finders");
        }
        address developer = handler.accountAt(0);
        uint256 returned = rounds.balanceOf(developer) + handler.withdrawn(developer);
        assertEq(returned, handler.refunded(), "developer");
        assertLe(returned + handler.swept(), handler.paid(), "a developer gains nothing");
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(token.balanceOf(Leaves.payoutOf(i)), handler.rewarded(Leaves.payoutOf(i)), "rewards");
        }
        for (uint256 who = 0; who < handler.ACCOUNTS(); ++who) {
            address account = handler.accountAt(who);
            uint256 got = disputes.balanceOf(account) + handler.bondsWithdrawn(account);
            assertEq(got, handler.bondsEarned(account), "bonds");
            got = checks.balanceOf(account) + handler.doubtsWithdrawn(account);
            assertEq(got, handler.doubtsEarned(account), "doubts");
        }
    }

    /// @dev Stakes fall by the fines of wrong rows, silence and "no data", and by nothing else: by no accusation. Bonds of
    /// held seats are staked, and held seats are those that owe something.
    function assertStakes() private view {
        uint256 staked;
        for (uint32 id = 1; id <= handler.CLERKS(); ++id) {
            IClerkRegistry.Clerk memory clerk = registry.clerk(id);
            assertEq(clerk.seats, handler.seatsOf(id), "seats");
            assertLe(clerk.seats * BOND, clerk.stake, "locked and staked");
            uint256 left = handler.bonded(id) + handler.toppedUp(id) - handler.fined(id);
            if (!clerk.leaked) assertEq(clerk.stake, left, "honest clerks lose nothing");
            staked += clerk.stake;
        }
        assertEq(token.balanceOf(address(registry)), staked, "every token is somebody's stake");
    }

    // ------------------------------------------------------------------ the handler itself

    /// The handler's actions do reach every end of a round, a leak on the way: the invariants above say something.
    function test_handler__reaches_every_end() external {
        bytes4[] memory list = actions();
        for (uint256 i = 0; i < 3000; ++i) {
            bytes32 random = keccak256(abi.encode("walk", i));
            bytes4 action = i % 400 == 399 ? RoundsHandler.leak.selector : list[uint256(random) % list.length];
            bytes32[3] memory inputs;
            for (uint256 j = 0; j < 3; ++j) {
                inputs[j] = keccak256(abi.encode(random, j));
            }
            (bool success, bytes memory output) = address(handler).call(abi.encodePacked(action, inputs));
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
        assertTrue(handler.ended(IRounds.State.Fraud) != 0, "fraud");
        assertTrue(handler.upheld() != 0, "complaints upheld");
        assertTrue(handler.refused() != 0, "complaints refused");
        assertTrue(handler.overflows() != 0, "more complaints than the pot pays for");
        assertTrue(handler.settlings() != 0, "exclusions settled");
        assertTrue(handler.answers() != 0, "challenges answered");
        assertTrue(handler.withheld() != 0, "challenges not answered");
        assertTrue(handler.opened() != 0, "chunks opened");
        assertTrue(handler.convicted() != 0, "chunks that are wrong");
        assertTrue(handler.reclaimed() != 0, "doubts not answered");
        assertTrue(handler.completedWide() != 0, "wide rounds completed");
        assertTrue(handler.claims() != 0, "claims");
        assertTrue(handler.swept() != 0, "sweeps");
    }
}
