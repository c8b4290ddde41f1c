// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Codeword} from "../../contracts/libraries/Codeword.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Dealer} from "./Dealer.sol";
import {Prover} from "./Prover.sol";
import {Test} from "./Test.sol";

contract CodewordHarness {
    function check(BLS.G1Point[] calldata points, uint256 threshold, bytes32 seed)
        external
        view
        returns (Codeword.Verdict)
    {
        return Codeword.check(points, threshold, seed);
    }
}

/// @dev Points of one polynomial of degree below R pass, all others do not; and the check is Python's.
contract CodewordTest is Test {
    CodewordHarness private codeword;

    function setUp() external {
        codeword = new CodewordHarness();
    }

    function assertVerdict(BLS.G1Point[] memory points, uint256 threshold, bytes32 seed, Codeword.Verdict wanted)
        private
        view
    {
        assertEq(uint8(codeword.check(points, threshold, seed)), uint8(wanted), "verdict");
    }

    /// @dev G times the values at 1 … n of a random polynomial of `terms` coefficients.
    function values(uint256 n, uint256 terms, bytes32 seed) private view returns (BLS.G1Point[] memory points) {
        uint256[] memory polynomial = new uint256[](terms);
        for (uint256 i = 0; i < terms; ++i) {
            polynomial[i] = uint256(keccak256(abi.encode("coefficient", seed, i))) % G1.Q;
        }
        points = new BLS.G1Point[](n);
        for (uint256 j = 0; j < n; ++j) {
            points[j] = Prover.publicKey(Dealer.evaluate(polynomial, j + 1));
        }
    }

    /// @dev Points one after another in 128 bytes each.
    function split(bytes memory all) private pure returns (BLS.G1Point[] memory points) {
        uint256 n = all.length / 128;
        points = new BLS.G1Point[](n);
        for (uint256 j = 0; j < n; ++j) {
            bytes memory encoded = new bytes(128);
            for (uint256 i = 0; i < 128; ++i) {
                encoded[i] = all[128 * j + i];
            }
            points[j] = abi.decode(encoded, (BLS.G1Point));
        }
    }

    // ------------------------------------------------------------------ Python's vectors

    function test_check__pythons_points() external view {
        string memory json = vm.readFile("tests/vectors/codeword.json");
        bytes32 seed = vm.parseJsonBytes32(json, ".setHash");
        BLS.G1Point[] memory good = split(vm.parseJsonBytes(json, ".points"));
        uint256 threshold = vm.parseJsonUintArray(json, ".reconstruction")[0];
        assertVerdict(good, threshold, seed, Codeword.Verdict.Codeword);
        bytes[] memory bad = vm.parseJsonBytesArray(json, ".badPoints");
        assertEq(bad.length, 3, "vectors");
        for (uint256 i = 0; i < bad.length; ++i) {
            assertTrue(codeword.check(split(bad[i]), threshold, seed) != Codeword.Verdict.Codeword, "bad");
        }
    }

    /// The weights are Python's to the last bit: every factor of one point's is seen by completing a single deviation.
    function test_check__pythons_weights() external view {
        string memory json = vm.readFile("tests/vectors/codeword.json");
        bytes32 seed = vm.parseJsonBytes32(json, ".setHash");
        uint256[] memory ns = vm.parseJsonUintArray(json, ".n");
        uint256[] memory thresholds = vm.parseJsonUintArray(json, ".reconstruction");
        bytes[] memory weights = vm.parseJsonBytesArray(json, ".scalars");
        for (uint256 i = 0; i < ns.length; ++i) {
            uint256[] memory w = abi.decode(bytes.concat(abi.encode(32, ns[i]), weights[i]), (uint256[]));
            BLS.G1Point[] memory points = new BLS.G1Point[](ns[i]);
            // w_0·w_j + w_j·(-w_0) = 0: no codeword, but passes for exactly these weights, up to a common factor.
            for (uint256 j = 1; j < ns[i]; ++j) {
                points[0] = Prover.publicKey(w[j]);
                points[j] = Prover.publicKey(G1.Q - w[0]);
                assertVerdict(points, thresholds[i], seed, Codeword.Verdict.Codeword);
                // With n - R = 1 there is one check, up to a factor the same for every seed.
                bool one = ns[i] - thresholds[i] == 1;
                Codeword.Verdict other = one ? Codeword.Verdict.Codeword : Codeword.Verdict.NotACodeword;
                assertVerdict(points, thresholds[i], ~seed, other);
                points[j] = Prover.publicKey(0);
            }
        }
    }

    // ------------------------------------------------------------------ properties

    function testFuzz_check__every_codeword_passes(uint256 n, uint256 threshold, bytes32 seed) external view {
        n = bound(n, 2, 64);
        threshold = bound(threshold, 2, n);
        assertVerdict(values(n, threshold, seed), threshold, seed, Codeword.Verdict.Codeword);
    }

    function testFuzz_check__a_degree_too_high_does_not(uint256 n, uint256 threshold, bytes32 seed) external view {
        n = bound(n, 3, 64);
        threshold = bound(threshold, 2, n - 1);
        assertVerdict(values(n, threshold + 1, seed), threshold, seed, Codeword.Verdict.NotACodeword);
    }

    function testFuzz_check__one_point_off_does_not(uint256 n, uint256 seat, uint256 by, bytes32 seed) external view {
        n = bound(n, 3, 64);
        BLS.G1Point[] memory points = values(n, n - 1, seed);
        seat = bound(seat, 0, n - 1);
        points[seat] = BLS.add(points[seat], Prover.publicKey(bound(by, 1, G1.Q - 1)));
        assertVerdict(points, n - 1, seed, Codeword.Verdict.NotACodeword);
    }

    /// With n = R nothing but curve and subgroup can be wrong.
    function testFuzz_check__as_many_as_needed__any_points_pass(uint256 n, bytes32 seed) external view {
        n = bound(n, 2, 64);
        assertVerdict(values(n, n, seed), n, ~seed, Codeword.Verdict.Codeword);
    }

    function testFuzz_check__a_bad_point_anywhere__is_found(uint256 seat, uint256 which, uint256 threshold)
        external
        view
    {
        bytes[] memory bad = vm.parseJsonBytesArray(vm.readFile("tests/vectors/points.json"), ".badEncoded");
        threshold = bound(threshold, 2, 16);
        BLS.G1Point[] memory points = values(16, threshold, "seed");
        points[bound(seat, 0, 15)] = abi.decode(bad[bound(which, 0, bad.length - 1)], (BLS.G1Point));
        assertVerdict(points, threshold, "seed", Codeword.Verdict.PointsInvalid);
    }

    /// The largest binomials, C(63, 31) among them, do not overflow.
    function test_check__64_points() external view {
        assertVerdict(values(64, 46, "seed"), 46, "seed", Codeword.Verdict.Codeword);
        assertVerdict(values(64, 2, "seed"), 2, "seed", Codeword.Verdict.Codeword);
        assertVerdict(values(64, 64, "seed"), 63, "seed", Codeword.Verdict.NotACodeword);
    }
}
