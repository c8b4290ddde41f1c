// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRewards} from "../interfaces/IRewards.sol";
import {IRounds, Terms} from "../interfaces/IRounds.sol";
import {RoundTerms} from "../libraries/RoundTerms.sol";
import {RoundSettlement} from "./RoundSettlement.sol";

/// @title What verdicts do to a round; for the disputes contract only.
abstract contract RoundDisputes is RoundSettlement {
    using RoundTerms for Terms;

    modifier onlyDisputes() {
        _requireDisputes();
        _;
    }

    /// @inheritdoc IRounds
    function disputed(uint256 roundId) external view returns (Case memory) {
        return _caseIn(roundId, State.Disputing);
    }

    /// @inheritdoc IRounds
    function settling(uint256 roundId) external view returns (Case memory case_) {
        case_ = _caseIn(roundId, State.Settling);
        if (case_.chunks == 1) return case_;
        (, uint256 dueAt,,) = deadlines(roundId);
        dueAt += _terms[roundId].complaintWindow / 2;
        if (block.timestamp < dueAt) revert NotDue(roundId, State.Settling, dueAt);
    }

    /// @inheritdoc IRounds
    function exclude(uint256 roundId, uint256 index, address filer) external onlyDisputes {
        _require(roundId, State.Disputing);
        Round storage r = _rounds[roundId];
        // First: it refuses a second complaint of one leaf, which must not count against the pot.
        IRewards(REWARDS).exclude(roundId, index);
        // The pot is empty: clerks would go on at their own cost. The developer could have dropped bad leaves before.
        if (r.excluded == MAXIMUM_EXCLUSIONS) {
            r.abandoned = true;
            return;
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        if (index < _terms[roundId].n) _rejectNoise(roundId, uint8(index));
        if (r.excluded == 0) _extend(r, block.timestamp + _terms[roundId].complaintWindow);
        r.excluded += 1;
        _credit(roundId, filer, COMPLAINT_FEE);
    }

    /// @dev The clerk that dealt bad noise is slashed, and its seat is out.
    function _rejectNoise(uint256 roundId, uint8 seat) private {
        Round storage r = _rounds[roundId];
        // forge-lint: disable-next-line(incorrect-shift)
        uint64 bit = uint64(1 << seat);
        if (r.resolved & bit != 0) return;
        r.resolved |= bit;
        uint32 clerkId = clerkAt(roundId, seat);
        emit NoiseRejected(roundId, seat, clerkId, SEAT_BOND);
        _slash(r, clerkId);
    }

    /// @inheritdoc IRounds
    function extend(uint256 roundId, uint256 end) external onlyDisputes {
        _require(roundId, State.Disputing);
        _extend(_rounds[roundId], end);
    }

    /// @inheritdoc IRounds
    function convict(uint256 roundId, address finder) external {
        if (msg.sender != FRAUDS) _requireDisputes();
        _require(roundId, State.Disputing);
        Round storage r = _rounds[roundId];
        r.fraud = true;
        r.finder = finder;
    }

    /// @inheritdoc IRounds
    function replaceSet(uint256 roundId, bytes32 setHash, uint32 count, uint64 noise) external onlyDisputes {
        _require(roundId, State.Settling);
        Round storage r = _rounds[roundId];
        Terms memory t = _termsOf(roundId);
        // What is left must be a round that a developer could have closed.
        if (count < t.minimum || _popcount(noise) < t.dealers()) {
            r.abandoned = true;
            return;
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        r.excludedData = uint8(r.count - count);
        r.settledAt = uint40(block.timestamp);
        r.setHash = setHash;
    }

    /// @dev A function, so that its code is there once.
    function _requireDisputes() private view {
        if (msg.sender != DISPUTES) revert OnlyDisputes(msg.sender);
    }

    function _extend(Round storage r, uint256 end) private {
        // forge-lint: disable-next-line(unsafe-typecast)
        if (end > r.extendedTo) r.extendedTo = uint40(end);
    }
}
