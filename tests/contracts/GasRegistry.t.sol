// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {Permit} from "../../contracts/libraries/Payment.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev What the registry's calls cost among 1,000 clerks. The clerks join in {setUp}, a transaction of its own: in the
/// measured calls every slot is cold.
contract GasRegistryTest is RegistryFixture {
    uint256 private constant CLERKS = 1_000;
    uint256 private constant NEW = CLERKS + 1;

    uint256 private constant REGISTER_LIMIT = 280_000;
    /// @dev The registry's part of a draw; the rest of its 600,000 is the round's.
    uint256 private constant DRAW_LIMIT = 400_000;

    BLS.G1Point private key;
    Proof private proof;

    function setUp() public override {
        super.setUp();
        registerMany(CLERKS);
        fund(NEW, MINIMUM + FEE);
        (key, proof) = keyAndProof(NEW, 0);
    }

    /// @dev A whole transaction: base, calldata (EIP-2028), execution.
    function transaction(address sender, bytes memory input) private returns (uint256 gas_) {
        gas_ = 21_000;
        for (uint256 i = 0; i < input.length; ++i) {
            gas_ += input[i] == 0 ? 4 : 16;
        }
        vm.prank(sender);
        uint256 before = gasleft();
        (bool success,) = address(registry).call(input);
        gas_ += before - gasleft();
        assertTrue(success, "reverted");
    }

    function record(string memory name, uint256 gas_, uint256 limit) private {
        string memory file = string.concat(".build/gas-registry-", name, ".json");
        vm.writeJson(vm.serializeUint(name, name, gas_), file);
        assertLe(gas_, limit, name);
    }

    function test_gas__register_with_approval() external {
        bytes memory input = abi.encodeCall(IClerkRegistry.register, (key, proof, MINIMUM, noPermit));
        record("register", transaction(account(NEW), input), REGISTER_LIMIT);
    }

    function test_gas__register_with_permit() external {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                account(NEW),
                address(registry),
                uint256(MINIMUM + FEE),
                0,
                block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(1_000_000 + NEW, digest);
        Permit memory permit = Permit(MINIMUM + FEE, block.timestamp, v, r, s);
        bytes memory input = abi.encodeCall(IClerkRegistry.register, (key, proof, MINIMUM, permit));
        record("register-permit", transaction(account(NEW), input), REGISTER_LIMIT);
    }

    /// @dev Called by the rounds contract: execution only.
    function test_gas__draw_of_26() external {
        uint256 ticket = registry.scheduleDraw(uint64(block.number));
        uint256 before = gasleft();
        (IClerkRegistry.Outcome outcome,,) = registry.draw(ticket, "seed", 26, 0);
        uint256 gas_ = before - gasleft();
        assertTrue(outcome == IClerkRegistry.Outcome.Drawn, "drawn");
        record("draw", gas_, DRAW_LIMIT);
    }
}
