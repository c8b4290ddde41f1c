// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RandaoBeacon} from "../../contracts/RandaoBeacon.sol";
import {IRandomness} from "../../contracts/interfaces/IRandomness.sol";
import {Test} from "./Test.sol";

/// @dev On headers of a real Anvil chain. `tests/chain/test_header.py` does the same on the chain itself.
contract RandaoBeaconTest is Test {
    /// @dev EIP-2935: the contract with the hashes of the last 8,191 blocks, its code from the EIP.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    bytes private constant HISTORY_CODE = hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143"
        hex"038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

    RandaoBeacon private beacon;
    uint256[] private numbers;
    bytes[] private headers;
    bytes32[] private hashes;
    bytes32[] private values;

    function setUp() external {
        beacon = new RandaoBeacon();
        string memory json = vm.readFile("tests/vectors/headers.json");
        numbers = vm.parseJsonUintArray(json, ".numbers");
        headers = vm.parseJsonBytesArray(json, ".headers");
        hashes = vm.parseJsonBytes32Array(json, ".hashes");
        values = vm.parseJsonBytes32Array(json, ".values");
        vm.etch(HISTORY, HISTORY_CODE);
        for (uint256 i = 0; i < numbers.length; ++i) {
            vm.store(HISTORY, bytes32(numbers[i] % 8191), hashes[i]);
        }
    }

    function rollTo(uint256 i, uint256 later) private {
        vm.roll(numbers[i] + later);
        if (later <= 256) vm.setBlockhash(numbers[i], hashes[i]);
    }

    function test_valueAt__real_headers__give_the_randao_value() external {
        assertTrue(numbers.length == 3, "vectors");
        for (uint256 i = 0; i < numbers.length; ++i) {
            rollTo(i, 1);
            assertEq(beacon.valueAt(numbers[i], headers[i]), values[i], "the next block");
            rollTo(i, 256);
            assertEq(beacon.valueAt(numbers[i], headers[i]), values[i], "the opcode's oldest");
            rollTo(i, 257);
            assertEq(beacon.valueAt(numbers[i], headers[i]), values[i], "the history's newest");
            rollTo(i, 8191);
            assertEq(beacon.valueAt(numbers[i], headers[i]), values[i], "the history's oldest");
        }
        assertEq(beacon.lookback(), 8191, "lookback");
    }

    function test_valueAt__forgotten__reverts() external {
        rollTo(0, 8192);
        vm.expectRevert(abi.encodeWithSelector(IRandomness.BlockForgotten.selector, numbers[0], numbers[0] + 8192));
        beacon.valueAt(numbers[0], headers[0]);
    }

    function test_valueAt__without_a_history__reverts() external {
        vm.etch(HISTORY, "");
        rollTo(0, 257);
        vm.expectRevert(abi.encodeWithSelector(IRandomness.BlockForgotten.selector, numbers[0], numbers[0] + 257));
        beacon.valueAt(numbers[0], headers[0]);
    }

    function test_valueAt__not_mined__reverts() external {
        vm.roll(numbers[0]);
        vm.expectRevert(abi.encodeWithSelector(IRandomness.BlockNotMined.selector, numbers[0], numbers[0]));
        beacon.valueAt(numbers[0], headers[0]);
        uint256 never = type(uint256).max;
        vm.expectRevert(abi.encodeWithSelector(IRandomness.BlockNotMined.selector, never, numbers[0]));
        beacon.valueAt(never, headers[0]);
    }

    function test_valueAt__another_blocks_header__reverts() external {
        rollTo(0, 5);
        vm.expectRevert(abi.encodeWithSelector(IRandomness.WrongHeader.selector, numbers[0], hashes[0], hashes[1]));
        beacon.valueAt(numbers[0], headers[1]);
    }

    function testFuzz_valueAt__any_change_of_the_header__reverts(uint256 position, uint8 change) external {
        vm.assume(change != 0);
        rollTo(2, 5);
        bytes memory header = headers[2];
        position = bound(position, 0, header.length - 1);
        header[position] ^= bytes1(change);
        refused(2, header);
    }

    function test_valueAt__cut_or_lengthened__reverts() external {
        rollTo(2, 5);
        refused(2, "");
        refused(2, hex"c0");
        refused(2, bytes.concat(headers[2], hex"00"));
        bytes memory header = headers[2];
        assembly {
            mstore(header, sub(mload(header), 1))
        }
        refused(2, header);
    }

    function refused(uint256 i, bytes memory header) private {
        vm.expectRevert(
            abi.encodeWithSelector(IRandomness.WrongHeader.selector, numbers[i], hashes[i], keccak256(header))
        );
        beacon.valueAt(numbers[i], header);
    }
}
