// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IEligibility} from "../../contracts/interfaces/IEligibility.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Permit} from "../../contracts/libraries/Payment.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Weight} from "../../contracts/libraries/Weight.sol";
import {Prover} from "./Prover.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract Members is IEligibility {
    address internal immutable MEMBER;

    constructor(address member) {
        MEMBER = member;
    }

    function isEligible(address account) external view returns (bool) {
        return account == MEMBER;
    }
}

/// @dev A registry with all ids given out.
contract FullRegistry is ClerkRegistry {
    constructor(SDAToken token, IClerkRegistry.Settings memory settings_)
        ClerkRegistry(token, msg.sender, IEligibility(address(0)), settings_)
    {
        _tree.leaves = type(uint24).max;
    }

    function appendToFull() external {
        _append(1);
    }
}

contract ClerkRegistryTest is RegistryFixture {
    // ------------------------------------------------------------------ registering

    function test_register__takes_stake_burns_fee_and_weighs() external {
        uint256 supply = token.totalSupply();
        uint32 id = register(1, MINIMUM);
        IClerkRegistry.Clerk memory clerk = registry.clerk(id);
        assertEq(id, 1, "first id");
        assertEq(clerk.operator, account(1), "operator");
        assertEq(clerk.stake, MINIMUM, "stake");
        assertEq(clerk.weight, Weight.UNIT, "log2(1 + 1) is one unit");
        assertEq(registry.totalWeight(), Weight.UNIT, "total");
        assertEq(registry.poolSize(), 1, "pool");
        assertEq(token.balanceOf(address(registry)), MINIMUM, "registry holds the stake");
        assertEq(token.totalSupply(), supply - FEE, "fee burned");
        (BLS.G1Point memory key,) = keyAndProof(1, 0);
        assertEq(registry.keyHash(id, 0), Prover.hash(key), "key hash");
    }

    function test_register_with_permit__needs_no_approval() external {
        require(token.transfer(account(1), MINIMUM + FEE));
        uint256 value = MINIMUM + FEE;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                account(1),
                address(registry),
                value,
                0,
                block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(1_000_001, digest);
        Permit memory permit = Permit(value, block.timestamp, v, r, s);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);

        // Somebody else spends the permit first: the allowance is there all the same.
        token.permit(account(1), address(registry), value, block.timestamp, v, r, s);
        vm.prank(account(1));
        assertEq(registry.register(key, proof, MINIMUM, permit), 1, "registered");
    }

    function test_register__stake_below_minimum__reverts() external {
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.StakeTooSmall.selector, MINIMUM - 1, MINIMUM));
        vm.prank(account(1));
        registry.register(key, proof, MINIMUM - 1, noPermit);
    }

    function test_register__twice__reverts() external {
        uint32 id = register(1, MINIMUM);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.AlreadyRegistered.selector, account(1), id));
        vm.prank(account(1));
        registry.register(key, proof, MINIMUM, noPermit);
    }

    function test_register__another_accounts_proof__reverts() external {
        fund(2, MINIMUM + FEE);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        vm.expectRevert(IClerkRegistry.KeyProofInvalid.selector);
        vm.prank(account(2));
        registry.register(key, proof, MINIMUM, noPermit);
    }

    /// The attack that the proof of possession stops: registering the victim's key plus a known difference.
    function test_register__shifted_key_of_a_victim__reverts() external {
        fund(2, MINIMUM + FEE);
        (BLS.G1Point memory victim, Proof memory proof) = keyAndProof(1, 0);
        BLS.G1Point memory shifted = BLS.add(victim, Prover.publicKey(7));
        vm.expectRevert(IClerkRegistry.KeyProofInvalid.selector);
        vm.prank(account(2));
        registry.register(shifted, proof, MINIMUM, noPermit);
    }

    function test_register__identity__reverts() external {
        BLS.G1Point memory identity;
        vm.expectRevert(IClerkRegistry.KeyIsIdentity.selector);
        registry.register(identity, Proof(1, 1), MINIMUM, noPermit);
    }

    function test_register__off_the_curve__reverts() external {
        BLS.G1Point memory key = Prover.publicKey(5);
        key.y_b = bytes32(uint256(key.y_b) ^ 1);
        vm.expectRevert(IClerkRegistry.KeyNotInSubgroup.selector);
        registry.register(key, Proof(1, 1), MINIMUM, noPermit);
    }

    function test_register__outside_the_subgroup__reverts() external {
        // x = 0 gives y^2 = 4: the point (0, 2) is on the curve and of order 3.
        BLS.G1Point memory key;
        key.y_b = bytes32(uint256(2));
        vm.expectRevert(IClerkRegistry.KeyNotInSubgroup.selector);
        registry.register(key, Proof(1, 1), MINIMUM, noPermit);
    }

    function test_register__scalars_beyond_the_order__reverts() external {
        fund(1, MINIMUM + FEE);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        proof.s += G1.Q;
        vm.expectRevert(IClerkRegistry.KeyProofInvalid.selector);
        vm.prank(account(1));
        registry.register(key, proof, MINIMUM, noPermit);
    }

    function test_register__starved_of_gas__reverts_and_is_no_verdict() external {
        fund(1, MINIMUM + FEE);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        for (uint256 gas_ = 20_000; gas_ < 120_000; gas_ += 7_000) {
            vm.prank(account(1));
            try registry.register{gas: gas_}(key, proof, MINIMUM, noPermit) {
                assertTrue(false, "cannot fit");
            } catch (bytes memory reason) {
                bool verdict = reason.length >= 4 && bytes4(reason) == IClerkRegistry.KeyNotInSubgroup.selector;
                assertTrue(!verdict, "starving must not look like a bad key");
            }
        }
    }

    function test_register__not_eligible__reverts() external {
        registry = new ClerkRegistry(token, address(this), new Members(account(2)), defaults());
        fund(1, MINIMUM + FEE);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotEligible.selector, account(1)));
        vm.prank(account(1));
        registry.register(key, proof, MINIMUM, noPermit);
        register(2, MINIMUM);
    }

    // ------------------------------------------------------------------ stake and keys

    function test_addStake__raises_the_weight_up_to_the_cap() external {
        uint32 id = register(1, MINIMUM);
        fund(1, 100 * uint256(MINIMUM));
        vm.prank(account(1));
        registry.addStake(7 * MINIMUM, noPermit);
        uint32 capped = registry.clerk(id).weight;
        assertEq(capped, 12984, "floor(4096 * log2(9))");
        vm.prank(account(1));
        registry.addStake(50 * MINIMUM, noPermit);
        assertEq(registry.clerk(id).weight, capped, "capped");
        assertEq(registry.clerk(id).stake, 58 * uint256(MINIMUM), "stake");
    }

    function test_addStake__nothing_or_unregistered__reverts() external {
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotRegistered.selector, account(1)));
        vm.prank(account(1));
        registry.addStake(1, noPermit);
        register(1, MINIMUM);
        vm.expectRevert(IClerkRegistry.ZeroAmount.selector);
        vm.prank(account(1));
        registry.addStake(0, noPermit);
    }

    function test_addStake__beyond_96_bits__reverts() external {
        register(1, MINIMUM);
        uint256 stake = uint256(type(uint96).max) + 1;
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.StakeTooLarge.selector, stake));
        vm.prank(account(1));
        registry.addStake(type(uint96).max - MINIMUM + 1, noPermit);
    }

    function test_registerKey__unregistered_or_unbonding__reverts() external {
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.NotRegistered.selector, account(1)));
        vm.prank(account(1));
        registry.registerKey(1, key, proof);
        uint32 id = register(1, MINIMUM);
        vm.prank(account(1));
        registry.unbond();
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.IsUnbonding.selector, id));
        vm.prank(account(1));
        registry.registerKey(1, key, proof);
    }

    /// A proof for one epoch is none for another: a key is not carried over without its owner.
    function test_registerKey__proof_of_another_epoch__reverts() external {
        register(1, MINIMUM);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        vm.expectRevert(IClerkRegistry.KeyProofInvalid.selector);
        vm.prank(account(1));
        registry.registerKey(1, key, proof);
    }

    function test_registerKey__is_immutable_and_lapses() external {
        uint32 id = register(1, MINIMUM);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.KeyAlreadyRegistered.selector, id, uint32(0)));
        vm.prank(account(1));
        registry.registerKey(0, key, proof);

        vm.warp(block.timestamp + EPOCH);
        registry.sync(id);
        assertEq(registry.clerk(id).weight, 0, "no key for this epoch, no weight");
        (key, proof) = keyAndProof(1, 1);
        vm.prank(account(1));
        registry.registerKey(1, key, proof);
        assertEq(registry.clerk(id).weight, Weight.UNIT, "back");
    }

    function test_registerKey__beforehand__keeps_the_weight_across_the_epoch() external {
        uint32 id = register(1, MINIMUM);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 1);
        vm.prank(account(1));
        registry.registerKey(1, key, proof);
        vm.warp(block.timestamp + EPOCH);
        registry.sync(id);
        assertEq(registry.clerk(id).weight, Weight.UNIT, "still weighs");
    }

    function test_registerKey__far_epoch__reverts() external {
        register(1, MINIMUM);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 2);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.KeyEpochNotOpen.selector, uint32(2), uint32(0)));
        vm.prank(account(1));
        registry.registerKey(2, key, proof);
    }

    function test_registerKey__past_epoch__reverts() external {
        register(1, MINIMUM);
        vm.warp(block.timestamp + EPOCH);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.KeyEpochNotOpen.selector, uint32(0), uint32(1)));
        vm.prank(account(1));
        registry.registerKey(0, key, proof);
    }

    function test_registerKey__current_epoch_while_a_draw_is_pending__reverts() external {
        register(1, MINIMUM);
        vm.warp(block.timestamp + EPOCH);
        registry.scheduleDraw(uint64(block.number));
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.DrawPending.selector, 0));
        vm.prank(account(1));
        registry.registerKey(1, key, proof);
    }

    function test_unknown_clerk__reverts() external {
        bytes memory unknown = abi.encodeWithSelector(IClerkRegistry.UnknownClerk.selector, 1);
        vm.expectRevert(unknown);
        registry.clerk(1);
        vm.expectRevert(unknown);
        registry.sync(1);
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.UnknownClerk.selector, 0));
        registry.sync(0);
        BLS.G1Point memory key = Prover.publicKey(3);
        vm.expectRevert(unknown);
        registry.reportLeak(1, 0, key, Proof(1, 1));
    }

    function test_register__after_2_to_the_24_clerks__reverts() external {
        FullRegistry full = new FullRegistry(token, defaults());
        vm.expectRevert(IClerkRegistry.RegistryFull.selector);
        full.appendToFull();
    }

    // ------------------------------------------------------------------ settings

    function test_constructor__bad_settings__reverts() external {
        IClerkRegistry.Settings memory s = defaults();
        s.maximumSeats = 0;
        refuse(s, "maximumSeats");
        s = defaults();
        s.capMultiple = 0;
        refuse(s, "capMultiple");
        s = defaults();
        s.minimumStake = 3;
        refuse(s, "minimumStake");
        s = defaults();
        s.epochLength = 0;
        refuse(s, "epochLength");
        s = defaults();
        s.unbondingPeriod = 0;
        refuse(s, "unbondingPeriod");
        s = defaults();
        s.drawWindow = 0;
        refuse(s, "drawWindow");
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.InvalidSettings.selector, "rounds"));
        new ClerkRegistry(token, address(0), IEligibility(address(0)), defaults());
    }

    function refuse(IClerkRegistry.Settings memory s, string memory field) internal {
        vm.expectRevert(abi.encodeWithSelector(IClerkRegistry.InvalidSettings.selector, field));
        new ClerkRegistry(token, address(this), IEligibility(address(0)), s);
    }
}
