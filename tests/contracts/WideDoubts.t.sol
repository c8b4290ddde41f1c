// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {Chunks} from "../../contracts/libraries/Chunks.sol";
import {Permit} from "../../contracts/libraries/Payment.sol";
import {WideFixture} from "./WideFixture.sol";

/// @dev Doubts: who may have them, until when, and where their bonds go.
contract WideDoubtsTest is WideFixture {
    uint256 private constant PERMIT_SECRET = 0xb0b;

    function setUp() public override {
        super.setUp();
        fundChecks(STRANGER);
        fundChecks(ANYONE);
        fundChecks(DEVELOPER);
    }

    function posted(uint256 chunks) private returns (Wide memory w) {
        w = awaiting(chunks);
        postAll(w);
    }

    function expectDoubt(address account, Wide memory w, uint8 seat, uint256 chunk, bytes memory reason) private {
        vm.expectRevert(reason);
        doubtBy(account, w, seat, chunk);
    }

    /// @dev Every token of the checks contract is the bond of a doubt that waits, or somebody's credit.
    function assertCovered(uint256 bonds) private view {
        uint256 credits = checks.balanceOf(STRANGER) + checks.balanceOf(ANYONE) + checks.balanceOf(DEVELOPER);
        for (uint256 i = 1; i <= 16; ++i) {
            credits += checks.balanceOf(clerkAccount(i));
        }
        assertEq(token.balanceOf(address(checks)), credits + bonds * CHALLENGE_BOND, "bonds");
    }

    function expectReclaim(Wide memory w, uint8 seat, uint256 chunk) private {
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.NoDoubt.selector, seat, chunk));
        checks.reclaim(w.id, seat, chunk);
    }

    // ------------------------------------------------------------------ made

    function test_doubt__takes_the_bond_and_the_row_counts_no_more() external {
        Wide memory w = posted(3);
        uint256 before = token.balanceOf(STRANGER);
        vm.expectEmit();
        emit IRowChecks.Doubted(w.id, 2, 1, STRANGER);
        doubtBy(STRANGER, w, 2, 1);
        assertEq(before - token.balanceOf(STRANGER), checks.bond(), "bond");
        assertEq(checks.bond(), CHALLENGE_BOND, "that of a challenge");
        assertEq(rounds.round(w.id).answered, 255 - 4, "counts no more");
        assertEq(checks.doubtOf(w.id, 2, 1).challenger, STRANGER, "challenger");
        assertEq(checks.rowOf(w.id, 2).open, 1, "open");
        assertCovered(1);
    }

    function test_doubt__with_a_permit() external {
        Wide memory w = posted(3);
        address account = vm.addr(PERMIT_SECRET);
        require(token.transfer(account, CHALLENGE_BOND));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                account,
                address(checks),
                CHALLENGE_BOND,
                0,
                block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PERMIT_SECRET, digest);
        vm.prank(account);
        checks.doubt(w.id, 0, 0, Permit(CHALLENGE_BOND, block.timestamp, v, r, s));
        assertEq(token.balanceOf(account), 0, "paid");
        assertCovered(1);
    }

    function test_doubt__without_the_bond__reverts() external {
        Wide memory w = posted(3);
        expectDoubt(
            DRAWER,
            w,
            0,
            0,
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(checks), 0, uint256(CHALLENGE_BOND)
            )
        );
        assertEq(rounds.round(w.id).answered, 255, "counts");
        assertEq(checks.doubtOf(w.id, 0, 0).challenger, address(0), "none");
    }

    function test_doubt__in_the_last_second_of_the_second_window() external {
        Wide memory w = posted(3);
        elapse(w, 2 * ROW_WINDOW);
        expectDoubt(STRANGER, w, 0, 0, abi.encodeWithSelector(IRowChecks.TooLate.selector, block.timestamp));
        elapse(w, 2 * ROW_WINDOW - 1);
        doubtBy(STRANGER, w, 0, 0);
        elapse(w, 3 * ROW_WINDOW - 1);
        open(w, 0, 0);
        pastRows(w.id);
        close(w.id);
        assertEq(rounds.balanceOf(operator(w.id, 0)), wideFee(3, COUNT), "opened in the last second");
    }

    function test_doubt__of_no_row_or_no_chunk__reverts() external {
        Wide memory w = awaiting(3);
        bytes memory none = abi.encodeWithSelector(IRowChecks.NotPosted.selector, w.id, 0);
        expectDoubt(STRANGER, w, 0, 0, none);
        post(w, 0);
        expectDoubt(STRANGER, w, 0, 3, abi.encodeWithSelector(Chunks.WrongChunk.selector, 3, 3));
        expectDoubt(STRANGER, w, 200, 0, abi.encodeWithSelector(IRowChecks.NotPosted.selector, w.id, 200));
        spoil(w, 1, 0);
        post(w, 1);
        open(w, 1, 0);
        // It is out.
        expectDoubt(STRANGER, w, 1, 0, abi.encodeWithSelector(IRowChecks.NotPosted.selector, w.id, 1));
        pastRows(w.id);
        expectDoubt(STRANGER, w, 0, 0, wrongState(w.id, IRounds.State.Failed));
    }

    // ------------------------------------------------------------------ how many

    function test_doubt__one_chunk_twice__reverts__also_once_it_was_opened() external {
        Wide memory w = posted(3);
        doubtBy(STRANGER, w, 0, 1);
        bytes memory again = abi.encodeWithSelector(IRowChecks.AlreadyDoubted.selector, 0, 1);
        expectDoubt(ANYONE, w, 0, 1, again);
        open(w, 0, 1);
        expectDoubt(DEVELOPER, w, 0, 1, again);
        // The same chunk of another row is another.
        doubtBy(ANYONE, w, 1, 1);
    }

    /// Nobody takes the developer's, and all others together have as many, however they are called.
    function test_doubt__beyond_the_quota__reverts() external {
        Wide memory w = begun(wideTerms(10), 10);
        filled(w);
        take(w.id, w.snapshot);
        toRows(w.id);
        postAll(w);
        for (uint256 c = 0; c < 4; ++c) {
            doubtBy(c % 2 == 0 ? STRANGER : ANYONE, w, 0, c);
        }
        bytes memory enough = abi.encodeWithSelector(IRowChecks.TooManyDoubts.selector, 0, checks.maximumDoubts());
        expectDoubt(STRANGER, w, 0, 4, enough);
        expectDoubt(ANYONE, w, 0, 4, enough);
        for (uint256 c = 4; c < 8; ++c) {
            doubtBy(DEVELOPER, w, 0, c);
        }
        expectDoubt(DEVELOPER, w, 0, 8, enough);
        // An answer does not give one back.
        open(w, 0, 0);
        open(w, 0, 4);
        expectDoubt(ANYONE, w, 0, 8, enough);
        expectDoubt(DEVELOPER, w, 0, 8, enough);
        doubtBy(ANYONE, w, 1, 8);
        assertCovered(7);
    }

    // ------------------------------------------------------------------ where the bonds go

    /// Counting again only when no doubt is open.
    function test_openChunk__answers_its_doubt__and_the_row_counts_after_the_last() external {
        Wide memory w = posted(3);
        doubtBy(STRANGER, w, 2, 0);
        doubtBy(DEVELOPER, w, 2, 2);
        vm.expectEmit();
        emit IRowChecks.ChunkOpened(w.id, 2, 2);
        open(w, 2, 2);
        assertEq(checks.balanceOf(operator(w.id, 2)), CHALLENGE_BOND, "to the clerk, whoever opens");
        assertEq(rounds.round(w.id).answered, 255 - 4, "one is left");
        assertCovered(1);
        open(w, 2, 0);
        assertEq(rounds.round(w.id).answered, 255, "counts again");
        assertCovered(0);
        doubtBy(STRANGER, w, 2, 1);
        assertEq(rounds.round(w.id).answered, 255 - 4, "the next");
        open(w, 2, 1);
        assertEq(checks.balanceOf(operator(w.id, 2)), 3 * CHALLENGE_BOND, "all of them");
        address holder = operator(w.id, 2);
        vm.prank(holder);
        assertEq(checks.withdraw(address(0xbeef)), 3 * CHALLENGE_BOND, "withdrawn");
        assertEq(token.balanceOf(address(0xbeef)), 3 * CHALLENGE_BOND, "there");
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.NothingToWithdraw.selector, holder));
        vm.prank(holder);
        checks.withdraw(holder);
        pastRows(w.id);
        for (uint256 c = 0; c < 3; ++c) {
            expectReclaim(w, 2, c);
        }
        close(w.id);
        assertEq(rounds.balanceOf(holder), wideFee(3, COUNT), "fee");
    }

    /// A clerk that does not open is silent, and its doubters have their bonds back.
    function test_doubt__never_answered__the_seat_is_silent_and_the_bonds_return() external {
        Wide memory w = posted(3);
        doubtBy(STRANGER, w, 5, 0);
        doubtBy(DEVELOPER, w, 5, 1);
        open(w, 5, 1);
        elapse(w, 3 * ROW_WINDOW - 1);
        expectReclaim(w, 5, 0);
        pastRows(w.id);
        checks.reclaim(w.id, 5, 0);
        assertEq(checks.balanceOf(STRANGER), CHALLENGE_BOND, "before the close");
        expectReclaim(w, 5, 0);
        expectReclaim(w, 5, 1);
        expectReclaim(w, 4, 0);
        assertCovered(0);

        uint256 supply = token.totalSupply();
        close(w.id);
        assertState(w.id, IRounds.State.Completed);
        assertEq(supply - token.totalSupply(), BOND, "burned");
        assertEq(rounds.balanceOf(operator(w.id, 5)), 0, "no fee");
        assertEq(registry.clerk(rounds.seats(w.id)[5]).seats, 0, "free");
    }

    function test_reclaim__after_the_close() external {
        Wide memory w = posted(3);
        doubtBy(STRANGER, w, 5, 0);
        pastRows(w.id);
        close(w.id);
        vm.prank(ANYONE);
        checks.reclaim(w.id, 5, 0);
        vm.prank(STRANGER);
        checks.withdraw(STRANGER);
        assertEq(token.balanceOf(STRANGER), 100e18, "all of it");
        assertEq(token.balanceOf(address(checks)), 0, "nothing is left");
    }

    /// The other doubts of a row that turned out wrong.
    function test_reclaim__once_the_seat_is_out__at_once() external {
        Wide memory w = awaiting(3);
        spoil(w, 0, 1);
        postAll(w);
        doubtBy(STRANGER, w, 0, 0);
        doubtBy(ANYONE, w, 0, 1);
        doubtBy(ANYONE, w, 1, 1);
        expectReclaim(w, 0, 0);
        open(w, 0, 1);
        checks.reclaim(w.id, 0, 0);
        checks.reclaim(w.id, 0, 1);
        expectReclaim(w, 0, 1);
        expectReclaim(w, 1, 1);
        assertEq(checks.balanceOf(STRANGER), CHALLENGE_BOND, "stranger");
        assertEq(checks.balanceOf(ANYONE), CHALLENGE_BOND, "anyone");
        assertCovered(1);
        // A bond that went back cannot be had again by an answer.
        IRowChecks.RowOpening memory right = openingOf(w, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.NotPosted.selector, w.id, 0));
        checks.openChunk(w.id, 0, right);
    }

    /// Every seat doubted, none opened: nobody has the sum from the chain, the round fails.
    function test_doubt__of_every_seat__fails_the_round() external {
        Wide memory w = posted(3);
        for (uint8 seat = 0; seat < 8; ++seat) {
            doubtBy(STRANGER, w, seat, seat % 3);
        }
        assertEq(rounds.round(w.id).answered, 0, "none counts");
        pastRows(w.id);
        assertState(w.id, IRounds.State.Failed);
        close(w.id);
        for (uint8 seat = 0; seat < 8; ++seat) {
            checks.reclaim(w.id, seat, seat % 3);
        }
        assertEq(checks.balanceOf(STRANGER), 8 * CHALLENGE_BOND, "all of them");
        assertCovered(0);
    }
}
