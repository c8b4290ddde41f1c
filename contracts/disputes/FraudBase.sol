// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IClerkRegistry} from "../interfaces/IClerkRegistry.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IFrauds} from "../interfaces/IFrauds.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {CaseBase} from "./CaseBase.sol";

/// @title What all frauds come to.
abstract contract FraudBase is IFrauds, CaseBase {
    IDisputes public immutable DISPUTES;

    constructor(IRounds rounds, IClerkRegistry registry) CaseBase(rounds, registry) {
        DISPUTES = IDisputes(msg.sender);
    }

    /// @dev The round ends as the developer's fraud; the sender is its finder.
    function _convict(uint256 roundId, Fraud fraud, uint256 index) internal {
        emit Convicted(roundId, fraud, index, msg.sender);
        DISPUTES.convict(roundId, msg.sender);
    }
}
