// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "../Test.sol";

/// @dev What Halmos proves (`make prove`): every `check_` function, for all values of its parameters that its assumptions
/// allow. A revert counts as "does not apply", so whatever must not revert is called by {assertRuns}.
abstract contract Proof is Test {
    /// @dev The call of one's own function does not revert.
    function assertRuns(bytes memory call) internal {
        (bool success,) = address(this).call(call);
        assert(success);
    }
}
