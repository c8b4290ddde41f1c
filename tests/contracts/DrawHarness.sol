// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IEligibility} from "../../contracts/interfaces/IEligibility.sol";
import {SumTree} from "../../contracts/libraries/SumTree.sol";
import {Weight} from "../../contracts/libraries/Weight.sol";

/// @dev A registry whose clerks are put in without tokens and keys, so that 100,000 of them take seconds.
contract DrawHarness is ClerkRegistry {
    using SumTree for SumTree.Tree;

    uint96 private immutable MINIMUM;

    constructor(SDAToken token, address rounds, IClerkRegistry.Settings memory settings_)
        ClerkRegistry(token, rounds, IEligibility(address(0)), settings_)
    {
        MINIMUM = settings_.minimumStake;
    }

    /// @dev Clerk i (from 1) stakes (1 + i mod 8) minima: eight weight classes.
    function populate(uint256 count) external {
        for (uint256 i = 1; i <= count; ++i) {
            uint96 stake = uint96(MINIMUM * (1 + i % 8));
            uint32 id = _append(stake);
            keyHash[id][0] = bytes32(i);
            _tree.set(id - 1, Weight.ofStake(stake, MINIMUM, 8 * uint256(MINIMUM)));
        }
    }

    function peek(bytes32 seed, uint256 n) external view returns (uint32[] memory ids) {
        IClerkRegistry.Outcome outcome;
        (outcome, ids,) = _select(seed, n, 0);
        require(outcome == IClerkRegistry.Outcome.Drawn);
    }

    function weightOf(uint32 id) external view returns (uint32) {
        return _weightInTree(id);
    }
}
