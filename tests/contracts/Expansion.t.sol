// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Expansion} from "../../contracts/libraries/Expansion.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Test} from "./Test.sol";

contract ExpansionTest is Test {
    struct Vectors {
        uint256 m;
        bytes[] tags;
        uint256[] seats;
        bytes32[] roundHashes;
        bytes[] keys;
        bytes[] nonces;
        bytes[] shared;
        bytes32[] seeds;
        bytes[] rows;
    }

    function load() private view returns (Vectors memory v) {
        string memory json = vm.readFile("tests/vectors/rows.json");
        v.m = vm.parseJsonUint(json, ".m");
        v.tags = vm.parseJsonBytesArray(json, ".tags");
        v.seats = vm.parseJsonUintArray(json, ".seats");
        v.roundHashes = vm.parseJsonBytes32Array(json, ".roundHashes");
        v.keys = vm.parseJsonBytesArray(json, ".keys");
        v.nonces = vm.parseJsonBytesArray(json, ".nonces");
        v.shared = vm.parseJsonBytesArray(json, ".shared");
        v.seeds = vm.parseJsonBytes32Array(json, ".seeds");
        v.rows = vm.parseJsonBytesArray(json, ".rows");
    }

    function test_seed_and_row__agree_with_python_on_every_vector() external view {
        Vectors memory v = load();
        assertTrue(v.seeds.length >= 5, "vectors");
        for (uint256 i = 0; i < v.seeds.length; ++i) {
            bytes32 seed = Expansion.seed(
                bytes31(v.tags[i]),
                v.roundHashes[i],
                uint8(v.seats[i]),
                v.keys[i],
                uint32(bytes4(v.nonces[i])),
                v.shared[i]
            );
            assertEq(seed, v.seeds[i], "seed");
            bytes memory row;
            for (uint32 e = 0; e < v.m; ++e) {
                row = bytes.concat(row, bytes32(Expansion.element(seed, e)));
            }
            assertEq(keccak256(row), keccak256(v.rows[i]), "row");
        }
    }

    /// @dev Long division of the 512-bit integer, bit by bit, shares nothing with the library.
    function testFuzz_element__is_the_512_bit_integer_mod_q(bytes32 seed, uint32 index) external view {
        uint256[2] memory halves = [
            uint256(sha256(abi.encodePacked(seed, index, uint8(0)))),
            uint256(sha256(abi.encodePacked(seed, index, uint8(1))))
        ];
        uint256 remainder;
        for (uint256 half = 0; half < 2; ++half) {
            for (uint256 bit = 256; bit != 0; --bit) {
                remainder = 2 * remainder + ((halves[half] >> (bit - 1)) & 1);
                if (remainder >= G1.Q) remainder -= G1.Q;
            }
        }
        assertEq(Expansion.element(seed, index), remainder, "element");
    }
}
