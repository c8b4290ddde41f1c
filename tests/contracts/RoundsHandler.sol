// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {Rounds} from "../../contracts/Rounds.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Dealer} from "./Dealer.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev Many rounds at once, whose developer, clerks and contributors are honest or not, in any order. It keeps a ledger
/// of its own, from the rules and not from the contract: who earned what, and what each round took in.
contract RoundsHandler is RoundsFixture {
    uint256 public constant CLERKS = 16;
    uint256 private constant CONTRIBUTORS = 6; // at most, in a round

    /// @dev Clock: kept here, so that it does not depend on what the fuzzer keeps.
    uint256 private time;
    uint256 private height;

    mapping(address account => uint256) public earned; // by clerks and drawers
    mapping(address account => uint256) public withdrawn;
    mapping(address payout => uint256) public rewarded;
    uint256 public paid; // by the developer, in all
    uint256 public refunded; // to the developer's credit
    uint256 public swept; // to the developer, from pots
    mapping(IRounds.State state => uint256) public ended; // rounds closed in this state
    uint256 public claims;

    mapping(uint256 id => mapping(uint256 contributor => bool)) private claimed;
    mapping(uint256 id => uint256) private right; // bitmap of seats with a right row
    mapping(uint256 id => uint256) private owes; // bitmap of seats that hold a bond

    constructor() {
        setUp();
        (time, height) = (block.timestamp, block.number);
    }

    modifier step() {
        setClock();
        _;
    }

    function setClock() public {
        vm.warp(time);
        vm.roll(height);
    }

    // ------------------------------------------------------------------ anyone's actions

    function wait(uint256 blocks, uint256 seconds_) external step {
        height += bound(blocks, 1, 40);
        time += bound(seconds_, 1, 20 minutes);
    }

    function openRound(uint256 kind) external step {
        if (rounds.rounds() > 24) return;
        Terms memory terms = defaultTerms();
        (terms.collectWindow, terms.claimWindow) = (20 minutes, 2 hours);
        if (kind % 4 == 0) (terms.reward, terms.rate) = (0, 0);
        if (kind % 4 == 1) (terms.flatFee, terms.rate) = (0, 0.5e18);
        if (kind % 4 == 1) (terms.maximum, terms.slotBits) = (6, 3); // the rate is high
        if (kind % 4 == 2) (terms.t, terms.k) = (4, 4); // every row is needed
        if (kind % 4 == 2) (terms.flatFee, terms.rate) = (1e18, 1e15);
        uint256 before = token.balanceOf(DEVELOPER);
        request(terms);
        paid += before - token.balanceOf(DEVELOPER);
    }

    function drawNext() external step {
        registry.skipExpired(100);
        uint256 id = registry.nextTicket();
        if (id == rounds.rounds()) return;
        uint64 seedBlock = rounds.round(id).seedBlock;
        if (height <= seedBlock) return;
        vm.setBlockhash(seedBlock, keccak256(header));
        vm.prank(DRAWER);
        rounds.draw(id, header);
        earned[DRAWER] += BOUNTY;
        if (rounds.state(id) == IRounds.State.Undrawable) {
            (uint256 escrow, uint256 deposit) = policy.quote(rounds.terms(id));
            refunded += escrow + deposit - BOUNTY;
            ++ended[IRounds.State.Undrawable];
        } else {
            owes[id] = 255;
        }
    }

    function closeRound(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isOver);
        if (any) settle(id, rounds.state(id));
    }

    function sweepRound(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isSweepable);
        if (!any) return;
        uint256 before = token.balanceOf(DEVELOPER);
        rewards.sweep(id);
        swept += token.balanceOf(DEVELOPER) - before;
    }

    function withdrawCredit(uint256 who) external step {
        address account = accountAt(bound(who, 0, CLERKS + 1));
        if (rounds.balanceOf(account) == 0) return;
        vm.prank(account);
        withdrawn[account] += rounds.withdraw(address(0xbeef));
    }

    // ------------------------------------------------------------------ the developer

    function takeSnapshot(uint256 which, uint256 count) external step {
        (bool any, uint256 id) = pick(which, isCollecting);
        if (!any) return;
        take(id, makeSnapshot(id, uint32(bound(count, 3, CONTRIBUTORS))));
    }

    function giveUp(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isCollecting);
        if (!any) return;
        uint256 before = rounds.balanceOf(DEVELOPER);
        vm.prank(DEVELOPER);
        rounds.abandon(id);
        abandoned(id, before);
    }

    // ------------------------------------------------------------------ clerks

    function sayNoData(uint256 which, uint256 seat) external step {
        (bool any, uint256 id) = pick(which, isDisputing);
        seat = bound(seat, 0, 7);
        if (!any || (owes[id] >> seat) & 1 == 0) return;
        declareNoData(id, uint8(seat));
        owes[id] ^= 1 << seat;
    }

    /// @dev Rows of a run of seats, so that rounds complete.
    function sendRows(uint256 which, uint256 from, uint256 to) external step {
        (bool any, uint256 id) = pick(which, takesRows);
        if (!any) return;
        (from, to) = (bound(from, 0, 2), bound(to, 6, 8));
        for (uint256 seat = from; seat < to; ++seat) {
            if ((owes[id] >> seat) & 1 == 0) continue;
            answer(id, seat, seat + 1);
            owes[id] ^= 1 << seat;
            right[id] |= 1 << seat;
        }
    }

    function sendWrongRow(uint256 which, uint256 seat) external step {
        (bool any, uint256 id) = pick(which, takesRows);
        seat = bound(seat, 0, 7);
        if (!any || (owes[id] >> seat) & 1 == 0) return;
        answerWrongly(id, uint8(seat));
        owes[id] ^= 1 << seat;
    }

    /// @dev Somebody shows that it knows a clerk's key.
    function leak(uint256 clerk) external step {
        uint32 id = uint32(bound(clerk, 1, 4 * CLERKS));
        if (id > 4 || registry.clerk(id).leaked) return; // seldom, and four clerks at most
        uint256 secret = uint256(keccak256(abi.encode("clerk", uint256(id), uint32(0)))) >> 2;
        uint256 subject = (uint256(uint160(STRANGER)) << 32) | id;
        Proof memory proof = Prover.prove(secret, "SDA/1 leaked key", address(registry), subject);
        BLS.G1Point memory key = Prover.publicKey(secret);
        vm.prank(STRANGER);
        registry.reportLeak(id, 0, key, proof);
    }

    // ------------------------------------------------------------------ contributors

    /// @dev Also of who was paid already, and of rounds that pay nothing: refused, then.
    function claimReward(uint256 which, uint256 contributor) external step {
        (bool any, uint256 id) = pick(which, isCounted);
        if (!any) return;
        uint32 count = rounds.round(id).count;
        contributor = bound(contributor, 0, count - 1);
        IRewards.Step[] memory path =
            Leaves.pathOf(tree(id, count), 8 + contributor, Dealer.rootBody(makeSnapshot(id, count)));
        (,,, uint256 end) = rounds.deadlines(id);
        bool due = rounds.state(id) == IRounds.State.Completed && rounds.round(id).closed && time < end;
        due = due && rounds.terms(id).reward != 0 && !claimed[id][contributor];
        try rewards.claim(id, 8 + contributor, Leaves.leafOf(contributor), path) {
            assertTrue(due, "paid what is not due");
            claimed[id][contributor] = true;
            rewarded[Leaves.payoutOf(contributor)] += rounds.terms(id).reward;
            ++claims;
        } catch {
            assertTrue(!due, "did not pay what is due");
        }
    }

    // ------------------------------------------------------------------ the ledger

    function settle(uint256 id, IRounds.State state) private {
        uint256 before = rounds.balanceOf(DEVELOPER);
        close(id);
        if (state == IRounds.State.Abandoned) return abandoned(id, before);
        refunded += rounds.balanceOf(DEVELOPER) - before;
        ++ended[state];
        for (uint256 seat = 0; seat < 8; ++seat) {
            if ((right[id] >> seat) & 1 == 1) {
                earned[operator(id, seat)] += fee(rounds.terms(id), rounds.round(id).count);
            }
        }
        owes[id] = 0;
    }

    function abandoned(uint256 id, uint256 before) private {
        for (uint256 seat = 0; seat < 8; ++seat) {
            earned[operator(id, seat)] += rounds.terms(id).flatFee;
        }
        owes[id] = 0;
        refunded += rounds.balanceOf(DEVELOPER) - before;
        ++ended[IRounds.State.Abandoned];
    }

    /// @dev Everybody who can have credit.
    function accountAt(uint256 who) public pure returns (address) {
        if (who == 0) return DEVELOPER;
        return who > CLERKS ? DRAWER : clerkAccount(who);
    }

    /// @dev How many of a clerk's seats still hold a bond.
    function seatsOf(uint32 clerk) external view returns (uint256 held) {
        for (uint256 id = 0; id < rounds.rounds(); ++id) {
            if (owes[id] == 0) continue;
            uint32[] memory seats = rounds.seats(id);
            for (uint256 seat = 0; seat < 8; ++seat) {
                if ((owes[id] >> seat) & 1 == 1 && seats[seat] == clerk) ++held;
            }
        }
    }

    function contracts() external view returns (SDAToken, ClerkRegistry, Rounds, IRewards) {
        return (token, registry, rounds, rewards);
    }

    // ------------------------------------------------------------------ which round an action is about

    /// @dev One of those for which the action makes sense, if there is any.
    function pick(uint256 which, function(uint256) view returns (bool) fits)
        private
        view
        returns (bool any, uint256 id)
    {
        uint256 count = rounds.rounds();
        for (uint256 i = 0; i < count; ++i) {
            id = (which % count + i) % count;
            if (fits(id)) return (true, id);
        }
    }

    function isCollecting(uint256 id) private view returns (bool) {
        return rounds.state(id) == IRounds.State.Collecting;
    }

    function isDisputing(uint256 id) private view returns (bool) {
        return rounds.state(id) == IRounds.State.Disputing;
    }

    function takesRows(uint256 id) private view returns (bool) {
        (, uint256 start, uint256 end,) = rounds.deadlines(id);
        return start != 0 && time >= start && time < end && owes[id] != 0;
    }

    function isOver(uint256 id) private view returns (bool) {
        if (rounds.round(id).closed) return false;
        IRounds.State state = rounds.state(id);
        if (state == IRounds.State.Missed || state == IRounds.State.Abandoned) return true;
        (,, uint256 rowEnd,) = rounds.deadlines(id);
        return rowEnd != 0 && (owes[id] == 0 || time >= rowEnd);
    }

    function isCounted(uint256 id) private view returns (bool) {
        return rounds.round(id).count != 0;
    }

    function isSweepable(uint256 id) private view returns (bool) {
        IRewards.Pot memory pot = rewards.pot(id);
        return pot.claimed < pot.count && time >= pot.claimEnd;
    }
}
