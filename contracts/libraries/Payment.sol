// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @notice An ERC-2612 approval; deadline 0 means: approved already.
struct Permit {
    uint256 value;
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @title Taking tokens from the caller.
library Payment {
    using SafeERC20 for IERC20;

    /// @notice Use the permit if there is one, then take `amount` from msg.sender.
    /// @dev A permit that fails is ignored: anybody can spend it first from the mempool, and then the allowance is there.
    /// Without an allowance the transfer reverts.
    function pull(IERC20 token, uint256 amount, Permit calldata permit) internal {
        if (permit.deadline != 0) {
            try IERC20Permit(address(token))
                .permit(msg.sender, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s) {}
                catch {}
        }
        token.safeTransferFrom(msg.sender, address(this), amount);
    }
}
