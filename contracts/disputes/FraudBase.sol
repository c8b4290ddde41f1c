// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IClerkRegistry} from "../interfaces/IClerkRegistry.sol";
import {IFrauds} from "../interfaces/IFrauds.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {CaseBase} from "./CaseBase.sol";

/// @title What all frauds come to.
abstract contract FraudBase is IFrauds, CaseBase {
    constructor(IRounds rounds, IClerkRegistry registry) CaseBase(rounds, registry) {}

    /// @dev The round ends as the developer's fraud; the sender is its finder.
    function _convict(uint256 roundId, Fraud fraud, uint256 index) internal {
        emit Convicted(roundId, fraud, index, msg.sender);
        ROUNDS.convict(roundId, msg.sender);
    }
}
