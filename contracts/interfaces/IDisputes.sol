// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Chunk, Complaint, ExcludedLeaf, Opening, Place, SignedLeaf} from "./Evidence.sol";
import {ICases} from "./ICases.sol";
import {IRounds} from "./IRounds.sol";
import {Permit} from "../libraries/Payment.sol";

/// @title Disputes: who lied, decided from what was signed and committed to (PROTOCOL §7).
/// @notice Every verdict is one transaction during the complaint window, by anyone who has the evidence, and costs the same
/// however many contributors there are, but for 64 bytes a level of the tree. Evidence that does not convict reverts, and
/// costs its sender the gas.
/// - Developer's fraud (a tree that is not what it must be, see {IFrauds}; an unanswered challenge) ends the round.
/// - A contributor's bad share excludes its leaf; all exclusions are settled in one step before the first row.
interface IDisputes is ICases {
    /// @notice Fixed at deployment.
    struct Settings {
        uint96 challengeBond; // token units; goes to the developer if it answers
        uint32 challengeWindow; // seconds to answer a challenge, and to act on the answer
        uint32 asideTime; // seconds for which a contributor with a bad share is put aside
    }

    /// @notice A verdict waiting to be settled.
    struct Exclusion {
        uint32 index; // of the leaf
        bool noise;
        bytes32 body;
    }

    /// @notice A node whose children a seat could not get.
    struct Challenge {
        uint256 roundId;
        address challenger;
        uint8 seat;
        uint40 deadline; // unix seconds; 0 once answered or decided
        bool held; // whether the bond is here still
        bytes32 node; // its hash
        bool leaf;
        uint32 chunk; // of columns that the seat asks for
    }

    event Withheld(uint256 indexed roundId, uint256 indexed challengeId, address indexed finder);
    event Excluded(
        uint256 indexed roundId,
        uint256 indexed index,
        address indexed account,
        uint8 seat,
        address filer,
        bool noise,
        bytes32 body
    );
    /// @notice The contributor registry: a relay takes nothing from this account until then (unix seconds).
    event PutAside(address indexed account, uint256 until);
    /// @notice A share under this key is public: it must not be used any more.
    event KeyRetired(bytes32 indexed key, address indexed account);
    event Settled(uint256 indexed roundId, bytes32 setHash, uint32 count);
    event Challenged(
        uint256 indexed roundId,
        uint256 indexed challengeId,
        uint8 indexed seat,
        uint256 level,
        uint256 index,
        uint256 chunk,
        uint256 deadline
    );
    event Answered(uint256 indexed roundId, uint256 indexed challengeId);

    error InvalidSettings(string field);
    error NotSeatHolder(uint256 roundId, uint8 seat, address caller);
    error SignatureInvalid(address account);
    error SharedKeyInvalid();
    error KeyMismatch(bytes32 given, bytes32 required);
    error PointsInvalid();
    error NotACodeword();
    error TooManyChallenges(uint8 seat, uint256 allowed);
    error NoChallenge(uint256 challengeId);
    error NothingToWithdraw(address account);
    error ChallengeOpen(uint256 challengeId, uint256 deadline);

    // ------------------------------------------------------------------ a contributor's bad share

    /// @notice A commitment for the caller's seat that is not that of the share sent to it. Excludes the leaf and pays the
    /// caller the complaint fee.
    function badShare(uint256 roundId, Complaint calldata complaint) external;

    /// @notice Take the excluded leaves out of the closed set, once complaints are over; of a wide round's half a complaint
    /// window later ({IRounds-settling}). Anyone may.
    /// @param set The set on chain.
    /// @param points D_0 … D_{n-1} without the excluded leaves; none in a wide round, where whoever opens a chunk of a row
    /// takes them out ({IRowChecks}).
    /// @param queue All verdicts on the round, in their order ({Excluded}).
    /// @param leaves What each of them is about; none in a wide round.
    function settle(
        uint256 roundId,
        IRounds.Set calldata set,
        BLS.G1Point[] calldata points,
        Exclusion[] calldata queue,
        ExcludedLeaf[] calldata leaves
    ) external;

    // ------------------------------------------------------------------ withheld nodes

    /// @notice Demand, for a bond, that the developer posts what is under a node.
    /// @param node Its hash.
    /// @param chunk Of columns; 0 in a narrow round.
    function challenge(
        uint256 roundId,
        uint8 seat,
        Place calldata place,
        bytes32 node,
        uint256 chunk,
        Permit calldata permit
    ) external returns (uint256 challengeId);

    /// @notice Answer for an inner node: all that the challenging seat needs to go on.
    /// @param nodes The node and its two children, the challenged chunk of each.
    /// @param points P_0 … P_{R-1} of each.
    /// @param rows Correction row of each for a seat ≥ R, 32·m bytes; empty otherwise.
    function answerNode(
        uint256 challengeId,
        Opening[3] calldata nodes,
        BLS.G1Point[][3] calldata points,
        bytes[3] calldata rows
    ) external;

    /// @notice Answer for a leaf: everything that was signed and, of the challenged chunk, its points and the challenging
    /// seat's correction row.
    function answerLeaf(
        uint256 challengeId,
        SignedLeaf calldata signed,
        BLS.G1Point calldata key,
        BLS.G1Point[] calldata points,
        bytes32[] calldata corrections,
        uint256[] calldata correction,
        Chunk calldata chunk
    ) external;

    /// @notice A challenge that nobody answered in time: the developer's fraud; the bond returns.
    function unanswered(uint256 challengeId) external;

    /// @notice Pay a challenge's bond out once complaints are over. It is the developer's, for the gas of its answer, if the
    /// tree had nothing wrong; a seat whose relay withheld the way to a bad leaf, or to a fraud, gets it back, whoever
    /// showed it in the end. Anyone may.
    function reclaim(uint256 challengeId) external;

    /// @notice Take all bonds credited to the caller.
    function withdraw(address to) external returns (uint256 amount);

    // ------------------------------------------------------------------ views

    /// @notice What commits to all verdicts on a round, in their order: H(H(0 ‖ first) ‖ second) …
    function verdictsOf(uint256 roundId) external view returns (bytes32);
    /// @notice Which contract decides on trees; see {IFrauds}.
    function frauds() external view returns (address);
    function balanceOf(address account) external view returns (uint256);

    function settings() external view returns (Settings memory);
    function challengeOf(uint256 challengeId) external view returns (Challenge memory);
    /// @notice Ids are 0 … challenges() - 1.
    function challenges() external view returns (uint256);
}
