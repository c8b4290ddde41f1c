// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {Disputes} from "../../contracts/Disputes.sol";
import {Rounds} from "../../contracts/Rounds.sol";
import {RowChecks} from "../../contracts/RowChecks.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Dealer} from "./Dealer.sol";
import {Leaves} from "./Leaves.sol";
import {Ledger} from "./Ledger.sol";
import {Prover} from "./Prover.sol";

/// @dev Many rounds at once, whose developer, clerks and contributors are honest or not, in any order. Every action that
/// makes sense at its time must succeed, every other is not tried or must fail; the ledger follows.
abstract contract RoundsHandler is Ledger {
    uint256 public constant CLERKS = 16;
    /// @dev Developer, clerks, drawer, finder.
    uint256 public constant ACCOUNTS = CLERKS + 3;
    uint256 internal constant CONTRIBUTORS = 6; // at most, in a round
    address internal constant FINDER = address(0xf1d);

    /// @dev Clock: kept here, so that it does not depend on what the fuzzer keeps.
    uint256 internal time;
    uint256 private height;
    mapping(uint32 clerk => uint256) public bonded; // stake at the start
    mapping(uint32 clerk => uint256) public toppedUp;

    constructor() {
        setUp();
        (time, height) = (block.timestamp, block.number);
        for (uint32 id = 1; id <= CLERKS; ++id) {
            bonded[id] = registry.clerk(id).stake;
            require(token.transfer(clerkAccount(id), 1e24));
        }
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
        height += bound(blocks, 1, blocks % 8 == 0 ? DRAW_WINDOW : 40);
        time += bound(seconds_, 1, seconds_ % 4 == 0 ? 20 minutes : 4 minutes);
    }

    function openRound(uint256 kind) external step {
        if (rounds.rounds() == 100 || running() == 4) return;
        Terms memory terms = defaultTerms();
        (terms.collectWindow, terms.claimWindow) = (40 minutes, 2 hours);
        if (kind % 4 == 0) (terms.reward, terms.rate) = (0, 0);
        if (kind % 4 == 1) (terms.flatFee, terms.rate) = (0, 0.5e18);
        if (kind % 4 == 1) (terms.maximum, terms.slotBits) = (6, 3); // the rate is high
        if (kind % 4 == 2) (terms.t, terms.k) = (4, 4); // every row is needed
        if (kind % 4 == 2) (terms.flatFee, terms.rate) = (1e18, 1e15);
        if (kind / 4 % 4 == 0) widen(terms);
        uint256 before = token.balanceOf(DEVELOPER);
        uint256 id = request(terms);
        enterRequest(id, before - token.balanceOf(DEVELOPER));
    }

    /// @dev Three chunks, for the same price: a column each.
    function widen(Terms memory terms) private pure {
        terms.length = uint32(CHUNKS * (254 / terms.slotBits) * terms.k);
        terms.rate /= uint96(CHUNKS);
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
        enterDraw(id);
    }

    function closeRound(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isOver);
        if (!any) return;
        IRounds.State state = rounds.state(id);
        uint256 supply = token.totalSupply();
        close(id);
        assertEq(supply - token.totalSupply(), enterEnd(id, state), "burned");
    }

    function sweepRound(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isSweepable);
        if (!any) return;
        uint256 before = token.balanceOf(DEVELOPER);
        rewards.sweep(id);
        swept += token.balanceOf(DEVELOPER) - before;
        waiting[id] = 0;
    }

    function withdrawCredit(uint256 who) external step {
        address account = accountAt(bound(who, 0, ACCOUNTS - 1));
        if (rounds.balanceOf(account) == 0) return;
        vm.prank(account);
        withdrawn[account] += rounds.withdraw(address(0xbeef));
    }

    // ------------------------------------------------------------------ the developer

    /// @param how Whether contributors and developer are honest.
    function takeSnapshot(uint256 which, uint256 count, uint256 how) external step {
        (bool any, uint256 id) = pick(which, isCollecting);
        if (!any) return;
        collect(id, how);
        take(id, makeSnapshot(id, uint32(bound(count, 4, CONTRIBUTORS))));
    }

    /// @dev Contributions arrive.
    function collect(uint256 id, uint256 how) internal virtual;

    function giveUp(uint256 which) external step {
        (bool any, uint256 id) = pick(which, isCollecting);
        if (!any) return;
        uint256 supply = token.totalSupply();
        vm.prank(DEVELOPER);
        rounds.abandon(id);
        assertEq(supply - token.totalSupply(), enterEnd(id, IRounds.State.Abandoned), "burned");
    }

    // ------------------------------------------------------------------ clerks

    function sayNoData(uint256 which, uint256 seat) external step {
        (bool any, uint256 id) = pick(which, isDisputing);
        seat = bound(seat, 0, 7);
        if (!any || (owes[id] >> seat) & 1 == 0) return;
        declareNoData(id, uint8(seat));
        enterNoData(id, seat);
    }

    /// @dev Rows of a run of seats, so that rounds complete.
    function sendRows(uint256 which, uint256 from, uint256 to) external step {
        (bool any, uint256 id) = pick(which, takesRows);
        if (!any) return;
        (from, to) = (bound(from, 0, 2), bound(to, 6, 8));
        for (uint256 seat = from; seat < to; ++seat) {
            if ((owes[id] >> seat) & 1 == 0) continue;
            answer(id, seat, seat + 1);
            enterRow(id, seat, true);
        }
    }

    function sendWrongRow(uint256 which, uint256 seat) external step {
        (bool any, uint256 id) = pick(which, takesRows);
        seat = bound(seat, 0, 7);
        if (!any || (owes[id] >> seat) & 1 == 0) return;
        answerWrongly(id, uint8(seat));
        enterRow(id, seat, false);
    }

    /// @dev What a clerk lost it stakes again.
    function topUp(uint256 clerk) external step {
        uint32 id = uint32(bound(clerk, 1, CLERKS));
        uint96 lost = uint96(fined[id] - toppedUp[id]);
        if (lost == 0) return;
        toppedUp[id] += lost;
        vm.prank(clerkAccount(id));
        registry.addStake(lost, noPermit);
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

    /// @dev Also of who was paid already or excluded, and of rounds that pay nothing: refused, then.
    function claimReward(uint256 which, uint256 contributor) external step {
        (bool any, uint256 id) = pick(which, isCounted);
        if (!any) return;
        uint32 count = rounds.round(id).count;
        contributor = bound(contributor, 0, count - 1);
        IRewards.Step[] memory path =
            Leaves.pathOf(tree(id, count), 8 + contributor, Dealer.rootBody(makeSnapshot(id, count)));
        bool due = rounds.terms(id).reward != 0 && time < claimableUntil[id];
        due = due && !claimed[id][contributor] && !excluded[id][contributor];
        try rewards.claim(id, 8 + contributor, leafAt(id, contributor), path) {
            assertTrue(due, "paid what is not due");
            enterClaim(id, contributor, Leaves.payoutOf(contributor));
        } catch {
            assertTrue(!due, "did not pay what is due");
        }
    }

    // ------------------------------------------------------------------ who and which

    /// @dev Everybody who can have credit.
    function accountAt(uint256 who) public pure returns (address) {
        if (who == 0) return DEVELOPER;
        if (who <= CLERKS) return clerkAccount(who);
        return who == CLERKS + 1 ? DRAWER : FINDER;
    }

    /// @dev Rounds that nobody has closed.
    function running() private view returns (uint256 count) {
        for (uint256 id = 0; id < rounds.rounds(); ++id) {
            if (!rounds.round(id).closed) ++count;
        }
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

    function contracts() external view returns (SDAToken, ClerkRegistry, Rounds, IRewards, Disputes, RowChecks) {
        return (token, registry, rounds, rewards, disputes, checks);
    }

    /// @dev One of those for which the action makes sense, if there is any.
    function pick(uint256 which, function(uint256) view returns (bool) fits)
        internal
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

    function isDisputing(uint256 id) internal view returns (bool) {
        return rounds.state(id) == IRounds.State.Disputing;
    }

    /// @dev Also once the round is completed.
    function takesRows(uint256 id) private view returns (bool) {
        if (rounds.round(id).wide) return false;
        IRounds.State state = rounds.state(id);
        if (state != IRounds.State.Answering && state != IRounds.State.Completed) return false;
        (,, uint256 rowEnd,) = rounds.deadlines(id);
        return time < rowEnd && owes[id] != 0;
    }

    function isOver(uint256 id) private view returns (bool) {
        if (rounds.round(id).closed) return false;
        IRounds.State state = rounds.state(id);
        if (state == IRounds.State.Missed || state == IRounds.State.Abandoned) return true;
        if (state == IRounds.State.Fraud || state == IRounds.State.Failed) return true;
        (,, uint256 rowEnd,) = rounds.deadlines(id);
        return state == IRounds.State.Completed && (owes[id] == 0 || time >= rowEnd);
    }

    function isCounted(uint256 id) private view returns (bool) {
        return rounds.round(id).count != 0;
    }

    function isSweepable(uint256 id) private view returns (bool) {
        IRewards.Pot memory pot = rewards.pot(id);
        return pot.claimed < pot.count && time >= pot.claimEnd;
    }
}
