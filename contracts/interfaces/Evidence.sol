// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IRewards} from "./IRewards.sol";
import {Proof} from "../libraries/Schnorr.sol";

/// @notice Which chunk of columns something is about, and how its body leads to the body over all chunks; of a narrow
/// round, which has one, 0 and no path.
struct Chunk {
    uint256 index;
    bytes32[] path; // siblings, from the bottom up
}

/// @notice One chunk of a node of the sum tree, opened: of a leaf, `left` is its struct hash and `right` its evidence.
struct Opening {
    bytes32 left;
    bytes32 right;
    uint256 count;
    bytes32[] words; // h_0 … h_{R-1}, g_R … g_{n-1}
    Chunk chunk;
}

/// @notice Where something is in the tree: `path` leads from it to the root, so its length tells the level.
struct Place {
    uint256 index; // among the nodes of its level
    IRewards.Step[] path;
}

/// @notice What a contributor signed, and the signature.
struct SignedLeaf {
    IRewards.Leaf leaf;
    bytes signature; // 65 bytes
    Proof proof; // of possession
}

/// @notice What the enrolment root commits to.
struct Enrolments {
    uint256 number; // M
    bytes32 root; // Merkle root over the M enrolments
}

/// @notice Statement and proof that log_G C = log_A K: the K of a seat and a contributor.
struct SharedKey {
    BLS.G1Point clerkKey; // C_j
    BLS.G1Point contributorKey; // A_u
    BLS.G1Point shared; // K_uj
    Proof proof;
}

/// @notice What a clerk says is wrong with its share.
struct Complaint {
    uint8 seat;
    Place place; // of the leaf
    SignedLeaf signed;
    bytes32[] words; // of the leaf's body, of one chunk
    SharedKey key;
    BLS.G1Point[] points; // P_0 … P_{R-1} for a seat ≥ R, else none
    uint256[] correction; // the seat's, m elements, for a seat ≥ R, else none
    Chunk chunk;
}

/// @notice A leaf that is excluded, as settling a narrow round needs it.
struct ExcludedLeaf {
    BLS.G1Point[] points; // P_0 … P_{R-1}
    bytes32[] corrections; // g_R … g_{n-1}
}
