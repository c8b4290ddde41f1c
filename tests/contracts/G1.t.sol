// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {GeneratorsFixture} from "./Generators.t.sol";
import {Prover} from "./Prover.sol";
import {Test} from "./Test.sol";

contract G1Harness {
    function hash(BLS.G1Point calldata point) external pure returns (bytes32) {
        return G1.hash(point);
    }

    function isIdentity(BLS.G1Point calldata point) external pure returns (bool) {
        return G1.isIdentity(point);
    }

    function inSubgroup(BLS.G1Point calldata point) external view returns (bool) {
        return G1.inSubgroup(point);
    }

    function msm(BLS.G1Point[] calldata points, uint256[] calldata scalars) external view returns (bool, bytes32) {
        uint256 input = G1.allocate(points.length);
        for (uint256 i = 0; i < points.length; ++i) {
            G1.setTerm(input, i, points[i], scalars[i]);
        }
        return G1.msm(input, points.length);
    }

    function commit(address generators, uint256[] calldata row) external view returns (bytes32) {
        return G1.commit(generators, row);
    }

    function msmGas(uint256 terms) external pure returns (uint256) {
        return G1.msmGas(terms);
    }

    function add(bytes calldata first, bytes calldata second) external view returns (bool, bytes32) {
        return G1.add(first, second);
    }

    function compress(BLS.G1Point calldata point) external pure returns (bytes memory) {
        return G1.compress(point);
    }

    function requirePrecompile(uint256 terms) external view {
        G1.requirePrecompile(terms);
    }
}

