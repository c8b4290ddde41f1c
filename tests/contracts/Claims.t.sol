// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {Leaves} from "./Leaves.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev Contributors' rewards: each leaf once, to the payout address in it, and nothing else.
contract ClaimsTest is RoundsFixture {
    uint32 private constant COUNT = 11; // with 8 noise positions 19 leaves, depth 5
    uint256 private constant DEPTH = 5;

    /// @dev What a contributor presents.
    struct Claim {
        uint256 index;
        IRewards.Leaf leaf;
        IRewards.Step[] path;
    }

    function claimOf(uint256 id, uint256 contributor) private view returns (Claim memory c) {
        c.index = 8 + contributor;
        c.leaf = Leaves.leafOf(contributor);
        c.path = Leaves.pathOf(tree(id, COUNT), c.index, Dealer.rootBody(makeSnapshot(id, COUNT)));
    }

    function send(uint256 id, Claim memory c) private {
        rewards.claim(id, c.index, c.leaf, c.path);
    }

    function assertRefused(uint256 id, Claim memory c, bytes memory reason) private {
        vm.expectRevert(reason);
        rewards.claim(id, c.index, c.leaf, c.path);
    }

    /// @dev Some path leads somewhere else than to the root.
    function assertNotInTree(uint256 id, Claim memory c) private {
        bytes32 node = Leaves.hash(rounds.round(id).roundHash, c.leaf);
        for (uint256 level = 0; level < c.path.length; ++level) {
            bytes32 sibling = c.path[level].sibling;
            bool left = (c.index >> level) & 1 == 0;
            bytes memory children = left ? bytes.concat(node, sibling) : bytes.concat(sibling, node);
            node = keccak256(bytes.concat(children, c.path[level].body));
        }
        assertRefused(id, c, abi.encodeWithSelector(IRewards.NotInTree.selector, node, rounds.round(id).root));
    }

    // ------------------------------------------------------------------ paid

    function test_claim__by_anyone__pays_the_payout_address() external {
        uint256 id = completed(COUNT);
        Claim memory c = claimOf(id, 0);
        vm.expectEmit();
        emit IRewards.Claimed(id, 8, Leaves.payoutOf(0), defaultTerms().reward);
        vm.prank(STRANGER);
        rewards.claim(id, c.index, c.leaf, c.path);
        assertEq(token.balanceOf(Leaves.payoutOf(0)), defaultTerms().reward, "paid");
        assertTrue(rewards.isClaimed(id, 8), "marked");
        assertTrue(!rewards.isClaimed(id, 9), "only this one");
    }

    function test_pot__is_the_rounds_and_filled_by_it_alone() external {
        uint256 id = completed(COUNT);
        claim(id, 0);
        IRewards.Pot memory pot = rewards.pot(id);
        (,,, uint256 end) = rounds.deadlines(id);
        assertEq(pot.roundHash, rounds.round(id).roundHash, "round");
        assertEq(pot.root, rounds.round(id).root, "root");
        assertEq(pot.reward, defaultTerms().reward, "reward");
        assertEq(pot.count, COUNT, "count");
        assertEq(pot.claimed, 1, "claimed");
        assertEq(pot.claimEnd, end, "end");
        assertEq(pot.n, 8, "noise positions");
        vm.expectRevert(abi.encodeWithSelector(IRewards.OnlyRounds.selector, STRANGER));
        vm.prank(STRANGER);
        rewards.open(id, pot);
    }

    function test_claim__all_of_them__leaves_nothing() external {
        uint256 id = completed(COUNT);
        for (uint256 i = 0; i < COUNT; ++i) {
            claim(id, i);
            assertEq(token.balanceOf(Leaves.payoutOf(i)), defaultTerms().reward, "paid");
        }
        assertEq(token.balanceOf(address(rewards)), 0, "nothing left");
        pastClaims(id);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NothingToSweep.selector, id));
        rewards.sweep(id);
    }

    /// Indices beyond one word of the bitmap.
    function test_claim__index_beyond_256() external {
        Terms memory terms = defaultTerms();
        (terms.maximum, terms.slotBits, terms.rate) = (300, 9, 1e13);
        uint256 id = request(terms);
        draw(id);
        take(id, makeSnapshot(id, 300));
        toRows(id);
        answer(id, 0, 8);
        close(id);
        claim(id, 0);
        claim(id, 256);
        assertTrue(rewards.isClaimed(id, 8) && rewards.isClaimed(id, 264), "a word apart");
        assertTrue(!rewards.isClaimed(id, 520), "no third");
    }

    function test_claim__same_contributor_in_two_rounds__is_paid_twice() external {
        uint256 first = completed(COUNT);
        uint256 second = completed(COUNT);
        claim(first, 3);
        claim(second, 3);
        assertEq(token.balanceOf(Leaves.payoutOf(3)), 2 * uint256(defaultTerms().reward), "two rewards");
    }

    // ------------------------------------------------------------------ not paid

    function test_claim__twice__reverts() external {
        uint256 id = completed(COUNT);
        claim(id, 5);
        assertRefused(id, claimOf(id, 5), abi.encodeWithSelector(IRewards.AlreadyClaimed.selector, id, 13));
    }

    function test_claim__with_another_s_path_or_leaf__reverts() external {
        uint256 id = completed(COUNT);
        Claim memory c = claimOf(id, 5);
        c.path = claimOf(id, 6).path;
        assertNotInTree(id, c);
        c = claimOf(id, 5);
        c.leaf = Leaves.leafOf(6);
        assertNotInTree(id, c);
        c.leaf = Leaves.leafOf(5);
        c.leaf.payout = STRANGER; // somebody diverts the reward
        assertNotInTree(id, c);
    }

    /// The same leaf and path under an index that takes the same turns, or has bits beyond the depth.
    function test_claim__another_index__reverts() external {
        uint256 id = completed(COUNT);
        for (uint256 level = 0; level < 256; ++level) {
            Claim memory c = claimOf(id, 5);
            c.index ^= 1 << level;
            if (c.index >= 8 && c.index < 19) assertNotInTree(id, c);
            else assertRefused(id, c, outOfRange(c.index));
        }
    }

    function outOfRange(uint256 index) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRewards.IndexOutOfRange.selector, index, 8, 19);
    }

    function test_claim__noise_or_empty_leaf__reverts() external {
        uint256 id = completed(COUNT);
        Claim memory c = claimOf(id, 0);
        c.index = 7;
        assertRefused(id, c, outOfRange(7));
        c.index = 19;
        assertRefused(id, c, outOfRange(19));
        c = claimOf(id, 0);
        c.leaf.kind = 1;
        assertRefused(id, c, abi.encodeWithSelector(IRewards.NotData.selector, 1));
    }

    /// An inner node is no leaf: whoever presents one has a path that is too short.
    function test_claim__internal_node__reverts() external {
        uint256 id = completed(COUNT);
        Claim memory c = claimOf(id, 5);
        IRewards.Step[] memory all = c.path;
        for (uint256 length = 0; length < 8; ++length) {
            if (length == DEPTH) continue;
            c.path = new IRewards.Step[](length);
            for (uint256 i = 0; i < length; ++i) {
                c.path[i] = i < DEPTH ? all[i] : all[0];
            }
            assertRefused(id, c, abi.encodeWithSelector(IRewards.WrongDepth.selector, length, DEPTH));
        }
    }

    function testFuzz_claim__any_change_of_the_path__reverts(uint256 step, bool sibling, bytes32 by) external {
        vm.assume(by != 0);
        uint256 id = completed(COUNT);
        Claim memory c = claimOf(id, 5);
        step = bound(step, 0, DEPTH - 1);
        if (sibling) c.path[step].sibling ^= by;
        else c.path[step].body ^= by;
        assertNotInTree(id, c);
    }

    function test_claim__another_round_s_leaf__reverts() external {
        uint256 first = completed(COUNT);
        uint256 second = completed(COUNT);
        Claim memory c = claimOf(first, 5);
        assertNotInTree(second, c);
    }

    function test_claim__no_payout_address__reverts() external {
        uint256 id = completed(COUNT);
        Claim memory c = claimOf(id, 5);
        c.leaf.payout = address(0);
        assertRefused(id, c, abi.encodeWithSelector(IRewards.NoPayout.selector, 13));
    }

    // ------------------------------------------------------------------ when

    function test_claim__before_the_round_is_closed__reverts() external {
        uint256 id = answering(COUNT);
        Claim memory c = claimOf(id, 5);
        assertRefused(id, c, abi.encodeWithSelector(IRewards.NoPot.selector, id));
        answer(id, 0, 8);
        assertRefused(id, c, abi.encodeWithSelector(IRewards.NoPot.selector, id));
        close(id);
        send(id, c);
    }

    function test_claim__of_a_failed_round__reverts() external {
        uint256 id = answering(COUNT);
        pastRows(id);
        close(id);
        assertRefused(id, claimOf(id, 5), abi.encodeWithSelector(IRewards.NoPot.selector, id));
    }

    function test_claim__in_the_last_second__and_not_after() external {
        uint256 id = completed(COUNT);
        (,,, uint256 end) = rounds.deadlines(id);
        vm.warp(end - 1);
        claim(id, 4);
        vm.warp(end);
        assertRefused(id, claimOf(id, 5), abi.encodeWithSelector(IRewards.ClaimsOver.selector, id, end));
        rewards.sweep(id);
        assertRefused(id, claimOf(id, 5), abi.encodeWithSelector(IRewards.ClaimsOver.selector, id, end));
    }

    /// Whoever closes late does not take from the time to claim.
    function test_claim__closed_late__has_its_whole_window() external {
        uint256 id = answering(COUNT);
        answer(id, 0, 8);
        pastClaims(id);
        close(id);
        vm.warp(block.timestamp + defaultTerms().claimWindow - 1);
        claim(id, 5);
        vm.expectRevert(abi.encodeWithSelector(IRewards.ClaimsOpen.selector, id, block.timestamp + 1));
        rewards.sweep(id);
        vm.warp(block.timestamp + 1);
        rewards.sweep(id);
    }

    function test_claim__round_without_rewards__reverts() external {
        Terms memory terms = defaultTerms();
        terms.reward = 0;
        uint256 id = request(terms);
        draw(id);
        take(id, makeSnapshot(id, COUNT));
        toRows(id);
        answer(id, 0, 8);
        close(id);
        assertRefused(id, claimOf(id, 5), abi.encodeWithSelector(IRewards.NoPot.selector, id));
    }

    function test_claim__unknown_round__reverts() external {
        uint256 id = completed(COUNT);
        Claim memory c = claimOf(id, 5);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NoPot.selector, id + 1));
        rewards.claim(id + 1, c.index, c.leaf, c.path);
    }

    /// A tree that is false under a true root lets two leaves of one person in, never one leaf in twice, and never pays
    /// more than the escrow holds for rewards.
    function test_claim__more_data_leaves_than_counted__are_not_paid() external {
        uint256 id = collecting();
        IRounds.Snapshot memory snapshot = makeSnapshot(id, 6);
        (snapshot.left, snapshot.right) = Leaves.children(Leaves.build(rounds.round(id).roundHash, 8, 8));
        take(id, snapshot); // eight leaves in the tree, six counted
        toRows(id);
        IRounds.Set memory set = Dealer.setOf(snapshot);
        Dealer.Sharing memory shares = sharing(id);
        for (uint8 seat = 0; seat < 8; ++seat) {
            submit(id, seat, set, shares.rows[seat]);
        }
        close(id);
        Leaves.Tree memory built = Leaves.build(rounds.round(id).roundHash, 8, 8);
        for (uint256 i = 0; i < 8; ++i) {
            Claim memory c;
            (c.index, c.leaf) = (8 + i, Leaves.leafOf(i));
            c.path = Leaves.pathOf(built, c.index, Dealer.rootBody(snapshot));
            if (i < 6) send(id, c);
            else assertRefused(id, c, abi.encodeWithSelector(IRewards.IndexOutOfRange.selector, 8 + i, 8, 14));
        }
    }
}
