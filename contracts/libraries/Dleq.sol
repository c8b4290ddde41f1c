// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {SharedKey} from "../interfaces/Evidence.sol";
import {G1} from "./G1.sol";

/// @title Chaum-Pedersen proofs that log_G C = log_A K (PROTOCOL §11.3).
/// @notice Statement and commitments are hashed: without them a clerk could frame anyone.
library Dleq {
    bytes31 internal constant TAG = "SDA/1 shared key";

    /// @notice Check e = H(tag, chain, contract, round hash, seat, sender, leaf, C, A, K, T_1, T_2) with T_1 = s·G - e·C and
    /// T_2 = s·A - e·K. All three points are checked to be in the subgroup.
    /// @param subject keccak(round hash ‖ seat ‖ sender ‖ leaf).
    function verify(bytes32 subject, SharedKey calldata key) internal view returns (bool) {
        uint256 e = key.proof.e;
        uint256 s = key.proof.s;
        if (e >= G1.Q || s >= G1.Q || G1.isIdentity(key.contributorKey)) return false;
        uint256 first = G1.allocate(2);
        G1.setGenerator(first, s);
        G1.setTerm(first, 1, key.clerkKey, G1.Q - e);
        (bool firstValid,) = G1.msm(first, 2);
        uint256 second = G1.allocate(2);
        G1.setTerm(second, 0, key.contributorKey, s);
        G1.setTerm(second, 1, key.shared, G1.Q - e);
        (bool secondValid,) = G1.msm(second, 2);
        return firstValid && secondValid && _challenge(subject, key, first, second) == e;
    }

    function _challenge(bytes32 subject, SharedKey calldata key, uint256 first, uint256 second)
        private
        view
        returns (uint256 e)
    {
        BLS.G1Point calldata clerkKey = key.clerkKey;
        BLS.G1Point calldata contributorKey = key.contributorKey;
        BLS.G1Point calldata shared = key.shared;
        bytes31 tag = TAG;
        uint256 q = G1.Q;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, tag) // a bytes31 is followed by its zero byte
            mstore(add(free, 32), chainid())
            mstore(add(free, 64), shl(96, address()))
            mstore(add(free, 84), subject)
            calldatacopy(add(free, 116), clerkKey, 128)
            calldatacopy(add(free, 244), contributorKey, 128)
            calldatacopy(add(free, 372), shared, 128)
            mcopy(add(free, 500), first, 128)
            mcopy(add(free, 628), second, 128)
            e := mod(keccak256(free, 756), q)
        }
    }
}
