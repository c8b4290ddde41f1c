// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Enrolments} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IFrauds} from "../../contracts/interfaces/IFrauds.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {Roster} from "../../contracts/libraries/Roster.sol";
import {Dealer} from "./Dealer.sol";
import {FraudsFixture} from "./FraudsFixture.sol";
import {Nodes} from "./Nodes.sol";
import {Prover} from "./Prover.sol";

/// @dev Leaves that are others than roster and enrolments say, and those that are not.
contract RosterFraudTest is FraudsFixture {
    struct Membership {
        Closed closed;
        IRewards.Leaf leaf;
        IRounds.Set set;
        Enrolments enrolments;
        bytes32[] words; // of the roster: bitmap, nonces
        bytes32[] members; // enrolment leaves
        bytes message;
    }

    /// @dev Five contributors at the positions 1, 3, 5, 7, 9 of ten; the first one's leaf stands at 8.
    function membership(bool rightNonce, bool rightBit, bool rightMember) private returns (Membership memory m) {
        uint256 id = opened();
        m.leaf = leafOf(0, Nodes.opening(8, "leaf", 1, 0).words); // position 1
        m.words = new bytes32[](2);
        m.words[0] = bytes32(uint256(rightBit ? 0xaa : 0xa8) << 248) | bytes32(uint256(2) << 240);
        m.words[1] = bytes32(uint256(rightNonce ? m.leaf.nonce : m.leaf.nonce ^ 1) << 224);
        m.message = messageOf(rightMember ? m.leaf.account : STRANGER);
        m.members = new bytes32[](10);
        for (uint256 i = 0; i < 10; ++i) {
            m.members[i] = i == 1 ? keccak256(m.message) : keccak256(abi.encode("member", i));
        }
        m.enrolments = Enrolments(10, merkleRoot(m.members));
        m.closed.id = id;
        m.closed.snapshot = makeSnapshot(id, 3);
        m.closed.snapshot.count = COUNT;
        m.closed.snapshot.rosterRoot = merkleRoot(m.words);
        m.closed.snapshot.enrolmentRoot = keccak256(abi.encode(m.enrolments.number, m.enrolments.root));
        commitTo(m.closed, leafHash(id, m.leaf), 0, 8);
        m.set = Dealer.setOf(m.closed.snapshot);
    }

    function messageOf(address account) private view returns (bytes memory) {
        bytes memory key = this.compressed(Prover.publicKey(CONTRIBUTOR_KEY));
        return bytes.concat(hex"01", bytes20(account), key, new bytes(129));
    }

    function merkleRoot(bytes32[] memory words) private pure returns (bytes32) {
        return merkle(words, 0, false)[0];
    }

    /// @return found The root alone, or the siblings of one word.
    function merkle(bytes32[] memory words, uint256 index, bool path) private pure returns (bytes32[] memory found) {
        uint256 depth;
        while (2 ** depth < words.length) ++depth;
        bytes32[] memory level = new bytes32[](2 ** depth);
        for (uint256 i = 0; i < words.length; ++i) {
            level[i] = words[i];
        }
        found = new bytes32[](path ? depth : 1);
        for (uint256 d = 0; d < depth; ++d) {
            if (path) found[d] = level[(index >> d) ^ 1];
            bytes32[] memory above = new bytes32[](level.length / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i] = keccak256(bytes.concat(level[2 * i], level[2 * i + 1]));
            }
            level = above;
        }
        if (!path) found[0] = level[0];
    }

    function test_membership__of_noise__has_no_enrolment() external {
        Membership memory m = membership(true, true, true);
        uint256 id = opened();
        Closed memory c;
        c.id = id;
        c.snapshot = makeSnapshot(id, 3);
        c.snapshot.count = COUNT;
        commitTo(c, leafHash(id, m.leaf), 0, 3);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        bytes memory refused_ = abi.encodeWithSelector(ICases.WrongIndex.selector, 3);
        vm.expectRevert(refused_);
        judge.badPosition(id, c.place, m.leaf, set, m.enrolments, 0, new bytes32[](0));
        vm.expectRevert(refused_);
        judge.badEnrolment(id, c.place, m.leaf, set, m.enrolments, m.message, key, new bytes32[](0));
    }

    function test_badPosition__beyond_the_enrolments() external {
        uint256 id = opened();
        IRewards.Leaf memory leaf = leafOf(0, Nodes.opening(8, "leaf", 1, 0).words);
        leaf.position = 10;
        Closed memory c;
        c.id = id;
        c.snapshot = makeSnapshot(id, 3);
        c.snapshot.count = COUNT;
        Enrolments memory enrolments = Enrolments(10, "root");
        c.snapshot.enrolmentRoot = keccak256(abi.encode(enrolments.number, enrolments.root));
        commitTo(c, leafHash(id, leaf), 0, 8);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        convictedOf(id, IFrauds.Fraud.Roster, 8);
        judge.badPosition(id, c.place, leaf, set, enrolments, 0, new bytes32[](0));
    }

    function test_badNonce__another_than_the_rosters() external {
        Membership memory m = membership(false, true, true);
        convictedOf(m.closed.id, IFrauds.Fraud.Roster, 8);
        judge.badNonce(m.closed.id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[1], merkle(m.words, 1, true));
    }

    /// Nonces of noise come first, by seat, those of absent seats left out: seat 5 of noise 0b11101011 has the fourth.
    function test_badNonce__of_noise() external {
        uint256 id = opened(noisyTerms());
        IRewards.Leaf memory leaf = leafOf(0, Nodes.opening(8, "leaf", 1, 0).words);
        Closed memory c;
        c.id = id;
        c.snapshot = makeSnapshot(id, 3);
        (c.snapshot.count, c.snapshot.noise) = (COUNT, 0xeb);
        bytes32[] memory words = new bytes32[](3); // one of the bitmap, eleven nonces
        words[1] = bytes32(uint256(leaf.nonce) << 128);
        c.snapshot.rosterRoot = merkleRoot(words);
        Enrolments memory enrolments = Enrolments(10, "root");
        c.snapshot.enrolmentRoot = keccak256(abi.encode(enrolments.number, enrolments.root));
        commitTo(c, leafHash(id, leaf), 0, 5);
        IRounds.Set memory set = Dealer.setOf(c.snapshot);
        bytes32[] memory siblings = merkle(words, 1, true);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badNonce(id, c.place, leaf, set, enrolments, words[1], siblings);

        id = opened(noisyTerms());
        c.id = id;
        leaf.nonce ^= 1;
        commitTo(c, leafHash(id, leaf), 0, 5);
        set = Dealer.setOf(c.snapshot);
        convictedOf(id, IFrauds.Fraud.Roster, 5);
        judge.badNonce(id, c.place, leaf, set, enrolments, words[1], siblings);
    }

    function test_badPosition__a_bit_that_is_not_set() external {
        Membership memory m = membership(true, false, true);
        convictedOf(m.closed.id, IFrauds.Fraud.Roster, 8);
        judge.badPosition(
            m.closed.id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[0], merkle(m.words, 0, true)
        );
    }

    function test_badEnrolment__of_another_account() external {
        Membership memory m = membership(true, true, false);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        convictedOf(m.closed.id, IFrauds.Fraud.Enrolment, 8);
        judge.badEnrolment(
            m.closed.id, m.closed.place, m.leaf, m.set, m.enrolments, m.message, key, merkle(m.members, 1, true)
        );
    }

    function test_membership__honest__convicts_nobody() external {
        Membership memory m = membership(true, true, true);
        uint256 id = m.closed.id;
        bytes32[] memory nonces = merkle(m.words, 1, true);
        bytes32[] memory bits = merkle(m.words, 0, true);
        bytes32[] memory members = merkle(m.members, 1, true);
        BLS.G1Point memory key = Prover.publicKey(CONTRIBUTOR_KEY);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badNonce(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[1], nonces);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badPosition(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[0], bits);
        vm.expectRevert(ICases.NothingWrong.selector);
        judge.badEnrolment(id, m.closed.place, m.leaf, m.set, m.enrolments, m.message, key, members);

        vm.expectRevert();
        judge.badNonce(id, m.closed.place, m.leaf, m.set, m.enrolments, bytes32(0), nonces);
        vm.expectRevert(abi.encodeWithSelector(Roster.WrongDepth.selector, 4, 1));
        judge.badNonce(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[1], members);
        m.enrolments.number = 9;
        vm.expectRevert();
        judge.badPosition(id, m.closed.place, m.leaf, m.set, m.enrolments, m.words[0], bits);
    }
}
