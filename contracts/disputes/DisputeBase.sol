// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IClerkRegistry} from "../interfaces/IClerkRegistry.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Frauds} from "../Frauds.sol";
import {CaseBase} from "./CaseBase.sol";

/// @title What the parts of the disputes share: what was fixed at deployment, and who holds a seat.
abstract contract DisputeBase is IDisputes, CaseBase {
    IERC20 public immutable TOKEN;
    address public immutable GENERATORS;
    address internal immutable FRAUDS;

    uint96 internal immutable CHALLENGE_BOND;
    uint32 internal immutable CHALLENGE_WINDOW;
    uint32 internal immutable ASIDE_TIME;

    constructor(IRounds rounds, IClerkRegistry registry, IERC20 token, address generators, Settings memory settings_)
        CaseBase(rounds, registry)
    {
        if (settings_.challengeWindow == 0) revert InvalidSettings("challengeWindow");
        TOKEN = token;
        GENERATORS = generators;
        FRAUDS = address(new Frauds(rounds, registry));
        CHALLENGE_BOND = settings_.challengeBond;
        CHALLENGE_WINDOW = settings_.challengeWindow;
        ASIDE_TIME = settings_.asideTime;
    }

    /// @inheritdoc IDisputes
    function settings() external view returns (Settings memory) {
        return Settings({challengeBond: CHALLENGE_BOND, challengeWindow: CHALLENGE_WINDOW, asideTime: ASIDE_TIME});
    }

    /// @inheritdoc IDisputes
    function frauds() external view returns (address) {
        return FRAUDS;
    }

    /// @dev The caller must operate the seat's clerk.
    function _requireSeat(uint256 roundId, uint8 seat) internal view returns (uint32 clerkId) {
        clerkId = ROUNDS.clerkAt(roundId, seat);
        if (clerkId == 0 || REGISTRY.operatorOf(clerkId) != msg.sender) {
            revert NotSeatHolder(roundId, seat, msg.sender);
        }
    }
}
