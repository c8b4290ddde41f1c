// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRounds, Terms} from "../interfaces/IRounds.sol";
import {Codeword} from "../libraries/Codeword.sol";
import {Commitment} from "../libraries/Commitment.sol";
import {G1} from "../libraries/G1.sol";
import {RoundTerms} from "../libraries/RoundTerms.sol";
import {RoundBase} from "./RoundBase.sol";

/// @title A round's middle: the closed set, and the clerks' rows over it.
abstract contract RoundRows is RoundBase {
    using RoundTerms for Terms;

    /// @inheritdoc IRounds
    function snapshot(uint256 roundId, Snapshot calldata snapshot_) external {
        _require(roundId, State.Collecting);
        _requireDeveloper(roundId);
        Terms memory t = _termsOf(roundId);
        Round storage r = _rounds[roundId];
        uint256 threshold = t.reconstruction();
        _checkShape(t, threshold, snapshot_);

        Set memory set = _setOf(snapshot_);
        bytes32 setHash = Commitment.setHash(r.roundHash, set);
        Codeword.Verdict verdict = Codeword.check(snapshot_.points, threshold, setHash);
        if (verdict == Codeword.Verdict.PointsInvalid) revert PointsInvalid();
        if (verdict == Codeword.Verdict.NotACodeword) revert NotACodeword();

        bytes32 body = Commitment.body(snapshot_.count, set.points, threshold, snapshot_.corrections);
        r.root = Commitment.node(snapshot_.left, snapshot_.right, body);
        r.setHash = setHash;
        r.count = snapshot_.count;
        r.snapshotAt = uint40(block.timestamp);
        emit SnapshotTaken(
            roundId, r.root, setHash, set.count, set.noise, snapshot_.rosterRoot, snapshot_.enrolmentRoot
        );
    }

    /// @inheritdoc IRounds
    function declareNoData(uint256 roundId, uint8 seat) external {
        _require(roundId, State.Disputing);
        uint32 clerkId = _requireSeat(roundId, seat);
        Round storage r = _rounds[roundId];
        // forge-lint: disable-next-line(incorrect-shift)
        r.resolved |= uint64(1 << seat);
        r.noData += 1;
        // The deposit covers 64 of these: checked at deployment.
        r.deposit -= NO_DATA_BURN;
        r.held += NO_DATA_BURN; // the clerk's part arrives with its release
        emit NoData(roundId, seat, clerkId);
        REGISTRY.release(clerkId, NO_DATA_BURN);
        _burn(roundId, 2 * uint256(NO_DATA_BURN));
    }

    /// @inheritdoc IRounds
    function submitRow(uint256 roundId, uint8 seat, Set calldata set, uint256[] calldata row) external {
        _requireRowWindow(roundId);
        uint32 clerkId = _requireSeat(roundId, seat);
        Round storage r = _rounds[roundId];
        bytes32 given = Commitment.setHash(r.roundHash, set);
        if (given != r.setHash) revert WrongSet(given, r.setHash);
        _checkRow(_terms[roundId].m, row);

        // forge-lint: disable-next-line(incorrect-shift)
        uint64 bit = uint64(1 << seat);
        bool right = G1.commit(GENERATORS, row) == set.points[seat];
        (r.answered, r.resolved) = (right ? r.answered | bit : r.answered, r.resolved | bit);
        if (right) {
            emit RowAccepted(roundId, seat, clerkId, _rowFee(roundId), row);
            REGISTRY.release(clerkId, 0);
        } else {
            emit RowRejected(roundId, seat, clerkId, SEAT_BOND);
            _slash(r, clerkId);
        }
    }

    /// @dev Rows are taken in the whole row window, also once the round is completed: a seat that can still answer is paid.
    function _requireRowWindow(uint256 roundId) private view {
        (, uint256 complaintEnd, uint256 rowEnd,) = deadlines(roundId);
        Round storage r = _rounds[roundId];
        bool settled = r.excluded == 0 || r.settledAt != 0;
        if (
            block.timestamp < complaintEnd || block.timestamp >= rowEnd || !settled || r.fraud || r.abandoned
                || _lacksData(r, _terms[roundId])
        ) {
            revert WrongState(roundId, state(roundId));
        }
    }

    /// @dev The caller must operate the seat's clerk, and the seat must owe something still.
    function _requireSeat(uint256 roundId, uint8 seat) private view returns (uint32 clerkId) {
        clerkId = seat < _terms[roundId].n ? clerkAt(roundId, seat) : 0;
        if (clerkId == 0 || REGISTRY.operatorOf(clerkId) != msg.sender) {
            revert NotSeatHolder(roundId, seat, msg.sender);
        }
        if ((_rounds[roundId].resolved >> seat) & 1 == 1) revert SeatResolved(roundId, seat);
    }

    function _checkRow(uint256 m, uint256[] calldata row) private pure {
        if (row.length != m) revert WrongNumber("row", row.length, m);
        for (uint256 i = 0; i < m; ++i) {
            if (row[i] >= G1.Q) revert ElementTooLarge(i, row[i]);
        }
    }

    function _checkShape(Terms memory t, uint256 threshold, Snapshot calldata snapshot_) private pure {
        if (snapshot_.count < t.minimum || snapshot_.count > t.maximum) {
            revert CountOutOfRange(snapshot_.count, t.minimum, t.maximum);
        }
        uint256 dealers = t.dealers();
        uint256 present = _popcount(snapshot_.noise);
        if (present < dealers) revert NoiseMissing(snapshot_.noise, dealers);
        uint64 allowed = t.sigma == 0 ? 0 : _allSeats(t.n);
        if (snapshot_.noise & ~allowed != 0) revert NoiseUnexpected(snapshot_.noise, allowed);
        if (snapshot_.points.length != t.n) revert WrongNumber("points", snapshot_.points.length, t.n);
        uint256 late = t.n - threshold;
        if (snapshot_.corrections.length != late) {
            revert WrongNumber("corrections", snapshot_.corrections.length, late);
        }
    }

    function _setOf(Snapshot calldata snapshot_) private pure returns (Set memory set) {
        return Set({
            count: snapshot_.count,
            noise: snapshot_.noise,
            rosterRoot: snapshot_.rosterRoot,
            enrolmentRoot: snapshot_.enrolmentRoot,
            exclusions: 0,
            points: G1.hashes(snapshot_.points)
        });
    }
}
