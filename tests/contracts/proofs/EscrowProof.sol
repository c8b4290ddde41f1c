// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RoundPolicy} from "../../../contracts/RoundPolicy.sol";
import {IClerkRegistry} from "../../../contracts/interfaces/IClerkRegistry.sol";
import {IRounds, Terms} from "../../../contracts/interfaces/IRounds.sol";
import {Escrow} from "../../../contracts/libraries/Escrow.sol";
import {RoundTerms} from "../../../contracts/libraries/RoundTerms.sol";
import {Proof} from "./Proof.sol";

/// @dev The round's money: parts are the whole, nothing overflows, and what is taken at the request pays for every end. A
/// completed round pays at most n row fees and N rewards, of which the quote has those of the maximum; what falls with N
/// ({check_dataFee__grows_with_the_count}, {check_rewards__grow_with_the_count}) and is n equal parts
/// ({check_committeeFee__is_a_row_fee_for_each_seat}) is covered by it. Whoever is kept waiting is paid from the deposit.
/// (A comparison of two products with both factors unknown is not decided within a minute: hence the parts.)
contract EscrowProof is Proof {
    using RoundTerms for Terms;

    uint96 public seatBond; // read by the policy

    // ------------------------------------------------------------------ splits

    function check_forfeit__parts_are_the_whole(uint128 deposit, uint256 flatFees) external pure {
        (uint256 reward, uint256 burned) = Escrow.forfeit(deposit, flatFees);
        uint256 committee = deposit - reward - burned;
        assert(reward == deposit / 2);
        assert(burned >= deposit / 4);
        assert(committee == (flatFees < deposit / 4 ? flatFees : deposit / 4));
    }

    function check_leftOf__is_what_data_fees_do_not_take(uint256 slashed, uint256 dataFees) external pure {
        uint256 burned = Escrow.leftOf(slashed, dataFees);
        assert(burned <= slashed);
        assert(burned == (dataFees < slashed ? slashed - dataFees : 0));
    }

    // ------------------------------------------------------------------ fees

    function check_dataFee__grows_with_the_count(Terms memory terms, uint256 count, uint256 more) external pure {
        vm.assume(count < 1 << 32 && more < 1 << 32);
        // Checked at admission. It is a quotient of quotients: known to the solver by this bound alone.
        vm.assume(terms.chunks() < 1 << 16);
        uint256 fee = terms.dataFee(count);
        assert(fee <= terms.dataFee(count + more));
        assert(fee < 1 << 152);
    }

    function check_rewards__grow_with_the_count(Terms memory terms, uint256 count, uint256 more) external pure {
        vm.assume(count < 1 << 32 && more < 1 << 32);
        uint256 rewards = terms.rewards(count);
        assert(rewards <= terms.rewards(count + more));
        assert(rewards < 1 << 128);
    }

    function check_committeeFee__is_a_row_fee_for_each_seat(Terms memory terms, uint32 count) external pure {
        for (uint8 n = 1; n <= 64; ++n) {
            if (terms.n == n) assertCommitteeFee(terms, n, count);
        }
    }

    function assertCommitteeFee(Terms memory terms, uint8 n, uint32 count) private pure {
        terms.n = n;
        uint256 fees = 0;
        unchecked {
            for (uint256 seat = 0; seat < n; ++seat) {
                fees += terms.flatFee + terms.dataFee(count);
            }
        }
        assert(terms.committeeFee(count) == fees);
    }

    // ------------------------------------------------------------------ the quote

    /// The escrow is the rows and rewards of the maximum, the bounty and the complaints; the deposit pays the abort fee, and
    /// after every seat's "no data" a quarter of what is left still covers the flat fees.
    function check_quote__pays_for_every_end(Terms memory terms, IRounds.Settings memory settings) external {
        vm.assume(terms.n <= 64);
        // Checked at deployment.
        vm.assume(64 * uint256(settings.noDataBurn) <= 4 * uint256(settings.abortBurn));
        RoundPolicy policy = new RoundPolicy(IClerkRegistry(address(this)), settings);
        (uint256 escrow, uint256 deposit) = policy.quote(terms);
        unchecked {
            uint256 pot = uint256(settings.complaintFee) * settings.maximumExclusions;
            uint256 rows = terms.committeeFee(terms.maximum);
            assert(escrow == rows + terms.rewards(terms.maximum) + settings.drawBounty + pot);
            assert(deposit >= terms.flatFees() + settings.abortBurn);
            uint256 left = deposit - 64 * uint256(settings.noDataBurn);
            assert(left <= deposit);
            assert(left / 4 >= terms.flatFees());
        }
    }
}
