// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {SumTree} from "../../contracts/libraries/SumTree.sol";
import {Test} from "./Test.sol";

contract SumTreeTest is Test {
    using SumTree for SumTree.Tree;

    SumTree.Tree private tree;
    uint32[] private mirror;

    function set(uint32 leaf, uint32 weight) private {
        if (tree.fits(leaf, weight)) {
            tree.set(leaf, weight);
            mirror[leaf] = weight;
        }
    }

    function testFuzz_select__agrees_with_a_linear_scan(uint32[40] memory weights, uint256 point) external {
        for (uint256 i = 0; i < weights.length; ++i) {
            mirror.push(0);
            set(tree.append(), weights[i] >> (i % 31));
        }
        // Change some of them again, also to nothing.
        for (uint256 i = 0; i < weights.length; i += 3) {
            set(uint32(i), weights[(i + 7) % 40] % 3);
        }
        check();
        if (tree.total != 0) {
            point = bound(point, 0, uint256(tree.total) - 1);
            assertEq(tree.select(point), scan(point), "select");
        }
    }

    function check() private view {
        uint256 total;
        uint256 positive;
        for (uint256 i = 0; i < mirror.length; ++i) {
            assertEq(tree.get(uint32(i)), mirror[i], "leaf");
            total += mirror[i];
            if (mirror[i] != 0) ++positive;
        }
        assertEq(tree.total, total, "total");
        assertEq(tree.positive, positive, "positive");
    }

    function scan(uint256 point) private view returns (uint256 i) {
        while (point >= mirror[i]) {
            point -= mirror[i++];
        }
    }

    function test_growth__keeps_every_weight() external {
        for (uint256 i = 0; i < 600; ++i) {
            mirror.push(0);
            set(tree.append(), uint32(i % 5));
            if (i == 8 || i == 9 || i == 64 || i == 65 || i == 512 || i == 513) check();
        }
        assertEq(tree.depth, 4, "8^3 = 512 < 600");
        for (uint256 point = 0; point < tree.total; point += 17) {
            assertEq(tree.select(point), scan(point), "select");
        }
    }

    function test_fits__refuses_a_total_beyond_32_bits() external {
        uint32 first = tree.append();
        uint32 second = tree.append();
        tree.set(first, type(uint32).max);
        assertTrue(!tree.fits(second, 1), "overflow");
        assertTrue(tree.fits(second, 0), "nothing more");
        assertTrue(tree.fits(first, 1), "less");
    }

    function test_select__beyond_the_total__reverts() external {
        tree.set(tree.append(), 5);
        vm.expectRevert(abi.encodeWithSelector(SumTree.SelectionOutOfRange.selector, 5, 5));
        this.select(5);
    }

    function test_get__beyond_the_leaves__reverts() external {
        vm.expectRevert(abi.encodeWithSelector(SumTree.LeafOutOfRange.selector, 0, 0));
        this.get(0);
    }

    function select(uint256 point) external view returns (uint32) {
        return tree.select(point);
    }

    function get(uint32 leaf) external view returns (uint32) {
        return tree.get(leaf);
    }
}