contract G1Test is GeneratorsFixture {
    G1Harness private g1;
    string private json;

    function setUp() external {
        g1 = new G1Harness();
        json = vm.readFile("tests/vectors/points.json");
    }

    function point(bytes memory encoded) private pure returns (BLS.G1Point memory) {
        return abi.decode(encoded, (BLS.G1Point));
    }

    // ------------------------------------------------------------------ against Python's vectors

    function test_hash__equals_pythons() external view {
        bytes[] memory encoded = vm.parseJsonBytesArray(json, ".encoded");
        bytes32[] memory hashes = vm.parseJsonBytes32Array(json, ".hashes");
        uint256[] memory scalars = vm.parseJsonUintArray(json, ".scalars");
        assertTrue(encoded.length >= 5, "vectors");
        for (uint256 i = 0; i < encoded.length; ++i) {
            assertEq(g1.hash(point(encoded[i])), hashes[i], "hash");
            assertEq(Prover.hash(Prover.publicKey(scalars[i])), hashes[i], "scalar times G");
            assertTrue(g1.isIdentity(point(encoded[i])) == (scalars[i] == 0), "identity");
            assertTrue(g1.inSubgroup(point(encoded[i])), "in the subgroup");
        }
        assertEq(G1.identityHash(), hashes[0], "identity's hash");
    }

    function test_inSubgroup__bad_encodings__are_refused() external view {
        bytes[] memory bad = vm.parseJsonBytesArray(json, ".badEncoded");
        string[] memory reasons = vm.parseJsonStringArray(json, ".badEncodedReasons");
        assertTrue(bad.length >= 8, "vectors");
        for (uint256 i = 0; i < bad.length; ++i) {
            assertTrue(!g1.inSubgroup(point(bad[i])), reasons[i]);
            assertTrue(!g1.isIdentity(point(bad[i])), reasons[i]);
        }
    }

    function test_compress__equals_pythons() external view {
        bytes[] memory encoded = vm.parseJsonBytesArray(json, ".encoded");
        bytes[] memory short = vm.parseJsonBytesArray(json, ".compressed");
        for (uint256 i = 0; i < encoded.length; ++i) {
            assertEq(keccak256(g1.compress(point(encoded[i]))), keccak256(short[i]), "48 bytes");
        }
    }

    // ------------------------------------------------------------------ sums

    function testFuzz_add__adds_up(uint256 first, uint256 second) external view {
        (first, second) = (first % G1.Q, second % G1.Q);
        (bool valid, bytes32 sum) = g1.add(abi.encode(Prover.publicKey(first)), abi.encode(Prover.publicKey(second)));
        assertTrue(valid, "valid");
        assertEq(sum, Prover.hash(Prover.publicKey(addmod(first, second, G1.Q))), "sum");
    }

    /// As below: no verdict from too little gas.
    function test_add__starved__is_no_verdict() external view {
        bytes memory one = abi.encode(Prover.generator());
        uint256 completed;
        for (uint256 gas_ = 1_000; gas_ < 15_000; gas_ += 100) {
            try g1.add{gas: gas_}(one, one) returns (bool valid, bytes32) {
                assertTrue(valid, "on the curve");
                ++completed;
            } catch (bytes memory reason) {
                assertTrue(reason.length == 0 || bytes4(reason) == G1.NotEnoughGas.selector, "out of gas");
            }
        }
        assertTrue(completed != 0 && completed < 140, "both happened");
    }

    /// On this chain it is there, for every number of terms.
    function test_requirePrecompile__with_it__passes() external view {
        for (uint256 terms = 1; terms <= 128; ++terms) {
            g1.requirePrecompile(terms);
        }
    }

    /// Exactly the scheduled gas is enough for every number of terms, and one unit less is not.
    function test_msmGas__is_what_the_precompile_takes() external view {
        bytes memory term = abi.encode(Prover.generator(), uint256(3));
        bytes memory input;
        for (uint256 terms = 1; terms <= 128; ++terms) {
            input = bytes.concat(input, term);
            uint256 scheduled = g1.msmGas(terms);
            (bool enough,) = address(0x0c).staticcall{gas: scheduled}(input);
            (bool less,) = address(0x0c).staticcall{gas: scheduled - 1}(input);
            assertTrue(enough && !less, vm.toString(terms));
        }
    }

    function test_msmGas__no_or_too_many_terms__reverts() external {
        vm.expectRevert(abi.encodeWithSelector(G1.TooManyTerms.selector, 0));
        g1.msmGas(0);
        vm.expectRevert(abi.encodeWithSelector(G1.TooManyTerms.selector, 129));
        g1.msmGas(129);
    }

    function testFuzz_msm__adds_up(uint256[5] memory secrets, uint256[5] memory factors) external view {
        BLS.G1Point[] memory points_ = new BLS.G1Point[](5);
        uint256[] memory scalars = new uint256[](5);
        uint256 expected;
        for (uint256 i = 0; i < 5; ++i) {
            (uint256 secret, uint256 factor) = (secrets[i] % G1.Q, factors[i] % G1.Q);
            (points_[i], scalars[i]) = (Prover.publicKey(secret), factor);
            expected = addmod(expected, mulmod(secret, factor, G1.Q), G1.Q);
        }
        (bool valid, bytes32 sum) = g1.msm(points_, scalars);
        assertTrue(valid, "valid");
        assertEq(sum, Prover.hash(Prover.publicKey(expected)), "sum");
    }

    function test_msm__terms_that_cancel__give_the_identity() external view {
        BLS.G1Point[] memory points_ = new BLS.G1Point[](64);
        uint256[] memory scalars = new uint256[](64);
        for (uint256 i = 0; i < 64; ++i) {
            points_[i] = Prover.publicKey(i / 2 + 1);
            scalars[i] = i & 1 == 0 ? 12_345 : G1.Q - 12_345;
        }
        (bool valid, bytes32 sum) = g1.msm(points_, scalars);
        assertTrue(valid, "valid");
        assertEq(sum, G1.identityHash(), "identity");
    }

    /// Also where the bad point's scalar is zero, and wherever it stands.
    function test_msm__one_bad_point__is_found_for_the_scheduled_gas() external view {
        bytes[] memory bad = vm.parseJsonBytesArray(json, ".badEncoded");
        BLS.G1Point[] memory points_ = new BLS.G1Point[](16);
        uint256[] memory scalars = new uint256[](16);
        for (uint256 i = 0; i < bad.length; ++i) {
            for (uint256 j = 0; j < 16; ++j) {
                points_[j] = Prover.publicKey(j + 1);
            }
            points_[2 * i] = point(bad[i]);
            uint256 before = gasleft();
            (bool valid,) = g1.msm(points_, scalars);
            assertTrue(!valid, "refused");
            assertLe(before - gasleft(), g1.msmGas(16) + 30_000, "an invalid point burns no more than its gas");
        }
    }

    /// A caller that gives too little gas gets an error of its own, never the verdict "invalid".
    function test_msm__starved__is_no_verdict() external view {
        BLS.G1Point[] memory points_ = new BLS.G1Point[](16);
        uint256[] memory scalars = new uint256[](16);
        uint256 completed;
        for (uint256 gas_ = 20_000; gas_ < 180_000; gas_ += 1_000) {
            try g1.msm{gas: gas_}(points_, scalars) returns (bool valid, bytes32) {
                assertTrue(valid, "the identity is in the subgroup");
                ++completed;
            } catch (bytes memory reason) {
                assertTrue(reason.length == 0 || bytes4(reason) == G1.NotEnoughGas.selector, "out of gas");
            }
        }
        assertTrue(completed != 0 && completed < 160, "both happened");
    }

    // ------------------------------------------------------------------ rows

    function testFuzz_commit__equals_solady(uint256[64] memory elements, uint256 terms) external {
        terms = bound(terms, 1, 64);
        address generators = putGenerators();
        bytes[] memory all = points();
        BLS.G1Point[] memory bases = new BLS.G1Point[](terms);
        uint256[] memory row = new uint256[](terms);
        for (uint256 i = 0; i < terms; ++i) {
            (bases[i], row[i]) = (point(all[i]), elements[i] % G1.Q);
        }
        assertEq(g1.commit(generators, row), Prover.hash(Prover.combine(bases, row)), "commitment");
    }

    function test_commit__of_zeros__is_the_identity() external {
        assertEq(g1.commit(putGenerators(), new uint256[](3)), G1.identityHash(), "identity");
    }

    function test_commit__empty_or_too_long__reverts() external {
        address generators = putGenerators();
        vm.expectRevert(abi.encodeWithSelector(G1.TooManyTerms.selector, 0));
        g1.commit(generators, new uint256[](0));
        vm.expectRevert(abi.encodeWithSelector(G1.TooManyTerms.selector, 129));
        g1.commit(generators, new uint256[](129));
    }
}

/// @dev A chain before Prague: nothing stands where the precompiles do.
/// forge-config: default.evm_version = "cancun"
contract G1WithoutPrecompileTest is Test {
    function test_requirePrecompile__without_it__reverts() external {
        G1Harness g1 = new G1Harness();
        vm.expectRevert(G1.PrecompileMissing.selector);
        g1.requirePrecompile(1);
    }

    /// What cannot be computed there is never taken for a sum.
    function test_sums__without_it__are_invalid() external {
        G1Harness g1 = new G1Harness();
        bytes memory one = abi.encode(Prover.generator());
        (bool valid,) = g1.add(one, one);
        assertTrue(!valid, "no sum");
        assertTrue(!g1.inSubgroup(Prover.generator()), "no multiple");
    }
}
