// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Rewards} from "../../../contracts/Rewards.sol";
import {CaseBase} from "../../../contracts/disputes/CaseBase.sol";
import {IClerkRegistry} from "../../../contracts/interfaces/IClerkRegistry.sol";
import {IRewards} from "../../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../../contracts/interfaces/IRounds.sol";
import {Place} from "../../../contracts/interfaces/Evidence.sol";
import {Commitment} from "../../../contracts/libraries/Commitment.sol";
import {Roster} from "../../../contracts/libraries/Roster.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Proof} from "./Proof.sol";

/// @dev Places in trees: every leaf has one, and nothing has two. (Halmos takes a hash to be without collisions. Paths are of
/// up to three steps, and indices of a level more: longer ones repeat the same step. {Commitment-rootOf} writes where the
/// index says, which Halmos follows for known indices only: it is given each of them.)
contract TreeProof is Proof, CaseBase {
    uint256 private constant LONGEST = 3;

    constructor() CaseBase(IRounds(address(0)), IClerkRegistry(address(0))) {}

    /// @dev Committees are at most 64, contributors at most 2^24.
    function assumeCounts(uint8 n, uint32 count) private pure {
        vm.assume(n >= 1 && n <= 64 && count <= 1 << 24);
    }

    /// The tree is deep enough for all, and no deeper; its indices fit where exclusions store them.
    function check_depth__is_the_least_that_holds_all(uint8 n, uint32 count) external pure {
        assumeCounts(n, count);
        uint256 leaves = uint256(n) + count;
        uint256 depth = Commitment.depth(n, count);
        assert(leaves <= 1 << depth);
        assert(depth == 1 || leaves > 1 << (depth - 1));
        assert(depth >= 1 && depth <= 25);
    }

    // ------------------------------------------------------------------ no aliases

    /// What is accepted as a leaf stands at an index below 2^depth, at the end of a path of that length.
    function check_requireLeaf__index_and_path_are_of_the_tree(
        IRounds.Case memory c,
        bytes32 leaf,
        uint8 index,
        IRewards.Step[] calldata path
    ) external view {
        assumeCounts(c.n, c.count);
        for (uint256 i = 0; i < 2 ** (LONGEST + 1); ++i) {
            if (index == i) assertOfTheTree(c, leaf, i, path);
        }
    }

    function assertOfTheTree(IRounds.Case memory c, bytes32 leaf, uint256 index, IRewards.Step[] calldata path)
        private
        view
    {
        this.requireLeaf(c, leaf, Place(index, path));
        assert(path.length == _depth(c));
        assert(index < 1 << path.length);
    }

    function requireLeaf(IRounds.Case memory c, bytes32 leaf, Place calldata place) external pure {
        _requireLeaf(c, leaf, place);
    }

    /// Under one root an index has one leaf, by one path.
    function check_rootOf__one_leaf_for_an_index(
        bytes32 first,
        bytes32 second,
        uint8 index,
        IRewards.Step[] calldata firstPath,
        IRewards.Step[] calldata secondPath
    ) external pure {
        vm.assume(firstPath.length == secondPath.length);
        for (uint256 i = 0; i < 2 ** LONGEST; ++i) {
            if (index == i) assertSame(first, second, i, firstPath, secondPath);
        }
    }

    function assertSame(
        bytes32 first,
        bytes32 second,
        uint256 index,
        IRewards.Step[] calldata firstPath,
        IRewards.Step[] calldata secondPath
    ) private pure {
        vm.assume(Commitment.rootOf(first, index, firstPath) == Commitment.rootOf(second, index, secondPath));
        assert(first == second);
        for (uint256 level = 0; level < firstPath.length; ++level) {
            assert(firstPath[level].sibling == secondPath[level].sibling);
            assert(firstPath[level].body == secondPath[level].body);
        }
    }

    /// A leaf with its path stands at one index: at two only if it, or a node above it, equals its own sibling.
    function check_rootOf__one_index_for_a_path(bytes32 leaf, uint8 first, uint8 second, IRewards.Step[] calldata path)
        external
        pure
    {
        vm.assume(first < second && second < 1 << path.length);
        for (uint256 i = 0; i < 2 ** LONGEST; ++i) {
            for (uint256 j = i + 1; j < 2 ** LONGEST; ++j) {
                if (first == i && second == j) assertSibling(leaf, i, j, path);
            }
        }
    }

    function assertSibling(bytes32 leaf, uint256 first, uint256 second, IRewards.Step[] calldata path) private pure {
        vm.assume(Commitment.rootOf(leaf, first, path) == Commitment.rootOf(leaf, second, path));
        bool twin = false;
        for (uint256 level = 0; level < path.length; ++level) {
            twin = twin || leaf == path[level].sibling;
            leaf = Commitment.rootOf(leaf, first >> level, path[level:level + 1]);
        }
        assert(twin);
    }

    // ------------------------------------------------------------------ the roster

    /// A word of the roster or an enrolment stands at one index below their number, and an index has one.
    function check_requirePath__one_word_for_an_index(
        bytes32 first,
        bytes32 second,
        uint256 index,
        bytes32[] calldata firstPath,
        bytes32[] calldata secondPath,
        uint256 words,
        bytes32 root
    ) external pure {
        vm.assume(firstPath.length <= LONGEST && secondPath.length <= LONGEST && words <= 1 << LONGEST);
        Roster.requirePath(first, index, firstPath, words, root);
        Roster.requirePath(second, index, secondPath, words, root);
        assert(first == second);
        assert(index < words);
    }

    // ------------------------------------------------------------------ the bitmap of claims

    /// Marking one index marks no other, and marks it once.
    function check_exclude__marks_one_index(uint256 roundId, uint256 index, uint256 other) external {
        Rewards rewards = new Rewards(IERC20(address(0)));
        rewards.exclude(roundId, index);
        assert(rewards.isClaimed(roundId, other) == (other == index));
        assert(!rewards.isClaimed(roundId ^ 1, index));
        (bool again,) = address(rewards).call(abi.encodeCall(Rewards.exclude, (roundId, index)));
        assert(!again);
    }
}
