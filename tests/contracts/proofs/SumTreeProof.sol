// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {SumTree} from "../../../contracts/libraries/SumTree.sol";
import {Proof} from "./Proof.sol";

/// @dev One step of the tree of weights from any state that it can be in: a word holds eight lanes, a lane above is the sum of
/// a word below, the total that of the top word, and it fits into 32 bits. With it the rest follows by induction: over steps,
/// as every sum above a leaf changes by exactly what the leaf does; over levels, as a lane found at one level leaves a point
/// within that lane to the next.
contract SumTreeProof is Proof {
    using SumTree for SumTree.Tree;

    uint256 private constant LEAVES = 64; // of two levels

    SumTree.Tree private tree;
    uint256 private zero; // Halmos does not find the slot again of a key that the compiler knows

    /// @dev The key of the only word of level 1.
    function above() private view returns (uint256) {
        return (1 << 32) + zero;
    }

    function lane(uint256 word, uint256 i) private pure returns (uint256) {
        return (word >> (32 * i)) & type(uint32).max;
    }

    /// @dev The word with another lane.
    function replaced(uint256 word, uint256 i, uint256 value) private pure returns (uint256) {
        return (word & ~(uint256(type(uint32).max) << (32 * i))) | (value << (32 * i));
    }

    /// A leaf takes its weight; its neighbours, and those of the lanes above it, stay; each sum changes by what the leaf does.
    function check_set__changes_one_lane_of_each_level(
        uint8 leaf,
        uint32 weight,
        uint256 word,
        uint256 sums,
        uint32 total
    ) external {
        for (uint32 i = 0; i < LEAVES; ++i) {
            if (leaf == i) set(i, weight, word, sums, total);
        }
    }

    function set(uint32 leaf, uint32 weight, uint256 word, uint256 sums, uint32 total) private {
        uint256 index = zero + (leaf >> 3);
        (tree.leaves, tree.depth, tree.total) = (uint32(LEAVES), 2, total);
        (tree.words[index], tree.words[above()]) = (word, sums);
        uint256 before = lane(word, leaf & 7);
        uint256 sum = lane(sums, index);
        vm.assume(before <= sum && sum <= total);
        assert(tree.fits(leaf, weight) == (uint256(total) - before + weight <= type(uint32).max));
        vm.assume(tree.fits(leaf, weight));

        tree.set(leaf, weight);
        assert(tree.get(leaf) == weight);
        assert(tree.words[index] == replaced(word, leaf & 7, weight));
        assert(tree.words[above()] == replaced(sums, index, sum - before + weight));
        assert(tree.total == total - before + weight);
    }

    /// A full tree grows by a word on top, whose first lane is the total; what there was stays where it was.
    function check_append__keeps_the_sums(uint256 word, uint32 total) external {
        (tree.leaves, tree.depth, tree.total, tree.words[zero]) = (8, 1, total, word);
        uint32 leaf = tree.append();
        assert(leaf == 8 && tree.leaves == 9 && tree.depth == 2);
        assert(
            tree.words[zero] == word && tree.words[zero + 1] == 0 && tree.words[above()] == total && tree.total == total
        );
        assert(tree.get(leaf) == 0);
    }

    /// The lane that is found starts at or before the point and ends after it.
    /// @param starts Where the lanes start, and the total: any eight weights whose sum fits.
    function check_select__finds_the_lane_of_a_point(uint32[9] memory starts, uint256 point) external {
        (tree.leaves, tree.depth, tree.total, tree.words[zero]) = (8, 1, starts[8], wordOf(starts));
        vm.assume(point < starts[8]);
        uint256 found = tree.select(point);
        assert(found < 8);
        assert(starts[found] <= point);
        assert(point < starts[found + 1]);
    }

    function wordOf(uint32[9] memory starts) private pure returns (uint256 word) {
        vm.assume(starts[0] == 0);
        for (uint256 i = 0; i < 8; ++i) {
            vm.assume(starts[i] <= starts[i + 1]);
            // Products, not shifts: the solver then sees one polynomial.
            unchecked {
                word += (uint256(starts[i + 1]) - starts[i]) * (1 << (32 * i));
            }
        }
    }

    /// Of two levels: what is left of the point leads to the leaf within the word of that lane.
    function check_select__goes_down_with_the_rest(uint32 start, uint32 weight, uint32 first, uint256 point) external {
        (tree.leaves, tree.depth) = (uint32(LEAVES), 2);
        vm.assume(uint256(start) + weight <= type(uint32).max && first <= weight);
        tree.total = start + weight;
        // Lanes 0 and 5 of the upper word; leaves 2 and 7 of the word under the latter.
        tree.words[above()] = start + (uint256(weight) << 160);
        tree.words[zero + 5] = (uint256(first) << 64) + (uint256(weight - first) << 224);
        vm.assume(start <= point && point < tree.total);
        assert(tree.select(point) == (point - start < first ? 42 : 47));
    }

    /// No weight that fits and no point of the line makes a step fail.
    function check_steps__never_revert(uint256 word, uint32 weight, uint256 point) external {
        (tree.leaves, tree.depth, tree.total, tree.words[zero]) = (8, 1, uint32(word), word & type(uint32).max);
        tree.positive = 1;
        vm.assume(tree.fits(0, weight));
        assertRuns(abi.encodeCall(this.setFirst, (weight)));
        vm.assume(point < tree.total);
        assertRuns(abi.encodeCall(this.select, (point)));
    }

    function setFirst(uint32 weight) external {
        tree.set(0, weight);
    }

    function select(uint256 point) external view returns (uint32) {
        return tree.select(point);
    }
}
