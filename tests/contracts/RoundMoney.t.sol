// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev Every way a round can end, and who has what afterwards, to the last unit.
contract RoundMoneyTest is RoundsFixture {
    uint256 private escrow;
    uint256 private deposit;
    uint256 private supply;
    uint256 private stakes;

    function setUp() public override {
        super.setUp();
        (escrow, deposit) = policy.quote(defaultTerms());
        supply = token.totalSupply();
        stakes = token.balanceOf(address(registry));
    }

    // ------------------------------------------------------------------ what is compared

    function flatFees() private pure returns (uint256) {
        return 8 * uint256(defaultTerms().flatFee);
    }

    function dataFee(uint256 count) private pure returns (uint256) {
        return fee(defaultTerms(), count) - defaultTerms().flatFee;
    }

    function assertSeats(uint256 id, uint256 from, uint256 to, uint256 credit) private view {
        for (uint256 seat = from; seat < to; ++seat) {
            assertEq(rounds.balanceOf(operator(id, seat)), credit, "a seat's credit");
            assertEq(registry.clerk(rounds.seats(id)[seat]).seats, 0, "no bond is locked");
        }
    }

    /// @dev Return what nobody claimed.
    function sweep(uint256 id) private returns (uint256 amount) {
        pastClaims(id);
        uint256 before = token.balanceOf(DEVELOPER);
        rewards.sweep(id);
        amount = token.balanceOf(DEVELOPER) - before;
        assertEq(token.balanceOf(address(rewards)), 0, "the pot is empty");
    }

    /// @dev After the end of a round of which nothing is left but credits.
    function assertEnded(uint256 id, uint256 refund, uint256 burned, uint256 fromStakes) private view {
        assertEq(rounds.balanceOf(DEVELOPER), refund, "developer");
        assertEq(supply - token.totalSupply(), burned, "burned");
        assertEq(stakes - token.balanceOf(address(registry)), fromStakes, "stakes");
        uint256 credits = rounds.balanceOf(DEVELOPER) + rounds.balanceOf(DRAWER);
        for (uint256 i = 1; i <= 16; ++i) {
            credits += rounds.balanceOf(clerkAccount(i));
        }
        IRounds.Round memory r = rounds.round(id);
        assertEq(r.held, 0, "nothing is held");
        assertEq(r.deposit + r.slashed, 0, "of nothing");
        assertEq(token.balanceOf(address(rounds)), credits, "the balance is what is owed");
        assertTrue(r.closed, "closed");
    }

    function assertCloses(uint256 id, IRounds.State state_, uint256 refund, uint256 burned) private {
        vm.expectEmit();
        emit IRounds.Closed(id, state_, refund, burned);
        close(id);
        assertState(id, state_);
    }

    // ------------------------------------------------------------------ no committee

    function test_missed__the_abort_fee_burns() external {
        uint256 id = request(defaultTerms());
        vm.roll(block.number + SEED_DELAY + DRAW_WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDue.selector, id, IRounds.State.Requested, 0));
        rounds.close(id);
        vm.roll(block.number + 1);
        uint256 burned = flatFees() + ABORT_BURN;
        assertCloses(id, IRounds.State.Missed, escrow + deposit - burned, burned);
        assertEnded(id, escrow + deposit - burned, burned, 0);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts as given up");
        vm.expectRevert(abi.encodeWithSelector(IRounds.AlreadyClosed.selector, id));
        rounds.close(id);
    }

    /// Every clerk has all its seats taken: the draw finds none, and nobody is to blame.
    function test_undrawable__everything_but_the_bounty_returns() external {
        Terms memory terms = defaultTerms();
        (terms.n, terms.flatFee, terms.rate, terms.reward) = (12, 0, 0, 0);
        uint256 id;
        do {
            id = request(terms);
            draw(id);
        } while (rounds.state(id) == IRounds.State.Collecting);
        assertState(id, IRounds.State.Undrawable);

        uint256 before = rounds.balanceOf(DEVELOPER);
        (uint256 bounty, uint256 held) = (rounds.balanceOf(DRAWER), token.balanceOf(address(rounds)));
        id = request(defaultTerms());
        mineSeed(id);
        vm.expectEmit();
        emit IRounds.Undrawable(id, IClerkRegistry.Outcome.PoolBusy);
        vm.prank(DRAWER);
        rounds.draw(id, header);
        assertState(id, IRounds.State.Undrawable);
        assertEq(rounds.balanceOf(DRAWER), bounty + BOUNTY, "bounty");
        assertEq(rounds.balanceOf(DEVELOPER), before + escrow + deposit - BOUNTY, "the rest");
        assertEq(token.balanceOf(address(rounds)), held + escrow + deposit, "all of it is here");
        assertEq(rounds.round(id).held, 0, "nothing is held");
        assertEq(rounds.abandonedDraws(DEVELOPER), 0, "not given up");
        vm.expectRevert(abi.encodeWithSelector(IRounds.AlreadyClosed.selector, id));
        rounds.close(id);
    }

    // ------------------------------------------------------------------ no snapshot

    function test_abandon__early__pays_the_committee() external {
        uint256 id = collecting();
        vm.expectEmit();
        emit IRounds.Abandoned(id, flatFees() + ABORT_BURN);
        vm.prank(DEVELOPER);
        rounds.abandon(id);
        assertState(id, IRounds.State.Abandoned);
        assertSeats(id, 0, 8, defaultTerms().flatFee);
        assertEnded(id, escrow + deposit - BOUNTY - flatFees() - ABORT_BURN, ABORT_BURN, 0);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
    }

    function test_abandon__late__the_same_by_anyone() external {
        uint256 id = collecting();
        (uint256 end,,,) = rounds.deadlines(id);
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDue.selector, id, IRounds.State.Collecting, 0));
        rounds.close(id);
        vm.warp(end);
        vm.expectRevert(wrongState(id, IRounds.State.Abandoned));
        vm.prank(DEVELOPER);
        rounds.abandon(id);
        assertCloses(id, IRounds.State.Abandoned, escrow + deposit - BOUNTY - flatFees() - ABORT_BURN, ABORT_BURN);
        assertSeats(id, 0, 8, defaultTerms().flatFee);
        assertEnded(id, escrow + deposit - BOUNTY - flatFees() - ABORT_BURN, ABORT_BURN, 0);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
    }

    function test_abandon__by_a_stranger_or_after_the_snapshot__reverts() external {
        uint256 id = collecting();
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDeveloper.selector, id, STRANGER));
        vm.prank(STRANGER);
        rounds.abandon(id);
        take(id, makeSnapshot(id, 3));
        vm.expectRevert(wrongState(id, IRounds.State.Disputing));
        vm.prank(DEVELOPER);
        rounds.abandon(id);
    }

    // ------------------------------------------------------------------ completed

    function test_completed__silent_and_wrong_seats_burn() external {
        uint256 id = answering(5);
        answer(id, 0, 6);
        answerWrongly(id, 6);
        assertState(id, IRounds.State.Completed);
        (,, uint256 rowEnd,) = rounds.deadlines(id);
        vm.warp(rowEnd - 1);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDue.selector, id, IRounds.State.Completed, rowEnd));
        rounds.close(id);
        vm.warp(rowEnd);
        vm.expectEmit();
        emit IRounds.Silent(id, 7, rounds.seats(id)[7], BOND);
        close(id);
        assertSeats(id, 0, 6, fee(defaultTerms(), 5));
        assertSeats(id, 6, 8, 0);
        uint256 rewards_ = 5 * uint256(defaultTerms().reward);
        uint256 refund = escrow + deposit - BOUNTY - 6 * fee(defaultTerms(), 5) - rewards_;
        assertEnded(id, refund, 2 * BOND, 2 * BOND);
        assertEq(sweep(id), rewards_, "rewards");
    }

    function test_completed__every_seat_resolved__closes_before_the_deadline() external {
        uint256 id = answering(4);
        answer(id, 0, 7);
        answerWrongly(id, 7);
        uint256 rewards_ = 4 * uint256(defaultTerms().reward);
        uint256 refund = escrow + deposit - BOUNTY - 7 * fee(defaultTerms(), 4) - rewards_;
        assertCloses(id, IRounds.State.Completed, refund, BOND);
        vm.expectRevert(abi.encodeWithSelector(IRounds.AlreadyClosed.selector, id));
        rounds.close(id);
    }

    function test_completed__no_data_seats__forgo_their_fee_only() external {
        uint256 id = disputing(4);
        declareNoData(id, 0);
        toRows(id);
        answer(id, 1, 8);
        close(id);
        assertSeats(id, 0, 1, 0);
        assertSeats(id, 1, 8, fee(defaultTerms(), 4));
        uint256 rewards_ = 4 * uint256(defaultTerms().reward);
        uint256 refund = escrow + deposit - BOUNTY - NO_DATA_BURN - 7 * fee(defaultTerms(), 4) - rewards_;
        assertEnded(id, refund, 2 * NO_DATA_BURN, NO_DATA_BURN);
        assertEq(sweep(id), rewards_, "rewards");
    }

    // ------------------------------------------------------------------ failed

    /// Nobody answers: the developer gets all back, every bond burns.
    function test_failed__all_silent() external {
        uint256 id = answering(5);
        pastRows(id);
        assertCloses(id, IRounds.State.Failed, escrow + deposit - BOUNTY, 8 * BOND);
        assertEnded(id, escrow + deposit - BOUNTY, 8 * BOND, 8 * BOND);
    }

    /// Right rows are paid in full; the slashes pay for their data, so the developer loses the flat fees only.
    function test_failed__one_row_short__developer_pays_flat_fees_only() external {
        uint256 id = answering(5);
        answer(id, 0, 5);
        answerWrongly(id, 5);
        pastRows(id);
        uint256 fromSlashes = 5 * dataFee(5);
        uint256 refund = escrow + deposit - BOUNTY - 5 * uint256(defaultTerms().flatFee);
        assertCloses(id, IRounds.State.Failed, refund, 3 * BOND - fromSlashes);
        assertSeats(id, 0, 5, fee(defaultTerms(), 5));
        assertSeats(id, 5, 8, 0);
        assertEnded(id, refund, 3 * BOND - fromSlashes, 3 * BOND);
    }

    /// Too little was slashed to pay for the rows: the developer pays the rest, nothing burns, nobody gains.
    function test_failed__slashes_do_not_cover_the_rows() external {
        Terms memory terms = defaultTerms();
        (terms.flatFee, terms.rate, terms.reward) = (1e18, 40e15, 0.01e18); // 8 · (1 + 8) + 1 < 75
        (escrow, deposit) = policy.quote(terms);
        uint256 id = request(terms);
        draw(id);
        take(id, makeSnapshot(id, 100));
        for (uint8 seat = 0; seat < 2; ++seat) {
            declareNoData(id, seat);
        }
        toRows(id);
        answer(id, 2, 7); // 5 · 8e18 > 25e18
        answerWrongly(id, 7);
        assertState(id, IRounds.State.Failed);
        uint256 refund = escrow + deposit - BOUNTY - 2 * NO_DATA_BURN - 5 * fee(terms, 100) + BOND;
        assertCloses(id, IRounds.State.Failed, refund, 0);
        assertSeats(id, 2, 7, fee(terms, 100));
        assertEnded(id, refund, 4 * NO_DATA_BURN, BOND + 2 * NO_DATA_BURN);
    }

    /// Whatever fails and however, a developer never ends with more than it paid, and has lost the flat fees of right
    /// rows at least.
    function testFuzz_close__slashes_never_profit_the_developer(uint256 behaviour, uint96 rate, uint32 count) external {
        Terms memory terms = defaultTerms();
        terms.rate = uint96(bound(rate, 0, 35e15));
        (escrow, deposit) = policy.quote(terms);
        uint256 id = request(terms);
        draw(id);
        take(id, makeSnapshot(id, uint32(bound(count, 3, 100))));
        uint256 right = behave(id, behaviour);
        pastRows(id);
        close(id);
        uint256 burned = supply - token.totalSupply();
        uint256 swept = right >= 6 ? sweep(id) : 0;
        uint256 lost = escrow + deposit - BOUNTY - rounds.balanceOf(DEVELOPER) - swept;
        assertTrue(lost >= right * uint256(terms.flatFee), "flat fees at least");
        uint256 stakesLost = stakes - token.balanceOf(address(registry));
        uint256 fees = right * fee(terms, rounds.round(id).count);
        assertEq(lost + stakesLost, fees + burned, "what was lost is what was paid and burned");
        assertEnded(id, rounds.balanceOf(DEVELOPER), burned, stakesLost);
        assertSeats(id, 0, 0, 0);
    }

    /// @dev Two bits of `behaviour` per seat: no data (at most two seats, else silent), wrong, silent, right.
    function behave(uint256 id, uint256 behaviour) private returns (uint256 right) {
        uint256 without;
        for (uint8 seat = 0; seat < 8 && without < 2; ++seat) {
            if ((behaviour >> (2 * seat)) & 3 != 0) continue;
            declareNoData(id, seat);
            ++without;
        }
        toRows(id);
        for (uint8 seat = 0; seat < 8; ++seat) {
            uint256 act = (behaviour >> (2 * seat)) & 3;
            if (act == 1) answerWrongly(id, seat);
            if (act != 3) continue;
            answer(id, seat, seat + 1);
            ++right;
        }
    }

    // ------------------------------------------------------------------ sweeping, withdrawing

    function test_sweep__before_claims_end_or_of_a_failed_round__reverts() external {
        uint256 id = completed(4);
        (,,, uint256 claimEnd) = rounds.deadlines(id);
        vm.expectRevert(abi.encodeWithSelector(IRewards.ClaimsOpen.selector, id, claimEnd));
        rewards.sweep(id);
        uint256 failed = answering(3);
        pastRows(failed);
        close(failed);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NoPot.selector, failed));
        rewards.sweep(failed);
    }

    function test_sweep__twice__reverts() external {
        uint256 id = completed(4);
        claim(id, 1);
        assertEq(sweep(id), 3 * uint256(defaultTerms().reward), "what was not claimed, once");
        vm.expectRevert(abi.encodeWithSelector(IRewards.NothingToSweep.selector, id));
        rewards.sweep(id);
    }

    function test_withdraw__takes_all__once() external {
        uint256 id = completed(4);
        address holder = operator(id, 0);
        vm.expectEmit();
        emit IRounds.Withdrawn(holder, STRANGER, fee(defaultTerms(), 4));
        vm.prank(holder);
        rounds.withdraw(STRANGER);
        assertEq(token.balanceOf(STRANGER), fee(defaultTerms(), 4), "where it was told to");
        vm.expectRevert(abi.encodeWithSelector(IRounds.NothingToWithdraw.selector, holder));
        vm.prank(holder);
        rounds.withdraw(STRANGER);
    }

    function test_withdraw__to_nobody__reverts() external {
        uint256 id = completed(4);
        address holder = operator(id, 0);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        vm.prank(holder);
        rounds.withdraw(address(0));
        assertEq(rounds.balanceOf(holder), fee(defaultTerms(), 4), "still there");
    }

    function test_close__unknown_or_running_round__reverts() external {
        vm.expectRevert(wrongState(0, IRounds.State.None));
        rounds.close(0);
        uint256 id = disputing(3);
        (,, uint256 rowEnd,) = rounds.deadlines(id);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDue.selector, id, IRounds.State.Disputing, rowEnd));
        rounds.close(id);
    }

    /// A clerk that left the registry's pool, and one whose key leaked, are settled like everybody.
    function test_close__after_a_clerk_unbonded() external {
        uint256 id = answering(4);
        address holder = operator(id, 0);
        uint32 clerkId = rounds.seats(id)[0];
        vm.prank(holder);
        registry.unbond();
        answer(id, 1, 8);
        vm.warp(registry.clerk(clerkId).withdrawableAt);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.StillLocked.selector, clerkId, 1));
        vm.prank(holder);
        registry.withdraw(holder);
        close(id);
        uint256 stake = registry.clerk(clerkId).stake;
        vm.prank(holder);
        registry.withdraw(holder);
        assertEq(token.balanceOf(holder), stake, "less the bond of the silent seat");
    }
}
