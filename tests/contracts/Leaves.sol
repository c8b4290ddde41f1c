// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRewards} from "../../contracts/interfaces/IRewards.sol";

/// @dev A sum tree as the contract sees it: leaves of contributors who are all different, bodies of inner nodes opaque.
/// (Trees whose bodies are true sums come from Python: tests/vectors/tree.json and the whole rounds on Anvil.)
library Leaves {
    bytes32 private constant CONTRIBUTION = keccak256(
        "Contribution(bytes32 roundHash,address account,uint32 position,uint8 kind,bytes32 key,address payout,uint32 nonce,bytes32 body,bytes32 padded)"
    );

    struct Tree {
        uint256 depth;
        bytes32[][] levels; // levels[0]: leaves; levels[depth] is not there, the root belongs to the snapshot
    }

    /// @dev The leaf of contributor i, i from 0.
    function leafOf(uint256 i) internal pure returns (IRewards.Leaf memory) {
        return IRewards.Leaf({
            account: address(uint160(uint256(keccak256(abi.encode("account", i))))),
            position: uint32(2 * i + 1),
            kind: 0,
            key: keccak256(abi.encode("key", i)),
            payout: payoutOf(i),
            nonce: uint32(uint256(keccak256(abi.encode("nonce", i)))),
            body: keccak256(abi.encode("body", i)),
            padded: keccak256(abi.encode("padded", i)),
            evidence: keccak256(abi.encode("evidence", i))
        });
    }

    function payoutOf(uint256 i) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("payout", i)))));
    }

    function hash(bytes32 roundHash, IRewards.Leaf memory leaf) internal pure returns (bytes32) {
        return keccak256(bytes.concat(structHash(roundHash, leaf), leaf.evidence, leaf.body));
    }

    function structHash(bytes32 roundHash, IRewards.Leaf memory leaf) internal pure returns (bytes32) {
        bytes memory words = abi.encode(leaf); // account … padded, evidence; all static
        bytes memory members = new bytes(words.length - 32);
        for (uint256 i = 0; i < members.length; ++i) {
            members[i] = words[i];
        }
        return keccak256(bytes.concat(CONTRIBUTION, roundHash, members));
    }

    /// @dev Of the inner node `index` at `level` (1: above the leaves).
    function bodyOf(uint256 level, uint256 index) internal pure returns (bytes32) {
        return keccak256(abi.encode("inner body", level, index));
    }

    /// @param n Noise positions, all empty.
    /// @param count Data leaves.
    function build(bytes32 roundHash, uint256 n, uint256 count) internal pure returns (Tree memory tree) {
        tree.depth = 1;
        while (2 ** tree.depth < n + count) ++tree.depth;
        tree.levels = new bytes32[][](tree.depth);
        tree.levels[0] = new bytes32[](2 ** tree.depth);
        for (uint256 i = 0; i < tree.levels[0].length; ++i) {
            bool data = i >= n && i < n + count;
            tree.levels[0][i] = data ? hash(roundHash, leafOf(i - n)) : keccak256("empty leaf");
        }
        raise(tree, 1);
    }

    /// @dev Hash every level from `lowest` on anew: what is below was changed.
    function raise(Tree memory tree, uint256 lowest) internal pure {
        for (uint256 level = lowest; level < tree.depth; ++level) {
            bytes32[] memory below = tree.levels[level - 1];
            bytes32[] memory nodes = new bytes32[](below.length / 2);
            for (uint256 i = 0; i < nodes.length; ++i) {
                nodes[i] = keccak256(bytes.concat(below[2 * i], below[2 * i + 1], bodyOf(level, i)));
            }
            tree.levels[level] = nodes;
        }
    }

    function children(Tree memory tree) internal pure returns (bytes32 left, bytes32 right) {
        bytes32[] memory top = tree.levels[tree.depth - 1];
        return (top[0], top[1]);
    }

    function pathOf(Tree memory tree, uint256 index, bytes32 rootBody)
        internal
        pure
        returns (IRewards.Step[] memory path)
    {
        path = new IRewards.Step[](tree.depth);
        for (uint256 level = 0; level < tree.depth; ++level) {
            uint256 node = index >> level;
            path[level].sibling = tree.levels[level][node ^ 1];
            path[level].body = level + 1 == tree.depth ? rootBody : bodyOf(level + 1, node >> 1);
        }
    }
}
