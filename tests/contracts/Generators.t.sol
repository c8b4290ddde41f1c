// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Generators} from "../../contracts/libraries/Generators.sol";
import {Prover} from "./Prover.sol";
import {Test} from "./Test.sol";

/// @dev The generators as Python computed them, as code.
abstract contract GeneratorsFixture is Test {
    address internal constant DATA = address(uint160(uint256(keccak256("generators"))));

    function points() internal view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(vm.readFile("tests/vectors/generators.json"), ".points");
    }

    function dataCode() internal view returns (bytes memory code) {
        bytes[] memory all = points();
        code = hex"00";
        for (uint256 i = 0; i < all.length; ++i) {
            code = bytes.concat(code, all[i]);
        }
    }

    function putGenerators() internal returns (address) {
        vm.etch(DATA, dataCode());
        return DATA;
    }
}

contract GeneratorsTest is GeneratorsFixture {
    function test_standAt__the_shared_vector() external {
        assertTrue(Generators.standAt(putGenerators()), "the generators");
        string memory json = vm.readFile("tests/vectors/generators.json");
        assertEq(Generators.CODE_HASH, vm.parseJsonBytes32(json, ".codeHash"), "code hash");
    }

    function test_standAt__anything_else__is_refused() external {
        assertTrue(!Generators.standAt(DATA), "no account");
        assertTrue(!Generators.standAt(vm.addr(1)), "no code");
        bytes memory code = dataCode();
        code[4000] ^= 0x01;
        vm.etch(DATA, code);
        assertTrue(!Generators.standAt(DATA), "a changed bit");
        code[4000] ^= 0x01;
        vm.etch(DATA, bytes.concat(code, hex"00"));
        assertTrue(!Generators.standAt(DATA), "a byte more");
    }

    function test_data_contract__cannot_be_run() external {
        (bool success, bytes memory output) = putGenerators().call(hex"01");
        assertTrue(success && output.length == 0, "it stops at once");
    }

    function test_points__are_64_different_ones_of_the_group() external view {
        bytes[] memory all = points();
        assertEq(all.length, 64, "count");
        for (uint256 i = 0; i < all.length; ++i) {
            assertTrue(this.inSubgroup(abi.decode(all[i], (BLS.G1Point))), "in the subgroup");
            assertTrue(keccak256(all[i]) != Prover.hash(Prover.generator()), "not G");
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(keccak256(all[i]) != keccak256(all[j]), "different");
            }
        }
    }

    function inSubgroup(BLS.G1Point calldata point) external view returns (bool) {
        return G1.inSubgroup(point) && !G1.isIdentity(point);
    }
}
