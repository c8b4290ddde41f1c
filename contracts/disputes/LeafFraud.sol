// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Opening, Place, SignedLeaf} from "../interfaces/Evidence.sol";
import {IFrauds} from "../interfaces/IFrauds.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Commitment} from "../libraries/Commitment.sol";
import {G1} from "../libraries/G1.sol";
import {Schnorr} from "../libraries/Schnorr.sol";
import {FraudBase} from "./FraudBase.sol";

/// @title Leaves that a developer must not have put into its tree.
abstract contract LeafFraud is FraudBase {
    /// @inheritdoc IFrauds
    function badLeafBody(uint256 roundId, Place calldata place, IRewards.Leaf calldata leaf, bytes32 body) external {
        IRounds.Case memory c = _case(roundId);
        _requireLeaf(c, Commitment.leafOver(c.roundHash, leaf, body), place);
        if (body == leaf.body) revert NothingWrong();
        _convict(roundId, Fraud.Body, place.index);
    }

    /// @inheritdoc IFrauds
    function badLeafSignature(uint256 roundId, Place calldata place, SignedLeaf calldata signed) external {
        IRounds.Case memory c = _case(roundId);
        _requireSigned(c, signed.leaf, place);
        _requireEvidence(signed);
        if (_isSigned(c.roundHash, signed)) revert NothingWrong();
        _convict(roundId, Fraud.Signature, place.index);
    }

    /// @inheritdoc IFrauds
    function badLeafKey(uint256 roundId, Place calldata place, SignedLeaf calldata signed, BLS.G1Point calldata key)
        external
    {
        _requireSigned(_case(roundId), signed.leaf, place);
        _requireEvidence(signed);
        _requireSame(G1.hash(key), signed.leaf.key);
        // Noise is masked with the clerk's own key, whose proof the registry has checked.
        if (signed.leaf.kind != 0) revert NothingWrong();
        Schnorr.Verdict verdict = Schnorr.verifyFor(
            Schnorr.CONTRIBUTOR_KEY, address(ROUNDS), uint256(uint160(signed.leaf.account)), key, signed.proof
        );
        if (verdict == Schnorr.Verdict.Valid) revert NothingWrong();
        if (verdict == Schnorr.Verdict.KeyNotInSubgroup) G1.requirePrecompile(2);
        _convict(roundId, Fraud.Possession, place.index);
    }

    /// @inheritdoc IFrauds
    function badLeafCount(uint256 roundId, Place calldata place, Opening calldata opening) external {
        IRounds.Case memory c = _case(roundId);
        _requireLeaf(c, _hash(c, opening), place);
        if (opening.count == (_isData(c, place.index) ? 1 : 0)) revert NothingWrong();
        _convict(roundId, Fraud.Count, place.index);
    }

    /// @inheritdoc IFrauds
    function badLeafKind(uint256 roundId, Place calldata place, IRewards.Leaf calldata leaf, bytes32 body) external {
        IRounds.Case memory c = _case(roundId);
        _requireLeaf(c, Commitment.leafOver(c.roundHash, leaf, body), place);
        if (_isRightKind(roundId, c, leaf, place.index)) revert NothingWrong();
        _convict(roundId, Fraud.Kind, place.index);
    }

    /// @inheritdoc IFrauds
    function badFill(uint256 roundId, Place calldata place, IRounds.Set calldata set, bytes32 hash) external {
        IRounds.Case memory c = _case(roundId);
        _requireSet(c, set);
        _requireLeaf(c, hash, place);
        bool belongs = place.index < c.n ? (set.noise >> place.index) & 1 == 1 : _isData(c, place.index);
        if (belongs == (hash != Commitment.emptyLeaf(c.n, c.threshold, c.m, c.chunks))) revert NothingWrong();
        _convict(roundId, Fraud.Kind, place.index);
    }

    /// @inheritdoc IFrauds
    function badLeafPoint(
        uint256 roundId,
        uint8 seat,
        Place calldata place,
        Opening calldata opening,
        BLS.G1Point calldata point
    ) external {
        IRounds.Case memory c = _case(roundId);
        _requireLeaf(c, _hash(c, opening), place);
        if (seat >= c.threshold) revert WrongIndex(seat);
        _requireSame(G1.hash(point), opening.words[seat]);
        if (G1.inSubgroup(point)) revert NothingWrong();
        G1.requirePrecompile(1);
        _convict(roundId, Fraud.Point, place.index);
    }

    /// @inheritdoc IFrauds
    function badLeaves(
        uint256 roundId,
        Place calldata firstPlace,
        IRewards.Leaf calldata first,
        Place calldata secondPlace,
        IRewards.Leaf calldata second
    ) external {
        IRounds.Case memory c = _case(roundId);
        if (firstPlace.index >= secondPlace.index) revert WrongIndex(secondPlace.index);
        _requireSigned(c, first, firstPlace);
        _requireSigned(c, second, secondPlace);
        // A clerk may contribute as well: its noise leaf has the same account and another kind.
        bool twice = first.kind == second.kind && (first.account == second.account || first.key == second.key);
        bool disordered = _isData(c, firstPlace.index) && firstPlace.index + 1 == secondPlace.index
            && first.position >= second.position;
        if (!twice && !disordered) revert NothingWrong();
        _convict(roundId, twice ? Fraud.Twice : Fraud.Order, secondPlace.index);
    }
}
