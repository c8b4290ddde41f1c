// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IEligibility} from "../../contracts/interfaces/IEligibility.sol";
import {Permit} from "../../contracts/libraries/Payment.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Prover} from "./Prover.sol";
import {Test} from "./Test.sol";

/// @dev A registry whose rounds contract is this test, and clerks with real keys.
abstract contract RegistryFixture is Test {
    uint96 internal constant MINIMUM = 100e18;
    uint96 internal constant FEE = 1e18;
    uint96 internal constant BOND = MINIMUM / 4;
    uint32 internal constant UNBONDING = 30 days;
    uint32 internal constant EPOCH = 30 days;
    uint32 internal constant DRAW_WINDOW = 256;

    SDAToken internal token;
    ClerkRegistry internal registry;
    Permit internal noPermit;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        token = new SDAToken(address(this), 1e30);
        registry = new ClerkRegistry(token, address(this), IEligibility(address(0)), defaults());
    }

    function defaults() internal pure returns (IClerkRegistry.Settings memory) {
        return IClerkRegistry.Settings({
            minimumStake: MINIMUM,
            registrationFee: FEE,
            capMultiple: 8,
            maximumSeats: 4,
            unbondingPeriod: UNBONDING,
            epochLength: EPOCH,
            drawWindow: DRAW_WINDOW
        });
    }

    function account(uint256 i) internal pure returns (address) {
        return vm.addr(1_000_000 + i);
    }

    function secretOf(uint256 i, uint32 epoch) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("clerk", i, epoch))) >> 2;
    }

    function keyAndProof(uint256 i, uint32 epoch) internal view returns (BLS.G1Point memory key, Proof memory proof) {
        uint256 secret = secretOf(i, epoch);
        key = Prover.publicKey(secret);
        uint256 subject = (uint256(uint160(account(i))) << 32) | epoch;
        proof = Prover.prove(secret, "SDA/1 clerk key", address(registry), subject);
    }

    /// @dev Account i with tokens and an approval.
    function fund(uint256 i, uint256 amount) internal {
        require(token.transfer(account(i), amount));
        vm.prank(account(i));
        token.approve(address(registry), type(uint256).max);
    }

    function register(uint256 i, uint96 stake) internal returns (uint32) {
        fund(i, uint256(stake) + FEE);
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(i, registry.epochNow());
        vm.prank(account(i));
        return registry.register(key, proof, stake, noPermit);
    }

    function registerMany(uint256 count) internal {
        for (uint256 i = 1; i <= count; ++i) {
            register(i, MINIMUM * uint96(1 + i % 8));
        }
    }

    function drawNow(uint8 n, bytes32 seed)
        internal
        returns (IClerkRegistry.Outcome outcome, uint32[] memory ids, bytes32[] memory keys)
    {
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        return registry.draw(ticket, seed, n, registry.epochNow());
    }
}
