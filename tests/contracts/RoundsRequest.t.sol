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

/// @dev Requests: what is stored, what they cost, how they are paid. Which terms are refused: RoundsTerms.t.sol.
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
        (escrow, deposit,) = policy.admit(terms);
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
}
