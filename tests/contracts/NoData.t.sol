// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev Seats that say, before rows open, that they have no data: what it costs them and the developer, and that a round
/// with too many of them takes no row.
contract NoDataTest is RoundsFixture {
    uint32 private constant COUNT = 5;

    function test_declareNoData__burns_as_much_of_the_bond_as_of_the_deposit() external {
        uint256 id = disputing(COUNT);
        IRounds.Round memory before = rounds.round(id);
        (uint256 supply, uint256 balance) = (token.totalSupply(), token.balanceOf(address(rounds)));
        uint32 clerkId = rounds.seats(id)[6];
        uint256 stake = registry.clerk(clerkId).stake;
        uint256 held = registry.clerk(clerkId).seats;
        address holder = operator(id, 6);
        vm.expectEmit();
        emit IRounds.NoData(id, 6, clerkId);
        vm.prank(holder);
        rounds.declareNoData(id, 6);

        IRounds.Round memory facts = rounds.round(id);
        assertEq(resolvedSeats(id), 1 << 6, "resolved");
        assertEq(facts.answered, 0, "not answered");
        assertEq(facts.deposit, before.deposit - NO_DATA_BURN, "the developer's part");
        assertEq(facts.held, before.held - NO_DATA_BURN, "out of what is held");
        assertEq(registry.clerk(clerkId).stake, stake - NO_DATA_BURN, "the clerk's part");
        assertEq(registry.clerk(clerkId).seats, held - 1, "bond free");
        assertEq(token.totalSupply(), supply - 2 * uint256(NO_DATA_BURN), "both burned");
        assertEq(token.balanceOf(address(rounds)), balance - NO_DATA_BURN, "covered");
        // The seat owes nothing more, and gets nothing.
        vm.expectRevert(abi.encodeWithSelector(IRounds.SeatResolved.selector, id, 6));
        vm.prank(holder);
        rounds.declareNoData(id, 6);
        toRows(id);
        IRounds.Set memory set = Dealer.setOf(makeSnapshot(id, COUNT));
        uint256[] memory row = sharing(id).rows[6];
        vm.expectRevert(abi.encodeWithSelector(IRounds.SeatResolved.selector, id, 6));
        vm.prank(holder);
        rounds.submitRow(id, 6, set, row);
    }

    /// Like giving up: it burns the abort fee and counts. Otherwise an empty snapshot would be a cheap way to another committee.
    function test_declareNoData__by_every_seat__is_an_abandoned_draw() external {
        uint256 id = disputing(COUNT);
        uint256 held = rounds.round(id).held;
        for (uint8 seat = 0; seat < 8; ++seat) {
            declareNoData(id, seat);
        }
        assertState(id, IRounds.State.Abandoned);
        close(id);
        assertEq(rounds.round(id).held, 0, "settled");
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
        uint256 burned = 8 * uint256(NO_DATA_BURN) + ABORT_BURN;
        assertEq(rounds.balanceOf(DEVELOPER), held - burned, "no flat fee for seats without data");
    }

    /// The largest committee, the smallest deposit, no fees: its "no data" takes all that the developer paid, and the round
    /// still closes.
    function test_declareNoData__by_all_of_64__leaves_nothing_to_burn() external {
        IRounds.Settings memory settings = roundSettings();
        (settings.abortBurn, settings.complaintFee) = (16 * NO_DATA_BURN, 0);
        deploy(clerkSettings(), settings);
        registerMany(90);
        Terms memory terms = defaultTerms();
        (terms.n, terms.t, terms.k) = (64, 31, 15);
        (terms.flatFee, terms.rate, terms.reward) = (0, 0, 0);
        uint256 id = collecting(terms);
        take(id, makeSnapshot(id, COUNT));
        for (uint8 seat = 0; seat < 64; ++seat) {
            declareNoData(id, seat);
        }
        assertEq(rounds.round(id).held, 0, "all of the deposit is burned already");
        close(id);
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "closed");
    }

    /// With more than n - R seats missing no row is taken: their holders and R - 1 public rows would give the sum.
    function test_declareNoData__by_too_many__opens_no_rows() external {
        uint256 id = disputing(COUNT);
        for (uint8 seat = 0; seat < 3; ++seat) {
            assertState(id, IRounds.State.Disputing);
            declareNoData(id, seat);
        }
        toRows(id);
        assertState(id, IRounds.State.Abandoned);
        IRounds.Set memory set = Dealer.setOf(makeSnapshot(id, COUNT));
        uint256[] memory row = sharing(id).rows[7];
        address holder = operator(id, 7);
        uint32 clerkId = rounds.seats(id)[7];
        uint256 held = registry.clerk(clerkId).seats;
        vm.expectRevert(wrongState(id, IRounds.State.Abandoned));
        vm.prank(holder);
        rounds.submitRow(id, 7, set, row);
        close(id);
        assertEq(rounds.balanceOf(holder), defaultTerms().flatFee, "kept waiting");
        assertEq(registry.clerk(clerkId).seats, held - 1, "free");
    }

    function test_declareNoData__in_the_last_second__is_accepted() external {
        uint256 id = disputing(COUNT);
        vm.warp(toComplaints(id) - 1);
        declareNoData(id, 0);
        assertEq(resolvedSeats(id), 1, "resolved");
    }

    function test_declareNoData__once_rows_are_open__reverts() external {
        uint256 id = answering(COUNT);
        refused(id, 2, operator(id, 2), wrongState(id, IRounds.State.Answering));
        pastRows(id);
        refused(id, 2, operator(id, 2), wrongState(id, IRounds.State.Failed));
    }

    function test_declareNoData__before_the_snapshot__reverts() external {
        uint256 id = collecting();
        refused(id, 2, operator(id, 2), wrongState(id, IRounds.State.Collecting));
    }

    function test_declareNoData__by_a_stranger_or_for_another_seat__reverts() external {
        uint256 id = disputing(COUNT);
        refused(id, 2, STRANGER, abi.encodeWithSelector(IRounds.NotSeatHolder.selector, id, 2, STRANGER));
        address holder = operator(id, 3);
        refused(id, 2, holder, abi.encodeWithSelector(IRounds.NotSeatHolder.selector, id, 2, holder));
        refused(id, 8, holder, abi.encodeWithSelector(IRounds.NotSeatHolder.selector, id, 8, holder));
    }

    function refused(uint256 id, uint8 seat, address caller, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        rounds.declareNoData(id, seat);
    }

    /// @dev Of the committee's 8; the bits of seats that there are not count as resolved.
    function resolvedSeats(uint256 id) private view returns (uint256 seats) {
        uint64 resolved = rounds.round(id).resolved;
        assertEq(resolved >> 8, type(uint64).max >> 8, "seats beyond n owe nothing");
        return resolved & 0xff;
    }
}
