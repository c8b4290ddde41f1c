// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {G1} from "./G1.sol";

/// @notice A Schnorr proof: challenge and response, both below the group's order.
struct Proof {
    uint256 e;
    uint256 s;
}

/// @title Schnorr proofs of knowledge of the secret of a G1 key (docs/FORMATS.md).
library Schnorr {
    /// @notice Why a proof does not hold, or that it does.
    enum Verdict {
        Valid,
        KeyIsIdentity,
        KeyNotInSubgroup,
        ProofInvalid
    }

    bytes31 internal constant CLERK_KEY = "SDA/1 clerk key";
    bytes31 internal constant DEVELOPER_KEY = "SDA/1 developer key";
    bytes31 internal constant LEAKED_KEY = "SDA/1 leaked key";

    /// @dev The generator's coordinates, high and low words.
    uint256 private constant G_X_A = 0x17f1d3a73197d7942695638c4fa9ac0f;
    uint256 private constant G_X_B = 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
    uint256 private constant G_Y_A = 0x08b3f481e3aaa0f1a09e30ed741d8ae4;
    uint256 private constant G_Y_B = 0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1;

    /// @notice Check e = H(tag, chain, contract, subject, X, s·G - e·X).
    /// @param tag What the proof is for; bound to this chain and the calling contract.
    /// @param subject Who it is for, packed as docs/FORMATS.md says.
    /// @param key X, the public key.
    function verify(bytes31 tag, uint256 subject, BLS.G1Point calldata key, Proof calldata proof)
        internal
        view
        returns (Verdict)
    {
        if (G1.isIdentity(key)) return Verdict.KeyIsIdentity;
        if (proof.e >= G1.Q || proof.s >= G1.Q) return Verdict.ProofInvalid;

        uint256 input = G1.allocate(2);
        _setGenerator(input, proof.s);
        G1.setTerm(input, 1, key, G1.Q - proof.e);
        (bool valid,) = G1.msm(input, 2); // T now stands at `input`
        if (!valid) return Verdict.KeyNotInSubgroup;

        return _challenge(tag, subject, key, input) == proof.e ? Verdict.Valid : Verdict.ProofInvalid;
    }

    /// @dev H(tag ‖ 0 ‖ chain ‖ contract ‖ subject ‖ X ‖ T) mod q.
    function _challenge(bytes31 tag, uint256 subject, BLS.G1Point calldata key, uint256 commitment)
        private
        view
        returns (uint256 e)
    {
        uint256 q = G1.Q;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, tag) // a bytes31 is followed by its zero byte
            mstore(add(free, 32), chainid())
            mstore(add(free, 64), shl(96, address()))
            mstore(add(free, 84), subject)
            calldatacopy(add(free, 116), key, 128)
            mcopy(add(free, 244), commitment, 128)
            e := mod(keccak256(free, 372), q)
        }
    }

    function _setGenerator(uint256 input, uint256 scalar) private pure {
        assembly ("memory-safe") {
            mstore(input, G_X_A)
            mstore(add(input, 32), G_X_B)
            mstore(add(input, 64), G_Y_A)
            mstore(add(input, 96), G_Y_B)
            mstore(add(input, 128), scalar)
        }
    }
}
