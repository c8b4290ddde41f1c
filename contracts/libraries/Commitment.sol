// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Chunks} from "./Chunks.sol";
import {G1} from "./G1.sol";

/// @title The hashes of the sum tree and of the closed set (docs/FORMATS.md).
library Commitment {
    /// @dev EIP-712 type of what a contributor signs.
    bytes32 internal constant CONTRIBUTION_TYPEHASH = keccak256(
        "Contribution(bytes32 roundHash,address account,uint32 position,uint8 kind,bytes32 key,address payout,uint32 nonce,bytes32 body,bytes32 padded)"
    );

    /// @notice keccak(count ‖ h_0 … h_{R-1} ‖ g_R … g_{n-1}).
    /// @param points Point hashes of all seats; those below `threshold` enter.
    /// @param corrections Hashes of the correction rows of the other seats.
    function body(uint256 count, bytes32[] memory points, uint256 threshold, bytes32[] calldata corrections)
        internal
        pure
        returns (bytes32 digest)
    {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let head := mul(threshold, 32)
            let tail := mul(corrections.length, 32)
            mstore(free, count)
            mcopy(add(free, 32), add(points, 32), head)
            calldatacopy(add(add(free, 32), head), corrections.offset, tail)
            digest := keccak256(free, add(32, add(head, tail)))
        }
    }

    /// @notice The same over words as they are.
    function bodyOf(uint256 count, bytes32[] calldata words) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := mul(words.length, 32)
            mstore(free, count)
            calldatacopy(add(free, 32), words.offset, size)
            digest := keccak256(free, add(32, size))
        }
    }

    /// @notice keccak(left ‖ right ‖ body), also of a leaf: (struct hash ‖ evidence ‖ body).
    function node(bytes32 left, bytes32 right, bytes32 body_) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, right, body_));
    }

    /// @notice The hash of a leaf over the body that was signed.
    function leaf(bytes32 roundHash, IRewards.Leaf calldata leaf_) internal pure returns (bytes32) {
        return leafOver(roundHash, leaf_, leaf_.body);
    }

    /// @notice The hash of a leaf over any body.
    function leafOver(bytes32 roundHash, IRewards.Leaf calldata leaf_, bytes32 body_) internal pure returns (bytes32) {
        return node(structHash(roundHash, leaf_), leaf_.evidence, body_);
    }

    /// @notice What a contributor signs, EIP-712.
    function structHash(bytes32 roundHash, IRewards.Leaf calldata leaf_) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CONTRIBUTION_TYPEHASH,
                roundHash,
                leaf_.account,
                leaf_.position,
                leaf_.kind,
                leaf_.key,
                leaf_.payout,
                leaf_.nonce,
                leaf_.body,
                leaf_.padded
            )
        );
    }

    /// @notice The leaf that fills the tree up: no struct, no evidence, count 0, identity points and zero rows.
    function emptyLeaf(uint256 n, uint256 threshold, uint256 m, uint256 chunks) internal pure returns (bytes32) {
        bytes32 identity = G1.identityHash();
        bytes32 zeros = keccak256(new bytes(32 * m));
        bytes32[] memory words = new bytes32[](n);
        for (uint256 seat = 0; seat < n; ++seat) {
            words[seat] = seat < threshold ? identity : zeros;
        }
        return node(0, 0, Chunks.repeated(keccak256(abi.encodePacked(uint256(0), words)), chunks));
    }

    /// @notice The root that a path leads to. The caller has checked the path's length and that index < 2^length.
    function rootOf(bytes32 leaf_, uint256 index, IRewards.Step[] calldata path) internal pure returns (bytes32 hash) {
        hash = leaf_;
        assembly ("memory-safe") {
            // (left ‖ right ‖ body) in free memory; a step is (sibling ‖ body) in calldata.
            let free := mload(0x40)
            let end := add(path.offset, mul(path.length, 64))
            for { let step := path.offset } lt(step, end) { step := add(step, 64) } {
                let side := shl(5, and(index, 1)) // 0: the node is the left child, 32: the right one
                mstore(add(free, side), hash)
                mstore(add(free, xor(side, 32)), calldataload(step))
                mstore(add(free, 64), calldataload(add(step, 32)))
                hash := keccak256(free, 96)
                index := shr(1, index)
            }
        }
    }

    /// @notice Levels of a tree with n ≥ 1 noise positions and `count` data leaves: max(1, ceil(log2(n + count))).
    function depth(uint256 n, uint256 count) internal pure returns (uint256 levels) {
        return Math.log2(n + count - 1) + 1;
    }

    /// @notice What a row answers: round, count, noise, roster, enrolments, exclusions and the points of all seats.
    function setHash(bytes32 roundHash, IRounds.Set memory set) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                roundHash,
                uint256(set.count),
                uint256(set.noise),
                set.rosterRoot,
                set.enrolmentRoot,
                set.exclusions,
                set.points
            )
        );
    }
}
