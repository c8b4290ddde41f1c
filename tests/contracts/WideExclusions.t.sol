// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ExcludedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Merkle} from "./Merkle.sol";
import {Prover} from "./Prover.sol";
import {WideFixture} from "./WideFixture.sol";

/// @dev Leaves taken out of a wide round: settling counts them out, opening a chunk takes their points off the root's.
contract WideExclusionsTest is WideFixture {
    function setUp() public override {
        super.setUp();
        fundChecks(STRANGER);
    }

    /// @dev One leaf is out, all rows over the others are posted, chunk 1 of seats 0 and 7 is doubted.
    function excludedOne() private returns (Wide memory w) {
        w = liedIn(3, 1);
        complainAbout(w, 0, 1, 2);
        doubtedRows(w);
    }

    /// @dev The same with two.
    function excludedTwo() private returns (Wide memory w) {
        w = begun(wideTerms(3), 3);
        w.lies = new Contribution[][](2);
        // The second one first.
        w.lies[0] = chunked(w.id, 1, 3, 1);
        w.lies[1] = chunked(w.id, 0, 3, 2);
        filled(w);
        take(w.id, w.snapshot);
        complainAbout(w, 0, 1, 2);
        complainAbout(w, 1, 2, 7);
        doubtedRows(w);
    }

    function doubtedRows(Wide memory w) private {
        settleWide(w);
        postAll(w);
        doubtBy(STRANGER, w, 0, 1);
        doubtBy(STRANGER, w, 7, 1);
    }

    function refused(Wide memory w, uint8 seat, IRowChecks.RowOpening memory opening, bytes memory reason) private {
        vm.expectRevert(reason);
        checks.openChunk(w.id, seat, opening);
    }

    function unopened(Wide memory w, uint8 seat, IRowChecks.RowOpening memory opening) private {
        vm.expectPartialRevert(ICases.NotOpened.selector);
        checks.openChunk(w.id, seat, opening);
    }

    // ------------------------------------------------------------------ settled

    function test_settle__keeps_the_body_and_counts_the_leaf_out() external {
        Wide memory w = liedIn(3, 1);
        complainAbout(w, 0, 1, 2);
        enqueue(w);
        toSettling(w);
        assertState(w.id, IRounds.State.Settling);
        bytes32 setHash = keccak256(
            abi.encodePacked(
                rounds.round(w.id).roundHash,
                uint256(COUNT - 1),
                uint256(0),
                w.set.rosterRoot,
                w.set.enrolmentRoot,
                keccak256(abi.encode(uint256(8))),
                w.snapshot.body
            )
        );
        vm.expectEmit();
        emit IDisputes.Settled(w.id, setHash, COUNT - 1);
        disputes.settle(w.id, w.set, noPoints(), w.queue, noLeaves());
        assertEq(rounds.round(w.id).setHash, setHash, "set hash");
        assertState(w.id, IRounds.State.Answering);
        (,, uint256 rowEnd,) = rounds.deadlines(w.id);
        assertEq(rowEnd, block.timestamp + 3 * ROW_WINDOW, "three windows from here");
    }

    /// Settling shows nothing of the leaf. If it were possible at once, a verdict in the last second about a leaf that the
    /// developer withholds from then on would cost everybody honest a bond: no row over the rest could be opened.
    function test_settle__leaves_time_to_get_the_leaf_or_to_declare_no_data() external {
        Wide memory w = liedIn(3, 1);
        complainAbout(w, 0, 1, 2);
        enqueue(w);
        uint256 end = toComplaints(w.id);
        vm.warp(end - 1);
        vm.expectRevert(wrongState(w.id, IRounds.State.Disputing));
        disputes.settle(w.id, w.set, noPoints(), w.queue, noLeaves());
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(i == 0 ? end : end + 5 minutes - 1);
            bytes memory early =
                abi.encodeWithSelector(IRounds.NotDue.selector, w.id, IRounds.State.Settling, end + 5 minutes);
            vm.expectRevert(early);
            disputes.settle(w.id, w.set, noPoints(), w.queue, noLeaves());
        }
        declareNoData(w.id, 0);
        declareNoData(w.id, 1);
        assertState(w.id, IRounds.State.Settling);
        uint256 state = vm.snapshotState();

        // Two seats of eight can be missing: the others' rows complete it.
        settleWide(w);
        assertState(w.id, IRounds.State.Answering);
        address holder = operator(w.id, 2);
        vm.expectRevert(wrongState(w.id, IRounds.State.Answering));
        vm.prank(holder);
        rounds.declareNoData(w.id, 2);
        for (uint8 seat = 2; seat < 8; ++seat) {
            post(w, seat);
        }
        pastRows(w.id);
        assertState(w.id, IRounds.State.Completed);

        // With a third one the developer has withheld it: the committee is let go.
        vm.revertToState(state);
        declareNoData(w.id, 2);
        assertState(w.id, IRounds.State.Abandoned);
        vm.warp(end + 5 minutes);
        vm.expectRevert(wrongState(w.id, IRounds.State.Abandoned));
        disputes.settle(w.id, w.set, noPoints(), w.queue, noLeaves());
        uint256 stakes = token.balanceOf(address(registry));
        close(w.id);
        assertEq(token.balanceOf(address(registry)), stakes, "nobody is slashed");
        assertEq(rounds.balanceOf(operator(w.id, 3)), wideTerms(3).flatFee, "flat fee");
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "counts");
    }

    /// Settling a narrow round shows the leaves to everybody.
    function test_declareNoData__while_a_narrow_round_waits_to_be_settled__reverts() external {
        Contribution memory made = lied(defaultTerms(), COUNT);
        complain(made, 0);
        vm.warp(toComplaints(made.id));
        address holder = operator(made.id, 0);
        vm.expectRevert(wrongState(made.id, IRounds.State.Settling));
        vm.prank(holder);
        rounds.declareNoData(made.id, 0);
        settle(made);
        assertState(made.id, IRounds.State.Answering);
    }

    function test_settle__with_points_or_leaves_or_another_queue__reverts() external {
        Wide memory w = liedIn(3, 1);
        complainAbout(w, 0, 1, 2);
        enqueue(w);
        toSettling(w);
        BLS.G1Point[] memory points = w.chunks[0].points;
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 8, 0));
        disputes.settle(w.id, w.set, points, w.queue, noLeaves());
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongNumber.selector, "leaves", 1, 0));
        disputes.settle(w.id, w.set, noPoints(), w.queue, new ExcludedLeaf[](1));
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.settle(w.id, w.set, noPoints(), new IDisputes.Exclusion[](0), noLeaves());
        w.queue[0].index += 1;
        vm.expectPartialRevert(ICases.NotOpened.selector);
        disputes.settle(w.id, w.set, noPoints(), w.queue, noLeaves());
        w.set.points[0] = "another body";
        vm.expectPartialRevert(ICases.WrongSet.selector);
        disputes.settle(w.id, w.set, noPoints(), w.queue, noLeaves());
    }

    function test_postRow__before_it_is_settled_or_of_the_set_before__reverts() external {
        Wide memory w = liedIn(3, 1);
        complainAbout(w, 0, 1, 2);
        bytes32 before = rounds.round(w.id).setHash;
        vm.warp(toComplaints(w.id));
        address holder = operator(w.id, 0);
        vm.expectRevert(wrongState(w.id, IRounds.State.Settling));
        vm.prank(holder);
        checks.postRow(w.id, 0, before, "root");
        settleWide(w);
        vm.expectPartialRevert(IRounds.WrongSet.selector);
        vm.prank(holder);
        checks.postRow(w.id, 0, before, "root");
    }

    function test_close__pays_for_what_is_left() external {
        Wide memory w = excludedOne();
        open(w, 0, 1);
        open(w, 7, 1);
        pastRows(w.id);
        close(w.id);
        assertState(w.id, IRounds.State.Completed);
        assertEq(rounds.balanceOf(operator(w.id, 0)), wideFee(3, COUNT - 1), "fee");
        assertEq(token.balanceOf(address(rewards)), (COUNT - 1) * uint256(wideTerms(3).reward), "pot");
        IRewards.Pot memory pot = rewards.pot(w.id);
        assertEq(pot.claimed, 1, "its reward is barred");
    }

    // ------------------------------------------------------------------ opened

    /// In the chunk that was lied in and in the others, of seats below R and late ones.
    function test_openChunk__without_the_leaf__is_right() external {
        Wide memory w = excludedOne();
        for (uint8 seat = 0; seat < 8; ++seat) {
            for (uint256 c = 0; c < 3; ++c) {
                if (c != 1 || (seat != 0 && seat != 7)) doubtBy(STRANGER, w, seat, c);
                open(w, seat, c);
            }
        }
        assertEq(rounds.round(w.id).answered, 255, "all count");
    }

    function test_openChunk__without_two_leaves__is_right() external {
        Wide memory w = excludedTwo();
        open(w, 0, 1);
        open(w, 7, 1);
        assertEq(rounds.round(w.id).answered, 255, "both count");
        for (uint8 seat = 1; seat < 7; seat += 5) {
            doubtBy(STRANGER, w, seat, 2);
            open(w, seat, 2);
        }
        assertEq(rounds.round(w.id).answered, 255, "all count");
    }

    /// A point outside of the group leaves with its leaf, in the chunk where it is: all rows open again.
    function test_openChunk__without_a_leaf_outside_of_the_group__is_right() external {
        Wide memory w = begun(wideTerms(3), 3);
        w.lies = new Contribution[][](1);
        w.lies[0] = chunked(w.id, 0, 3, 1);
        Contribution memory part = w.lies[0][2];
        part.points[4] = BLS.add(part.points[4], outsideOfGroup());
        part.words[4] = Prover.hash(part.points[4]);
        IRewards.Leaf memory leaf = part.signed.leaf;
        leaf.body = Merkle.root(bodiesOf(w.lies[0]));
        signed(w.lies[0], sign(w.id, leaf, 0));
        filled(w);
        take(w.id, w.snapshot);
        complainAbout(w, 0, 1, 0);
        settleWide(w);
        postAll(w);
        for (uint8 seat = 4; seat < 8; ++seat) {
            doubtBy(STRANGER, w, seat, 2);
            open(w, seat, 2);
        }
        assertEq(rounds.round(w.id).answered, 255, "all count");
    }

    /// A row over everything, the excluded leaf included.
    function test_openChunk__with_the_leaf__is_wrong() external {
        Wide memory w = liedIn(3, 1);
        complainAbout(w, 0, 1, 2);
        settleWide(w);
        uint256[][] memory excluded = lie(rounds.terms(w.id), 0).rows;
        for (uint8 seat = 0; seat < 8; seat += 7) {
            for (uint256 column = 0; column < 4; ++column) {
                uint256[] memory row = w.chunks[1].rows[seat];
                row[column] = addmod(row[column], excluded[seat][column], G1.Q);
            }
            post(w, seat);
            open(w, seat, 1);
            assertEq((rounds.round(w.id).resolved >> seat) & 1, 1, "out");
        }
    }

    function test_openChunk__leaves_out_a_verdict_or_disorders_them__reverts() external {
        Wide memory w = excludedTwo();
        for (uint8 seat = 0; seat < 8; seat += 7) {
            IRowChecks.RowOpening memory opening = openingOf(w, seat, 1);
            opening.queue = new IDisputes.Exclusion[](0);
            refused(w, seat, opening, abi.encodeWithSelector(ICases.WrongNumber.selector, "leaves", 2, 0));
            opening.leaves = new IRowChecks.ExcludedChunk[](0);
            unopened(w, seat, opening);

            opening = openingOf(w, seat, 1);
            (opening.queue[0], opening.queue[1]) = (opening.queue[1], opening.queue[0]);
            (opening.leaves[0], opening.leaves[1]) = (opening.leaves[1], opening.leaves[0]);
            unopened(w, seat, opening);

            // The right queue, one leaf shown for both.
            opening = openingOf(w, seat, 1);
            opening.leaves[1] = opening.leaves[0];
            unopened(w, seat, opening);
        }
    }

    /// Points that add up all the same, but are not the leaf's.
    function test_openChunk__points_moved_between_the_leaf_and_the_rest__reverts() external {
        Wide memory w = excludedOne();
        BLS.G1Point memory moved = Prover.publicKey(77);
        BLS.G1Point memory back = Prover.multiply(moved, G1.Q - 1);
        for (uint8 seat = 0; seat < 8; seat += 7) {
            IRowChecks.RowOpening memory opening = openingOf(w, seat, 1);
            opening.points[0] = BLS.add(opening.points[0], moved);
            opening.leaves[0].points[0] = BLS.add(opening.leaves[0].points[0], back);
            unopened(w, seat, opening);
            // And points that do not add up.
            opening = openingOf(w, seat, 1);
            opening.points[0] = BLS.add(opening.points[0], moved);
            unopened(w, seat, opening);
        }
    }

    function test_openChunk__another_chunk_or_shape_of_the_leaf__reverts() external {
        Wide memory w = excludedOne();
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 1);
        opening.leaves[0] = openingOf(w, 0, 2).leaves[0];
        unopened(w, 0, opening);
        opening = openingOf(w, 0, 1);
        opening.leaves[0].path = Merkle.chunk(bodiesOf(w.lies[0]), 2).path;
        unopened(w, 0, opening);
        opening = openingOf(w, 0, 1);
        opening.leaves[0].corrections[1] = "another";
        unopened(w, 0, opening);
        opening.leaves[0].corrections = new bytes32[](1);
        refused(w, 0, opening, abi.encodeWithSelector(ICases.WrongNumber.selector, "corrections", 1, 2));
        opening.leaves[0].points = new BLS.G1Point[](8);
        refused(w, 0, opening, abi.encodeWithSelector(ICases.WrongNumber.selector, "points", 8, 6));
    }

    /// A point off the curve adds up to nothing: no verdict follows.
    function test_openChunk__the_rest_off_the_curve__reverts() external {
        Wide memory w = excludedOne();
        for (uint8 seat = 0; seat < 8; seat += 7) {
            IRowChecks.RowOpening memory opening = openingOf(w, seat, 1);
            opening.points[0].y_b = bytes32(uint256(opening.points[0].y_b) ^ 1);
            refused(w, seat, opening, abi.encodeWithSelector(IRowChecks.PointsInvalid.selector));
        }
    }

    function test_openChunk__with_leaves_and_too_little_gas__never_convicts() external {
        Wide memory w = excludedTwo();
        for (uint8 seat = 0; seat < 8; seat += 7) {
            bytes memory data = abi.encodeCall(checks.openChunk, (w.id, seat, openingOf(w, seat, 1)));
            uint256 resolved = rounds.round(w.id).resolved;
            bool done;
            for (uint256 gas_ = 30_000; !done; gas_ += 1_000) {
                (done,) = address(checks).call{gas: gas_}(data);
                assertEq(rounds.round(w.id).resolved, resolved, "convicted for want of gas");
            }
        }
        assertEq(rounds.round(w.id).answered, 255, "both are right");
    }

    // ------------------------------------------------------------------ noise

    /// A noise leaf's chunks count nobody; its seat is out before rows.
    function test_openChunk__without_a_noise_leaf__is_right() external {
        Terms memory terms = wideTerms(3);
        (terms.sigma, terms.noiseBound, terms.silent, terms.slotBits) = (1 << 16, 2, 2, 8);
        terms.length = 31 * 3 * 8;
        Wide memory w = begun(terms, 3);
        w.lies = new Contribution[][](1);
        w.lies[0] = noiseOf(w, 3);
        w.snapshot.noise = 255;
        filled(w);
        take(w.id, w.snapshot);
        complainAbout(w, 0, 2, 0);
        assertEq((rounds.round(w.id).resolved >> 3) & 1, 1, "its dealer is out");
        settleWide(w);
        for (uint8 seat = 0; seat < 8; ++seat) {
            if (seat == 3) continue;
            post(w, seat);
            doubtBy(STRANGER, w, seat, 2);
            open(w, seat, 2);
        }
        assertEq(rounds.round(w.id).answered, 255 - 8, "all others count");
    }

    /// @dev The noise of a seat's clerk, with a lie in the last chunk. The other chunks are a contributor's: nobody looks.
    function noiseOf(Wide memory w, uint8 seat) private view returns (Contribution[] memory parts) {
        parts = chunked(w.id, 0, 3, 2);
        IRewards.Leaf memory leaf = parts[0].signed.leaf;
        (leaf.kind, leaf.account) = (1, operator(w.id, seat));
        uint256 secret = clerkSecret(w.id, seat);
        leaf.key = Prover.hash(Prover.publicKey(secret));
        leaf.body = Merkle.root(bodiesOf(parts));
        signed(parts, signBy(w.id, leaf, CLERK + rounds.seats(w.id)[seat], secret));
        for (uint256 c = 0; c < 3; ++c) {
            (parts[c].index, parts[c].key) = (seat, secret);
        }
    }
}
