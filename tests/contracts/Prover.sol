// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";

/// @dev The secret side, for tests: keys, Schnorr proofs, commitments. Written apart from the contracts' own code, on
/// Solady's wrapper of the precompiles.
library Prover {
    function generator() internal pure returns (BLS.G1Point memory) {
        return BLS.G1Point({
            x_a: bytes32(uint256(0x17f1d3a73197d7942695638c4fa9ac0f)),
            x_b: 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb,
            y_a: bytes32(uint256(0x08b3f481e3aaa0f1a09e30ed741d8ae4)),
            y_b: 0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1
        });
    }

    function multiply(BLS.G1Point memory point, uint256 scalar) internal view returns (BLS.G1Point memory) {
        BLS.G1Point[] memory points = new BLS.G1Point[](1);
        bytes32[] memory scalars = new bytes32[](1);
        points[0] = point;
        scalars[0] = bytes32(scalar);
        return BLS.msm(points, scalars);
    }

    function combine(BLS.G1Point[] memory points, uint256[] memory scalars) internal view returns (BLS.G1Point memory) {
        bytes32[] memory words = new bytes32[](scalars.length);
        for (uint256 i = 0; i < scalars.length; ++i) {
            words[i] = bytes32(scalars[i]);
        }
        return BLS.msm(points, words);
    }

    function publicKey(uint256 secret) internal view returns (BLS.G1Point memory) {
        return multiply(generator(), secret);
    }

    /// @dev The nonce follows from the inputs: tests repeat.
    function prove(uint256 secret, string memory tag, address contract_, uint256 subject)
        internal
        view
        returns (Proof memory)
    {
        uint256 r = uint256(keccak256(abi.encode("nonce", secret, tag, contract_, subject))) % G1.Q;
        bytes memory preimage = bytes.concat(
            abi.encodePacked(bytes31(bytes(tag)), bytes1(0), block.chainid, contract_, subject),
            abi.encode(publicKey(secret)),
            abi.encode(publicKey(r))
        );
        uint256 e = uint256(keccak256(preimage)) % G1.Q;
        return Proof({e: e, s: addmod(r, mulmod(e, secret, G1.Q), G1.Q)});
    }

    function hash(BLS.G1Point memory point) internal pure returns (bytes32) {
        return keccak256(abi.encode(point));
    }
}
