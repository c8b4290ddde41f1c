// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Weighted selection: an 8-ary tree of sums, eight 32-bit weights to a word.
/// @notice Choosing a leaf with chance weight / total. A list would take a step per leaf; a binary tree a storage word per
/// halving; eight sums to a word make a step per factor of eight, one word each: 100,000 leaves are 6 words.
/// @dev Level 0 holds the leaves, eight to a word; lane i of word w of level l + 1 is the sum of word 8·w + i of level l.
/// The tree grows at the top: a full one becomes lane 0 of a new top word, nothing else moves.
library SumTree {
    struct Tree {
        uint32 leaves; // used so far; leaves are never removed, only set to 0
        uint32 depth; // levels
        uint32 total; // sum of all weights
        uint32 positive; // leaves with a positive weight
        mapping(uint256 key => uint256) words; // key: level << 32 | index
    }

    uint256 private constant LANE_BITS = 32;
    uint256 private constant LANE_MASK = type(uint32).max;
    uint256 private constant LANE_ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;

    error LeafOutOfRange(uint256 leaf, uint256 leaves);
    error SelectionOutOfRange(uint256 point, uint256 total);

    /// @notice Add a leaf of weight 0.
    /// @return leaf Its index.
    function append(Tree storage self) internal returns (uint32 leaf) {
        leaf = self.leaves++;
        uint256 depth = self.depth;
        if (leaf == 0 || leaf == 1 << (3 * depth)) {
            if (leaf != 0) self.words[_key(depth, 0)] = self.total;
            // depth ≤ 11: leaves fit into 32 bits
            // forge-lint: disable-next-line(unsafe-typecast)
            self.depth = uint32(depth + 1);
        }
    }

    /// @notice Whether a leaf can take a weight without the total overflowing 32 bits.
    function fits(Tree storage self, uint32 leaf, uint32 weight) internal view returns (bool) {
        return uint256(self.total) - get(self, leaf) + weight <= LANE_MASK;
    }

    /// @notice Set a leaf's weight. The caller has checked that it {fits}.
    function set(Tree storage self, uint32 leaf, uint32 weight) internal {
        uint32 before = get(self, leaf);
        if (before == weight) return;
        if (before == 0) self.positive += 1;
        if (weight == 0) self.positive -= 1;
        self.total = self.total - before + weight;

        uint256 index = leaf;
        uint256 depth = self.depth;
        for (uint256 level = 0; level < depth; ++level) {
            uint256 shift = (index & 7) * LANE_BITS;
            index >>= 3;
            uint256 key = _key(level, index);
            uint256 word = self.words[key];
            uint256 lane = (word >> shift) & LANE_MASK;
            // A lane is at most the total, which fits into 32 bits: no carry into the next lane.
            self.words[key] = word - (lane << shift) + ((lane + weight - before) << shift);
        }
    }

    /// @notice A leaf's weight.
    function get(Tree storage self, uint32 leaf) internal view returns (uint32) {
        if (leaf >= self.leaves) revert LeafOutOfRange(leaf, self.leaves);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(self.words[_key(0, leaf >> 3)] >> ((leaf & 7) * LANE_BITS));
    }

    /// @notice The leaf at a point of the line on which all weights lie end to end.
    /// @dev Eight lanes are halved three times instead of walked through: a word times {LANE_ONES} has in each lane the sum
    /// of all lanes up to it.
    /// @param point In [0, total).
    function select(Tree storage self, uint256 point) internal view returns (uint32 leaf) {
        // Together, so that the slot is read once.
        (uint256 total, uint256 level) = (self.total, self.depth);
        if (point >= total) revert SelectionOutOfRange(point, total);
        uint256 index = 0;
        while (level != 0) {
            // No sum of lanes exceeds the total, which fits into 32 bits: no carry into the next lane. Only what belongs
            // beyond the eighth lane is cut off.
            unchecked {
                --level;
                uint256 sums = self.words[_key(level, index)] * LANE_ONES;
                uint256 lane = 0;
                if (point >= (sums >> (3 * LANE_BITS)) & LANE_MASK) lane = 4;
                if (point >= (sums >> ((lane + 1) * LANE_BITS)) & LANE_MASK) lane += 2;
                if (point >= (sums >> (lane * LANE_BITS)) & LANE_MASK) lane += 1;
                point -= ((sums << LANE_BITS) >> (lane * LANE_BITS)) & LANE_MASK;
                index = (index << 3) | lane;
            }
        }
        // index < leaves
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(index);
    }

    function _key(uint256 level, uint256 index) private pure returns (uint256) {
        return (level << 32) | index;
    }
}
