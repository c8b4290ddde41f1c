// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IClerkRegistry} from "./interfaces/IClerkRegistry.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {FraudBase} from "./disputes/FraudBase.sol";
import {NodeFraud} from "./disputes/NodeFraud.sol";
import {RosterFraud} from "./disputes/RosterFraud.sol";

/// @title Verdicts on trees; made by the disputes contract. {IFrauds} is the manual.
contract Frauds is NodeFraud, RosterFraud {
    /// @param rounds The rounds contract.
    /// @param registry The clerks.
    constructor(IRounds rounds, IClerkRegistry registry) FraudBase(rounds, registry) {}
}
