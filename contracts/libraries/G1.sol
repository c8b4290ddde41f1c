// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";

/// @title Points of BLS12-381 G1: hashes and multi-scalar multiplications by the EIP-2537 precompile.
/// @dev The precompile burns all gas it is given when its input is invalid, so it is given exactly what EIP-2537
/// schedules; that much must be there first (63/64 rule), otherwise a caller could fake invalid points by starving it.
library G1 {
    /// @notice The order of the group: scalars are below it.
    uint256 internal constant Q = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    uint256 internal constant POINT_BYTES = 128;
    uint256 internal constant TERM_BYTES = 160;
    uint256 internal constant MAXIMUM_TERMS = 128;

    /// @dev The generator's coordinates, high and low words.
    uint256 private constant G_X_A = 0x17f1d3a73197d7942695638c4fa9ac0f;
    uint256 private constant G_X_B = 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
    uint256 private constant G_Y_A = 0x08b3f481e3aaa0f1a09e30ed741d8ae4;
    uint256 private constant G_Y_B = 0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1;

    /// @dev (p - 1) / 2, high and low words: the larger of ±y is above it.
    uint256 private constant HALF_P_A = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_P_B = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    uint256 private constant ADDITION_GAS = 375;
    /// @dev Gas of one multiplication, and EIP-2537's discounts in thousandths for 1 to 128 terms, two bytes each.
    uint256 private constant MULTIPLICATION_GAS = 12_000;
    bytes private constant DISCOUNTS = hex"03e803b50350031d02fc02ee02e202d802cf02c802c102ba02b402af02aa02a5"
        hex"02a1029d029902950292028e028b0288028502820280027d027b027802760273"
        hex"0271026f026d026b026902670265026302610260025e025c025b025902570256"
        hex"0254025302510250024f024d024c024a02490248024602450244024302410240"
        hex"023f023e023d023c023a0239023802370236023502340233023202310230022f"
        hex"022e022d022c022b022a02290228022702260225022402230223022202210220"
        hex"021f021e021d021c021c021b021a021902180218021702160215021402140213"
        hex"0212021102100210020f020e020d020d020c020b020a020a0209020802080207";

    /// @dev What is left to the caller once the precompile has taken its share.
    uint256 private constant RESERVE = 5_000;

    error NotEnoughGas(uint256 available, uint256 required);
    error TooManyTerms(uint256 terms);
    error PrecompileMissing();

    /// @notice h(P), the hash of the point's 128 bytes.
    function hash(BLS.G1Point calldata point) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, point, POINT_BYTES)
            digest := keccak256(free, POINT_BYTES)
        }
    }

    /// @notice h(P) of each point.
    function hashes(BLS.G1Point[] calldata points) internal pure returns (bytes32[] memory digests) {
        digests = new bytes32[](points.length);
        assembly ("memory-safe") {
            let free := mload(0x40)
            let at := add(digests, 32)
            let end := add(points.offset, mul(points.length, POINT_BYTES))
            for { let point := points.offset } lt(point, end) { point := add(point, POINT_BYTES) } {
                calldatacopy(free, point, POINT_BYTES)
                mstore(at, keccak256(free, POINT_BYTES))
                at := add(at, 32)
            }
        }
    }

    /// @notice Whether the point is the identity (128 zero bytes).
    function isIdentity(BLS.G1Point calldata point) internal pure returns (bool) {
        return (point.x_a | point.x_b | point.y_a | point.y_b) == 0;
    }

    /// @notice Whether the point is on the curve and in the subgroup.
    function inSubgroup(BLS.G1Point calldata point) internal view returns (bool valid) {
        uint256 input = allocate(1);
        setTerm(input, 0, point, 1);
        (valid,) = msm(input, 1);
    }

    /// @notice Memory for the input of an MSM of `terms` terms.
    /// @return input Pointer to `terms` × (point of 128 bytes ‖ scalar of 32).
    function allocate(uint256 terms) internal pure returns (uint256 input) {
        assembly ("memory-safe") {
            input := mload(0x40)
            mstore(0x40, add(input, mul(terms, 160)))
        }
    }

    /// @notice Write one term of an MSM.
    function setTerm(uint256 input, uint256 index, BLS.G1Point calldata point, uint256 scalar) internal pure {
        assembly ("memory-safe") {
            let at := add(input, mul(index, 160))
            calldatacopy(at, point, POINT_BYTES)
            mstore(add(at, POINT_BYTES), scalar)
        }
    }

    /// @notice Σ scalars · points over an input made by {allocate} and {setTerm}. The input is overwritten.
    /// @return valid Whether every point is on the curve and in the subgroup.
    /// @return digest Hash of the sum's 128 bytes; meaningless unless valid.
    function msm(uint256 input, uint256 terms) internal view returns (bool valid, bytes32 digest) {
        uint256 scheduled = msmGas(terms);
        uint256 required = scheduled + scheduled / 63 + RESERVE;
        if (gasleft() < required) revert NotEnoughGas(gasleft(), required);
        assembly ("memory-safe") {
            valid := staticcall(scheduled, 0x0c, input, mul(terms, 160), input, POINT_BYTES)
            valid := and(valid, eq(returndatasize(), POINT_BYTES))
            digest := keccak256(input, POINT_BYTES)
        }
    }

    /// @notice The sum of two points of 128 bytes.
    /// @return valid Whether both are on the curve (in the subgroup or not).
    /// @return digest Hash of the sum; meaningless unless valid.
    function add(bytes calldata first, bytes calldata second) internal view returns (bool valid, bytes32 digest) {
        uint256 input = allocate(2);
        assembly ("memory-safe") {
            calldatacopy(input, first.offset, POINT_BYTES)
            calldatacopy(add(input, POINT_BYTES), second.offset, POINT_BYTES)
        }
        valid = accumulate(input);
        assembly ("memory-safe") {
            digest := keccak256(input, POINT_BYTES)
        }
    }

    /// @notice Replace the first of two points in memory by their sum; false if either is off the curve.
    function accumulate(uint256 input) internal view returns (bool valid) {
        if (gasleft() < ADDITION_GAS + RESERVE) revert NotEnoughGas(gasleft(), ADDITION_GAS + RESERVE);
        assembly ("memory-safe") {
            valid := staticcall(ADDITION_GAS, 0x0b, input, 256, input, POINT_BYTES)
            valid := and(valid, eq(returndatasize(), POINT_BYTES))
        }
    }

    /// @notice Revert unless an MSM of `terms` generators succeeds here and now: what failed before it failed for its input.
    /// @dev A verdict must not follow from a chain without the precompile, or from too little gas.
    function requirePrecompile(uint256 terms) internal view {
        uint256 input = allocate(terms);
        for (uint256 i = 0; i < terms; ++i) {
            setGenerator(input + i * 160, 1);
        }
        (bool valid,) = msm(input, terms);
        if (!valid) revert PrecompileMissing();
    }

    /// @notice Write a term of an MSM: a multiple of the generator.
    function setGenerator(uint256 place, uint256 scalar) internal pure {
        assembly ("memory-safe") {
            mstore(place, G_X_A)
            mstore(add(place, 32), G_X_B)
            mstore(add(place, 64), G_Y_A)
            mstore(add(place, 96), G_Y_B)
            mstore(add(place, 128), scalar)
        }
    }

    /// @notice A point as messages and seeds have it: 48 bytes, flags in the three top bits.
    function compress(BLS.G1Point calldata point) internal pure returns (bytes memory compressed) {
        if (isIdentity(point)) return bytes.concat(bytes16(uint128(0xc0) << 120), bytes32(0));
        uint256 high = uint256(point.y_a);
        bool larger = high > HALF_P_A || (high == HALF_P_A && uint256(point.y_b) > HALF_P_B);
        // A coordinate is below 2^381: its top three bits are free.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint128 first = uint128(uint256(point.x_a)) | (uint128(larger ? 0xa0 : 0x80) << 120);
        return bytes.concat(bytes16(first), point.x_b);
    }

    /// @notice Copy a point's 128 bytes to memory.
    function copyPoint(uint256 place, BLS.G1Point calldata point) internal pure {
        assembly ("memory-safe") {
            calldatacopy(place, point, POINT_BYTES)
        }
    }

    /// @notice The hash of a point in memory.
    function hashAt(uint256 place) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            digest := keccak256(place, POINT_BYTES)
        }
    }

    /// @notice {commit} of a row in memory.
    function commitFrom(address generators, uint256[] memory row) internal view returns (bytes32 digest) {
        uint256 input = allocate(row.length);
        setGenerators(generators, input, row);
        bool valid;
        (valid, digest) = msm(input, row.length);
        assert(valid);
    }

    /// @notice Write row[i] · H_i as the terms of an MSM from `place` on.
    function setGenerators(address generators, uint256 place, uint256[] memory row) internal view {
        uint256 terms = row.length;
        assembly ("memory-safe") {
            let points := mload(0x40)
            extcodecopy(generators, points, 1, mul(terms, POINT_BYTES))
            for { let i := 0 } lt(i, terms) { i := add(i, 1) } {
                mcopy(place, add(points, mul(i, POINT_BYTES)), POINT_BYTES)
                mstore(add(place, POINT_BYTES), mload(add(row, mul(add(i, 1), 32))))
                place := add(place, TERM_BYTES)
            }
        }
    }

    /// @notice Σ row[i] · H_i, hashed.
    /// @param generators The data contract: 0x00, then 64 points of 128 bytes.
    /// @param row At most 64 scalars.
    function commit(address generators, uint256[] calldata row) internal view returns (bytes32 digest) {
        uint256 terms = row.length;
        uint256 input = allocate(terms);
        assembly ("memory-safe") {
            // The points are copied behind the input (free memory) in one go: the code is read once.
            let points := mload(0x40)
            extcodecopy(generators, points, 1, mul(terms, POINT_BYTES))
            let at := input
            for { let i := 0 } lt(i, terms) { i := add(i, 1) } {
                mcopy(at, add(points, mul(i, POINT_BYTES)), POINT_BYTES)
                mstore(add(at, POINT_BYTES), calldataload(add(row.offset, mul(i, 32))))
                at := add(at, 160)
            }
        }
        bool valid;
        (valid, digest) = msm(input, terms);
        // The generators are points of the group, so only a chain without the precompile gets here.
        assert(valid);
    }

    /// @notice Hash of the identity's 128 bytes.
    function identityHash() internal pure returns (bytes32 digest) {
        return keccak256(new bytes(POINT_BYTES));
    }

    /// @notice Gas EIP-2537 schedules for an MSM.
    function msmGas(uint256 terms) internal pure returns (uint256) {
        if (terms == 0 || terms > MAXIMUM_TERMS) revert TooManyTerms(terms);
        bytes memory discounts = DISCOUNTS;
        uint256 discount;
        assembly ("memory-safe") {
            discount := shr(240, mload(add(add(discounts, 32), mul(sub(terms, 1), 2))))
        }
        return terms * MULTIPLICATION_GAS * discount / 1000;
    }
}
