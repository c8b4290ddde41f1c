// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {Chunks} from "../../contracts/libraries/Chunks.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Merkle} from "./Merkle.sol";
import {Prover} from "./Prover.sol";
import {WideFixture} from "./WideFixture.sol";

/// @dev A chunk is opened with all that says what it must be: a wrong one convicts, a wrong opening never does.
contract WideOpeningsTest is WideFixture {
    function setUp() public override {
        super.setUp();
        fundChecks(STRANGER);
    }

    function refused(Wide memory w, uint8 seat, IRowChecks.RowOpening memory opening, bytes memory reason) private {
        uint256 resolved = rounds.round(w.id).resolved;
        vm.expectRevert(reason);
        checks.openChunk(w.id, seat, opening);
        assertEq(rounds.round(w.id).resolved, resolved, "nobody is out");
    }

    function notOpened(bytes32 given, bytes32 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICases.NotOpened.selector, given, required);
    }

    // ------------------------------------------------------------------ right and wrong

    function test_openChunk__right__of_every_seat_and_chunk() external {
        Wide memory w = awaiting(3);
        postAll(w);
        for (uint8 seat = 0; seat < 8; ++seat) {
            for (uint256 c = 0; c < 3; ++c) {
                doubtBy(STRANGER, w, seat, c);
                open(w, seat, c);
            }
        }
        assertEq(rounds.round(w.id).answered, 255, "all count");
    }

    function test_openChunk__right_and_not_doubted__reverts() external {
        Wide memory w = awaiting(5);
        postAll(w);
        bytes memory nothing = abi.encodeWithSelector(ICases.NothingWrong.selector);
        refused(w, 0, openingOf(w, 0, 4), nothing);
        refused(w, 7, openingOf(w, 7, 4), nothing);
        // Another chunk's doubt is not this one's; an answered one is none.
        doubtBy(STRANGER, w, 0, 3);
        refused(w, 0, openingOf(w, 0, 4), nothing);
        open(w, 0, 3);
        refused(w, 0, openingOf(w, 0, 3), nothing);
    }

    /// By anyone, at once, doubted or not; of a seat below R and of a late one.
    function test_openChunk__wrong__costs_the_bond_at_once() external {
        for (uint8 seat = 4; seat < 8; ++seat) {
            Wide memory w = awaiting(5);
            spoil(w, seat, 4);
            postAll(w);
            bool doubted = seat % 2 == 0;
            if (doubted) doubtBy(STRANGER, w, seat, 4);
            uint32 clerkId = rounds.seats(w.id)[seat];
            uint256 stake = registry.clerk(clerkId).stake;
            IRowChecks.RowOpening memory opening = openingOf(w, seat, 4);
            vm.expectEmit();
            emit IRounds.RowRejected(w.id, seat, clerkId, BOND);
            vm.prank(ANYONE);
            checks.openChunk(w.id, seat, opening);
            assertEq(stake - registry.clerk(clerkId).stake, BOND, "slashed");
            assertEq(rounds.round(w.id).answered, 255 - (1 << seat), "does not count");
            assertEq((rounds.round(w.id).resolved >> seat) & 1, 1, "out");
            refused(w, seat, opening, abi.encodeWithSelector(IRowChecks.NotPosted.selector, w.id, seat));

            // Its other chunks cannot bring it back.
            pastRows(w.id);
            close(w.id);
            assertState(w.id, IRounds.State.Completed);
            assertEq(rounds.balanceOf(operator(w.id, seat)), 0, "no fee");
            assertEq(stake - registry.clerk(clerkId).stake, BOND, "once");
        }
    }

    /// Another chunk's row, or another seat's.
    function test_openChunk__rows_in_the_wrong_place__are_wrong() external {
        Wide memory w = awaiting(3);
        (w.chunks[0].rows[0], w.chunks[1].rows[0]) = (w.chunks[1].rows[0], w.chunks[0].rows[0]);
        (w.chunks[0].rows[6], w.chunks[0].rows[7]) = (w.chunks[0].rows[7], w.chunks[0].rows[6]);
        postAll(w);
        open(w, 0, 0);
        open(w, 6, 0);
        open(w, 7, 0);
        assertEq(rounds.round(w.id).answered, 255 - 1 - 64 - 128, "out");
        assertState(w.id, IRounds.State.Answering);
        pastRows(w.id);
        assertState(w.id, IRounds.State.Failed);
    }

    /// All seats out before the end: nothing is waited for.
    function test_openChunk__every_row_wrong__fails_at_once() external {
        Wide memory w = awaiting(3);
        for (uint8 seat = 0; seat < 8; ++seat) {
            spoil(w, seat, 2);
            post(w, seat);
        }
        doubtBy(STRANGER, w, 0, 0);
        for (uint8 seat = 0; seat < 8; ++seat) {
            open(w, seat, 2);
        }
        assertState(w.id, IRounds.State.Failed);
        uint256 supply = token.totalSupply();
        close(w.id);
        assertEq(supply - token.totalSupply(), 8 * uint256(BOND), "burned");
        checks.reclaim(w.id, 0, 0);
        assertEq(checks.balanceOf(STRANGER), CHALLENGE_BOND, "the bond is back");
    }

    function test_openChunk__before_a_row_or_after_the_third_window__reverts() external {
        Wide memory w = awaiting(3);
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 0);
        refused(w, 0, opening, abi.encodeWithSelector(IRowChecks.NotPosted.selector, w.id, 0));
        refused(w, 255, opening, abi.encodeWithSelector(IRowChecks.NotPosted.selector, w.id, 255));
        postAll(w);
        doubtBy(STRANGER, w, 0, 0);
        pastRows(w.id);
        refused(w, 0, opening, wrongState(w.id, IRounds.State.Completed));
    }

    // ------------------------------------------------------------------ evidence that is something else

    /// Whoever opens must not be able to make a right row look wrong, nor a wrong one right.
    function test_openChunk__of_another_row__reverts() external {
        Wide memory w = awaiting(3);
        postAll(w);
        bytes32 root = Merkle.root(rowWords(w, 0));
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 1);
        opening.row = openingOf(w, 1, 1).row;
        vm.expectPartialRevert(ICases.NotOpened.selector);
        checks.openChunk(w.id, 0, opening);

        opening = openingOf(w, 0, 1);
        opening.rowPath = openingOf(w, 0, 0).rowPath;
        vm.expectPartialRevert(ICases.NotOpened.selector);
        checks.openChunk(w.id, 0, opening);

        // One chunk of the row at another's place in the tree.
        opening = openingOf(w, 0, 1);
        opening.chunk = Merkle.chunk(w.bodies, 0);
        vm.expectPartialRevert(ICases.NotOpened.selector);
        checks.openChunk(w.id, 0, opening);

        opening = openingOf(w, 0, 1);
        opening.chunk.index = 3;
        refused(w, 0, opening, abi.encodeWithSelector(Chunks.WrongChunk.selector, 3, 3));
        opening = openingOf(w, 0, 1);
        opening.rowPath = new bytes32[](1);
        refused(w, 0, opening, abi.encodeWithSelector(Chunks.WrongChunkDepth.selector, 1, 2));
        opening = openingOf(w, 0, 1);
        opening.chunk.path = new bytes32[](3);
        refused(w, 0, opening, abi.encodeWithSelector(Chunks.WrongChunkDepth.selector, 3, 2));
        assertEq(checks.rowOf(w.id, 0).root, root, "stands");
    }

    function test_openChunk__of_elements_that_are_none__reverts() external {
        Wide memory w = awaiting(3);
        // Elements of the field, written otherwise: MSMs would take them.
        w.chunks[1].rows[0][2] += G1.Q;
        w.chunks[1].rows[1][3] = G1.Q;
        w.chunks[0].rows[0] = new uint256[](5);
        w.chunks[2].rows[0] = new uint256[](3);
        post(w, 0);
        post(w, 1);
        uint256 element = w.chunks[1].rows[0][2];
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 1);
        refused(w, 0, opening, abi.encodeWithSelector(IRowChecks.ElementTooLarge.selector, 2, element));
        opening = openingOf(w, 1, 1);
        refused(w, 1, opening, abi.encodeWithSelector(IRowChecks.ElementTooLarge.selector, 3, G1.Q));
        refused(w, 0, openingOf(w, 0, 0), abi.encodeWithSelector(ICases.WrongNumber.selector, "row", 5, 4));
        refused(w, 0, openingOf(w, 0, 2), abi.encodeWithSelector(ICases.WrongNumber.selector, "row", 3, 4));
        // Its clerk cannot open it: silent once it is doubted.
        doubtBy(STRANGER, w, 0, 1);
        pastRows(w.id);
        vm.expectEmit();
        emit IRounds.Silent(w.id, 0, rounds.seats(w.id)[0], BOND);
        close(w.id);
    }

    function test_openChunk__of_another_body__reverts() external {
        Wide memory w = awaiting(3);
        postAll(w);
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 1);
        opening.count += 1;
        vm.expectPartialRevert(ICases.NotOpened.selector);
        checks.openChunk(w.id, 0, opening);
        opening = openingOf(w, 0, 1);
        opening.words = w.words[2];
        vm.expectPartialRevert(ICases.NotOpened.selector);
        checks.openChunk(w.id, 0, opening);
        opening = openingOf(w, 0, 1);
        opening.words = new bytes32[](9);
        refused(w, 0, opening, abi.encodeWithSelector(ICases.WrongNumber.selector, "words", 9, 8));

        opening = openingOf(w, 0, 1);
        bytes32 setHash = rounds.round(w.id).setHash;
        opening.set.points[0] = "another body";
        vm.expectPartialRevert(ICases.WrongSet.selector);
        checks.openChunk(w.id, 0, opening);
        assertEq(rounds.round(w.id).setHash, setHash, "stands");
        opening.set.points = new bytes32[](0);
        vm.expectPartialRevert(ICases.WrongSet.selector);
        checks.openChunk(w.id, 0, opening);
    }

    function test_openChunk__of_other_points__reverts() external {
        Wide memory w = awaiting(3);
        postAll(w);
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 1);
        BLS.G1Point memory wrong = openingOf(w, 1, 1).points[0];
        opening.points[0] = wrong;
        refused(w, 0, opening, notOpened(Prover.hash(wrong), w.words[1][0]));
        opening.points = new BLS.G1Point[](2);
        refused(w, 0, opening, abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 2, 1));

        opening = openingOf(w, 7, 1);
        opening.points[5] = wrong;
        refused(w, 7, opening, notOpened(Prover.hash(wrong), w.words[1][5]));
        opening.points = new BLS.G1Point[](1);
        refused(w, 7, opening, abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 1, 6));
    }

    /// Leaves that nobody excluded.
    function test_openChunk__with_a_queue_of_ones_own__reverts() external {
        Wide memory w = awaiting(3);
        postAll(w);
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 1);
        opening.leaves = new IRowChecks.ExcludedChunk[](1);
        refused(w, 0, opening, abi.encodeWithSelector(ICases.WrongNumber.selector, "leaves", 1, 0));
    }

    // ------------------------------------------------------------------ points outside the group

    /// The developer's fraud, which the chain cannot tell from a row here. A late seat's opening reverts.
    function test_openChunk__points_outside_the_group__convict_no_late_seat() external {
        Wide memory w = begun(wideTerms(3), 3);
        w.chunks[1].points[2] = BLS.add(w.chunks[1].points[2], outsideOfGroup());
        filled(w);
        take(w.id, w.snapshot);
        toRows(w.id);
        postAll(w);
        refused(w, 7, openingOf(w, 7, 1), abi.encodeWithSelector(IRowChecks.PointsInvalid.selector));
        // Other chunks are as they were.
        refused(w, 7, openingOf(w, 7, 0), abi.encodeWithSelector(ICases.NothingWrong.selector));
    }

    // ------------------------------------------------------------------ too little gas

    /// A precompile that is starved fails like one whose input is bad: neither convicts.
    function test_openChunk__with_too_little_gas__never_convicts() external {
        Wide memory w = awaiting(3);
        postAll(w);
        doubtBy(STRANGER, w, 0, 1);
        doubtBy(STRANGER, w, 7, 1);
        starve(w, 0, 1);
        starve(w, 7, 1);
        assertEq(rounds.round(w.id).answered, 255, "both are right");
    }

    function starve(Wide memory w, uint8 seat, uint256 chunk) private {
        bytes memory data = abi.encodeCall(checks.openChunk, (w.id, seat, openingOf(w, seat, chunk)));
        uint256 resolved = rounds.round(w.id).resolved;
        uint256 gas_ = 20_000;
        bool done;
        for (; !done; gas_ += 500) {
            (done,) = address(checks).call{gas: gas_}(data);
            assertEq(rounds.round(w.id).resolved, resolved, "convicted for want of gas");
        }
        assertTrue(gas_ > 100_000, "it was starved before");
    }
}
