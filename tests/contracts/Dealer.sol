// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Prover} from "./Prover.sol";

/// @dev The sum of a round's contributions as its clerks hold it: one random polynomial of degree below R per column, its
/// values at 1 … n as rows, and the rows' commitments. Every sum of contributions is such a thing.
library Dealer {
    struct Sharing {
        uint256[][] rows; // n × m
        BLS.G1Point[] points; // n
    }

    /// @param generators At least m points.
    function deal(Terms memory terms, BLS.G1Point[] memory generators, bytes32 seed)
        internal
        view
        returns (Sharing memory sharing)
    {
        uint256[][] memory polynomials = new uint256[][](terms.m);
        for (uint256 column = 0; column < terms.m; ++column) {
            polynomials[column] = new uint256[](uint256(terms.t) + terms.k);
            for (uint256 i = 0; i < polynomials[column].length; ++i) {
                polynomials[column][i] = uint256(keccak256(abi.encode(seed, column, i))) % G1.Q;
            }
        }
        BLS.G1Point[] memory bases = new BLS.G1Point[](terms.m);
        for (uint256 column = 0; column < terms.m; ++column) {
            bases[column] = generators[column];
        }

        sharing.rows = new uint256[][](terms.n);
        sharing.points = new BLS.G1Point[](terms.n);
        for (uint256 seat = 0; seat < terms.n; ++seat) {
            sharing.rows[seat] = new uint256[](terms.m);
            for (uint256 column = 0; column < terms.m; ++column) {
                sharing.rows[seat][column] = evaluate(polynomials[column], seat + 1);
            }
            sharing.points[seat] = Prover.combine(bases, sharing.rows[seat]);
        }
    }

    /// @param polynomial Coefficients, the constant one first.
    function evaluate(uint256[] memory polynomial, uint256 x) internal pure returns (uint256 value) {
        uint256 power = 1;
        for (uint256 i = 0; i < polynomial.length; ++i) {
            value = addmod(value, mulmod(polynomial[i], power, G1.Q), G1.Q);
            power = mulmod(power, x, G1.Q);
        }
    }

    /// @dev A further contribution.
    function add(Sharing memory sum, Sharing memory more) internal view {
        for (uint256 seat = 0; seat < sum.points.length; ++seat) {
            sum.points[seat] = BLS.add(sum.points[seat], more.points[seat]);
            for (uint256 column = 0; column < sum.rows[seat].length; ++column) {
                sum.rows[seat][column] = addmod(sum.rows[seat][column], more.rows[seat][column], G1.Q);
            }
        }
    }

    function pointHashes(BLS.G1Point[] memory points) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](points.length);
        for (uint256 i = 0; i < points.length; ++i) {
            hashes[i] = Prover.hash(points[i]);
        }
    }

    /// @dev What the clerks answer once this snapshot is on chain.
    function setOf(IRounds.Snapshot memory snapshot) internal pure returns (IRounds.Set memory set) {
        set = IRounds.Set({
            count: snapshot.count,
            noise: snapshot.noise,
            rosterRoot: snapshot.rosterRoot,
            enrolmentRoot: snapshot.enrolmentRoot,
            exclusions: 0,
            points: pointHashes(snapshot.points)
        });
        if (snapshot.body == 0) return set;
        set.points = new bytes32[](1);
        set.points[0] = snapshot.body;
    }

    /// @dev The root's body: count, point hashes of the seats below R, correction hashes of the others. A wide round's snapshot
    /// says it.
    function rootBody(IRounds.Snapshot memory snapshot) internal pure returns (bytes32) {
        if (snapshot.body != 0) return snapshot.body;
        uint256 threshold = snapshot.points.length - snapshot.corrections.length;
        bytes memory preimage = abi.encode(uint256(snapshot.count));
        for (uint256 i = 0; i < threshold; ++i) {
            preimage = bytes.concat(preimage, Prover.hash(snapshot.points[i]));
        }
        return keccak256(bytes.concat(preimage, abi.encodePacked(snapshot.corrections)));
    }
}
