// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IRounds, Terms} from "../interfaces/IRounds.sol";
import {Escrow} from "../libraries/Escrow.sol";
import {RoundTerms} from "../libraries/RoundTerms.sol";
import {RoundBase} from "./RoundBase.sol";

/// @title A round's end: who gets what is left, and withdrawals.
abstract contract RoundSettlement is RoundBase {
    using RoundTerms for Terms;
    using SafeERC20 for IERC20;

    // ------------------------------------------------------------------ ending a round

    /// @inheritdoc IRounds
    function abandon(uint256 roundId) external {
        _require(roundId, State.Collecting);
        _requireDeveloper(roundId);
        _settleAbandoned(roundId);
    }

    /// @inheritdoc IRounds
    function close(uint256 roundId) external {
        State current = state(roundId);
        if (current == State.None) revert WrongState(roundId, current);
        if (_rounds[roundId].closed) revert AlreadyClosed(roundId);
        if (current == State.Missed) return _settleMissed(roundId);
        if (current == State.Abandoned) return _settleAbandoned(roundId);
        if (current == State.Fraud) return _settleFraud(roundId);
        _requireOver(roundId, current);
        _slashSilent(roundId);
        _payAnswered(roundId);
        _settleAnswered(roundId, current);
    }

    /// @dev Nobody drew in time. The developer could have, for the bounty even; a committee it did not like must not be
    /// free to drop, so it pays the abort fee; with no committee to pay, all of it burns.
    function _settleMissed(uint256 roundId) private {
        Round storage r = _rounds[roundId];
        uint256 burned = _termsOf(roundId).flatFees() + ABORT_BURN;
        _end(r);
        abandonedDraws[r.developer] += 1;
        _burn(roundId, burned);
        _refund(roundId, State.Missed, r.held, burned);
    }

    /// @dev No snapshot, or exclusions that could not be settled: the committee was kept waiting and gets its flat fees, and
    /// something burns.
    function _settleAbandoned(uint256 roundId) private {
        Round storage r = _rounds[roundId];
        Terms memory t = _termsOf(roundId);
        _end(r);
        r.abandoned = true;
        abandonedDraws[r.developer] += 1;
        emit Abandoned(roundId, t.flatFees() + ABORT_BURN);
        _dismiss(roundId, t);
        // The "no data" of nearly all of 64 seats may have burned the deposit down to the flat fees.
        uint256 burned = Math.min(ABORT_BURN, r.held);
        _burn(roundId, burned);
        _refund(roundId, State.Abandoned, r.held, burned);
    }

    /// @dev The developer was convicted, and forfeits what is left of its deposit.
    function _settleFraud(uint256 roundId) private {
        Round storage r = _rounds[roundId];
        Terms memory t = _termsOf(roundId);
        (uint256 reward, uint256 burned) = Escrow.forfeit(r.deposit, t.flatFees());
        _end(r);
        abandonedDraws[r.developer] += 1;
        _dismiss(roundId, t);
        _credit(roundId, r.finder, reward);
        _burn(roundId, burned);
        _refund(roundId, State.Fraud, r.held, burned);
    }

    /// @dev The committee goes with its flat fees; seats that declared "no data" went before, without.
    function _dismiss(uint256 roundId, Terms memory t) private {
        uint64 resolved = _rounds[roundId].resolved;
        _rounds[roundId].resolved = type(uint64).max;
        for (uint256 seat = 0; seat < t.n; ++seat) {
            if ((resolved >> seat) & 1 == 1) continue;
            uint32 clerkId = clerkAt(roundId, seat);
            _credit(roundId, REGISTRY.operatorOf(clerkId), t.flatFee);
            REGISTRY.release(clerkId, 0);
        }
    }

    /// @dev Rows are over: the window has closed, or no seat owes anything more.
    function _requireOver(uint256 roundId, State current) private view {
        (,, uint256 rowEnd,) = deadlines(roundId);
        bool over = _rounds[roundId].resolved == type(uint64).max || block.timestamp >= rowEnd;
        if (rowEnd == 0 || !over || current == State.Settling) revert NotDue(roundId, current, rowEnd);
    }

    function _slashSilent(uint256 roundId) private {
        Round storage r = _rounds[roundId];
        uint256 n = _terms[roundId].n;
        uint64 resolved = r.resolved;
        uint64 answered = r.answered;
        r.resolved = type(uint64).max;
        for (uint256 seat = 0; seat < n; ++seat) {
            if ((resolved >> seat) & 1 == 1) continue;
            uint32 clerkId = clerkAt(roundId, seat);
            // Rows of a wide round bind their seats until here.
            if ((answered >> seat) & 1 == 1) {
                REGISTRY.release(clerkId, 0);
                continue;
            }
            // forge-lint: disable-next-line(unsafe-typecast)
            emit Silent(roundId, uint8(seat), clerkId, SEAT_BOND);
            _slash(r, clerkId);
        }
    }

    /// @dev Right rows are paid in full, in a failed round too. Credited here and not with each row: a row costs a clerk a
    /// fifth less that way, and whoever wants the round's money pushes the settlement.
    function _payAnswered(uint256 roundId) private {
        uint256 fee = _rowFee(roundId);
        uint256 answered = _rounds[roundId].answered;
        for (uint256 seat = 0; answered >> seat != 0; ++seat) {
            if ((answered >> seat) & 1 == 1) _credit(roundId, REGISTRY.operatorOf(clerkAt(roundId, seat)), fee);
        }
    }

    /// @dev Slashes never profit the developer. A completed round burns them. A failed one first pays from them what its
    /// right rows earned for their data, so that the developer, who got no sum, loses the flat fees only; the rest burns.
    function _settleAnswered(uint256 roundId, State current) private {
        Round storage r = _rounds[roundId];
        Terms memory t = _termsOf(roundId);
        uint256 burned = r.slashed;
        uint256 kept = 0;
        if (current == State.Completed) {
            kept = t.rewards(_counted(r));
        } else {
            burned = Escrow.leftOf(burned, _popcount(r.answered) * (_rowFee(roundId) - t.flatFee));
        }
        _end(r);
        _burn(roundId, burned);
        _fillPot(roundId, kept);
        _refund(roundId, current, r.held, burned);
    }

    /// @dev Hand the contributors' rewards over to where they are claimed.
    function _fillPot(uint256 roundId, uint256 amount) private {
        if (amount == 0) return;
        Round storage r = _rounds[roundId];
        Terms storage t = _terms[roundId];
        // Whoever closes late takes nothing from the time to claim.
        (,,, uint256 claimEnd) = deadlines(roundId);
        claimEnd = Math.max(claimEnd, block.timestamp + t.claimWindow);
        IRewards.Pot memory pot = IRewards.Pot({
            roundHash: r.roundHash,
            root: r.root,
            reward: t.reward,
            count: r.count,
            claimed: r.excludedData,
            // A time and four windows of 32 bits.
            // forge-lint: disable-next-line(unsafe-typecast)
            claimEnd: uint40(claimEnd),
            n: t.n
        });
        _take(roundId, amount);
        IERC20(TOKEN).safeTransfer(REWARDS, amount);
        IRewards(REWARDS).open(roundId, pot);
    }

    function _end(Round storage r) private {
        r.closed = true;
        r.deposit = 0;
        r.slashed = 0;
    }

    function _refund(uint256 roundId, State current, uint256 refund, uint256 burned) private {
        emit Closed(roundId, current, refund, burned);
        _credit(roundId, _rounds[roundId].developer, refund);
    }

    // ------------------------------------------------------------------ withdrawals

    /// @inheritdoc IRounds
    function withdraw(address to) external returns (uint256 amount) {
        amount = balanceOf[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        balanceOf[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        IERC20(TOKEN).safeTransfer(to, amount);
    }
}
