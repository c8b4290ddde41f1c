// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRoundPolicy} from "../interfaces/IRoundPolicy.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Commitment} from "../libraries/Commitment.sol";
import {G1} from "../libraries/G1.sol";
import {RoundBase} from "./RoundBase.sol";

/// @title A round's middle: the closed set, and the clerks' rows over it.
abstract contract RoundRows is RoundBase {
    /// @inheritdoc IRounds
    function snapshot(uint256 roundId, Snapshot calldata snapshot_) external {
        _require(roundId, State.Collecting);
        _requireDeveloper(roundId);
        Round storage r = _rounds[roundId];
        // The arguments go on as they came: encoding 64 points anew would cost 10,000 gas.
        (r.root, r.setHash) = IRoundPolicy(POLICY).closing(_termsOf(roundId), r.roundHash, msg.data[4:]);
        r.count = snapshot_.count;
        r.snapshotAt = uint40(block.timestamp);
        emit SnapshotTaken(
            roundId, r.root, r.setHash, snapshot_.count, snapshot_.noise, snapshot_.rosterRoot, snapshot_.enrolmentRoot
        );
    }

    /// @inheritdoc IRounds
    function declareNoData(uint256 roundId, uint8 seat) external {
        Round storage r = _rounds[roundId];
        // Settling a wide round shows nothing of the excluded leaves, without which rows cannot be opened.
        if (!r.wide || state(roundId) != State.Settling) _require(roundId, State.Disputing);
        uint32 clerkId = _requireSeat(roundId, seat, msg.sender);
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
        Round storage r = _rounds[roundId];
        if (r.wide) revert WrongNumber("chunks", _chunks(r, _terms[roundId]), 1);
        uint32 clerkId = _requireAnswer(roundId, seat, msg.sender, Commitment.setHash(r.roundHash, set));
        _checkRow(_terms[roundId].m, row);

        if (G1.commit(GENERATORS, row) != set.points[seat]) return _reject(roundId, seat, clerkId);
        // forge-lint: disable-next-line(incorrect-shift)
        uint64 bit = uint64(1 << seat);
        (r.answered, r.resolved) = (r.answered | bit, r.resolved | bit);
        emit RowAccepted(roundId, seat, clerkId, _rowFee(roundId), row);
        REGISTRY.release(clerkId, 0);
    }

    function _reject(uint256 roundId, uint8 seat, uint32 clerkId) private {
        Round storage r = _rounds[roundId];
        // forge-lint: disable-next-line(incorrect-shift)
        r.resolved |= uint64(1 << seat);
        emit RowRejected(roundId, seat, clerkId, SEAT_BOND);
        _slash(r, clerkId);
    }

    // ------------------------------------------------------------------ rows of wide rounds

    modifier onlyChecks() {
        _requireChecks();
        _;
    }

    /// @inheritdoc IRounds
    function answering(uint256 roundId) external view returns (Case memory case_, uint256 rowEnd, uint256 rowWindow) {
        (,, rowEnd,) = deadlines(roundId);
        case_ = _caseIn(roundId, State.Answering);
        rowWindow = _terms[roundId].rowWindow;
    }

    /// @inheritdoc IRounds
    function post(uint256 roundId, uint8 seat, address operator, bytes32 setHash)
        external
        onlyChecks
        returns (uint32 clerkId)
    {
        clerkId = _requireAnswer(roundId, seat, operator, setHash);
        _setCounting(roundId, seat, true);
    }

    /// @inheritdoc IRounds
    function setCounting(uint256 roundId, uint8 seat, bool counts) external onlyChecks {
        _setCounting(roundId, seat, counts);
    }

    /// @inheritdoc IRounds
    function reject(uint256 roundId, uint8 seat) external onlyChecks {
        _setCounting(roundId, seat, false);
        _reject(roundId, seat, clerkAt(roundId, seat));
    }

    function _setCounting(uint256 roundId, uint8 seat, bool counts) private {
        Round storage r = _rounds[roundId];
        // forge-lint: disable-next-line(incorrect-shift)
        uint64 bit = uint64(1 << seat);
        r.answered = counts ? r.answered | bit : r.answered & ~bit;
    }

    /// @dev A function, so that its code is there once.
    function _requireChecks() private view {
        if (msg.sender != CHECKS) revert OnlyChecks(msg.sender);
    }

    /// @dev The window is open, the operator's seat owes a row still, and this is the set to answer.
    function _requireAnswer(uint256 roundId, uint8 seat, address operator, bytes32 given)
        private
        view
        returns (uint32 clerkId)
    {
        _requireRowWindow(roundId);
        clerkId = _requireSeat(roundId, seat, operator);
        bytes32 current = _rounds[roundId].setHash;
        if (given != current) revert WrongSet(given, current);
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

    /// @dev The account must operate the seat's clerk, and the seat must owe something still.
    function _requireSeat(uint256 roundId, uint8 seat, address operator) private view returns (uint32 clerkId) {
        clerkId = seat < _terms[roundId].n ? clerkAt(roundId, seat) : 0;
        if (clerkId == 0 || REGISTRY.operatorOf(clerkId) != operator) {
            revert NotSeatHolder(roundId, seat, operator);
        }
        if ((_rounds[roundId].resolved >> seat) & 1 == 1) revert SeatResolved(roundId, seat);
    }

    function _checkRow(uint256 m, uint256[] calldata row) private pure {
        if (row.length != m) revert WrongNumber("row", row.length, m);
        for (uint256 i = 0; i < m; ++i) {
            if (row[i] >= G1.Q) revert ElementTooLarge(i, row[i]);
        }
    }
}
