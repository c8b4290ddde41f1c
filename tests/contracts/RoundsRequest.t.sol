// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IRoundPolicy} from "../../contracts/interfaces/IRoundPolicy.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Permit} from "../../contracts/libraries/Payment.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Prover} from "./Prover.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev What a round can be asked for, what it costs, and that nothing else gets in.
contract RoundsRequestTest is RoundsFixture {
    uint256 private constant PERMIT_SECRET = 0xdeb;

    // ------------------------------------------------------------------ accepted

    function test_request__stores_the_facts_and_takes_exactly_the_quote() external {
        Terms memory terms = defaultTerms();
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        assertEq(escrow, 8 * fee(terms, 100) + 100 * uint256(terms.reward) + BOUNTY + 2 * COMPLAINT_FEE, "escrow");
        assertEq(deposit, 4 * (8 * uint256(terms.flatFee) + ABORT_BURN), "deposit");
        uint256 before = token.balanceOf(DEVELOPER);
        (BLS.G1Point memory key, Proof memory proof) = roundKey(DEVELOPER);

        vm.expectEmit();
        emit IRounds.Requested(0, DEVELOPER, uint64(block.number) + SEED_DELAY, terms, key);
        vm.prank(DEVELOPER);
        uint256 id = rounds.request(terms, key, proof, type(uint256).max, noPermit);

        assertEq(id, 0, "first id");
        assertEq(rounds.rounds(), 1, "rounds");
        assertEq(token.balanceOf(DEVELOPER), before - escrow - deposit, "not what was offered, but what was quoted");
        assertEq(token.balanceOf(address(rounds)), escrow + deposit, "is there");
        assertEq(keccak256(abi.encode(rounds.terms(id))), keccak256(abi.encode(terms)), "terms");
        IRounds.Round memory facts = rounds.round(id);
        assertEq(facts.developer, DEVELOPER, "developer");
        assertEq(facts.seedBlock, block.number + SEED_DELAY, "seed block");
        assertEq(facts.epoch, registry.epochNow(), "epoch");
        assertEq(facts.held, escrow + deposit, "held");
        assertEq(facts.deposit, deposit, "deposit held");
        assertEq(facts.developerKey, Prover.hash(key), "key");
        assertEq(rounds.seats(id).length, 0, "no seats yet");
        assertState(id, IRounds.State.Requested);
    }

    function test_request__two_rounds__have_ids_and_escrows_of_their_own() external {
        Terms memory terms = defaultTerms();
        uint256 first = request(terms);
        terms.reward += 1;
        uint256 second = request(terms);
        assertEq(second, first + 1, "ids count up");
        assertEq(rounds.round(second).held, rounds.round(first).held + 100, "100 units more");
        assertEq(rounds.terms(first).reward + 1, rounds.terms(second).reward, "terms");
        assertState(second + 1, IRounds.State.None);
    }

    /// Fees alone could reach 2^132, but they must stay below the bonds: what is admitted fits into 128 bits.
    function test_quote__extremes__neither_overflow_nor_are_cut() external {
        Terms memory terms = defaultTerms();
        (terms.n, terms.m) = (64, 64);
        terms.maximum = 1 << 24;
        (terms.flatFee, terms.rate, terms.reward) = (type(uint96).max, type(uint96).max, type(uint96).max);
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        uint256 largest = type(uint96).max;
        uint256 count = 1 << 24;
        assertEq(escrow, 64 * (largest + largest * count * 64) + count * largest + BOUNTY + 2 * COMPLAINT_FEE, "escrow");
        assertEq(deposit, 4 * (64 * largest + ABORT_BURN), "deposit");

        terms = defaultTerms();
        (terms.maximum, terms.slotBits) = (1 << 24, 25);
        (terms.rate, terms.reward) = (type(uint96).max, type(uint96).max);
        uint256 fees = 8 * (uint256(terms.flatFee) + largest * count * 2) + count * largest;
        vm.expectRevert(abi.encodeWithSelector(IRoundPolicy.PaymentsExceedBonds.selector, fees, 3 * uint256(BOND)));
        policy.admit(terms);
        (terms.flatFee, terms.rate, terms.reward) = (3 * BOND / 8 - 1, 0, 0);
        (escrow, deposit) = policy.admit(terms);
        assertLe(escrow + deposit, type(uint128).max, "whole");
    }

    function test_request__a_noisy_round__is_accepted() external {
        assertState(request(noisyTerms()), IRounds.State.Requested);
    }

    function test_request__widest_coordinates__are_accepted() external {
        Terms memory terms = defaultTerms();
        (terms.bits, terms.offset) = (64, type(uint64).max);
        (terms.slotBits, terms.m) = (71, 3); // 64 + log2(100); 3 to an element: 4 elements, 2 columns
        assertState(request(terms), IRounds.State.Requested);
    }

    function test_request__smallest_committee__is_accepted() external {
        Terms memory terms = defaultTerms();
        (terms.n, terms.t, terms.k) = (2, 1, 1);
        assertState(request(terms), IRounds.State.Requested);
    }

    function test_request__shortest_and_longest_windows__are_accepted() external {
        Terms memory terms = defaultTerms();
        (terms.collectWindow, terms.complaintWindow) = (MINIMUM_WINDOW, MINIMUM_WINDOW);
        (terms.rowWindow, terms.claimWindow) = (MAXIMUM_WINDOW, MAXIMUM_WINDOW);
        assertState(request(terms), IRounds.State.Requested);
        (terms.collectWindow, terms.complaintWindow) = (MAXIMUM_WINDOW, MAXIMUM_WINDOW);
        (terms.rowWindow, terms.claimWindow) = (MINIMUM_WINDOW, MINIMUM_WINDOW);
        assertState(request(terms), IRounds.State.Requested);
    }

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

    function test_request__m_of_another_length__reverts() external {
        Terms memory terms = defaultTerms();
        terms.m = 1;
        refused(terms, "m", 1, 2, 64);
        terms.m = 65;
        refused(terms, "m", 65, 2, 64);
        terms.m = 3;
        refused(terms, "m", 3, 2, 2);
    }

    function test_request__vector_too_long_for_64_elements__reverts() external {
        Terms memory terms = defaultTerms();
        (terms.length, terms.m) = (36 * 3 * 63, 64); // 36 slots of 7 bits to an element, 3 elements to a column
        assertState(request(terms), IRounds.State.Requested);
        terms.length += 1;
        refused(terms, "m", 64, 65, 65);
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

    // ------------------------------------------------------------------ payment

    function test_request__one_unit_less_than_the_quote__reverts() external {
        Terms memory terms = defaultTerms();
        (BLS.G1Point memory key, Proof memory proof) = roundKey(DEVELOPER);
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        uint256 required = escrow + deposit;
        vm.expectRevert(abi.encodeWithSelector(IRounds.EscrowTooSmall.selector, required - 1, required));
        vm.prank(DEVELOPER);
        rounds.request(terms, key, proof, required - 1, noPermit);

        vm.prank(DEVELOPER);
        assertEq(rounds.request(terms, key, proof, required, noPermit), 0, "exactly the quote is enough");
    }

    function test_request__without_an_approval__reverts() external {
        (BLS.G1Point memory key, Proof memory proof) = roundKey(STRANGER);
        (uint256 escrow, uint256 deposit) = policy.quote(defaultTerms());
        require(token.transfer(STRANGER, escrow + deposit));
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(rounds), 0, escrow + deposit
            )
        );
        vm.prank(STRANGER);
        rounds.request(defaultTerms(), key, proof, escrow + deposit, noPermit);
        assertEq(rounds.rounds(), 0, "no round");
        assertEq(registry.nextTicket(), 0, "no ticket");
    }

    function test_request__with_a_permit__needs_no_approval() external {
        (address developer, Permit memory permit) = permitted();
        assertEq(requestAs(developer, permit), 0, "requested");
        assertEq(token.allowance(developer, address(rounds)), 0, "and nothing is left of it");
    }

    /// Somebody else spends the permit first: the allowance is there all the same.
    function test_request__with_a_permit_spent_by_another__is_accepted() external {
        (address developer, Permit memory permit) = permitted();
        vm.prank(STRANGER);
        token.permit(developer, address(rounds), permit.value, permit.deadline, permit.v, permit.r, permit.s);
        assertEq(requestAs(developer, permit), 0, "requested");
    }

    function permitted() private returns (address developer, Permit memory permit) {
        developer = vm.addr(PERMIT_SECRET);
        (uint256 escrow, uint256 deposit) = policy.quote(defaultTerms());
        uint256 value = escrow + deposit;
        require(token.transfer(developer, value));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                developer,
                address(rounds),
                value,
                0,
                block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PERMIT_SECRET, digest);
        permit = Permit(value, block.timestamp, v, r, s);
    }

    function requestAs(address developer, Permit memory permit) private returns (uint256) {
        (BLS.G1Point memory key, Proof memory proof) = roundKey(developer);
        vm.prank(developer);
        return rounds.request(defaultTerms(), key, proof, permit.value, permit);
    }

    // ------------------------------------------------------------------ the developer's key

    function test_request__identity_as_key__reverts() external {
        BLS.G1Point memory identity;
        keyRefused(identity, Proof(1, 1));
    }

    function test_request__key_off_the_curve__reverts() external {
        (BLS.G1Point memory key, Proof memory proof) = roundKey(DEVELOPER);
        key.y_b = bytes32(uint256(key.y_b) ^ 1);
        keyRefused(key, proof);
    }

    function test_request__key_outside_the_subgroup__reverts() external {
        // x = 0 gives y^2 = 4: the point (0, 2) is on the curve and of order 3.
        BLS.G1Point memory key;
        key.y_b = bytes32(uint256(2));
        keyRefused(key, Proof(1, 1));
    }

    function test_request__another_accounts_proof__reverts() external {
        (BLS.G1Point memory key, Proof memory proof) = roundKey(STRANGER);
        keyRefused(key, proof);
    }

    function test_request__proof_for_another_contract_or_purpose__reverts() external {
        BLS.G1Point memory key = Prover.publicKey(ROUND_KEY);
        uint256 subject = uint160(DEVELOPER);
        keyRefused(key, Prover.prove(ROUND_KEY, "SDA/1 developer key", address(registry), subject));
        keyRefused(key, Prover.prove(ROUND_KEY, "SDA/1 clerk key", address(rounds), subject));
        keyRefused(key, Prover.prove(ROUND_KEY, "SDA/1 contributor key", address(rounds), subject));
    }

    function keyRefused(BLS.G1Point memory key, Proof memory proof) private {
        vm.expectRevert(IRounds.DeveloperKeyInvalid.selector);
        vm.prank(DEVELOPER);
        rounds.request(defaultTerms(), key, proof, type(uint256).max, noPermit);
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
