// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Enrolments, Opening, Place, SignedLeaf} from "./Evidence.sol";
import {ICases} from "./ICases.sol";
import {IRewards} from "./IRewards.sol";
import {IRounds} from "./IRounds.sol";

/// @title Frauds: a tree that its developer must not have committed to (PROTOCOL §7).
/// @notice Every function is one kind of fraud with its own evidence, during the complaint window, by anyone. What convicts
/// ends the round: see {IRounds-convict}. What does not, reverts.
interface IFrauds is ICases {
    /// @notice What was wrong with a tree.
    enum Fraud {
        Count, // of a node
        Sum, // of a seat's points or corrections
        Body, // not the one that was signed
        Signature, // missing or not the account's
        Possession, // no valid proof for the key
        Twice, // one account or key in two leaves
        Order, // positions that do not ascend
        Kind, // of a leaf, or a leaf where none belongs, or none where one does
        Roster, // other nonces or positions than the roster
        Enrolment, // an account or key that did not enrol at that position
        Point // off the curve or outside the subgroup
    }

    event Convicted(uint256 indexed roundId, Fraud fraud, uint256 index, address indexed finder);

    /// @notice A node whose count is not the sum of its children's, in one chunk of all three.
    function badCount(
        uint256 roundId,
        Place calldata place,
        Opening calldata node,
        Opening calldata left,
        Opening calldata right
    ) external;

    /// @notice A root of a wide round, a chunk of which has another count than the snapshot.
    function badRootCount(uint256 roundId, Opening calldata opening) external;

    /// @notice A node whose point or correction row of one seat is not the sum of its children's, in one chunk of all three.
    /// @param values Node's, left's and right's: 128 bytes of a point for a seat < R, 32·m of a row otherwise.
    function badSum(
        uint256 roundId,
        uint8 seat,
        Place calldata place,
        Opening calldata node,
        Opening calldata left,
        Opening calldata right,
        bytes[3] calldata values
    ) external;

    /// @notice A leaf over another body than the signed one.
    function badLeafBody(uint256 roundId, Place calldata place, IRewards.Leaf calldata leaf, bytes32 body) external;

    /// @notice A leaf that its account did not sign.
    function badLeafSignature(uint256 roundId, Place calldata place, SignedLeaf calldata signed) external;

    /// @notice A leaf whose key has no valid proof of possession.
    function badLeafKey(uint256 roundId, Place calldata place, SignedLeaf calldata signed, BLS.G1Point calldata key)
        external;

    /// @notice A leaf whose count is not 1 (data) or 0 (noise, fill).
    function badLeafCount(uint256 roundId, Place calldata place, Opening calldata opening) external;

    /// @notice A leaf that is not of the kind its index calls for, or noise that is not its seat's clerk's.
    /// @param body Of the leaf.
    function badLeafKind(uint256 roundId, Place calldata place, IRewards.Leaf calldata leaf, bytes32 body) external;

    /// @notice Something where the tree must be empty, or nothing where the snapshot says that a seat's noise is.
    /// @param set The closed set: which noise leaves are present.
    function badFill(uint256 roundId, Place calldata place, IRounds.Set calldata set, bytes32 hash) external;

    /// @notice A leaf with a point off the curve or outside the subgroup.
    function badLeafPoint(
        uint256 roundId,
        uint8 seat,
        Place calldata place,
        Opening calldata opening,
        BLS.G1Point calldata point
    ) external;

    /// @notice Two leaves with one account or one key, or neighbours whose positions do not ascend.
    function badLeaves(
        uint256 roundId,
        Place calldata firstPlace,
        IRewards.Leaf calldata first,
        Place calldata secondPlace,
        IRewards.Leaf calldata second
    ) external;

    /// @notice A leaf whose nonce is not the roster's.
    /// @param word The roster's word that holds the nonce.
    function badNonce(
        uint256 roundId,
        Place calldata place,
        IRewards.Leaf calldata leaf,
        IRounds.Set calldata set,
        Enrolments calldata enrolments,
        bytes32 word,
        bytes32[] calldata siblings
    ) external;

    /// @notice A data leaf whose position's bit is not set in the roster.
    /// @param word The roster's word that holds the bit.
    function badPosition(
        uint256 roundId,
        Place calldata place,
        IRewards.Leaf calldata leaf,
        IRounds.Set calldata set,
        Enrolments calldata enrolments,
        bytes32 word,
        bytes32[] calldata siblings
    ) external;

    /// @notice A data leaf whose account or key did not enrol at its position.
    /// @param message The enrolment at that position, 198 bytes.
    /// @param key The leaf's key.
    function badEnrolment(
        uint256 roundId,
        Place calldata place,
        IRewards.Leaf calldata leaf,
        IRounds.Set calldata set,
        Enrolments calldata enrolments,
        bytes calldata message,
        BLS.G1Point calldata key,
        bytes32[] calldata siblings
    ) external;
}
