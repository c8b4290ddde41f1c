// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {IRandomness} from "./interfaces/IRandomness.sol";
import {RoundBase} from "./rounds/RoundBase.sol";
import {RoundOpening} from "./rounds/RoundOpening.sol";
import {RoundDisputes} from "./rounds/RoundDisputes.sol";
import {RoundRows} from "./rounds/RoundRows.sol";

/// @title Rounds of aggregation: requested, drawn, closed, answered, settled. {IRounds} is the manual.
contract Rounds is RoundOpening, RoundRows, RoundDisputes {
    /// @param token Fees, rewards, deposits.
    /// @param registry The clerks; it must have been given this contract's address.
    /// @param randomness Seeds of draws.
    /// @param generators The data contract of H_0 … H_63.
    /// @param disputes_ Decides disputes; it must have been given this contract's address.
    /// @param checks_ Takes the rows of wide rounds; it must have been given this contract's address.
    constructor(
        ERC20Burnable token,
        IClerkRegistry registry,
        IRandomness randomness,
        address generators,
        address disputes_,
        address checks_,
        Settings memory settings_
    ) RoundBase(token, registry, randomness, generators, disputes_, checks_, settings_) {}
}
