// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Chunk} from "./Evidence.sol";
import {ICases} from "./ICases.sol";
import {IDisputes} from "./IDisputes.sol";
import {IRounds} from "./IRounds.sol";
import {Permit} from "../libraries/Payment.sol";

/// @title Row checks: rows of wide rounds, posted as a root, and opened where somebody doubts them (docs/wide.md).
/// @notice A row has C chunks of m elements; its root is the Merkle root over the hashes of their 32·m bytes. Its data is
/// served off chain. In the first of a wide round's three row windows roots are posted; until the end of the second any
/// chunk of them can be doubted, for a bond; until the end of the third it must be opened, or the seat counts as silent.
/// A chunk that opens wrong costs the seat its bond at once, doubted or not, also if its clerk is not the one who opens it.
/// What the chain does in a round that nobody doubts does not depend on the rows' length.
interface IRowChecks is ICases {
    /// @notice What was posted for a seat.
    struct Row {
        bytes32 root;
        uint8 open; // doubts that wait for their chunk
        uint8 developers; // doubts by the developer so far
        uint8 others; // and by anyone else
    }

    /// @notice A chunk that somebody wants to see.
    struct Doubt {
        address challenger;
        bool settled; // the bond has been credited
    }

    /// @notice One chunk of a row, and all that says what it must be.
    struct RowOpening {
        uint256[] row; // m elements
        bytes32[] rowPath; // of their hash to the row's root
        Chunk chunk; // of the tree's root
        uint256 count; // of it, as its body has it
        bytes32[] words; // of its body: h_0 … h_{R-1}, g_R … g_{n-1}
        IRounds.Set set; // the current one, whose only point is the root's body
        BLS.G1Point[] points; // without the excluded leaves': D_j for a seat j < R, D_0 … D_{R-1} for a seat ≥ R
        IDisputes.Exclusion[] queue; // all verdicts on the round, in their order
        ExcludedChunk[] leaves; // the same chunk of what each of them is about
    }

    /// @notice One chunk of a leaf that is excluded.
    struct ExcludedChunk {
        BLS.G1Point[] points; // P_0 … P_{R-1}
        bytes32[] corrections; // g_R … g_{n-1}
        bytes32[] path; // to the leaf's body
    }

    event RowPosted(uint256 indexed roundId, uint8 indexed seat, uint32 indexed clerkId, bytes32 root);
    event Doubted(uint256 indexed roundId, uint8 indexed seat, uint256 chunk, address challenger);
    event ChunkOpened(uint256 indexed roundId, uint8 indexed seat, uint256 chunk);

    error InvalidSettings(string field);
    error NotWide(uint256 roundId);
    error NotPosted(uint256 roundId, uint8 seat);
    error AlreadyPosted(uint256 roundId, uint8 seat);
    error RootMissing();
    error TooLate(uint256 end);
    error TooManyDoubts(uint8 seat, uint256 allowed);
    error AlreadyDoubted(uint8 seat, uint256 chunk);
    error NoDoubt(uint8 seat, uint256 chunk);
    error ElementTooLarge(uint256 index, uint256 element);
    error PointsInvalid();
    error NothingToWithdraw(address account);

    /// @notice Post the root of a seat's row. It is paid when the round closes, if it counts then.
    /// @param setHash What it answers; anything but the current set reverts and costs nothing.
    function postRow(uint256 roundId, uint8 seat, bytes32 setHash, bytes32 root) external;

    /// @notice Demand, for a bond, that a chunk of a row is opened. The developer has some of these for every seat, everyone
    /// else together as many: nobody can use up the developer's, or make a clerk open more than it can in time.
    function doubt(uint256 roundId, uint8 seat, uint256 chunk, Permit calldata permit) external;

    /// @notice Open a chunk of a row: a right one answers its doubt, whose bond goes to the clerk for the gas; a wrong one
    /// costs the seat its bond. Anyone may.
    function openChunk(uint256 roundId, uint8 seat, RowOpening calldata opening) external;

    /// @notice Return the bond of a doubt that was not answered, once its seat is out or the round over. Anyone may.
    function reclaim(uint256 roundId, uint8 seat, uint256 chunk) external;

    /// @notice Take all bonds credited to the caller.
    function withdraw(address to) external returns (uint256 amount);

    // ------------------------------------------------------------------ views

    /// @return Token units that a doubt costs.
    function bond() external view returns (uint256);
    /// @return Doubts that the developer, and all others together, have for a seat.
    function maximumDoubts() external view returns (uint256);
    function rowOf(uint256 roundId, uint8 seat) external view returns (Row memory);
    function doubtOf(uint256 roundId, uint8 seat, uint256 chunk) external view returns (Doubt memory);
    function balanceOf(address account) external view returns (uint256);
}
