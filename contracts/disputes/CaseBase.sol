// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IClerkRegistry} from "../interfaces/IClerkRegistry.sol";
import {Chunk, Opening, Place, SignedLeaf} from "../interfaces/Evidence.sol";
import {ICases} from "../interfaces/ICases.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Chunks} from "../libraries/Chunks.sol";
import {Commitment} from "../libraries/Commitment.sol";
import {Signature} from "../libraries/Signature.sol";

/// @title What all verdicts share: the round they are about, and whether something is in its tree.
abstract contract CaseBase is ICases {
    IRounds public immutable ROUNDS;
    IClerkRegistry public immutable REGISTRY;

    constructor(IRounds rounds, IClerkRegistry registry) {
        ROUNDS = rounds;
        REGISTRY = registry;
    }

    /// @dev The closed set that is disputed; reverts outside of the complaint window.
    function _case(uint256 roundId) internal view returns (IRounds.Case memory) {
        return ROUNDS.disputed(roundId);
    }

    // ------------------------------------------------------------------ the tree

    function _depth(IRounds.Case memory c) internal pure returns (uint256) {
        return Commitment.depth(c.n, c.count);
    }

    /// @dev Reverts unless `hash` stands at `place`, whatever its level.
    function _requireInTree(IRounds.Case memory c, bytes32 hash, Place calldata place) internal pure {
        if (place.path.length > _depth(c)) revert WrongLevel(place.path.length, _depth(c));
        if (place.index >> place.path.length != 0) revert WrongIndex(place.index);
        bytes32 computed = Commitment.rootOf(hash, place.index, place.path);
        if (computed != c.root) revert NotInTree(computed, c.root);
    }

    /// @dev Reverts unless `hash` is a leaf of the tree.
    function _requireLeaf(IRounds.Case memory c, bytes32 hash, Place calldata place) internal pure {
        if (place.path.length != _depth(c)) revert WrongLevel(place.path.length, _depth(c));
        _requireInTree(c, hash, place);
    }

    /// @dev Reverts unless the leaf, over the body that was signed, is in the tree.
    function _requireSigned(IRounds.Case memory c, IRewards.Leaf calldata leaf, Place calldata place) internal pure {
        _requireLeaf(c, Commitment.leaf(c.roundHash, leaf), place);
    }

    /// @dev The body over all chunks, from what one of them has.
    function _body(IRounds.Case memory c, uint256 count, bytes32[] calldata words, Chunk calldata chunk)
        internal
        pure
        returns (bytes32)
    {
        if (words.length != c.n) revert WrongNumber("words", words.length, c.n);
        return Chunks.rootOf(Commitment.bodyOf(count, words), chunk, c.chunks);
    }

    /// @dev The hash of an opened node.
    function _hash(IRounds.Case memory c, Opening calldata node) internal pure returns (bytes32) {
        return Commitment.node(node.left, node.right, _body(c, node.count, node.words, node.chunk));
    }

    function _requireSame(bytes32 given, bytes32 required) internal pure {
        if (given != required) revert NotOpened(given, required);
    }

    /// @dev Indices of the contributors' leaves.
    function _isData(IRounds.Case memory c, uint256 index) internal pure returns (bool) {
        return index >= c.n && index < uint256(c.n) + c.count;
    }

    /// @dev Whether a leaf is of the kind that its index calls for: data, or the noise of that very seat's clerk.
    function _isRightKind(uint256 roundId, IRounds.Case memory c, IRewards.Leaf calldata leaf, uint256 index)
        internal
        view
        returns (bool)
    {
        if (index >= c.n) return leaf.kind == 0 && _isData(c, index);
        // forge-lint: disable-next-line(unsafe-typecast)
        uint32 clerkId = ROUNDS.clerkAt(roundId, uint8(index));
        return leaf.kind == 1 && leaf.account == REGISTRY.operatorOf(clerkId)
            && leaf.key == REGISTRY.keyHash(clerkId, c.epoch);
    }

    /// @dev What is shown as signature and proof is what the leaf holds.
    function _requireEvidence(SignedLeaf calldata signed) internal pure {
        bytes32 given = keccak256(abi.encodePacked(signed.signature, signed.proof.e, signed.proof.s));
        _requireSame(given, signed.leaf.evidence);
    }

    function _isSigned(bytes32 roundHash, SignedLeaf calldata signed) internal view returns (bool) {
        bytes32 structHash = Commitment.structHash(roundHash, signed.leaf);
        return Signature.isBy(signed.leaf.account, address(ROUNDS), structHash, signed.signature);
    }

    function _requireSet(IRounds.Case memory c, IRounds.Set calldata set) internal pure {
        bytes32 given = Commitment.setHash(c.roundHash, set);
        if (given != c.setHash) revert WrongSet(given, c.setHash);
    }
}
