// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {BadShare} from "./disputes/BadShare.sol";
import {Challenges} from "./disputes/Challenges.sol";
import {DisputeBase} from "./disputes/DisputeBase.sol";

/// @title Verdicts on closed sets, from evidence alone. {IDisputes} is the manual.
contract Disputes is BadShare, Challenges {
    /// @param rounds The rounds contract; it must have been given this contract's address.
    /// @param registry The clerks.
    /// @param token Of bonds.
    /// @param generators The data contract of H_0 … H_63.
    constructor(IRounds rounds, IClerkRegistry registry, IERC20 token, address generators, Settings memory settings_)
        DisputeBase(rounds, registry, token, generators, settings_)
    {}
}
