// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Chunk} from "../../contracts/interfaces/Evidence.sol";
import {Chunks} from "../../contracts/libraries/Chunks.sol";
import {Merkle} from "./Merkle.sol";
import {Test} from "./Test.sol";

/// @dev Paths against whole trees, sizes against counting one by one.
contract ChunksTest is Test {
    function rootOf(bytes32 word, Chunk calldata chunk, uint256 chunks) external pure returns (bytes32) {
        return Chunks.rootOf(word, chunk, chunks);
    }

    function count(uint256 columns, uint256 m) external pure returns (uint256) {
        return Chunks.count(columns, m);
    }

    function wordsOf(bytes32 seed, uint256 chunks) private pure returns (bytes32[] memory words) {
        words = new bytes32[](chunks);
        for (uint256 i = 0; i < chunks; ++i) {
            words[i] = keccak256(abi.encode(seed, i));
        }
    }

    // ------------------------------------------------------------------ sizes

    /// A slot that begins a new element, an element that begins a new column, a column that begins a new chunk.
    function testFuzz_columns_and_count__are_those_of_filling_slot_by_slot(
        uint256 length,
        uint256 slotBits,
        uint256 k,
        uint256 m
    ) external pure {
        (length, slotBits) = (bound(length, 1, 3_000), bound(slotBits, 1, 254));
        (k, m) = (bound(k, 1, 64), bound(m, 2, 64));
        (uint256 elements, uint256 columns, uint256 chunks, uint256 used) = (0, 0, 0, 254);
        for (uint256 slot = 0; slot < length; ++slot) {
            used += slotBits;
            if (used <= 254) continue;
            used = slotBits;
            if (elements++ % k != 0) continue;
            if (columns++ % (m - 1) == 0) ++chunks;
        }
        assertEq(Chunks.columns(length, slotBits, k), columns, "columns");
        assertEq(Chunks.count(columns, m), chunks, "chunks");
    }

    function test_count__at_its_edges() external {
        assertEq(Chunks.columns(1, 254, 64), 1, "one slot");
        assertEq(Chunks.columns(type(uint32).max, 254, 1), type(uint32).max, "a column each");
        assertEq(Chunks.count(63, 64), 1, "narrow");
        assertEq(Chunks.count(64, 64), 2, "one column too many");
        assertEq(Chunks.count(126, 64), 2, "full");
        // A row of one element would be blinding alone.
        vm.expectRevert();
        this.count(10, 1);
    }

    // ------------------------------------------------------------------ roots

    function testFuzz_rootOf__is_the_whole_trees(bytes32 seed, uint256 chunks) external view {
        chunks = bound(chunks, 1, 70);
        bytes32[] memory words = wordsOf(seed, chunks);
        bytes32 root = Merkle.root(words);
        for (uint256 i = 0; i < chunks; ++i) {
            assertEq(this.rootOf(words[i], Merkle.chunk(words, i), chunks), root, "root");
        }
    }

    function test_rootOf__one_chunk__is_its_word() external view {
        assertEq(this.rootOf("word", Chunk(0, new bytes32[](0)), 1), "word", "root");
    }

    function test_rootOf__the_largest_tree() external view {
        bytes32[] memory words = wordsOf("largest", type(uint16).max);
        Chunk memory last = Merkle.chunk(words, type(uint16).max - 1);
        assertEq(last.path.length, 16, "levels");
        assertEq(last.path[0], 0, "fill");
        assertEq(this.rootOf(words[words.length - 1], last, words.length), Merkle.root(words), "root");
    }

    /// A word, a path or a place that are another's give another root.
    function testFuzz_rootOf__anything_else_is_another_root(bytes32 seed, uint256 chunks, uint256 index, uint256 other)
        external
        view
    {
        chunks = bound(chunks, 2, 40);
        (index, other) = (bound(index, 0, chunks - 1), bound(other, 0, chunks - 1));
        bytes32[] memory words = wordsOf(seed, chunks);
        bytes32 root = Merkle.root(words);
        Chunk memory chunk = Merkle.chunk(words, index);
        if (other != index) {
            assertTrue(this.rootOf(words[other], chunk, chunks) != root, "another word");
            chunk.index = other;
            assertTrue(this.rootOf(words[index], chunk, chunks) != root, "another place");
            chunk.index = index;
        }
        uint256 level = other % chunk.path.length;
        chunk.path[level] = keccak256(bytes.concat(chunk.path[level]));
        assertTrue(this.rootOf(words[index], chunk, chunks) != root, "another path");
    }

    /// What fills the tree up is no chunk: nobody opens the zero word as one.
    function testFuzz_rootOf__index_beyond_the_chunks__reverts(uint256 chunks, uint256 index) external {
        chunks = bound(chunks, 1, 70);
        index = bound(index, chunks, type(uint256).max);
        bytes32[] memory words = wordsOf("beyond", chunks);
        Chunk memory chunk = Merkle.chunk(words, chunks - 1);
        chunk.index = index;
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunk.selector, index, chunks));
        this.rootOf(0, chunk, chunks);
    }

    /// Neither an inner node as a word, nor a word as an inner node.
    function testFuzz_rootOf__another_depth__reverts(uint256 chunks, uint256 length) external {
        chunks = bound(chunks, 1, 70);
        bytes32[] memory words = wordsOf("depth", chunks);
        uint256 depth = Merkle.build(words).length - 1;
        length = bound(length, 0, 9);
        if (length == depth) return;
        vm.expectRevert(abi.encodeWithSelector(Chunks.WrongChunkDepth.selector, length, depth));
        this.rootOf(words[0], Chunk(0, new bytes32[](length)), chunks);
    }

    // ------------------------------------------------------------------ the same word everywhere

    function test_repeated__is_the_whole_trees() external pure {
        for (uint256 chunks = 1; chunks <= 70; ++chunks) {
            checkRepeated(keccak256(abi.encode(chunks)), chunks);
        }
    }

    function testFuzz_repeated__is_the_whole_trees(bytes32 word, uint256 chunks) external pure {
        checkRepeated(word, bound(chunks, 1, 1_000));
    }

    function test_repeated__the_largest_tree() external pure {
        checkRepeated("largest", type(uint16).max);
        checkRepeated("power of two", 1 << 15);
        checkRepeated("one more", (1 << 15) + 1);
    }

    function checkRepeated(bytes32 word, uint256 chunks) private pure {
        bytes32[] memory words = new bytes32[](chunks);
        for (uint256 i = 0; i < chunks; ++i) {
            words[i] = word;
        }
        assertEq(Chunks.repeated(word, chunks), Merkle.root(words), "root");
    }
}
