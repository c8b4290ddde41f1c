// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Dealer} from "./Dealer.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev One row a seat: right ones are owed their fee, wrong ones cost the bond, everything else costs nothing.
contract RoundsRowsTest is RoundsFixture {
    uint32 private constant COUNT = 5;

    uint256 private id;
    IRounds.Set private set;

    function setUp() public override {
        super.setUp();
        id = answering(COUNT);
        set = Dealer.setOf(makeSnapshot(id, COUNT));
    }

    function rowOf(uint256 seat) private view returns (uint256[] memory) {
        return sharing(id).rows[seat];
    }

    function stakeOf(uint256 seat) private view returns (uint256) {
        return registry.clerk(rounds.seats(id)[seat]).stake;
    }

    function seatsHeld(uint256 seat) private view returns (uint256) {
        return registry.clerk(rounds.seats(id)[seat]).seats;
    }

    // ------------------------------------------------------------------ right

    /// Seats below R derive their row, late ones add corrections: to the contract they are the same.
    function test_submitRow__right__of_every_seat__frees_the_bond_and_earns_the_fee() external {
        for (uint8 seat = 0; seat < 8; ++seat) {
            uint256 stake = stakeOf(seat);
            uint256[] memory row = rowOf(seat);
            uint32 clerkId = rounds.seats(id)[seat];
            address holder = operator(id, seat);
            vm.expectEmit();
            emit IRounds.RowAccepted(id, seat, clerkId, fee(defaultTerms(), COUNT), row);
            vm.prank(holder);
            rounds.submitRow(id, seat, set, row);
            assertEq(rounds.round(id).answered, (2 << seat) - 1, "answered");
            assertEq(resolvedSeats(id), (2 << seat) - 1, "resolved");
            assertEq(stakeOf(seat), stake, "stake untouched");
            assertEq(seatsHeld(seat), 0, "bond free");
            assertState(id, seat < 5 ? IRounds.State.Answering : IRounds.State.Completed);
        }
        close(id);
        for (uint256 seat = 0; seat < 8; ++seat) {
            assertEq(rounds.balanceOf(operator(id, seat)), fee(defaultTerms(), COUNT), "fee");
        }
    }

    function test_submitRow__after_completion__is_paid_all_the_same() external {
        answer(id, 0, 6);
        assertState(id, IRounds.State.Completed);
        (,, uint256 rowEnd,) = rounds.deadlines(id);
        vm.warp(rowEnd - 1);
        submit(id, 7, set, rowOf(7));
        pastRows(id);
        close(id);
        assertEq(rounds.balanceOf(operator(id, 7)), fee(defaultTerms(), COUNT), "paid");
        assertEq(rounds.balanceOf(operator(id, 6)), 0, "the silent one is not");
    }

    // ------------------------------------------------------------------ wrong

    function test_submitRow__any_element_changed__is_slashed_at_once() external {
        for (uint8 seat = 0; seat < 8; seat += 7) {
            for (uint256 i = 0; i < 2; ++i) {
                uint256 before = vm.snapshotState();
                uint256[] memory row = rowOf(seat);
                row[i] = addmod(row[i], 1, G1.Q);
                slashed(seat, row);
                vm.revertToState(before);
            }
        }
    }

    function testFuzz_submitRow__any_other_row__is_slashed(uint8 seat, uint256 first, uint256 second) external {
        seat = uint8(bound(seat, 0, 7));
        uint256[] memory row = new uint256[](2);
        (row[0], row[1]) = (bound(first, 0, G1.Q - 1), bound(second, 0, G1.Q - 1));
        uint256[] memory right = rowOf(seat);
        vm.assume(row[0] != right[0] || row[1] != right[1]);
        slashed(seat, row);
    }

    function testFuzz_submitRow__one_element_changed__is_slashed(uint8 seat, bool last, uint256 difference) external {
        seat = uint8(bound(seat, 0, 7));
        uint256[] memory row = rowOf(seat);
        uint256 i = last ? 1 : 0;
        row[i] = addmod(row[i], bound(difference, 1, G1.Q - 1), G1.Q);
        slashed(seat, row);
    }

    function test_submitRow__another_seats_row__is_slashed() external {
        slashed(3, rowOf(4));
    }

    function test_submitRow__zeros_and_swapped_elements__are_slashed() external {
        slashed(1, new uint256[](2));
        uint256[] memory row = rowOf(2);
        (row[0], row[1]) = (row[1], row[0]);
        slashed(2, row);
    }

    /// @dev Of the committee's 8; the bits of seats that there are not count as resolved.
    function resolvedSeats(uint256 id_) private view returns (uint256 seats) {
        uint64 resolved = rounds.round(id_).resolved;
        assertEq(resolved >> 8, type(uint64).max >> 8, "seats beyond n owe nothing");
        return resolved & 0xff;
    }

    function slashed(uint8 seat, uint256[] memory row) private {
        (uint256 stake, uint256 held) = (stakeOf(seat), rounds.round(id).held);
        uint256 balance = token.balanceOf(address(rounds));
        uint32 clerkId = rounds.seats(id)[seat];
        address holder = operator(id, seat);
        uint256 resolved = resolvedSeats(id);
        vm.expectEmit();
        emit IRounds.RowRejected(id, seat, clerkId, BOND);
        vm.prank(holder);
        rounds.submitRow(id, seat, set, row);

        assertEq(stakeOf(seat), stake - BOND, "the bond is gone");
        assertEq(seatsHeld(seat), 0, "and the seat");
        assertEq(rounds.round(id).held, held + BOND, "the round holds it");
        assertEq(rounds.round(id).slashed % BOND, 0, "bonds");
        assertEq(token.balanceOf(address(rounds)), balance + BOND, "the tokens came");
        assertEq(rounds.round(id).answered & (uint64(1) << seat), 0, "not answered");
        assertEq(resolvedSeats(id), resolved | (1 << seat), "resolved");
        // No second chance.
        uint256[] memory right = rowOf(seat);
        vm.expectRevert(abi.encodeWithSelector(IRounds.SeatResolved.selector, id, seat));
        vm.prank(holder);
        rounds.submitRow(id, seat, set, right);
    }

    // ------------------------------------------------------------------ who

    function test_submitRow__twice__reverts() external {
        submit(id, 2, set, rowOf(2));
        refused(2, set, rowOf(2), abi.encodeWithSelector(IRounds.SeatResolved.selector, id, 2));
    }

    function test_submitRow__by_a_stranger__reverts() external {
        uint256[] memory row = rowOf(2);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotSeatHolder.selector, id, 2, STRANGER));
        vm.prank(STRANGER);
        rounds.submitRow(id, 2, set, row);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotSeatHolder.selector, id, 2, DEVELOPER));
        vm.prank(DEVELOPER);
        rounds.submitRow(id, 2, set, row);
    }

    function test_submitRow__by_another_seats_operator__reverts() external {
        uint256[] memory row = rowOf(2);
        address other = operator(id, 3);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotSeatHolder.selector, id, 2, other));
        vm.prank(other);
        rounds.submitRow(id, 2, set, row);
    }

    function test_submitRow__for_a_seat_that_is_none__reverts() external {
        uint256[] memory row = rowOf(0);
        address holder = operator(id, 0);
        for (uint256 seat = 8; seat < 256; seat += 31) {
            vm.expectRevert(abi.encodeWithSelector(IRounds.NotSeatHolder.selector, id, seat, holder));
            vm.prank(holder);
            rounds.submitRow(id, uint8(seat), set, row);
        }
    }

    // ------------------------------------------------------------------ what

    function test_submitRow__of_another_length__reverts() external {
        uint256[] memory row = new uint256[](1);
        row[0] = rowOf(2)[0];
        refused(2, set, row, abi.encodeWithSelector(IRounds.WrongNumber.selector, "row", 1, 2));
        row = new uint256[](3); // the right row and a zero
        (row[0], row[1]) = (rowOf(2)[0], rowOf(2)[1]);
        refused(2, set, row, abi.encodeWithSelector(IRounds.WrongNumber.selector, "row", 3, 2));
        refused(2, set, new uint256[](0), abi.encodeWithSelector(IRounds.WrongNumber.selector, "row", 0, 2));
    }

    function test_submitRow__element_beyond_the_order__reverts() external {
        for (uint256 i = 0; i < 2; ++i) {
            uint256[] memory row = rowOf(2);
            row[i] = G1.Q;
            refused(2, set, row, abi.encodeWithSelector(IRounds.ElementTooLarge.selector, i, G1.Q));
            row[i] = type(uint256).max;
            refused(2, set, row, abi.encodeWithSelector(IRounds.ElementTooLarge.selector, i, type(uint256).max));
            row = rowOf(2);
            uint256 same = row[i] + G1.Q; // the same number in other digits
            row[i] = same;
            refused(2, set, row, abi.encodeWithSelector(IRounds.ElementTooLarge.selector, i, same));
        }
    }

    /// Whatever a row answers but the current set: it reverts and never slashes, whether the row is right or wrong.
    function test_submitRow__another_set__reverts_and_never_slashes() external {
        IRounds.Set memory other = set;
        other.count += 1;
        wrongSet(other);
        other = set;
        other.noise = 1;
        wrongSet(other);
        other = set;
        other.rosterRoot ^= bytes32(uint256(1));
        wrongSet(other);
        other = set;
        other.enrolmentRoot ^= bytes32(uint256(1));
        wrongSet(other);
        other = set;
        other.exclusions = bytes32(uint256(1));
        wrongSet(other);
        for (uint256 seat = 0; seat < 8; ++seat) {
            other = set;
            other.points[seat] ^= bytes32(uint256(1));
            wrongSet(other);
        }
    }

    function test_submitRow__a_point_more_or_less_in_the_set__reverts() external {
        IRounds.Set memory other = set;
        other.points = new bytes32[](7);
        for (uint256 seat = 0; seat < 7; ++seat) {
            other.points[seat] = set.points[seat];
        }
        wrongSet(other);
        other.points = new bytes32[](9);
        for (uint256 seat = 0; seat < 8; ++seat) {
            other.points[seat] = set.points[seat];
        }
        wrongSet(other);
        other.points = new bytes32[](0);
        wrongSet(other);
    }

    function wrongSet(IRounds.Set memory other) private {
        bytes32 current = rounds.round(id).setHash;
        bytes32 given = keccak256(
            abi.encodePacked(
                rounds.round(id).roundHash,
                uint256(other.count),
                uint256(other.noise),
                other.rosterRoot,
                other.enrolmentRoot,
                other.exclusions,
                other.points
            )
        );
        uint256 stake = stakeOf(2);
        bytes memory reason = abi.encodeWithSelector(IRounds.WrongSet.selector, given, current);
        refused(2, other, rowOf(2), reason);
        refused(2, other, rowOf(3), reason);
        assertEq(stakeOf(2), stake, "nothing lost");
        assertEq(resolvedSeats(id), 0, "may still answer");
    }

    /// A set of another round is another set, even with the same content.
    function test_submitRow__answering_another_round__reverts() external {
        uint256 other = answering(COUNT);
        IRounds.Set memory otherSet = Dealer.setOf(makeSnapshot(other, COUNT));
        bytes32 given = keccak256(
            abi.encodePacked(
                rounds.round(id).roundHash,
                uint256(COUNT),
                uint256(0),
                otherSet.rosterRoot,
                otherSet.enrolmentRoot,
                bytes32(0),
                otherSet.points
            )
        );
        refused(
            2, otherSet, rowOf(2), abi.encodeWithSelector(IRounds.WrongSet.selector, given, rounds.round(id).setHash)
        );
    }

    /// Nobody can have a clerk slashed by starving its transaction of gas: it reverts.
    function test_submitRow__starved_of_gas__reverts_and_is_no_verdict() external {
        bytes memory input = abi.encodeCall(IRounds.submitRow, (id, 2, set, rowOf(2)));
        address holder = operator(id, 2);
        uint256 stake = stakeOf(2);
        for (uint256 gas_ = 20_000; gas_ < 200_000; gas_ += 3_000) {
            uint256 before = vm.snapshotState();
            vm.prank(holder);
            (bool success,) = address(rounds).call{gas: gas_}(input);
            assertEq(rounds.round(id).answered, success ? 4 : 0, "right or nothing");
            assertEq(stakeOf(2), stake, "never slashed");
            vm.revertToState(before);
        }
    }

    // ------------------------------------------------------------------ when

    function test_submitRow__a_second_before_complaints_end__reverts() external {
        vm.warp(toComplaints(id) - 1);
        refused(2, set, rowOf(2), wrongState(id, IRounds.State.Disputing));
    }

    function test_submitRow__exactly_at_the_end__reverts() external {
        pastRows(id);
        refused(2, set, rowOf(2), wrongState(id, IRounds.State.Failed));
    }

    function test_submitRow__exactly_at_the_end_of_a_completed_round__reverts() external {
        answer(id, 0, 6);
        pastRows(id);
        refused(7, set, rowOf(7), wrongState(id, IRounds.State.Completed));
    }

    function test_submitRow__before_a_snapshot__reverts() external {
        uint256 other = collecting();
        address holder = operator(other, 0);
        uint256[] memory row = rowOf(0);
        vm.expectRevert(wrongState(other, IRounds.State.Collecting));
        vm.prank(holder);
        rounds.submitRow(other, 0, set, row);
    }

    // ------------------------------------------------------------------ helpers

    function refused(uint8 seat, IRounds.Set memory other, uint256[] memory row, bytes memory reason) private {
        address holder = operator(id, seat);
        vm.expectRevert(reason);
        vm.prank(holder);
        rounds.submitRow(id, seat, other, row);
    }
}
