// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IRandomness} from "../../contracts/interfaces/IRandomness.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Prover} from "./Prover.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev From the seed block to the committee, on the real beacon, and what becomes of a round that gets none.
contract RoundsDrawTest is RoundsFixture {
    // ------------------------------------------------------------------ drawn

    function test_draw__by_anyone__seats_a_committee_and_pays_the_bounty() external {
        uint256 id = request(defaultTerms());
        uint256 held = rounds.round(id).held;
        mineSeed(id);
        vm.prank(STRANGER);
        rounds.draw(id, header);

        assertState(id, IRounds.State.Collecting);
        assertEq(rounds.balanceOf(STRANGER), BOUNTY, "bounty");
        assertEq(rounds.round(id).held, held - BOUNTY, "out of the escrow");
        assertEq(rounds.round(id).drawnAt, block.timestamp, "drawn at");
        uint32[] memory ids = rounds.seats(id);
        assertEq(ids.length, 8, "seats");
        for (uint256 seat = 0; seat < 8; ++seat) {
            assertEq(registry.clerk(ids[seat]).seats, 1, "one bond locked each: nobody sits twice");
        }
        (uint256 collectEnd, uint256 complaintEnd, uint256 rowEnd, uint256 claimEnd) = rounds.deadlines(id);
        assertEq(collectEnd, block.timestamp + 1 hours, "collects from now");
        assertEq(complaintEnd | rowEnd | claimEnd, 0, "nothing else is known yet");
    }

    /// Recomputed as docs/FORMATS.md says.
    function test_draw__round_hash__binds_terms_developer_and_committee() external {
        uint256 id = collecting();
        uint32[] memory ids = rounds.seats(id);
        bytes32[] memory keys = new bytes32[](ids.length);
        for (uint256 seat = 0; seat < ids.length; ++seat) {
            keys[seat] = registry.keyHash(ids[seat], registry.epochNow());
            assertTrue(keys[seat] != 0, "has a key");
        }
        bytes32 expected = keccak256(
            abi.encode(
                block.chainid,
                address(rounds),
                id,
                keccak256(abi.encode(defaultTerms())),
                DEVELOPER,
                Prover.hash(Prover.publicKey(ROUND_KEY)),
                uint256(0),
                ids,
                keys
            )
        );
        assertEq(rounds.round(id).roundHash, expected, "round hash");
    }

    /// More than eight seats take several words.
    function test_draw__seats__are_kept_in_order_across_words() external {
        Terms memory terms = defaultTerms();
        (terms.n, terms.flatFee) = (12, 1e18);
        uint256 id = request(terms);
        mineSeed(id);
        bytes32 seed = keccak256(abi.encode(beacon.valueAt(rounds.round(id).seedBlock, header), id));
        uint256 before = vm.snapshotState();
        vm.prank(address(rounds));
        (, uint32[] memory drawn,) = registry.draw(id, seed, 12, 0);
        vm.revertToState(before);

        rounds.draw(id, header);
        assertEq(keccak256(abi.encode(rounds.seats(id))), keccak256(abi.encode(drawn)), "as drawn");
    }

    function test_draw__two_rounds_with_one_seed_block__have_committees_of_their_own() external {
        uint256 first = request(defaultTerms());
        uint256 second = request(defaultTerms());
        draw(first);
        rounds.draw(second, header);
        assertTrue(keccak256(abi.encode(rounds.seats(first))) != keccak256(abi.encode(rounds.seats(second))), "differ");
        assertTrue(rounds.round(first).roundHash != rounds.round(second).roundHash, "hashes too");
    }

    function test_draw__in_the_last_block__is_accepted() external {
        uint256 id = request(defaultTerms());
        mineSeed(id);
        lastBlock(id);
        rounds.draw(id, header);
        assertState(id, IRounds.State.Collecting);
    }

    // ------------------------------------------------------------------ not drawn

    function test_draw__no_such_round__reverts() external {
        vm.expectRevert(wrongState(0, IRounds.State.None));
        rounds.draw(0, header);
    }

    function test_draw__before_the_seed_block_is_mined__reverts() external {
        uint256 id = request(defaultTerms());
        uint64 seedBlock = rounds.round(id).seedBlock;
        vm.roll(seedBlock);
        vm.expectRevert(abi.encodeWithSelector(IRounds.DrawTooEarly.selector, seedBlock, seedBlock));
        rounds.draw(id, header);
        vm.roll(seedBlock - SEED_DELAY);
        vm.expectRevert(abi.encodeWithSelector(IRounds.DrawTooEarly.selector, seedBlock, seedBlock - SEED_DELAY));
        rounds.draw(id, header);
    }

    function test_draw__with_a_changed_header__reverts() external {
        uint256 id = request(defaultTerms());
        mineSeed(id);
        uint64 seedBlock = rounds.round(id).seedBlock;
        bytes memory changed = bytes.concat(header);
        changed[header.length - 60] ^= 0x01;
        vm.expectRevert(
            abi.encodeWithSelector(IRandomness.WrongHeader.selector, seedBlock, keccak256(header), keccak256(changed))
        );
        rounds.draw(id, changed);
    }

    /// The seed is that of one exact block: a neighbour's true header is none.
    function test_draw__with_the_header_of_another_block__reverts() external {
        uint256 id = request(defaultTerms());
        mineSeed(id);
        uint64 seedBlock = rounds.round(id).seedBlock;
        bytes memory other = vm.parseJsonBytesArray(vm.readFile("tests/vectors/headers.json"), ".headers")[1];
        vm.setBlockhash(seedBlock - 1, keccak256(other));
        assertTrue(beacon.valueAt(seedBlock - 1, other) != 0, "true for its own block");
        vm.expectRevert(
            abi.encodeWithSelector(IRandomness.WrongHeader.selector, seedBlock, keccak256(header), keccak256(other))
        );
        rounds.draw(id, other);
    }

    function test_draw__twice__reverts() external {
        uint256 id = collecting();
        vm.expectRevert(wrongState(id, IRounds.State.Collecting));
        rounds.draw(id, header);
    }

    function test_draw__before_an_earlier_request__reverts() external {
        uint256 first = request(defaultTerms());
        uint256 second = request(defaultTerms());
        mineSeed(first);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotNextDraw.selector, second, first));
        rounds.draw(second, header);
    }

    /// A round that nobody draws does not keep others waiting for ever.
    function test_draw__after_an_expired_one__is_accepted() external {
        uint256 expired = request(defaultTerms());
        vm.roll(block.number + 10);
        uint256 next = request(defaultTerms());
        mineSeed(next);
        lastBlock(next);
        draw(expired, IRounds.State.Missed);
        rounds.draw(next, header);
        assertState(next, IRounds.State.Collecting);
    }

    // ------------------------------------------------------------------ nobody drew in time

    function test_draw__a_block_too_late__reverts_and_is_missed() external {
        uint256 id = request(defaultTerms());
        mineSeed(id);
        lastBlock(id);
        vm.roll(block.number + 1);
        draw(id, IRounds.State.Missed);
    }

    function test_draw__when_the_seed_is_forgotten__reverts() external {
        uint256 id = request(defaultTerms());
        vm.roll(uint256(rounds.round(id).seedBlock) + 10_000);
        draw(id, IRounds.State.Missed);
    }

    /// The developer could have drawn: a committee that it did not like must not be free to drop.
    function test_close__missed__burns_the_abort_fee_and_refunds_the_rest() external {
        Terms memory terms = defaultTerms();
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        uint256 id = missed();
        uint256 supply = token.totalSupply();
        uint256 abortFee = 8 * uint256(terms.flatFee) + ABORT_BURN;
        vm.expectEmit();
        emit IRounds.Closed(id, IRounds.State.Missed, escrow + deposit - abortFee, abortFee);
        close(id);

        assertEq(rounds.balanceOf(DEVELOPER), escrow + deposit - abortFee, "refund");
        assertEq(token.totalSupply(), supply - abortFee, "burned");
        assertEq(rounds.round(id).held, 0, "nothing held");
        assertEq(token.balanceOf(address(rounds)), escrow + deposit - abortFee, "covered");
        assertEq(rounds.abandonedDraws(DEVELOPER), 1, "public");
        assertState(id, IRounds.State.Missed);
        vm.expectRevert(abi.encodeWithSelector(IRounds.AlreadyClosed.selector, id));
        rounds.close(id);
    }

    function test_close__requested__reverts() external {
        uint256 id = request(defaultTerms());
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDue.selector, id, IRounds.State.Requested, 0));
        rounds.close(id);
        mineSeed(id);
        lastBlock(id);
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotDue.selector, id, IRounds.State.Requested, 0));
        rounds.close(id);
    }

    function test_close__no_such_round__reverts() external {
        vm.expectRevert(wrongState(7, IRounds.State.None));
        rounds.close(7);
    }

    // ------------------------------------------------------------------ the draw found no committee

    function test_draw__pool_has_shrunk__refunds_all_but_the_bounty() external {
        Terms memory terms = defaultTerms();
        terms.n = 12;
        uint256 id = request(terms);
        vm.prank(clerkAccount(3));
        registry.unbond();
        undrawable(id, IClerkRegistry.Outcome.PoolTooSmall);
    }

    /// Other rounds hold the seats.
    function test_draw__pool_is_busy__refunds_all_but_the_bounty() external {
        Terms memory terms = defaultTerms();
        terms.n = 12;
        for (uint256 i = 0; i < 4; ++i) {
            draw(request(terms));
        }
        undrawable(request(terms), IClerkRegistry.Outcome.PoolBusy);
    }

    function undrawable(uint256 id, IClerkRegistry.Outcome outcome) private {
        mineSeed(id);
        uint256 held = rounds.round(id).held;
        uint256 supply = token.totalSupply();
        uint256 owed = rounds.balanceOf(DRAWER);
        vm.expectEmit();
        emit IRounds.Undrawable(id, outcome);
        vm.prank(DRAWER);
        rounds.draw(id, header);

        assertState(id, IRounds.State.Undrawable);
        assertEq(rounds.balanceOf(DRAWER), owed + BOUNTY, "bounty");
        assertEq(rounds.balanceOf(DEVELOPER), held - BOUNTY, "the rest");
        assertEq(rounds.round(id).held, 0, "nothing held");
        assertEq(token.totalSupply(), supply, "nothing burned");
        assertEq(rounds.abandonedDraws(DEVELOPER), 0, "not its fault");
        assertEq(rounds.seats(id).length, 0, "no seats");
        vm.expectRevert(abi.encodeWithSelector(IRounds.AlreadyClosed.selector, id));
        rounds.close(id);
        vm.expectRevert(wrongState(id, IRounds.State.Undrawable));
        rounds.draw(id, header);
        vm.expectRevert(wrongState(id, IRounds.State.Undrawable));
        vm.prank(DEVELOPER);
        rounds.abandon(id);
    }

    // ------------------------------------------------------------------ helpers

    function lastBlock(uint256 id) private {
        vm.roll(uint256(rounds.round(id).seedBlock) + DRAW_WINDOW);
    }

    function missed() private returns (uint256 id) {
        id = request(defaultTerms());
        vm.roll(uint256(rounds.round(id).seedBlock) + DRAW_WINDOW + 1);
        assertState(id, IRounds.State.Missed);
    }

    /// @dev A draw that the state does not allow.
    function draw(uint256 id, IRounds.State current) private {
        assertState(id, current);
        vm.expectRevert(wrongState(id, current));
        rounds.draw(id, header);
    }

    /// A request in every block: seeds stand on a grid, and between two grid points the clerks' weights move.
    function test_request__in_every_block__does_not_freeze_the_weights() external {
        IRounds.Settings memory settings = roundSettings();
        settings.seedSpacing = 64;
        deploy(clerkSettings(), settings);
        registerMany(16);
        Terms memory terms = defaultTerms();
        uint256 free;
        uint256 done;
        for (uint256 i = 0; i < 300; ++i) {
            vm.roll(block.number + 1);
            uint256 id = request(terms);
            assertEq(rounds.round(id).seedBlock % 64, 0, "on the grid");
            assertTrue(rounds.round(id).seedBlock >= block.number + SEED_DELAY, "not sooner");
            for (uint64 seedBlock; done <= id; ++done) {
                seedBlock = rounds.round(done).seedBlock;
                if (block.number <= seedBlock) break;
                vm.setBlockhash(seedBlock, keccak256(header));
                rounds.draw(done, header);
                if (rounds.state(done) != IRounds.State.Collecting) continue;
                vm.prank(DEVELOPER);
                rounds.abandon(done);
            }
            if (!registry.drawPending()) {
                ++free;
                registry.applyQueue(100);
            }
        }
        assertTrue(free > 200, "most blocks are free");
        assertLe(registry.queueLength(), 16, "the queue drains");
        for (uint32 clerk = 1; clerk <= 16; ++clerk) {
            assertEq(registry.clerk(clerk).seats, 0, "no seat is stuck");
        }
    }
}
