// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev What everybody must have by the rules (PROTOCOL §6 and §7), kept apart from the contracts: who earned, who was
/// fined, what became of every unit that a developer paid.
abstract contract Ledger is RoundsFixture {
    mapping(address account => uint256) public earned; // by clerks, drawers, finders
    mapping(address account => uint256) public withdrawn;
    mapping(address payout => uint256) public rewarded;
    mapping(uint32 clerk => uint256) public fined; // taken from its stake
    uint256 public paid; // by the developer, in all
    uint256 public refunded; // to the developer's credit
    uint256 public swept; // to the developer, from pots
    mapping(IRounds.State state => uint256) public ended; // rounds closed in this state
    uint256 public claims;

    uint256 internal constant CHUNKS = 3; // of a wide round
    mapping(uint256 id => uint256) public waiting; // rewards of a completed round that nobody has claimed
    mapping(uint256 id => uint256) internal claimableUntil;
    mapping(uint256 id => mapping(uint256 contributor => bool)) internal claimed;
    mapping(uint256 id => mapping(uint256 contributor => bool)) internal excluded;
    mapping(uint256 id => uint256) internal exclusions;
    mapping(uint256 id => uint256) internal right; // bitmap of seats with a right row
    mapping(uint256 id => uint256) internal owes; // bitmap of seats that hold a bond
    mapping(uint256 id => uint256) internal posted; // bitmap of seats with a row in a wide round
    mapping(uint256 id => mapping(uint256 seat => uint256)) internal open; // doubts that wait for their chunk
    mapping(uint256 id => address) internal finder; // who convicted the developer
    mapping(uint256 id => uint256) private left; // of what the developer paid
    mapping(uint256 id => uint256) private deposit; // of which: still to lose
    mapping(uint256 id => uint256) private slashed; // from seats whose rows were wrong or did not come

    // ------------------------------------------------------------------ on the way

    function enterRequest(uint256 id, uint256 payment) internal {
        paid += payment;
        left[id] = payment;
        (, deposit[id]) = policy.quote(rounds.terms(id));
    }

    function enterDraw(uint256 id) internal {
        earned[DRAWER] += BOUNTY;
        left[id] -= BOUNTY;
        if (rounds.state(id) == IRounds.State.Undrawable) refund(id, IRounds.State.Undrawable);
        else owes[id] = 255;
    }

    function enterNoData(uint256 id, uint256 seat) internal {
        dismiss(id, seat, NO_DATA_BURN);
        left[id] -= NO_DATA_BURN;
        deposit[id] -= NO_DATA_BURN;
    }

    function enterRow(uint256 id, uint256 seat, bool isRight) internal {
        dismiss(id, seat, isRight ? 0 : BOND);
        if (isRight) right[id] |= 1 << seat;
        else slashed[id] += BOND;
    }

    /// @dev Seats of a wide round whose row counts.
    function standing(uint256 id) public view returns (uint256 seats) {
        for (uint256 seat = 0; seat < 8; ++seat) {
            if (open[id][seat] == 0) seats |= posted[id] & owes[id] & (1 << seat);
        }
    }

    function enterExclusion(uint256 id, uint256 contributor, address filer) internal {
        excluded[id][contributor] = true;
        exclusions[id] += 1;
        earned[filer] += COMPLAINT_FEE;
        left[id] -= COMPLAINT_FEE;
    }

    function enterClaim(uint256 id, uint256 contributor, address payout) internal {
        claimed[id][contributor] = true;
        rewarded[payout] += rounds.terms(id).reward;
        waiting[id] -= 1;
        ++claims;
    }

    /// @dev The seat owes nothing more.
    function dismiss(uint256 id, uint256 seat, uint256 fine) private {
        owes[id] ^= 1 << seat;
        fined[rounds.clerkAt(id, seat)] += fine;
    }

    // ------------------------------------------------------------------ the end

    /// @return burned What the end of this round must burn.
    function enterEnd(uint256 id, IRounds.State state) internal returns (uint256 burned) {
        uint256 flatFees = 8 * uint256(rounds.terms(id).flatFee);
        if (state == IRounds.State.Missed) burned = flatFees + ABORT_BURN;
        if (state == IRounds.State.Abandoned) burned = ABORT_BURN;
        if (state == IRounds.State.Fraud) burned = enterForfeit(id, flatFees);
        if (state == IRounds.State.Completed || state == IRounds.State.Failed) return enterRows(id, state);
        left[id] -= burned;
        if (state != IRounds.State.Missed) payFlatFees(id);
        refund(id, state);
    }

    /// @dev Whoever was kept waiting gets its flat fee, and its bond back.
    function payFlatFees(uint256 id) private {
        uint256 flatFee = rounds.terms(id).flatFee;
        for (uint256 seat = 0; seat < 8; ++seat) {
            if ((owes[id] >> seat) & 1 == 0) continue;
            dismiss(id, seat, 0);
            earned[operator(id, seat)] += flatFee;
            left[id] -= flatFee;
        }
    }

    /// @dev Half of the deposit to the finder; a quarter, from which the flat fees come, and at least a quarter burned.
    function enterForfeit(uint256 id, uint256 flatFees) private returns (uint256 burned) {
        uint256 forfeited = deposit[id];
        earned[finder[id]] += forfeited / 2;
        left[id] -= forfeited / 2;
        burned = forfeited - forfeited / 2 - Math.min(flatFees, forfeited / 4);
        assertLe(forfeited / 4, burned, "a quarter burns at least");
    }

    /// @dev The silent are slashed, right rows paid; slashes burn, in a failed round after what they pay.
    function enterRows(uint256 id, IRounds.State state) private returns (uint256 burned) {
        Terms memory terms = rounds.terms(id);
        uint256 counted = rounds.round(id).count - exclusions[id];
        uint256 price = fee(terms, counted);
        if (rounds.round(id).wide) price = terms.flatFee + CHUNKS * (price - terms.flatFee);
        uint256 stands = standing(id);
        for (uint256 seat = 0; seat < 8; ++seat) {
            if ((owes[id] >> seat) & 1 == 1) enterRow(id, seat, (stands >> seat) & 1 == 1);
            if ((right[id] >> seat) & 1 == 0) continue;
            earned[operator(id, seat)] += price;
            left[id] -= price;
            // Of a failed round the developer pays the flat fees only.
            if (state == IRounds.State.Failed) burned += price - terms.flatFee;
        }
        uint256 covered = Math.min(slashed[id], burned);
        left[id] += covered;
        burned = slashed[id] - covered;
        if (state == IRounds.State.Completed) {
            left[id] -= counted * terms.reward;
            if (terms.reward != 0) waiting[id] = counted;
            (,,, uint256 end) = rounds.deadlines(id);
            claimableUntil[id] = Math.max(end, block.timestamp + terms.claimWindow);
        }
        refund(id, state);
    }

    function refund(uint256 id, IRounds.State state) private {
        refunded += left[id];
        left[id] = 0;
        ++ended[state];
    }
}
