// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IRoundPolicy} from "../../contracts/interfaces/IRoundPolicy.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev What a round cannot be asked for, term by term: each refusal names the term, its value and what is allowed.
contract RoundsTermsTest is RoundsFixture {
    // ------------------------------------------------------------------ a term out of its range

    function test_request__n_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.n = 1;
        refused(terms, "n", 1, 2, 64);
        terms.n = 65;
        refused(terms, "n", 65, 2, 64);
    }

    function test_request__t_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.t = 0;
        refused(terms, "t", 0, 1, 64);
        terms.t = 65;
        refused(terms, "t", 65, 1, 64);
    }

    function test_request__k_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.k = 0;
        refused(terms, "k", 0, 1, 64);
        terms.k = 65;
        refused(terms, "k", 65, 1, 64);
    }

    function test_request__maximum_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.maximum = 1;
        refused(terms, "maximum", 1, 2, 1 << 24);
        terms.maximum = (1 << 24) + 1;
        refused(terms, "maximum", (1 << 24) + 1, 2, 1 << 24);
    }

    /// A sum of one contributor is that contributor's data.
    function test_request__minimum_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.minimum = 1;
        refused(terms, "minimum", 1, 2, 100);
        terms.minimum = 101;
        refused(terms, "minimum", 101, 2, 100);
    }

    function test_request__length_zero__reverts() external {
        Terms memory terms = defaultTerms();
        terms.length = 0;
        refused(terms, "length", 0, 1, type(uint32).max);
    }

    function test_request__bits_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.bits = 0;
        refused(terms, "bits", 0, 1, 64);
        terms.bits = 65;
        refused(terms, "bits", 65, 1, 64);
    }

    function test_request__offset_beyond_the_coordinates__reverts() external {
        Terms memory terms = defaultTerms();
        terms.offset = 1;
        assertState(request(terms), IRounds.State.Requested);
        terms.offset = 2;
        refused(terms, "offset", 2, 0, 1);
    }

    /// Narrower slots overflow into each other, wider ones make clerks work for nothing.
    function test_request__slotBits_of_another_width__reverts() external {
        Terms memory terms = defaultTerms();
        terms.slotBits = 6;
        refused(terms, "slotBits", 6, 7, 7);
        terms.slotBits = 8;
        refused(terms, "slotBits", 8, 7, 7);
    }

    /// 127 ones are a slot of 7 bits full, 128 overflow it.
    function test_request__slotBits_at_a_power_of_two__reverts() external {
        Terms memory terms = defaultTerms();
        terms.maximum = 127;
        assertState(request(terms), IRounds.State.Requested);
        terms.maximum = 128;
        refused(terms, "slotBits", 7, 8, 8);
    }

    /// More elements than the columns and one for blinding make clerks work for nothing.
    function test_request__m_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.m = 1;
        refused(terms, "m", 1, 2, 2);
        terms.m = 3;
        refused(terms, "m", 3, 2, 2);
        terms.length = 36 * 3 * 100;
        terms.m = 65;
        refused(terms, "m", 65, 2, 64);
    }

    /// A vector of more columns than a chunk holds makes a wide round.
    function test_request__columns_beyond_one_chunk__make_it_wide() external {
        Terms memory terms = defaultTerms();
        terms.rate = 1;
        (terms.length, terms.m) = (36 * 3 * 63, 64); // 36 slots of 7 bits to an element, 3 elements to a column
        uint256 narrow = request(terms);
        assertState(narrow, IRounds.State.Requested);
        assertTrue(!rounds.round(narrow).wide, "wide");
        terms.length += 1;
        uint256 wide = request(terms);
        assertState(wide, IRounds.State.Requested);
        assertTrue(rounds.round(wide).wide, "narrow");
    }

    function test_request__too_many_chunks__reverts() external {
        Terms memory terms = defaultTerms();
        (terms.length, terms.m, terms.rate) = (36 * 3 * 65535, 2, 0);
        assertState(request(terms), IRounds.State.Requested);
        terms.length += 1;
        refused(terms, "chunks", 65536, 1, 65535);
    }

    function test_request__noise_terms_in_a_round_without_noise__reverts() external {
        Terms memory terms = defaultTerms();
        terms.noiseBound = 1;
        refused(terms, "noiseBound", 1, 0, 0);
        terms.noiseBound = 0;
        terms.silent = 1;
        refused(terms, "silent", 1, 0, 0);
    }

    function test_request__noise_without_a_bound__reverts() external {
        Terms memory terms = noisyTerms();
        terms.noiseBound = 0;
        refused(terms, "noiseBound", 0, 1, type(uint64).max);
    }

    /// n - s - t ≥ 1: one honest dealer at least.
    function test_request__silent_dealers_beyond_n_less_t_less_1__reverts() external {
        Terms memory terms = noisyTerms();
        terms.silent = 4;
        assertState(request(terms), IRounds.State.Requested);
        terms.silent = 5;
        refused(terms, "silent", 5, 0, 4);
    }

    /// The noise's room is part of the slot: 2·8·2 more than the contributors' 100.
    function test_request__slotBits_without_room_for_noise__reverts() external {
        Terms memory terms = noisyTerms();
        terms.slotBits = 7;
        refused(terms, "slotBits", 7, 8, 8);
    }

    function test_request__collectWindow_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.collectWindow = MINIMUM_WINDOW - 1;
        refused(terms, "collectWindow", MINIMUM_WINDOW - 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
        terms.collectWindow = MAXIMUM_WINDOW + 1;
        refused(terms, "collectWindow", MAXIMUM_WINDOW + 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
    }

    function test_request__complaintWindow_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.complaintWindow = MINIMUM_WINDOW - 1;
        refused(terms, "complaintWindow", MINIMUM_WINDOW - 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
        terms.complaintWindow = MAXIMUM_WINDOW + 1;
        refused(terms, "complaintWindow", MAXIMUM_WINDOW + 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
    }

    function test_request__rowWindow_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.rowWindow = MINIMUM_WINDOW - 1;
        refused(terms, "rowWindow", MINIMUM_WINDOW - 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
        terms.rowWindow = MAXIMUM_WINDOW + 1;
        refused(terms, "rowWindow", MAXIMUM_WINDOW + 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
    }

    function test_request__claimWindow_out_of_range__reverts() external {
        Terms memory terms = defaultTerms();
        terms.claimWindow = MINIMUM_WINDOW - 1;
        refused(terms, "claimWindow", MINIMUM_WINDOW - 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
        terms.claimWindow = MAXIMUM_WINDOW + 1;
        refused(terms, "claimWindow", MAXIMUM_WINDOW + 1, MINIMUM_WINDOW, MAXIMUM_WINDOW);
    }

    // ------------------------------------------------------------------ committee and fees

    function test_request__t_and_k_beyond_n__reverts() external {
        Terms memory terms = defaultTerms();
        terms.k = 5;
        assertState(request(terms), IRounds.State.Requested); // R = n
        terms.k = 6;
        refused(terms, abi.encodeWithSelector(IRoundPolicy.NotEnoughSeats.selector, 9, 8));
        (terms.t, terms.k) = (64, 64);
        refused(terms, abi.encodeWithSelector(IRoundPolicy.NotEnoughSeats.selector, 128, 8));
    }

    function test_request__committee_beyond_three_quarters_of_the_pool__reverts() external {
        Terms memory terms = defaultTerms();
        terms.n = 12;
        assertState(request(terms), IRounds.State.Requested);
        terms.n = 13;
        refused(terms, abi.encodeWithSelector(IRoundPolicy.CommitteeExceedsPool.selector, 13, 16));
    }

    /// The three seats that must fail before the round does lose 75 tokens; the round may pay less, not as much.
    function test_request__payments_as_high_as_the_bonds__reverts() external {
        Terms memory terms = defaultTerms();
        (terms.rate, terms.reward) = (0, 0);
        terms.flatFee = 3 * BOND / 8;
        assertEq(8 * uint256(terms.flatFee), 3 * uint256(BOND), "divides");
        refused(terms, abi.encodeWithSelector(IRoundPolicy.PaymentsExceedBonds.selector, 3 * BOND, 3 * BOND));
        terms.flatFee -= 1;
        assertState(request(terms), IRounds.State.Requested);
        // Fees for data count as the flat ones do: 8·100·2 units more for each unit of the rate.
        (terms.flatFee, terms.rate) = (1e18, (3 * BOND - 8e18) / 1600);
        assertEq(8e18 + 1600 * uint256(terms.rate), 3 * uint256(BOND), "divides too");
        refused(terms, abi.encodeWithSelector(IRoundPolicy.PaymentsExceedBonds.selector, 3 * BOND, 3 * BOND));
        terms.rate -= 1;
        assertState(request(terms), IRounds.State.Requested);
        // And so do rewards.
        (terms.rate, terms.reward) = (0, (3 * BOND - 8e18) / 100);
        refused(terms, abi.encodeWithSelector(IRoundPolicy.PaymentsExceedBonds.selector, 3 * BOND, 3 * BOND));
        terms.reward -= 1;
        assertState(request(terms), IRounds.State.Requested);
    }

    function test_request__flat_fee_under_the_minimum__reverts() external {
        IRounds.Settings memory settings = roundSettings();
        settings.minimumFlatFee = defaultTerms().flatFee + 1;
        deploy(clerkSettings(), settings);
        registerMany(16);
        Terms memory terms = defaultTerms();
        refused(
            terms,
            abi.encodeWithSelector(
                IRoundPolicy.InvalidTerm.selector, "flatFee", terms.flatFee, terms.flatFee + 1, type(uint96).max
            )
        );
        terms.flatFee += 1;
        assertState(request(terms), IRounds.State.Requested);
    }

    // ------------------------------------------------------------------ helpers

    function refused(Terms memory terms, string memory field, uint256 value, uint256 lowest, uint256 highest) private {
        refused(terms, abi.encodeWithSelector(IRoundPolicy.InvalidTerm.selector, field, value, lowest, highest));
    }

    function refused(Terms memory terms, bytes memory reason) private {
        (BLS.G1Point memory key, Proof memory proof) = roundKey(DEVELOPER);
        vm.expectRevert(reason);
        vm.prank(DEVELOPER);
        rounds.request(terms, key, proof, type(uint256).max, noPermit);
    }
}
