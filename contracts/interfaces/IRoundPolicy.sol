// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRounds, Terms} from "./IRounds.sol";

/// @title Which terms a round can have, and what it costs.
interface IRoundPolicy {
    /// @notice A term of the request is out of its range; `field` names it.
    error InvalidTerm(string field, uint256 value, uint256 lowest, uint256 highest);
    error NotEnoughSeats(uint256 tPlusK, uint256 n);
    error CommitteeExceedsPool(uint256 n, uint256 pool);
    /// @notice The seats that must fail before the round does would lose less than the round pays, rewards included.
    error PaymentsExceedBonds(uint256 payments, uint256 bonds);

    /// @notice What a round costs up front.
    /// @return escrow Fees of a full committee for the maximal count, rewards, the draw's bounty and the pot for complaints.
    /// @return deposit Returned unless the developer gives up or cheats.
    function quote(Terms calldata terms) external view returns (uint256 escrow, uint256 deposit);

    /// @notice The same, or revert if such a round cannot be requested now; the error names the term.
    /// @return escrow As quoted.
    /// @return deposit As quoted.
    /// @return wide Whether a row has more than one chunk.
    function admit(Terms calldata terms) external view returns (uint256 escrow, uint256 deposit, bool wide);

    /// @notice What a snapshot commits to, or revert if it does not close such a round.
    /// @param arguments Those of {IRounds-snapshot}, encoded.
    function closing(Terms calldata terms, bytes32 roundHash, bytes calldata arguments)
        external
        view
        returns (bytes32 root, bytes32 setHash);

    /// @notice What was fixed at the deployment of the rounds contract.
    function settings() external view returns (IRounds.Settings memory);
}
