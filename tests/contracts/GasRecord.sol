// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev Gas of whole transactions, checked against limits and collected for tools/gas.py. Contracts that use it run isolated.
abstract contract GasRecord is RoundsFixture {
    string internal json;

    /// @dev Of the transaction just sent.
    function record(string memory name, uint256 limit) internal returns (uint256 gas_) {
        gas_ = vm.lastCallGas().gasTotalUsed;
        record(name, gas_, limit);
    }

    function record(string memory name, uint256 gas_, uint256 limit) internal {
        vm.serializeUint("gas", string.concat(name, "_limit"), limit);
        json = vm.serializeUint("gas", name, gas_);
        assertLe(gas_, limit, name);
    }
}
