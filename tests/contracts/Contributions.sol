// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Chunk, Complaint, ExcludedLeaf, Place, SharedKey, SignedLeaf} from "../../contracts/interfaces/Evidence.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Expansion} from "../../contracts/libraries/Expansion.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Lagrange} from "../../contracts/libraries/Lagrange.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Dealer} from "./Dealer.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev Contributions with real keys, signatures and commitments, honest or not, and what a clerk can show of them.
abstract contract Contributions is RoundsFixture {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    /// @dev Of the first contributor; those of the others follow it.
    uint256 internal constant CONTRIBUTOR = 0xc0117;
    uint256 internal constant CONTRIBUTOR_KEY = 0xa11ce;

    /// @dev The only chunk of a narrow round.
    Chunk internal whole;

    struct Contribution {
        uint256 id; // of the round
        uint256 index; // of the leaf
        uint256 key; // secret
        SignedLeaf signed;
        BLS.G1Point[] points; // of all seats
        uint256[][] corrections; // of the seats ≥ R
        bytes32[] words;
        IRewards.Step[] path;
        IRounds.Snapshot snapshot; // that it is in
    }

    // ------------------------------------------------------------------ what contributors send

    /// @dev Contributor i committed to the shares that its clerks derive and correct.
    function honest(uint256 id, uint256 i) internal view returns (Contribution memory made) {
        uint256[][] memory rows = derivedRows(id, i, 0);
        return contribution(id, i, extended(id, rows), corrected(id, rows));
    }

    /// @dev The same, but the commitment for one seat below R is that of twice its share.
    function honestBut(uint256 id, uint256 i, uint256 seat) internal view returns (Contribution memory made) {
        uint256[][] memory rows = derivedRows(id, i, 0);
        uint256[][] memory corrections = corrected(id, rows);
        for (uint256 column = 0; column < rows[seat].length; ++column) {
            rows[seat][column] = addmod(rows[seat][column], rows[seat][column], G1.Q);
        }
        return contribution(id, i, extended(id, rows), corrections);
    }

    /// @dev Contributor i committed to a codeword, but of other rows than its clerks derive.
    function dishonest(uint256 id, uint256 i) internal view returns (Contribution memory) {
        Terms memory terms = rounds.terms(id);
        uint256[][] memory rows = lie(terms, i).rows;
        uint256[][] memory corrections = new uint256[][](terms.n - terms.t - terms.k);
        for (uint256 late = 0; late < corrections.length; ++late) {
            // Any row will do: the seat's own is not known to be another.
            corrections[late] = rows[late];
        }
        return contribution(id, i, rows, corrections);
    }

    /// @dev The same as noise, by the clerk of a seat.
    function dishonestNoise(uint256 id, uint8 seat) internal view returns (Contribution memory made) {
        made = dishonest(id, 0);
        (made.index, made.key) = (seat, clerkSecret(id, seat));
        IRewards.Leaf memory leaf = made.signed.leaf;
        (leaf.kind, leaf.account) = (1, operator(id, seat));
        leaf.key = Prover.hash(Prover.publicKey(made.key));
        leaf.body = keccak256(abi.encodePacked(uint256(0), made.words));
        made.signed = signBy(id, leaf, CLERK + rounds.seats(id)[seat], made.key);
    }

    function lie(Terms memory terms, uint256 i) internal view returns (Dealer.Sharing memory) {
        return Dealer.deal(terms, bases, keccak256(abi.encode("another polynomial", i)));
    }

    function contribution(uint256 id, uint256 i, uint256[][] memory shares, uint256[][] memory corrections)
        internal
        view
        returns (Contribution memory made)
    {
        uint256 n = shares.length;
        (made.id, made.index, made.key, made.corrections) = (id, n + i, CONTRIBUTOR_KEY + i, corrections);
        made.points = new BLS.G1Point[](n);
        made.words = new bytes32[](n);
        uint256 threshold = n - corrections.length;
        for (uint256 seat = 0; seat < n; ++seat) {
            made.points[seat] = committed(shares[seat]);
            made.words[seat] = seat < threshold
                ? Prover.hash(made.points[seat])
                : keccak256(abi.encodePacked(corrections[seat - threshold]));
        }
        made.signed = sign(id, leafOf(i, made.words), i);
    }

    /// @dev One chunk of the rows that contributor i and the clerks derive.
    function derivedRows(uint256 id, uint256 i, uint256 chunk) internal view returns (uint256[][] memory rows) {
        rows = new uint256[][](rounds.terms(id).n);
        for (uint8 seat = 0; seat < rows.length; ++seat) {
            rows[seat] = derived(id, i, seat, chunk);
        }
    }

    /// @dev One chunk of the row that contributor i and the clerk of a seat both derive.
    function derived(uint256 id, uint256 i, uint8 seat, uint256 chunk) private view returns (uint256[] memory row) {
        bytes memory key = this.compressed(Prover.publicKey(CONTRIBUTOR_KEY + i));
        BLS.G1Point memory shared = Prover.multiply(Prover.publicKey(CONTRIBUTOR_KEY + i), clerkSecret(id, seat));
        bytes memory secret = this.compressed(shared);
        bytes32 roundHash = rounds.round(id).roundHash;
        bytes32 seed = Expansion.seed(Expansion.PAD, roundHash, seat, key, Leaves.leafOf(i).nonce, secret);
        row = new uint256[](rounds.terms(id).m);
        for (uint256 column = 0; column < row.length; ++column) {
            row[column] = Expansion.element(seed, chunk * row.length + column);
        }
    }

    /// @dev The first R rows, and at the other seats what the polynomials through them say.
    function extended(uint256 id, uint256[][] memory rows) internal view returns (uint256[][] memory shares) {
        uint256 threshold = uint256(rounds.terms(id).t) + rounds.terms(id).k;
        shares = new uint256[][](rows.length);
        for (uint256 seat = 0; seat < rows.length; ++seat) {
            shares[seat] = rows[seat];
            if (seat < threshold) continue;
            uint256[] memory coefficients = Lagrange.coefficientsAt(threshold, seat + 1);
            shares[seat] = new uint256[](rows[seat].length);
            for (uint256 i = 0; i < threshold * rows[seat].length; ++i) {
                (uint256 from, uint256 column) = (i % threshold, i / threshold);
                uint256 term = mulmod(coefficients[from], rows[from][column], G1.Q);
                shares[seat][column] = addmod(shares[seat][column], term, G1.Q);
            }
        }
    }

    /// @dev Share less row, for each seat ≥ R.
    function corrected(uint256 id, uint256[][] memory rows) internal view returns (uint256[][] memory corrections) {
        uint256 threshold = uint256(rounds.terms(id).t) + rounds.terms(id).k;
        uint256[][] memory shares = extended(id, rows);
        corrections = new uint256[][](rows.length - threshold);
        for (uint256 late = 0; late < corrections.length; ++late) {
            uint256 seat = threshold + late;
            corrections[late] = new uint256[](rows[seat].length);
            for (uint256 column = 0; column < rows[seat].length; ++column) {
                corrections[late][column] = addmod(shares[seat][column], G1.Q - rows[seat][column], G1.Q);
            }
        }
    }

    function committed(uint256[] memory row) internal view returns (BLS.G1Point memory) {
        BLS.G1Point[] memory generators = new BLS.G1Point[](row.length);
        for (uint256 column = 0; column < row.length; ++column) {
            generators[column] = bases[column];
        }
        return Prover.combine(generators, row);
    }

    function compressed(BLS.G1Point calldata point) external pure returns (bytes memory) {
        return G1.compress(point);
    }

    function leafOf(uint256 i, bytes32[] memory words) internal view returns (IRewards.Leaf memory leaf) {
        leaf = Leaves.leafOf(i);
        leaf.account = vm.addr(CONTRIBUTOR + i);
        leaf.key = Prover.hash(Prover.publicKey(CONTRIBUTOR_KEY + i));
        leaf.body = keccak256(abi.encodePacked(uint256(1), words));
    }

    /// @dev By contributor i.
    function sign(uint256 id, IRewards.Leaf memory leaf, uint256 i) internal view returns (SignedLeaf memory) {
        return signBy(id, leaf, CONTRIBUTOR + i, CONTRIBUTOR_KEY + i);
    }

    /// @param account Its secret.
    /// @param key The leaf's key's secret.
    function signBy(uint256 id, IRewards.Leaf memory leaf, uint256 account, uint256 key)
        internal
        view
        returns (SignedLeaf memory signed)
    {
        signed.proof = Prover.prove(key, "SDA/1 contributor key", address(rounds), uint160(vm.addr(account)));
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256("SDA"), keccak256("1"), block.chainid, address(rounds)));
        bytes32 digest = keccak256(bytes.concat(hex"1901", domain, Leaves.structHash(rounds.round(id).roundHash, leaf)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(account, digest);
        signed.signature = abi.encodePacked(r, s, v);
        leaf.evidence = keccak256(abi.encodePacked(signed.signature, signed.proof.e, signed.proof.s));
        signed.leaf = leaf;
    }

    // ------------------------------------------------------------------ what a clerk shows

    function complaintOf(Contribution memory about, uint8 seat) internal view returns (Complaint memory complaint) {
        complaint.seat = seat;
        complaint.place = Place(about.index, about.path);
        complaint.signed = about.signed;
        complaint.words = about.words;
        complaint.key = sharedKey(about, seat);
        uint256 threshold = about.words.length - about.corrections.length;
        if (seat < threshold) return complaint;
        complaint.points = firstPoints(about);
        complaint.correction = about.corrections[seat - threshold];
    }

    /// @dev P_0 … P_{R-1}.
    function firstPoints(Contribution memory about) internal pure returns (BLS.G1Point[] memory points) {
        points = new BLS.G1Point[](about.words.length - about.corrections.length);
        for (uint256 i = 0; i < points.length; ++i) {
            points[i] = about.points[i];
        }
    }

    function clerkSecret(uint256 id, uint8 seat) internal view returns (uint256) {
        return uint256(keccak256(abi.encode("clerk", uint256(rounds.seats(id)[seat]), rounds.round(id).epoch))) >> 2;
    }

    function sharedKey(Contribution memory about, uint8 seat) internal view returns (SharedKey memory key) {
        uint256 secret = clerkSecret(about.id, seat);
        key.clerkKey = Prover.publicKey(secret);
        key.contributorKey = Prover.publicKey(about.key);
        key.shared = Prover.multiply(key.contributorKey, secret);
        bytes32 roundHash = rounds.round(about.id).roundHash;
        bytes32 leaf = Leaves.hash(roundHash, about.signed.leaf);
        bytes32 subject = keccak256(abi.encode(roundHash, seat, operator(about.id, seat), leaf));
        uint256 r = uint256(keccak256(abi.encode("one-time", secret, subject))) % G1.Q;
        bytes memory transcript = bytes.concat(
            abi.encodePacked(bytes31("SDA/1 shared key"), bytes1(0), block.chainid, address(disputes), subject),
            abi.encode(key.clerkKey, key.contributorKey, key.shared),
            abi.encode(Prover.publicKey(r), Prover.multiply(key.contributorKey, r))
        );
        uint256 e = uint256(keccak256(transcript)) % G1.Q;
        key.proof = Proof({e: e, s: addmod(r, mulmod(e, secret, G1.Q), G1.Q)});
    }

    /// @dev What settling needs of an excluded leaf.
    function excludedLeaf(Contribution memory about) internal pure returns (ExcludedLeaf memory leaf) {
        leaf.points = firstPoints(about);
        leaf.corrections = new bytes32[](about.corrections.length);
        for (uint256 late = 0; late < leaf.corrections.length; ++late) {
            leaf.corrections[late] = about.words[leaf.points.length + late];
        }
    }
}
