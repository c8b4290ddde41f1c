// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The token that clerks stake and rounds are paid in.
/// @notice A fixed supply, 18 decimals, ERC-2612 permits, burning. Nobody can mint.
contract SDAToken is ERC20, ERC20Burnable, ERC20Permit {
    /// @param holder Receives the whole supply.
    /// @param supply In token units (10^-18 of a token).
    constructor(address holder, uint256 supply) ERC20("SDA", "SDA") ERC20Permit("SDA") {
        _mint(holder, supply);
    }
}
