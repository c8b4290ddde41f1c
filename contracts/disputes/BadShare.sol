// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Complaint, SharedKey, SignedLeaf} from "../interfaces/Evidence.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IRounds} from "../interfaces/IRounds.sol";
import {Commitment} from "../libraries/Commitment.sol";
import {Dleq} from "../libraries/Dleq.sol";
import {Expansion} from "../libraries/Expansion.sol";
import {G1} from "../libraries/G1.sol";
import {Late} from "../libraries/Late.sol";
import {Settling} from "./Settling.sol";

/// @title A contributor's commitment that is not that of the share it sent to a seat.
/// @dev The clerk reveals K_uj for this one contributor and proves it; the chain derives the seed, expands the row and
/// compares. Nothing of anyone else is revealed.
abstract contract BadShare is Settling {
    /// @inheritdoc IDisputes
    function badShare(uint256 roundId, Complaint calldata complaint) external {
        IRounds.Case memory c = _case(roundId);
        uint8 seat = complaint.seat;
        uint32 clerkId = _requireSeat(roundId, seat);
        bytes32 leafHash = _requireContributors(roundId, c, complaint);
        _requireSharedKey(c, complaint, REGISTRY.keyHash(clerkId, c.epoch), leafHash);

        uint256[] memory row = _row(c, complaint);
        bool right = seat < c.threshold
            ? G1.commitFrom(GENERATORS, row) == complaint.words[seat]
            : _opensDerived(c, complaint, _corrected(row, c, complaint));
        if (right) revert NothingWrong();
        _exclude(roundId, complaint);
    }

    /// @dev The leaf is in the tree, its contributor signed it, and it belongs there: otherwise it is the developer's fraud.
    /// A bad leaf put in a seat's noise position must not cost that seat's clerk its bond.
    function _requireContributors(uint256 roundId, IRounds.Case memory c, Complaint calldata complaint)
        private
        view
        returns (bytes32 leafHash)
    {
        SignedLeaf calldata signed = complaint.signed;
        leafHash = Commitment.leaf(c.roundHash, signed.leaf);
        _requireLeaf(c, leafHash, complaint.place);
        _requireEvidence(signed);
        if (!_isSigned(c.roundHash, signed)) revert SignatureInvalid(signed.leaf.account);
        if (!_isRightKind(roundId, c, signed.leaf, complaint.place.index)) {
            revert WrongKind(complaint.place.index, signed.leaf.kind);
        }
        uint256 count = signed.leaf.kind == 0 ? 1 : 0;
        _requireSame(_body(c, count, complaint.words, complaint.chunk), signed.leaf.body);
    }

    /// @dev K is that of the seat's registered key and the contributor's key, proven by the caller for this leaf alone.
    function _requireSharedKey(
        IRounds.Case memory c,
        Complaint calldata complaint,
        bytes32 registered,
        bytes32 leafHash
    ) private view {
        SharedKey calldata key = complaint.key;
        if (G1.hash(key.clerkKey) != registered) revert KeyMismatch(G1.hash(key.clerkKey), registered);
        bytes32 contributorKey = complaint.signed.leaf.key;
        if (G1.hash(key.contributorKey) != contributorKey) {
            revert KeyMismatch(G1.hash(key.contributorKey), contributorKey);
        }
        bytes32 subject = keccak256(abi.encode(c.roundHash, complaint.seat, msg.sender, leafHash));
        if (!Dleq.verify(subject, key)) revert SharedKeyInvalid();
    }

    /// @dev The chunk of the row that contributor and clerk both derive.
    function _row(IRounds.Case memory c, Complaint calldata complaint) private view returns (uint256[] memory row) {
        SharedKey calldata key = complaint.key;
        bytes32 seed = Expansion.seed(
            complaint.signed.leaf.kind == 0 ? Expansion.PAD : Expansion.NOISE_PAD,
            c.roundHash,
            complaint.seat,
            G1.compress(key.contributorKey),
            complaint.signed.leaf.nonce,
            G1.compress(key.shared)
        );
        row = new uint256[](c.m);
        uint256 first = complaint.chunk.index * c.m;
        // Fewer than 2^16 chunks of at most 64 elements.
        unchecked {
            for (uint256 i = 0; i < row.length; ++i) {
                row[i] = Expansion.element(seed, first + i);
            }
        }
    }

    /// @dev Of a seat ≥ R: with the correction that the leaf commits to.
    function _corrected(uint256[] memory row, IRounds.Case memory c, Complaint calldata complaint)
        private
        pure
        returns (uint256[] memory)
    {
        if (complaint.correction.length != c.m) revert WrongNumber("correction", complaint.correction.length, c.m);
        _requireSame(keccak256(abi.encodePacked(complaint.correction)), complaint.words[complaint.seat]);
        for (uint256 i = 0; i < row.length; ++i) {
            row[i] = addmod(row[i], complaint.correction[i], G1.Q);
        }
        return row;
    }

    /// @dev Of a seat ≥ R: whether the row opens the commitment that follows from those of the first R seats. Points outside
    /// the group are the developer's fraud, shown by {IFrauds-badLeafPoint}.
    function _opensDerived(IRounds.Case memory c, Complaint calldata complaint, uint256[] memory row)
        private
        view
        returns (bool)
    {
        uint256 threshold = c.threshold;
        BLS.G1Point[] calldata points = complaint.points;
        if (points.length != threshold) revert WrongNumber("points", points.length, threshold);
        bytes32[] calldata words = complaint.words;
        for (uint256 i = 0; i < threshold; ++i) {
            _requireSame(G1.hash(points[i]), words[i]);
        }
        (bool valid, bool right) = Late.opens(GENERATORS, points, complaint.seat, row);
        if (!valid) revert PointsInvalid();
        return right;
    }
}
