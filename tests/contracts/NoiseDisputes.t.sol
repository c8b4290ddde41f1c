// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Complaint} from "../../contracts/interfaces/Evidence.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {DisputesFixture} from "./DisputesFixture.sol";
import {Vm} from "./Vm.sol";

/// @dev Bad noise: the clerk that dealt it is slashed, whoever else is named for it is not.
contract NoiseDisputesTest is DisputesFixture {
    uint32 private constant COUNT = 5;
    uint8 private constant DEALER = 3;
    uint64 private constant ALL = 0xff;

    /// @dev A private round in which a seat's noise, signed by its clerk, is other than what it committed to.
    function dealtBadly() private returns (Contribution memory lie) {
        lie = dishonestNoise(opened(noisyTerms()), DEALER);
        closeWith(lie, ALL);
    }

    function closeWith(Contribution memory lie, uint64 noise) private {
        lie.snapshot.noise = noise;
        commit(lie, COUNT);
    }

    function stakeOf(Contribution memory lie, uint256 seat) private view returns (uint256) {
        return registry.clerk(rounds.seats(lie.id)[seat]).stake;
    }

    // ------------------------------------------------------------------ upheld

    function test_badShare__of_noise__slashes_its_clerk_and_its_seat_is_out() external {
        Contribution memory lie = dealtBadly();
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
        Contribution memory lie = dealtBadly();
        complain(lie, 7);
        assertEq(rounds.round(lie.id).excluded, 1, "upheld");
    }

    /// Nobody is put aside: clerks are no contributors, and their keys end with the epoch.
    function test_badShare__of_noise__retires_no_key() external {
        Contribution memory lie = dealtBadly();
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
        Contribution memory lie = dealtBadly();
        address holder = operator(lie.id, DEALER);
        vm.prank(holder);
        rounds.declareNoData(lie.id, DEALER);
        uint256 before = stakeOf(lie, DEALER);
        complain(lie, 0);
        assertEq(stakeOf(lie, DEALER), before, "its bond was released");
        assertEq(rounds.round(lie.id).excluded, 1, "upheld");
    }

    // ------------------------------------------------------------------ nobody else

    /// A developer puts a bad leaf of its own where a seat's noise belongs: its own fraud, not the clerk's.
    function test_badShare__of_data_in_a_noise_position__reverts() external {
        Contribution memory lie = dishonest(opened(noisyTerms()), 0);
        lie.index = DEALER;
        closeWith(lie, ALL);
        refused(lie);
    }

    function test_badShare__of_a_strangers_noise__reverts() external {
        Contribution memory lie = dishonest(opened(noisyTerms()), 0);
        lie.index = DEALER;
        IRewards.Leaf memory leaf = lie.signed.leaf;
        (leaf.kind, leaf.body) = (1, keccak256(abi.encodePacked(uint256(0), lie.words)));
        lie.signed = signBy(lie.id, leaf, CONTRIBUTOR, CONTRIBUTOR_KEY);
        closeWith(lie, ALL);
        refused(lie);
    }

    function test_badShare__of_another_seats_noise__reverts() external {
        Contribution memory lie = dishonestNoise(opened(noisyTerms()), DEALER);
        lie.index = DEALER + 1;
        closeWith(lie, ALL);
        refused(lie);
    }

    /// Otherwise it would take the bit of seat `index mod 256` out of the set.
    function test_badShare__of_noise_among_the_data__reverts() external {
        Contribution memory lie = dishonestNoise(opened(noisyTerms()), DEALER);
        lie.index = 8 + 3;
        closeWith(lie, ALL);
        refused(lie);
    }

    function refused(Contribution memory lie) private {
        Complaint memory complaint = complaintOf(lie, 0);
        address holder = operator(lie.id, 0);
        vm.expectRevert(abi.encodeWithSelector(ICases.WrongKind.selector, lie.index, lie.signed.leaf.kind));
        vm.prank(holder);
        disputes.badShare(lie.id, complaint);
    }
}
