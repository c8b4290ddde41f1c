// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Complaint} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";
import {Vm} from "./Vm.sol";

/// @dev Bad noise: the clerk that dealt it is slashed, whoever else is named for it is not.
contract NoiseDisputesTest is DisputesFixture {
    uint32 private constant COUNT = 5;
    uint8 private constant DEALER = 3;
    uint64 private constant ALL = 0xff;

    /// @dev A private round in which a seat's noise, signed by its clerk, is other than what it committed to.
    function dealtBadly() private returns (Lie memory lie) {
        lie = drawn(DEALER);
        closeWith(lie, noiseLeaf(lie, DEALER), ALL);
    }

    function drawn(uint256 index) private returns (Lie memory lie) {
        Terms memory terms = noisyTerms();
        lie.id = request(terms);
        draw(lie.id);
        lie.index = index;
        lie.account = 1_000_000 + uint256(rounds.seats(lie.id)[DEALER]);
        lie.key = clerkSecret(lie.id, DEALER);
        share(lie, terms);
    }

    /// @dev As the clerk of a seat deals it: under its own key, whose proof the registry has checked.
    function noiseLeaf(Lie memory lie, uint8 seat) private view returns (IRewards.Leaf memory leaf) {
        leaf = Leaves.leafOf(0);
        (leaf.kind, leaf.position, leaf.payout) = (1, seat, address(0));
        leaf.account = vm.addr(lie.account);
        leaf.key = Prover.hash(Prover.publicKey(lie.key));
        leaf.body = keccak256(abi.encodePacked(uint256(0), lie.words));
    }

    function closeWith(Lie memory lie, IRewards.Leaf memory leaf, uint64 noise) private {
        lie.signed = signBy(lie.account, lie.id, leaf, lie.signed);
        commitWith(lie, noise);
    }

    function commitWith(Lie memory lie, uint64 noise) private {
        noiseOfSnapshot = noise;
        commit(lie, rounds.terms(lie.id), COUNT);
    }

    uint64 private noiseOfSnapshot;

    function take(uint256 id, IRounds.Snapshot memory snapshot) internal override {
        snapshot.noise = noiseOfSnapshot;
        super.take(id, snapshot);
    }

    function stakeOf(Lie memory lie, uint256 seat) private view returns (uint256) {
        return registry.clerk(rounds.seats(lie.id)[seat]).stake;
    }

    // ------------------------------------------------------------------ upheld

    function test_badShare__of_noise__slashes_its_clerk_and_its_seat_is_out() external {
        Lie memory lie = dealtBadly();
        uint32 clerkId = rounds.seats(lie.id)[DEALER];
        uint256 before = stakeOf(lie, DEALER);
        vm.expectEmit();
        emit IRounds.NoiseRejected(lie.id, DEALER, clerkId, BOND);
        complain(lie, 0);
        assertEq(stakeOf(lie, DEALER), before - BOND, "slashed");
        assertEq((rounds.round(lie.id).resolved >> DEALER) & 1, 1, "out");
        assertEq(rounds.round(lie.id).slashed, BOND, "kept until the round ends");
    }

    function test_badShare__of_noise__late_seats_too() external {
        Lie memory lie = dealtBadly();
        complain(lie, 7);
        assertEq(rounds.round(lie.id).excluded, 1, "upheld");
    }

    /// Nobody is put aside: clerks are no contributors, and their keys end with the epoch.
    function test_badShare__of_noise__retires_no_key() external {
        Lie memory lie = dealtBadly();
        vm.recordLogs();
        complain(lie, 0);
        bytes32 putAside = keccak256("PutAside(address,uint256)");
        bytes32 retired = keccak256("KeyRetired(bytes32,address)");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            assertTrue(logs[i].topics[0] != putAside && logs[i].topics[0] != retired, "neither");
        }
    }

    function test_badShare__of_noise_of_a_seat_that_declared_no_data__slashes_it_no_more() external {
        Lie memory lie = drawn(DEALER);
        closeWith(lie, noiseLeaf(lie, DEALER), ALL);
        address holder = operator(lie.id, DEALER);
        vm.prank(holder);
        rounds.declareNoData(lie.id, DEALER);
        uint256 before = stakeOf(lie, DEALER);
        complain(lie, 0);
        assertEq(stakeOf(lie, DEALER), before, "its bond was released");
        assertEq(rounds.round(lie.id).excluded, 1, "upheld");
    }

    function test_settle__without_the_noise__counts_the_same_contributors() external {
        Lie memory lie = dealtBadly();
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        assertState(lie.id, IRounds.State.Answering);
        assertEq(rounds.round(lie.id).excludedData, 0, "no contributor is missing");
        IRounds.Set memory set = Dealer.setOf(lie.snapshot);
        assertEq(set.noise, ALL, "as it was");
    }

    function test_settle__with_too_little_noise_left__gives_the_round_up() external {
        Lie memory lie = drawn(DEALER);
        uint64 fewest = ALL & ~uint64(1 << 1) & ~uint64(1 << 2); // s = 2 are missing already
        closeWith(lie, noiseLeaf(lie, DEALER), fewest);
        complain(lie, 0);
        vm.warp(toComplaints(lie.id));
        settle(lie);
        assertState(lie.id, IRounds.State.Abandoned);
    }

    // ------------------------------------------------------------------ nobody else

    /// A developer puts a bad leaf of its own where a seat's noise belongs: its own fraud, not the clerk's.
    function test_badShare__of_data_in_a_noise_position__reverts() external {
        Lie memory lie = drawn(DEALER);
        (lie.account, lie.key) = (CONTRIBUTOR, CONTRIBUTOR_KEY);
        lie.signed = sign(lie.id, leafOf(lie.words));
        commitWith(lie, ALL);
        refused(lie);
    }

    function test_badShare__of_a_strangers_noise__reverts() external {
        Lie memory lie = drawn(DEALER);
        (lie.account, lie.key) = (CONTRIBUTOR, CONTRIBUTOR_KEY);
        closeWith(lie, noiseLeaf(lie, DEALER), ALL);
        refused(lie);
    }

    function test_badShare__of_another_seats_noise__reverts() external {
        Lie memory lie = drawn(DEALER + 1);
        closeWith(lie, noiseLeaf(lie, DEALER + 1), ALL);
        refused(lie);
    }

    /// Otherwise it would take the bit of seat `index mod 256` out of the set.
    function test_badShare__of_noise_among_the_data__reverts() external {
        Lie memory lie = drawn(8 + 3);
        closeWith(lie, noiseLeaf(lie, 11), ALL);
        refused(lie);
    }

    function refused(Lie memory lie) private {
        Complaint memory complaint = complaintOf(lie, 0);
        address holder = operator(lie.id, 0);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongKind.selector, lie.index, lie.signed.leaf.kind));
        vm.prank(holder);
        disputes.badShare(lie.id, complaint);
    }
}
