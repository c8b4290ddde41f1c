// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Frauds} from "../../contracts/Frauds.sol";
import {Complaint, ExcludedLeaf, Place, SharedKey, SignedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {IDisputes} from "../../contracts/interfaces/IDisputes.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Dealer} from "./Dealer.sol";
import {GasRecord} from "./GasRecord.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";

/// @dev A closed round with one leaf that somebody lied about, in a tree as deep as one likes, and the evidence.
abstract contract DisputesFixture is GasRecord {
    uint256 internal constant CONTRIBUTOR = 0xc0117;
    uint256 internal constant CONTRIBUTOR_KEY = 0xa11ce;
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @dev What the contributor committed to: a codeword, but of other rows than a clerk derives.
    struct Lie {
        uint256 id;
        uint256 index;
        uint256 account; // secret of who signed
        uint256 key; // its G1 secret
        SignedLeaf signed;
        BLS.G1Point[] points; // of all seats
        uint256[][] corrections; // of the seats ≥ R
        bytes32[] words;
        IRewards.Step[] path;
        IRounds.Snapshot snapshot;
    }

    function frauds() internal view returns (Frauds) {
        return Frauds(disputes.frauds());
    }

    /// @dev A round of `count` contributors whose first lied, its snapshot taken.
    function lied(Terms memory terms, uint32 count) internal returns (Lie memory lie) {
        lie.id = request(terms);
        draw(lie.id);
        lie.index = terms.n;
        (lie.account, lie.key) = (CONTRIBUTOR, CONTRIBUTOR_KEY);
        share(lie, terms);
        lie.signed = sign(lie.id, leafOf(lie.words));
        commit(lie, terms, count);
    }

    /// @dev Points and corrections of another polynomial than that of the rows.
    function share(Lie memory lie, Terms memory terms) internal view {
        Dealer.Sharing memory shares = Dealer.deal(terms, bases, "another polynomial");
        lie.points = shares.points;
        uint256 threshold = uint256(terms.t) + terms.k;
        lie.corrections = new uint256[][](terms.n - threshold);
        lie.words = new bytes32[](terms.n);
        for (uint256 seat = 0; seat < terms.n; ++seat) {
            lie.words[seat] = Prover.hash(lie.points[seat]);
            if (seat < threshold) continue;
            // Any row will do: the seat's own is not known to be another.
            lie.corrections[seat - threshold] = shares.rows[seat];
            lie.words[seat] = keccak256(abi.encodePacked(shares.rows[seat]));
        }
    }

    function commit(Lie memory lie, Terms memory terms, uint32 count) internal {
        lie.snapshot = makeSnapshot(lie.id, 3);
        lie.snapshot.count = count;
        for (uint256 seat = 0; seat < terms.n; ++seat) {
            lie.snapshot.points[seat] = BLS.add(lie.snapshot.points[seat], lie.points[seat]);
        }
        bytes32 node = Leaves.hash(rounds.round(lie.id).roundHash, lie.signed.leaf);
        lie.path = pathFrom(node, lie.index, depthOf(terms.n, count), lie.snapshot);
        lie.path[lie.path.length - 1].body = Dealer.rootBody(lie.snapshot);
        take(lie.id, lie.snapshot);
    }

    function depthOf(uint256 n, uint256 count) internal pure returns (uint256 depth) {
        depth = 1;
        while (2 ** depth < n + count) ++depth;
    }

    /// @dev A path of made-up siblings and bodies; the snapshot gets the root's children.
    function pathFrom(bytes32 node, uint256 index, uint256 length, IRounds.Snapshot memory snapshot)
        internal
        pure
        returns (IRewards.Step[] memory path)
    {
        path = new IRewards.Step[](length);
        for (uint256 level = 0; level < length; ++level) {
            bytes32 sibling = keccak256(abi.encode("sibling", level));
            bytes32 body = Leaves.bodyOf(level + 1, index >> (level + 1));
            path[level] = IRewards.Step(sibling, body);
            (bytes32 left, bytes32 right) = (index >> level) & 1 == 0 ? (node, sibling) : (sibling, node);
            (snapshot.left, snapshot.right) = (left, right);
            node = keccak256(bytes.concat(left, right, body));
        }
    }

    function leafOf(bytes32[] memory words) internal view returns (IRewards.Leaf memory leaf) {
        leaf = Leaves.leafOf(0);
        leaf.account = vm.addr(CONTRIBUTOR);
        leaf.key = Prover.hash(Prover.publicKey(CONTRIBUTOR_KEY));
        leaf.body = keccak256(abi.encodePacked(uint256(1), words));
    }

    function sign(uint256 id, IRewards.Leaf memory leaf) internal view returns (SignedLeaf memory signed) {
        signed.proof =
            Prover.prove(CONTRIBUTOR_KEY, "SDA/1 contributor key", address(rounds), uint256(uint160(leaf.account)));
        return signBy(CONTRIBUTOR, id, leaf, signed);
    }

    function signBy(uint256 account, uint256 id, IRewards.Leaf memory leaf, SignedLeaf memory signed)
        internal
        view
        returns (SignedLeaf memory)
    {
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256("SDA"), keccak256("1"), block.chainid, address(rounds)));
        bytes32 digest = keccak256(bytes.concat(hex"1901", domain, Leaves.structHash(rounds.round(id).roundHash, leaf)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(account, digest);
        signed.signature = abi.encodePacked(r, s, v);
        leaf.evidence = keccak256(abi.encodePacked(signed.signature, signed.proof.e, signed.proof.s));
        signed.leaf = leaf;
        return signed;
    }

    // ------------------------------------------------------------------ a clerk's complaint

    function complaintOf(Lie memory lie, uint8 seat) internal view returns (Complaint memory complaint) {
        Terms memory terms = rounds.terms(lie.id);
        uint256 threshold = uint256(terms.t) + terms.k;
        complaint.seat = seat;
        complaint.place = Place(lie.index, lie.path);
        complaint.signed = lie.signed;
        complaint.words = lie.words;
        complaint.key = sharedKey(lie, seat);
        if (seat < threshold) return complaint;
        complaint.points = new BLS.G1Point[](threshold);
        for (uint256 i = 0; i < threshold; ++i) {
            complaint.points[i] = lie.points[i];
        }
        complaint.correction = lie.corrections[seat - threshold];
    }

    function clerkSecret(uint256 id, uint8 seat) internal view returns (uint256) {
        return uint256(keccak256(abi.encode("clerk", uint256(rounds.seats(id)[seat]), rounds.round(id).epoch))) >> 2;
    }

    function sharedKey(Lie memory lie, uint8 seat) internal view returns (SharedKey memory key) {
        uint256 secret = clerkSecret(lie.id, seat);
        key.clerkKey = Prover.publicKey(secret);
        key.contributorKey = Prover.publicKey(lie.key);
        key.shared = Prover.multiply(key.contributorKey, secret);
        bytes32 leaf = Leaves.hash(rounds.round(lie.id).roundHash, lie.signed.leaf);
        bytes32 subject = keccak256(abi.encode(rounds.round(lie.id).roundHash, seat, operator(lie.id, seat), leaf));
        uint256 r = uint256(keccak256(abi.encode("one-time", secret, subject))) % G1.Q;
        bytes memory transcript = bytes.concat(
            abi.encodePacked(bytes31("SDA/1 shared key"), bytes1(0), block.chainid, address(disputes), subject),
            abi.encode(key.clerkKey, key.contributorKey, key.shared),
            abi.encode(Prover.publicKey(r), Prover.multiply(key.contributorKey, r))
        );
        uint256 e = uint256(keccak256(transcript)) % G1.Q;
        key.proof = Proof({e: e, s: addmod(r, mulmod(e, secret, G1.Q), G1.Q)});
    }

    function complain(Lie memory lie, uint8 seat) internal {
        Complaint memory complaint = complaintOf(lie, seat);
        address holder = operator(lie.id, seat);
        vm.prank(holder);
        disputes.badShare(lie.id, complaint);
    }

    function verdicts(Lie memory lie) internal pure returns (IDisputes.Exclusion[] memory queue) {
        queue = new IDisputes.Exclusion[](1);
        queue[0] = IDisputes.Exclusion(uint32(lie.index), lie.signed.leaf.kind != 0, lie.signed.leaf.body);
    }

    function excludedOf(Lie memory lie) internal view returns (ExcludedLeaf[] memory leaves) {
        Terms memory terms = rounds.terms(lie.id);
        uint256 threshold = uint256(terms.t) + terms.k;
        leaves = new ExcludedLeaf[](1);
        leaves[0].points = new BLS.G1Point[](threshold);
        leaves[0].corrections = new bytes32[](terms.n - threshold);
        for (uint256 seat = 0; seat < terms.n; ++seat) {
            if (seat < threshold) leaves[0].points[seat] = lie.points[seat];
            else leaves[0].corrections[seat - threshold] = lie.words[seat];
        }
    }

    function settle(Lie memory lie) internal {
        ExcludedLeaf[] memory leaves = excludedOf(lie);
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        BLS.G1Point[] memory points = sharing(lie.id).points;
        vm.prank(ANYONE);
        disputes.settle(lie.id, set, points, verdicts(lie), leaves);
    }
}
