// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Opening} from "../../contracts/interfaces/Evidence.sol";
import {Prover} from "./Prover.sol";

/// @dev Nodes whose openings are known, as evidence needs them.
library Nodes {
    /// @dev A node above the leaves and its children; every seat has the same point.
    struct Family {
        Opening node;
        Opening left;
        Opening right;
        bytes[3] values; // node's, left's, right's
    }

    /// @dev The sum of two contributors, or not: node = left + right if the three multiples of G add up.
    /// @param n Words of a body.
    function family(uint256 n, uint256 node, uint256 left, uint256 right) internal view returns (Family memory) {
        return family(n, Prover.publicKey(node), Prover.publicKey(left), Prover.publicKey(right));
    }

    function family(uint256 n, BLS.G1Point memory node, BLS.G1Point memory left, BLS.G1Point memory right)
        internal
        pure
        returns (Family memory made)
    {
        made.values = [abi.encode(node), abi.encode(left), abi.encode(right)];
        made.node = opening(n, "node", 2, keccak256(made.values[0]));
        made.left = opening(n, "left", 1, keccak256(made.values[1]));
        made.right = opening(n, "right", 1, keccak256(made.values[2]));
        bind(made);
    }

    /// @dev One seat's values become others.
    function setValues(Family memory made, uint256 seat, bytes memory node, bytes memory left, bytes memory right)
        internal
        pure
    {
        made.values = [node, left, right];
        made.node.words[seat] = keccak256(node);
        made.left.words[seat] = keccak256(left);
        made.right.words[seat] = keccak256(right);
        bind(made);
    }

    /// @dev The node is over these children.
    function bind(Family memory made) internal pure {
        (made.node.left, made.node.right) = (hash(made.left), hash(made.right));
    }

    function opening(uint256 n, string memory salt, uint256 count, bytes32 word)
        internal
        pure
        returns (Opening memory made)
    {
        made.left = keccak256(abi.encode(salt, "left"));
        made.right = keccak256(abi.encode(salt, "right"));
        made.count = count;
        made.words = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            made.words[i] = word;
        }
    }

    function hash(Opening memory made) internal pure returns (bytes32) {
        bytes32 body = keccak256(abi.encodePacked(made.count, made.words));
        return keccak256(bytes.concat(made.left, made.right, body));
    }
}
