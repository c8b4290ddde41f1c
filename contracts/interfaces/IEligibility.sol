// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Who may register as a clerk.
/// @notice The registry asks once, at registration. No hook (the zero address) means: anyone.
interface IEligibility {
    /// @param account The account that wants to register.
    /// @return eligible Whether it may.
    function isEligible(address account) external view returns (bool eligible);
}
