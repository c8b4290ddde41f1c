// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Commitment} from "../../contracts/libraries/Commitment.sol";
import {Leaves} from "./Leaves.sol";
import {Test} from "./Test.sol";

contract CommitmentHarness {
    function body(uint256 count, bytes32[] calldata points, uint256 threshold, bytes32[] calldata corrections)
        external
        pure
        returns (bytes32)
    {
        return Commitment.body(count, points, threshold, corrections);
    }

    function leaf(bytes32 roundHash, IRewards.Leaf calldata leaf_) external pure returns (bytes32) {
        return Commitment.leaf(roundHash, leaf_);
    }

    function rootOf(bytes32 leaf_, uint256 index, IRewards.Step[] calldata path) external pure returns (bytes32) {
        return Commitment.rootOf(leaf_, index, path);
    }

    function depth(uint256 n, uint256 count) external pure returns (uint256) {
        return Commitment.depth(n, count);
    }

    function setHash(bytes32 roundHash, IRounds.Set calldata set) external pure returns (bytes32) {
        return Commitment.setHash(roundHash, set);
    }
}

/// @dev The sum tree's hashes equal those that Python computes (tests/vectors/tree.json: a tree of true sums, with noise).
contract CommitmentTest is Test {
    CommitmentHarness private commitment;
    string private json;
    uint256 private n;
    uint256 private threshold;

    function setUp() external {
        commitment = new CommitmentHarness();
        json = vm.readFile("tests/vectors/tree.json");
        n = vm.parseJsonUint(json, ".n");
        threshold = vm.parseJsonUint(json, ".t") + vm.parseJsonUint(json, ".k");
    }

    /// @dev Hashes of the 128-byte pieces of `all`.
    function pointHashes(bytes memory all) private pure returns (bytes32[] memory hashes) {
        return pieces(all, 128);
    }

    function pieces(bytes memory all, uint256 size) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](all.length / size);
        for (uint256 i = 0; i < hashes.length; ++i) {
            bytes memory piece = new bytes(size);
            for (uint256 j = 0; j < size; ++j) {
                piece[j] = all[i * size + j];
            }
            hashes[i] = keccak256(piece);
        }
    }

    function pathOf(bytes memory encoded) private pure returns (IRewards.Step[] memory path) {
        path = new IRewards.Step[](encoded.length / 64);
        for (uint256 i = 0; i < path.length; ++i) {
            (bytes32 sibling, bytes32 body) = (word(encoded, 2 * i), word(encoded, 2 * i + 1));
            path[i] = IRewards.Step(sibling, body);
        }
    }

    function word(bytes memory encoded, uint256 index) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(add(encoded, 32), mul(index, 32)))
        }
    }

    // ------------------------------------------------------------------ Python's vectors

    function test_body__of_every_leaf__equals_pythons() external view {
        bytes[] memory all = vm.parseJsonBytesArray(json, ".points");
        bytes[] memory corrections = vm.parseJsonBytesArray(json, ".corrections");
        uint256[] memory counts = vm.parseJsonUintArray(json, ".counts");
        bytes32[] memory bodies = vm.parseJsonBytes32Array(json, ".bodies");
        uint256 rowBytes = 32 * vm.parseJsonUint(json, ".m");
        assertEq(bodies.length, 7, "vectors");
        for (uint256 i = 0; i < bodies.length; ++i) {
            bytes32[] memory late = pieces(corrections[i], rowBytes);
            assertEq(late.length, n - threshold, "corrections");
            bytes32 computed = commitment.body(counts[i], pointHashes(all[i]), threshold, late);
            assertEq(computed, bodies[i], "body");
        }
    }

    function test_rootOf__every_leaf_s_path__leads_to_pythons_root() external view {
        bytes32[] memory leaves = vm.parseJsonBytes32Array(json, ".leaves");
        uint256[] memory indices = vm.parseJsonUintArray(json, ".indices");
        bytes[] memory paths = vm.parseJsonBytesArray(json, ".paths");
        bytes32 root = vm.parseJsonBytes32(json, ".root");
        for (uint256 i = 0; i < leaves.length; ++i) {
            assertEq(commitment.rootOf(leaves[i], indices[i], pathOf(paths[i])), root, "root");
            bytes32 aliased = commitment.rootOf(leaves[i], indices[i] ^ 1, pathOf(paths[i]));
            assertTrue(aliased != root, "not from its neighbour's place");
        }
        assertEq(vm.parseJsonUint(json, ".depth"), commitment.depth(n, vm.parseJsonUint(json, ".count")), "depth");
    }

    /// The root's preimage as a snapshot brings it: children, count, points of all seats, corrections.
    function test_body__of_the_root__equals_pythons() external view {
        bytes[] memory rootPoints = vm.parseJsonBytesArray(json, ".rootPoints");
        assertEq(rootPoints.length, n, "of all seats");
        bytes32[] memory hashes = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            hashes[i] = keccak256(rootPoints[i]);
        }
        bytes32[] memory late = vm.parseJsonBytes32Array(json, ".rootCorrections");
        bytes32 body = commitment.body(vm.parseJsonUint(json, ".count"), hashes, threshold, late);
        assertEq(body, vm.parseJsonBytes32(json, ".rootBody"), "body");
        (bytes32 left, bytes32 right) = (vm.parseJsonBytes32(json, ".left"), vm.parseJsonBytes32(json, ".right"));
        assertEq(Commitment.node(left, right, body), vm.parseJsonBytes32(json, ".root"), "root");
    }

    function test_leaf__node_of_struct_hash__evidence_and_body() external view {
        bytes32[] memory structs = vm.parseJsonBytes32Array(json, ".structHashes");
        bytes32[] memory bodies = vm.parseJsonBytes32Array(json, ".bodies");
        bytes32[] memory leaves = vm.parseJsonBytes32Array(json, ".leaves");
        bytes[] memory signatures = vm.parseJsonBytesArray(json, ".signatures");
        bytes[] memory possessions = vm.parseJsonBytesArray(json, ".possessions");
        for (uint256 i = 0; i < leaves.length; ++i) {
            bytes32 evidence = keccak256(bytes.concat(signatures[i], possessions[i]));
            assertEq(Commitment.node(structs[i], evidence, bodies[i]), leaves[i], "leaf");
        }
    }

    // ------------------------------------------------------------------ properties

    function testFuzz_leaf__equals_a_second_implementation(bytes32 roundHash, IRewards.Leaf memory leaf_)
        external
        view
    {
        assertEq(commitment.leaf(roundHash, leaf_), Leaves.hash(roundHash, leaf_), "leaf");
    }

    /// Whatever a contributor signs is in its leaf's hash.
    function test_leaf__every_member_counts() external view {
        bytes32 original = commitment.leaf("round", Leaves.leafOf(0));
        assertTrue(commitment.leaf("other", Leaves.leafOf(0)) != original, "round hash");
        for (uint256 i = 0; i < 9; ++i) {
            IRewards.Leaf memory leaf_ = Leaves.leafOf(0);
            if (i == 0) leaf_.account = address(1);
            else if (i == 1) leaf_.position ^= 1;
            else if (i == 2) leaf_.kind ^= 1;
            else if (i == 3) leaf_.key = 0;
            else if (i == 4) leaf_.payout = address(1);
            else if (i == 5) leaf_.nonce ^= 1;
            else if (i == 6) leaf_.body = 0;
            else if (i == 7) leaf_.padded = 0;
            else leaf_.evidence = 0;
            assertTrue(commitment.leaf("round", leaf_) != original, vm.toString(i));
        }
    }

    function testFuzz_rootOf__of_a_whole_tree(uint8 n_, uint16 count, uint256 index, bytes32 roundHash) external view {
        uint256 seats = bound(n_, 2, 64);
        uint256 contributors = bound(count, 2, 200);
        Leaves.Tree memory tree = Leaves.build(roundHash, seats, contributors);
        assertEq(commitment.depth(seats, contributors), tree.depth, "depth");
        (bytes32 left, bytes32 right) = Leaves.children(tree);
        index = bound(index, 0, tree.levels[0].length - 1);
        bytes32 root = keccak256(bytes.concat(left, right, bytes32("body")));
        IRewards.Step[] memory path = Leaves.pathOf(tree, index, "body");
        assertEq(commitment.rootOf(tree.levels[0][index], index, path), root, "root");
    }

    function test_depth__around_powers_of_two() external view {
        assertEq(commitment.depth(1, 0), 1, "never 0");
        for (uint256 level = 1; level <= 24; ++level) {
            assertEq(commitment.depth(1, 2 ** level - 1), level, "full");
            assertEq(commitment.depth(2, 2 ** level - 1), level + 1, "one more");
        }
    }

    function testFuzz_setHash__equals_a_second_implementation(bytes32 roundHash, IRounds.Set memory set) external view {
        bytes memory preimage = abi.encode(
            roundHash, uint256(set.count), uint256(set.noise), set.rosterRoot, set.enrolmentRoot, set.exclusions
        );
        for (uint256 i = 0; i < set.points.length; ++i) {
            preimage = bytes.concat(preimage, set.points[i]);
        }
        assertEq(commitment.setHash(roundHash, set), keccak256(preimage), "set hash");
    }

    function testFuzz_body__equals_a_second_implementation(uint32 count, bytes32[12] memory hashes, uint8 threshold_)
        external
        view
    {
        uint256 early = bound(threshold_, 1, 8);
        bytes32[] memory all = new bytes32[](8);
        bytes32[] memory late = new bytes32[](8 - early);
        bytes memory preimage = abi.encode(uint256(count));
        for (uint256 i = 0; i < 8; ++i) {
            all[i] = hashes[i];
            if (i >= early) late[i - early] = hashes[4 + i];
            preimage = bytes.concat(preimage, i < early ? all[i] : late[i - early]);
        }
        assertEq(commitment.body(count, all, early, late), keccak256(preimage), "body");
    }
}
