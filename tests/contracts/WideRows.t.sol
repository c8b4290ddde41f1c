// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {Leaves} from "./Leaves.sol";
import {Merkle} from "./Merkle.sol";
import {WideFixture} from "./WideFixture.sol";

/// @dev Roots of rows: who may post them, when, and what they come to if nobody doubts them.
contract WideRowsTest is WideFixture {
    function expectPost(Wide memory w, uint8 seat, bytes32 setHash, bytes32 root, bytes memory reason) private {
        address holder = operator(w.id, seat);
        vm.expectRevert(reason);
        vm.prank(holder);
        checks.postRow(w.id, seat, setHash, root);
    }

    // ------------------------------------------------------------------ posted

    function test_postRow__counts_and_binds_its_seat_until_the_end() external {
        Wide memory w = awaiting(3);
        for (uint8 seat = 0; seat < 8; ++seat) {
            uint32 clerkId = rounds.seats(w.id)[seat];
            bytes32 root = Merkle.root(rowWords(w, seat));
            vm.expectEmit();
            emit IRowChecks.RowPosted(w.id, seat, clerkId, root);
            post(w, seat);
            assertEq(rounds.round(w.id).answered, (2 << seat) - 1, "counts");
            assertEq(uint64(rounds.round(w.id).resolved << 56), 0, "owes it still");
            assertEq(registry.clerk(clerkId).seats, 1, "bound");
            assertEq(checks.rowOf(w.id, seat).root, root, "root");
        }
        // Rows may still turn out wrong.
        assertState(w.id, IRounds.State.Answering);
        elapse(w, 3 * ROW_WINDOW - 1);
        assertState(w.id, IRounds.State.Answering);
        vm.expectRevert(
            abi.encodeWithSelector(IRounds.NotDue.selector, w.id, IRounds.State.Answering, block.timestamp + 1)
        );
        rounds.close(w.id);
        pastRows(w.id);
        assertState(w.id, IRounds.State.Completed);
    }

    function test_close__pays_every_row_for_all_its_chunks_and_frees_every_seat() external {
        Wide memory w = awaiting(5);
        postAll(w);
        pastRows(w.id);
        uint256 stakes = token.balanceOf(address(registry));
        uint256 held = rounds.round(w.id).held;
        uint256 supply = token.totalSupply();
        close(w.id);
        for (uint256 seat = 0; seat < 8; ++seat) {
            assertEq(rounds.balanceOf(operator(w.id, seat)), wideFee(5, COUNT), "fee");
            assertEq(registry.clerk(rounds.seats(w.id)[seat]).seats, 0, "free");
        }
        uint256 pot = COUNT * uint256(wideTerms(5).reward);
        assertEq(token.balanceOf(address(rewards)), pot, "pot");
        assertEq(rounds.balanceOf(DEVELOPER), held - 8 * wideFee(5, COUNT) - pot, "the rest");
        assertEq(token.balanceOf(address(registry)), stakes, "stakes");
        assertEq(token.totalSupply(), supply, "nothing burns");
        assertEq(rounds.round(w.id).held, 0, "settled");
        assertState(w.id, IRounds.State.Completed);
        claim(w.id, 0, w);
    }

    /// @dev Leaves and their tree are a narrow round's.
    function claim(uint256 id, uint256 contributor, Wide memory w) private {
        uint256 index = 8 + contributor;
        rewards.claim(id, index, leafAt(id, contributor), Leaves.pathOf(tree(id, COUNT), index, w.snapshot.body));
        assertTrue(rewards.isClaimed(id, index), "claimed");
    }

    function test_close__with_exactly_R_rows__slashes_the_silent() external {
        Wide memory w = awaiting(3);
        for (uint8 seat = 1; seat < 7; ++seat) {
            post(w, seat);
        }
        pastRows(w.id);
        uint256 supply = token.totalSupply();
        vm.expectEmit();
        emit IRounds.Silent(w.id, 0, rounds.seats(w.id)[0], BOND);
        close(w.id);
        assertState(w.id, IRounds.State.Completed);
        assertEq(supply - token.totalSupply(), 2 * uint256(BOND), "burned");
        assertEq(rounds.balanceOf(operator(w.id, 0)) + rounds.balanceOf(operator(w.id, 7)), 0, "no fee");
        assertEq(rounds.balanceOf(operator(w.id, 1)), wideFee(3, COUNT), "fee");
    }

    /// Too few rows: they are paid, their data from the slashes.
    function test_close__with_too_few_rows__pays_them_from_the_slashes() external {
        Wide memory w = awaiting(3);
        for (uint8 seat = 0; seat < 5; ++seat) {
            post(w, seat);
        }
        pastRows(w.id);
        assertState(w.id, IRounds.State.Failed);
        uint256 held = rounds.round(w.id).held;
        uint256 supply = token.totalSupply();
        close(w.id);
        uint256 flat = 5 * uint256(wideTerms(3).flatFee);
        uint256 data = 5 * wideFee(3, COUNT) - flat;
        assertEq(rounds.balanceOf(operator(w.id, 4)), wideFee(3, COUNT), "fee");
        assertEq(supply - token.totalSupply(), 3 * uint256(BOND) - data, "burned");
        assertEq(rounds.balanceOf(DEVELOPER), held - flat, "the developer loses the flat fees");
        assertState(w.id, IRounds.State.Failed);
    }

    // ------------------------------------------------------------------ refused

    function test_postRow__before_or_after_the_first_window__reverts() external {
        Wide memory w = closed(3);
        bytes32 setHash = rounds.round(w.id).setHash;
        expectPost(w, 0, setHash, "root", wrongState(w.id, IRounds.State.Disputing));
        elapse(w, ROW_WINDOW);
        expectPost(w, 0, setHash, "root", abi.encodeWithSelector(IRowChecks.TooLate.selector, block.timestamp));
        elapse(w, ROW_WINDOW - 1);
        post(w, 0);
        pastRows(w.id);
        expectPost(w, 1, setHash, "root", wrongState(w.id, IRounds.State.Failed));
    }

    function test_postRow__twice__reverts() external {
        Wide memory w = awaiting(3);
        post(w, 0);
        bytes32 setHash = rounds.round(w.id).setHash;
        expectPost(w, 0, setHash, "another", abi.encodeWithSelector(IRowChecks.AlreadyPosted.selector, w.id, 0));
    }

    function test_postRow__by_another_than_the_seats_operator__reverts() external {
        Wide memory w = awaiting(3);
        bytes32 setHash = rounds.round(w.id).setHash;
        for (uint256 who = 0; who < 3; ++who) {
            address caller = who == 0 ? DEVELOPER : who == 1 ? STRANGER : operator(w.id, 1);
            vm.expectRevert(abi.encodeWithSelector(IRounds.NotSeatHolder.selector, w.id, 0, caller));
            vm.prank(caller);
            checks.postRow(w.id, 0, setHash, "root");
        }
        for (uint256 seat = 8; seat < 256; seat += 31) {
            vm.expectRevert(abi.encodeWithSelector(IRounds.NotSeatHolder.selector, w.id, uint8(seat), STRANGER));
            vm.prank(STRANGER);
            checks.postRow(w.id, uint8(seat), setHash, "root");
        }
        // What reverted leaves the seat free to post.
        post(w, 0);
    }

    function test_postRow__of_another_set_or_without_a_root__reverts() external {
        Wide memory w = awaiting(3);
        bytes32 setHash = rounds.round(w.id).setHash;
        expectPost(
            w, 0, "another", "root", abi.encodeWithSelector(IRounds.WrongSet.selector, bytes32("another"), setHash)
        );
        expectPost(w, 0, setHash, 0, abi.encodeWithSelector(IRowChecks.RootMissing.selector));
        assertEq(rounds.round(w.id).answered, 0, "nothing");
    }

    function test_postRow__of_a_seat_without_data__reverts() external {
        Wide memory w = closed(3);
        declareNoData(w.id, 3);
        toRows(w.id);
        bytes32 setHash = rounds.round(w.id).setHash;
        expectPost(w, 3, setHash, "root", abi.encodeWithSelector(IRounds.SeatResolved.selector, w.id, 3));
    }

    function test_narrow_and_wide__each_has_its_own_way() external {
        uint256 narrow = answering(COUNT);
        address holder = operator(narrow, 0);
        bytes32 setHash = rounds.round(narrow).setHash;
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.NotWide.selector, narrow));
        vm.prank(holder);
        checks.postRow(narrow, 0, setHash, "root");
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.NotWide.selector, narrow));
        checks.doubt(narrow, 0, 0, noPermit);

        Wide memory w = awaiting(3);
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.NotWide.selector, narrow));
        checks.openChunk(narrow, 0, opening);
        address clerk = operator(w.id, 0);
        vm.expectRevert(abi.encodeWithSelector(IRounds.WrongNumber.selector, "chunks", 3, 1));
        vm.prank(clerk);
        rounds.submitRow(w.id, 0, w.set, w.chunks[0].rows[0]);
    }

    function test_answers__only_from_the_checks_contract() external {
        Wide memory w = awaiting(3);
        bytes memory refusal = abi.encodeWithSelector(IRounds.OnlyChecks.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(refusal);
        rounds.post(w.id, 0, STRANGER, w.set.rosterRoot);
        vm.expectRevert(refusal);
        rounds.setCounting(w.id, 0, true);
        vm.expectRevert(refusal);
        rounds.reject(w.id, 0);
        vm.stopPrank();
    }
}
