// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Complaint, SignedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Merkle} from "./Merkle.sol";
import {Prover} from "./Prover.sol";

/// @dev Wide rounds over real commitments: every chunk is a sharing of its own.
abstract contract WideFixture is DisputesFixture {
    uint32 internal constant COUNT = 5;
    uint32 internal constant ROW_WINDOW = 20 minutes;

    struct Wide {
        uint256 id;
        Dealer.Sharing[] chunks; // what rows must be
        bytes32[][] words; // of the bodies of the root's chunks
        bytes32[] bodies;
        IRounds.Snapshot snapshot;
        IRounds.Set set; // the current one
        Contribution[][] lies; // the chunks of each leaf that is to be excluded; none in most rounds
        IDisputes.Exclusion[] queue;
    }

    // ------------------------------------------------------------------ rounds

    /// @dev 36 slots to an element, 3 elements to a column, 3 columns to a chunk; the last chunk lacks one.
    function wideTerms(uint256 chunks) internal pure returns (Terms memory terms) {
        terms = defaultTerms();
        terms.m = 4;
        terms.length = uint32(36 * 3 * (3 * chunks - 1));
    }

    function wideFee(uint256 chunks, uint256 count) internal pure returns (uint256) {
        Terms memory terms = wideTerms(chunks);
        return terms.flatFee + chunks * (fee(terms, count) - terms.flatFee);
    }

    /// @dev With its committee.
    function begun(Terms memory terms, uint256 chunks) internal returns (Wide memory w) {
        w.id = collecting(terms);
        w.chunks = new Dealer.Sharing[](chunks);
        for (uint256 c = 0; c < chunks; ++c) {
            w.chunks[c] = Dealer.deal(terms, bases, keccak256(abi.encode(w.id, c)));
        }
    }

    /// @dev With a snapshot that is not on chain yet.
    function filled(Wide memory w) internal view {
        uint256 chunks = w.chunks.length;
        (w.words, w.bodies) = (new bytes32[][](chunks), new bytes32[](chunks));
        for (uint256 c = 0; c < chunks; ++c) {
            w.words[c] = wordsOf(w, c);
            w.bodies[c] = keccak256(abi.encodePacked(uint256(COUNT), w.words[c]));
        }
        w.snapshot.count = COUNT;
        w.snapshot.rosterRoot = keccak256("roster");
        w.snapshot.enrolmentRoot = keccak256("enrolment");
        w.snapshot.body = Merkle.root(w.bodies);
        place(w);
        w.set = Dealer.setOf(w.snapshot);
    }

    function wordsOf(Wide memory w, uint256 c) private view returns (bytes32[] memory words) {
        words = new bytes32[](w.chunks[c].points.length);
        for (uint256 seat = 0; seat < words.length; ++seat) {
            BLS.G1Point memory point = w.chunks[c].points[seat];
            for (uint256 i = 0; i < w.lies.length; ++i) {
                point = BLS.add(point, w.lies[i][c].points[seat]);
            }
            words[seat] = seat < thresholdOf(w) ? Prover.hash(point) : keccak256(abi.encode("correction", c, seat));
        }
    }

    /// @dev The leaves' paths, and the root's children.
    function place(Wide memory w) private view {
        Leaves.Tree memory made = tree(w.id, COUNT);
        for (uint256 i = 0; i < w.lies.length; ++i) {
            Contribution memory lie = w.lies[i][0];
            made.levels[0][lie.index] = Leaves.hash(rounds.round(w.id).roundHash, lie.signed.leaf);
        }
        Leaves.raise(made, 1);
        (w.snapshot.left, w.snapshot.right) = Leaves.children(made);
        for (uint256 i = 0; i < w.lies.length; ++i) {
            for (uint256 c = 0; c < w.chunks.length; ++c) {
                w.lies[i][c].path = Leaves.pathOf(made, w.lies[i][c].index, w.snapshot.body);
            }
        }
    }

    function thresholdOf(Wide memory w) internal view returns (uint256) {
        Terms memory terms = rounds.terms(w.id);
        return uint256(terms.t) + terms.k;
    }

    function closed(uint256 chunks) internal returns (Wide memory w) {
        w = begun(wideTerms(chunks), chunks);
        filled(w);
        take(w.id, w.snapshot);
    }

    /// @dev Rows are awaited.
    function awaiting(uint256 chunks) internal returns (Wide memory w) {
        w = closed(chunks);
        toRows(w.id);
    }

    /// @dev Seconds from the start of the first row window.
    function elapse(Wide memory w, uint256 sinceRows) internal {
        (,, uint256 rowEnd,) = rounds.deadlines(w.id);
        vm.warp(rowEnd - 3 * ROW_WINDOW + sinceRows);
    }

    // ------------------------------------------------------------------ a contributor that lied in one chunk

    function liedIn(uint256 chunks, uint256 chunk) internal returns (Wide memory w) {
        w = begun(wideTerms(chunks), chunks);
        w.lies = new Contribution[][](1);
        w.lies[0] = chunked(w.id, 0, chunks, chunk);
        filled(w);
        take(w.id, w.snapshot);
    }

    /// @dev Contributor i's chunks: those that the clerks derive, but one.
    function chunked(uint256 id, uint256 i, uint256 chunks, uint256 lying)
        internal
        view
        returns (Contribution[] memory parts)
    {
        parts = new Contribution[](chunks);
        for (uint256 c = 0; c < chunks; ++c) {
            if (c == lying) {
                parts[c] = dishonest(id, i);
                continue;
            }
            uint256[][] memory rows = derivedRows(id, i, c);
            parts[c] = contribution(id, i, extended(id, rows), corrected(id, rows));
        }
        IRewards.Leaf memory leaf = parts[0].signed.leaf;
        leaf.body = Merkle.root(bodiesOf(parts));
        signed(parts, sign(id, leaf, i));
    }

    function signed(Contribution[] memory parts, SignedLeaf memory all) internal pure {
        for (uint256 c = 0; c < parts.length; ++c) {
            parts[c].signed = all;
        }
    }

    function bodiesOf(Contribution[] memory parts) internal pure returns (bytes32[] memory bodies) {
        bodies = new bytes32[](parts.length);
        uint256 count = parts[0].signed.leaf.kind == 0 ? 1 : 0;
        for (uint256 c = 0; c < parts.length; ++c) {
            bodies[c] = keccak256(abi.encodePacked(count, parts[c].words));
        }
    }

    function complaintAbout(Wide memory w, uint256 chunk, uint8 seat)
        internal
        view
        returns (Complaint memory complaint)
    {
        return complaintAbout(w.lies[0], chunk, seat);
    }

    function complaintAbout(Contribution[] memory lie, uint256 chunk, uint8 seat)
        private
        view
        returns (Complaint memory complaint)
    {
        complaint = complaintOf(lie[chunk], seat);
        complaint.chunk = Merkle.chunk(bodiesOf(lie), chunk);
    }

    function complainAbout(Wide memory w, uint256 lie, uint256 chunk, uint8 seat) internal {
        Complaint memory complaint = complaintAbout(w.lies[lie], chunk, seat);
        address holder = operator(w.id, seat);
        vm.prank(holder);
        disputes.badShare(w.id, complaint);
    }

    /// @dev The leaves are out, rows are awaited.
    function settleWide(Wide memory w) internal {
        enqueue(w);
        toSettling(w);
        disputes.settle(w.id, w.set, noPoints(), w.queue, noLeaves());
        bytes memory indices;
        for (uint256 i = 0; i < w.queue.length; ++i) {
            indices = abi.encodePacked(indices, uint256(w.queue[i].index));
            if (w.queue[i].noise) w.set.noise ^= uint64(1 << w.queue[i].index);
            else w.set.count -= 1;
        }
        w.set.exclusions = keccak256(indices);
    }

    /// @dev The first moment at which a wide round can be settled.
    function toSettling(Wide memory w) internal {
        vm.warp(toComplaints(w.id) + 5 minutes);
    }

    function enqueue(Wide memory w) internal pure {
        w.queue = new IDisputes.Exclusion[](w.lies.length);
        for (uint256 i = 0; i < w.queue.length; ++i) {
            w.queue[i] = verdicts(w.lies[i][0])[0];
        }
    }

    // ------------------------------------------------------------------ rows

    /// @dev The row's element in one chunk becomes another.
    function spoil(Wide memory w, uint256 seat, uint256 chunk) internal pure {
        uint256[] memory row = w.chunks[chunk].rows[seat];
        row[0] = addmod(row[0], 1, G1.Q);
    }

    function rowWords(Wide memory w, uint256 seat) internal pure returns (bytes32[] memory words) {
        words = new bytes32[](w.chunks.length);
        for (uint256 c = 0; c < words.length; ++c) {
            words[c] = keccak256(abi.encodePacked(w.chunks[c].rows[seat]));
        }
    }

    function post(Wide memory w, uint8 seat) internal {
        bytes32 setHash = rounds.round(w.id).setHash;
        address holder = operator(w.id, seat);
        vm.prank(holder);
        checks.postRow(w.id, seat, setHash, Merkle.root(rowWords(w, seat)));
    }

    function postAll(Wide memory w) internal {
        for (uint256 seat = 0; seat < w.words[0].length; ++seat) {
            post(w, uint8(seat));
        }
    }

    function fundChecks(address account) internal {
        require(token.transfer(account, 100e18));
        vm.prank(account);
        token.approve(address(checks), type(uint256).max);
    }

    function doubtBy(address account, Wide memory w, uint8 seat, uint256 chunk) internal {
        vm.prank(account);
        checks.doubt(w.id, seat, chunk, noPermit);
    }

    /// @dev All that is needed to open a chunk of a seat's row.
    function openingOf(Wide memory w, uint256 seat, uint256 chunk)
        internal
        view
        returns (IRowChecks.RowOpening memory opening)
    {
        opening.row = w.chunks[chunk].rows[seat];
        opening.rowPath = Merkle.chunk(rowWords(w, seat), chunk).path;
        opening.chunk = Merkle.chunk(w.bodies, chunk);
        (opening.count, opening.words, opening.set) = (COUNT, w.words[chunk], w.set);
        opening.queue = w.queue;
        opening.points = pointsFor(w, seat, w.chunks[chunk].points);
        opening.leaves = new IRowChecks.ExcludedChunk[](w.queue.length);
        for (uint256 i = 0; i < w.queue.length; ++i) {
            opening.leaves[i] = IRowChecks.ExcludedChunk({
                points: firstPoints(w.lies[i][chunk]),
                corrections: excludedLeaf(w.lies[i][chunk]).corrections,
                path: Merkle.chunk(bodiesOf(w.lies[i]), chunk).path
            });
        }
        // A copy: tests change it.
        return abi.decode(abi.encode(opening), (IRowChecks.RowOpening));
    }

    function pointsFor(Wide memory w, uint256 seat, BLS.G1Point[] memory all)
        private
        view
        returns (BLS.G1Point[] memory points)
    {
        uint256 threshold = thresholdOf(w);
        points = new BLS.G1Point[](seat < threshold ? 1 : threshold);
        for (uint256 i = 0; i < points.length; ++i) {
            points[i] = all[seat < threshold ? seat : i];
        }
    }

    function open(Wide memory w, uint8 seat, uint256 chunk) internal {
        checks.openChunk(w.id, seat, openingOf(w, seat, chunk));
    }
}
