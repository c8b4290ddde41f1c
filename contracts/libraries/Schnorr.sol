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
    bytes31 internal constant CONTRIBUTOR_KEY = "SDA/1 contributor key";
    bytes31 internal constant DEVELOPER_KEY = "SDA/1 developer key";
    bytes31 internal constant LEAKED_KEY = "SDA/1 leaked key";

    /// @notice {verifyFor} the calling contract.
    function verify(bytes31 tag, uint256 subject, BLS.G1Point calldata key, Proof calldata proof)
        internal
        view
        returns (Verdict)
    {
        return verifyFor(tag, address(this), subject, key, proof);
    }

    /// @notice Check e = H(tag, chain, contract, subject, X, s·G - e·X).
    /// @param tag What the proof is for; bound to this chain.
    /// @param verifying The contract that it is bound to.
    /// @param subject Who it is for, packed as docs/FORMATS.md says.
    /// @param key X, the public key.
    function verifyFor(bytes31 tag, address verifying, uint256 subject, BLS.G1Point calldata key, Proof calldata proof)
        internal
        view
        returns (Verdict)
    {
        if (G1.isIdentity(key)) return Verdict.KeyIsIdentity;
        if (proof.e >= G1.Q || proof.s >= G1.Q) return Verdict.ProofInvalid;

        uint256 input = G1.allocate(2);
        G1.setGenerator(input, proof.s);
        G1.setTerm(input, 1, key, G1.Q - proof.e);
        (bool valid,) = G1.msm(input, 2); // T now stands at `input`
        if (!valid) return Verdict.KeyNotInSubgroup;

        return _challenge(tag, verifying, subject, key, input) == proof.e ? Verdict.Valid : Verdict.ProofInvalid;
    }

    /// @dev H(tag ‖ 0 ‖ chain ‖ contract ‖ subject ‖ X ‖ T) mod q.
    function _challenge(bytes31 tag, address verifying, uint256 subject, BLS.G1Point calldata key, uint256 commitment)
        private
        view
        returns (uint256 e)
    {
        uint256 q = G1.Q;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, tag) // a bytes31 is followed by its zero byte
            mstore(add(free, 32), chainid())
            mstore(add(free, 64), shl(96, verifying))
            mstore(add(free, 84), subject)
            calldatacopy(add(free, 116), key, 128)
            mcopy(add(free, 244), commitment, 128)
            e := mod(keccak256(free, 372), q)
        }
    }
}
