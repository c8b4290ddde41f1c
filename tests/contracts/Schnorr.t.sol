// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Proof, Schnorr} from "../../contracts/libraries/Schnorr.sol";
import {Prover} from "./Prover.sol";
import {Test} from "./Test.sol";

contract SchnorrHarness {
    function verify(bytes31 tag, uint256 subject, BLS.G1Point calldata key, Proof calldata proof)
        external
        view
        returns (Schnorr.Verdict)
    {
        return Schnorr.verify(tag, subject, key, proof);
    }
}

contract SchnorrTest is Test {
    SchnorrHarness private schnorr;

    function setUp() external {
        schnorr = new SchnorrHarness();
    }

    // ------------------------------------------------------------------ against Python's vectors

    struct Vectors {
        bool[] valid;
        string[] reasons;
        bytes[] tags;
        uint256[] chainIds;
        address[] contracts;
        bytes32[] subjects;
        bytes[] keys;
        bytes32[] challenges;
        bytes32[] responses;
    }

    function load() private view returns (Vectors memory v) {
        string memory json = vm.readFile("tests/vectors/proofs.json");
        v.valid = vm.parseJsonBoolArray(json, ".valid");
        v.reasons = vm.parseJsonStringArray(json, ".reasons");
        v.tags = vm.parseJsonBytesArray(json, ".tags");
        v.chainIds = vm.parseJsonUintArray(json, ".chainIds");
        v.contracts = vm.parseJsonAddressArray(json, ".contracts");
        v.subjects = vm.parseJsonBytes32Array(json, ".subjects");
        v.keys = vm.parseJsonBytesArray(json, ".keys");
        v.challenges = vm.parseJsonBytes32Array(json, ".challenges");
        v.responses = vm.parseJsonBytes32Array(json, ".responses");
    }

    function test_verify__agrees_with_python_on_every_vector() external {
        Vectors memory v = load();
        assertTrue(v.valid.length >= 15, "vectors");
        for (uint256 i = 0; i < v.valid.length; ++i) {
            vm.chainId(v.chainIds[i]);
            vm.etch(v.contracts[i], address(schnorr).code);
            Schnorr.Verdict verdict = SchnorrHarness(v.contracts[i])
                .verify(
                    bytes31(v.tags[i]),
                    uint256(v.subjects[i]),
                    abi.decode(v.keys[i], (BLS.G1Point)),
                    Proof(uint256(v.challenges[i]), uint256(v.responses[i]))
                );
            assertEq(uint256(verdict), uint256(expected(v.valid[i], v.reasons[i])), v.reasons[i]);
        }
    }

    function expected(bool valid, string memory reason) private pure returns (Schnorr.Verdict) {
        bytes32 why = keccak256(bytes(reason));
        if (valid) return Schnorr.Verdict.Valid;
        if (why == keccak256("identity as key")) return Schnorr.Verdict.KeyIsIdentity;
        if (why == keccak256("key outside the subgroup")) return Schnorr.Verdict.KeyNotInSubgroup;
        return Schnorr.Verdict.ProofInvalid;
    }

    // ------------------------------------------------------------------ any proof

    function made(uint256 secret, uint256 subject) private view returns (BLS.G1Point memory, Proof memory) {
        return (Prover.publicKey(secret), Prover.prove(secret, "SDA/1 clerk key", address(schnorr), subject));
    }

    function check(bytes31 tag, uint256 subject, BLS.G1Point memory key, Proof memory proof)
        private
        view
        returns (Schnorr.Verdict)
    {
        return schnorr.verify(tag, subject, key, proof);
    }

    function testFuzz_verify__a_proof_holds_for_its_statement_alone(uint256 secret, uint256 subject, uint256 other)
        external
        view
    {
        secret = bound(secret, 1, G1.Q - 1);
        vm.assume(other != subject);
        (BLS.G1Point memory key, Proof memory proof) = made(secret, subject);
        Schnorr.Verdict bad = Schnorr.Verdict.ProofInvalid;
        assertTrue(check(Schnorr.CLERK_KEY, subject, key, proof) == Schnorr.Verdict.Valid, "valid");
        assertTrue(check(Schnorr.LEAKED_KEY, subject, key, proof) == bad, "another tag");
        assertTrue(check(Schnorr.CLERK_KEY, other, key, proof) == bad, "another subject");
        BLS.G1Point memory shifted = Prover.publicKey(secret == G1.Q - 1 ? 1 : secret + 1);
        assertTrue(check(Schnorr.CLERK_KEY, subject, shifted, proof) == bad, "another key");
        assertTrue(check(Schnorr.CLERK_KEY, subject, key, Proof(proof.e ^ 1, proof.s)) == bad, "another challenge");
        assertTrue(check(Schnorr.CLERK_KEY, subject, key, Proof(proof.e, proof.s ^ 1)) == bad, "another response");
    }

    /// The same proof in other numbers would be a second valid one.
    function test_verify__scalars_beyond_the_order__are_refused() external view {
        (BLS.G1Point memory key, Proof memory proof) = made(5, 9);
        Schnorr.Verdict bad = Schnorr.Verdict.ProofInvalid;
        assertTrue(check(Schnorr.CLERK_KEY, 9, key, Proof(proof.e + G1.Q, proof.s)) == bad, "challenge");
        assertTrue(check(Schnorr.CLERK_KEY, 9, key, Proof(proof.e, proof.s + G1.Q)) == bad, "response");
        assertTrue(check(Schnorr.CLERK_KEY, 9, key, Proof(0, 0)) == bad, "zeros");
        uint256 max = type(uint256).max;
        assertTrue(check(Schnorr.CLERK_KEY, 9, key, Proof(max, max)) == bad, "greatest");
    }

    function test_verify__on_another_chain__is_refused() external {
        (BLS.G1Point memory key, Proof memory proof) = made(5, 9);
        vm.chainId(block.chainid + 1);
        assertTrue(check(Schnorr.CLERK_KEY, 9, key, proof) == Schnorr.Verdict.ProofInvalid, "another chain");
    }
}
