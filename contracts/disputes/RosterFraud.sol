// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Enrolments, Place} from "../interfaces/Evidence.sol";
import {IFrauds} from "../interfaces/IFrauds.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {G1} from "../libraries/G1.sol";
import {Roster} from "../libraries/Roster.sol";
import {LeafFraud} from "./LeafFraud.sol";

/// @title Leaves that are others than roster and enrolments say.
abstract contract RosterFraud is LeafFraud {
    uint256 private constant ENROLMENT_BYTES = 198;
    uint256 private constant ACCOUNT_AT = 1;
    uint256 private constant KEY_AT = 21;
    uint256 private constant KEY_END = 69;

    /// @inheritdoc IFrauds
    function badNonce(
        uint256 roundId,
        Place calldata place,
        IRewards.Leaf calldata leaf,
        IRounds.Set calldata set,
        Enrolments calldata enrolments,
        bytes32 word,
        bytes32[] calldata siblings
    ) external {
        uint256 n = _requireBoth(roundId, place, leaf, set);
        if (leaf.nonce == Roster.nonceOf(set, n, place.index, enrolments, word, siblings)) revert NothingWrong();
        _convict(roundId, Fraud.Roster, place.index);
    }

    /// @inheritdoc IFrauds
    function badPosition(
        uint256 roundId,
        Place calldata place,
        IRewards.Leaf calldata leaf,
        IRounds.Set calldata set,
        Enrolments calldata enrolments,
        bytes32 word,
        bytes32[] calldata siblings
    ) external {
        uint256 n = _requireBoth(roundId, place, leaf, set);
        if (place.index < n) revert WrongIndex(place.index);
        Roster.requireEnrolments(set, enrolments);
        // Beyond the enrolments there is no bit.
        if (leaf.position < enrolments.number) {
            if (Roster.hasPosition(set, leaf.position, enrolments, word, siblings)) revert NothingWrong();
        }
        _convict(roundId, Fraud.Roster, place.index);
    }

    /// @inheritdoc IFrauds
    function badEnrolment(
        uint256 roundId,
        Place calldata place,
        IRewards.Leaf calldata leaf,
        IRounds.Set calldata set,
        Enrolments calldata enrolments,
        bytes calldata message,
        BLS.G1Point calldata key,
        bytes32[] calldata siblings
    ) external {
        uint256 n = _requireBoth(roundId, place, leaf, set);
        if (place.index < n) revert WrongIndex(place.index);
        Roster.requireEnrolments(set, enrolments);
        Roster.requirePath(keccak256(message), leaf.position, siblings, enrolments.number, enrolments.root);
        _requireSame(G1.hash(key), leaf.key);
        if (message.length == ENROLMENT_BYTES) {
            bool account = address(bytes20(message[ACCOUNT_AT:KEY_AT])) == leaf.account;
            if (account && keccak256(message[KEY_AT:KEY_END]) == keccak256(G1.compress(key))) revert NothingWrong();
        }
        _convict(roundId, Fraud.Enrolment, place.index);
    }

    /// @dev The leaf is in the tree, and the set is the closed one.
    function _requireBoth(uint256 roundId, Place calldata place, IRewards.Leaf calldata leaf, IRounds.Set calldata set)
        private
        view
        returns (uint256 n)
    {
        IRounds.Case memory c = _case(roundId);
        _requireSigned(c, leaf, place);
        _requireSet(c, set);
        return c.n;
    }
}
