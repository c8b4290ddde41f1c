// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "../interfaces/IClerkRegistry.sol";
import {IRoundPolicy} from "../interfaces/IRoundPolicy.sol";
import {IRounds, Terms} from "../interfaces/IRounds.sol";
import {G1} from "../libraries/G1.sol";
import {Payment, Permit} from "../libraries/Payment.sol";
import {Proof, Schnorr} from "../libraries/Schnorr.sol";
import {RoundBase} from "./RoundBase.sol";

/// @title A round's beginning: requested, paid for, and given a committee.
abstract contract RoundOpening is RoundBase {
    /// @inheritdoc IRounds
    function request(
        Terms calldata terms_,
        BLS.G1Point calldata developerKey,
        Proof calldata proof,
        uint256 payment,
        Permit calldata permit
    ) external returns (uint256 roundId) {
        roundId = rounds++;
        uint256 required = _hold(roundId, terms_);
        if (payment < required) revert EscrowTooSmall(payment, required);
        Schnorr.Verdict verdict =
            Schnorr.verify(Schnorr.DEVELOPER_KEY, uint256(uint160(msg.sender)), developerKey, proof);
        if (verdict != Schnorr.Verdict.Valid) revert DeveloperKeyInvalid();

        uint64 seedBlock = _seedBlock();
        _terms[roundId] = terms_;
        Round storage r = _rounds[roundId];
        r.developer = msg.sender;
        r.seedBlock = seedBlock;
        r.epoch = REGISTRY.epochNow();
        r.developerKey = G1.hash(developerKey);
        r.termsHash = keccak256(abi.encode(terms_));
        r.resolved = ~_allSeats(terms_.n);
        // The registry draws in the order of requests; rounds and tickets count alike.
        assert(REGISTRY.scheduleDraw(seedBlock) == roundId);
        emit Requested(roundId, msg.sender, seedBlock, terms_, developerKey);

        Payment.pull(TOKEN, required, permit);
    }

    /// @inheritdoc IRounds
    function draw(uint256 roundId, bytes calldata evidence) external {
        _require(roundId, State.Requested);
        Round storage r = _rounds[roundId];
        if (block.number <= r.seedBlock) revert DrawTooEarly(r.seedBlock, block.number);
        uint8 n = _terms[roundId].n;

        bytes32 seed = keccak256(abi.encode(RANDOMNESS.valueAt(r.seedBlock, evidence), roundId));
        (IClerkRegistry.Outcome outcome, uint32[] memory ids, bytes32[] memory keys) =
            REGISTRY.draw(roundId, seed, n, r.epoch);

        _credit(roundId, msg.sender, DRAW_BOUNTY);
        if (outcome == IClerkRegistry.Outcome.Drawn) {
            r.drawnAt = uint40(block.timestamp);
            r.roundHash = _roundHash(roundId, ids, keys);
            _storeSeats(roundId, ids);
            emit Drawn(roundId, r.roundHash, ids);
        } else {
            r.undrawable = true;
            r.closed = true;
            r.deposit = 0;
            emit Undrawable(roundId, outcome);
            _credit(roundId, r.developer, r.held);
        }
    }

    /// @dev What the round costs is the round's, if it can be.
    function _hold(uint256 roundId, Terms calldata terms_) private returns (uint256 required) {
        (uint256 escrow, uint256 deposit, bool wide) = IRoundPolicy(POLICY).admit(terms_);
        required = escrow + deposit;
        Round storage r = _rounds[roundId];
        // Rows and rewards cost less than the bonds of 64 seats, the rest is some products of amounts below 2^96 with numbers
        // below 2^9: no sum of them reaches 2^128.
        // forge-lint: disable-next-line(unsafe-typecast)
        r.held = uint128(required);
        // forge-lint: disable-next-line(unsafe-typecast)
        r.deposit = uint128(deposit);
        r.wide = wide;
    }

    /// @dev Seed blocks share a grid: requests in every block would otherwise freeze the clerks' weights for ever.
    function _seedBlock() private view returns (uint64) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(Math.ceilDiv(block.number + SEED_DELAY, SEED_SPACING) * SEED_SPACING);
    }

    /// @dev What contributors sign and seeds are derived from (PROTOCOL §11.2).
    function _roundHash(uint256 roundId, uint32[] memory ids, bytes32[] memory keys) private view returns (bytes32) {
        Round storage r = _rounds[roundId];
        return keccak256(
            abi.encode(
                block.chainid,
                address(this),
                roundId,
                r.termsHash,
                r.developer,
                r.developerKey,
                uint256(r.epoch),
                ids,
                keys
            )
        );
    }
}
