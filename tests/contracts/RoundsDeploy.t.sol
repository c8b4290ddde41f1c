// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ClerkRegistry} from "../../contracts/ClerkRegistry.sol";
import {Rounds} from "../../contracts/Rounds.sol";
import {RowChecks} from "../../contracts/RowChecks.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {IEligibility} from "../../contracts/interfaces/IEligibility.sol";
import {IRoundPolicy} from "../../contracts/interfaces/IRoundPolicy.sol";
import {IRounds} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {RoundsFixture} from "./RoundsFixture.sol";

/// @dev Settings under which a promise of the protocol could not be kept are refused at deployment.
contract RoundsDeployTest is RoundsFixture {
    function test_deploy__settings_are_kept() external view {
        assertEq(keccak256(abi.encode(policy.settings())), keccak256(abi.encode(roundSettings())), "settings");
    }

    function test_deploy__names_its_parts() external view {
        assertEq(rounds.checks(), address(checks), "row checks");
        assertEq(rounds.disputes(), address(disputes), "disputes");
        assertEq(address(checks.ROUNDS()), address(rounds), "rounds");
        assertEq(address(checks.REGISTRY()), address(registry), "registry");
        assertEq(address(checks.DISPUTES()), address(disputes), "disputes of the row checks");
        assertEq(address(checks.TOKEN()), address(token), "token");
        assertEq(checks.GENERATORS(), DATA, "generators");
    }

    function test_deploy__generators_that_are_others__reverts() external {
        vm.etch(address(0x64), hex"00");
        vm.expectRevert(abi.encodeWithSelector(IRounds.InvalidSettings.selector, "generators"));
        new Rounds(token, registry, beacon, address(0x64), address(disputes), address(checks), roundSettings());
    }

    function test_deploy__row_checks_with_other_generators__reverts() external {
        vm.etch(address(0x64), hex"00");
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.InvalidSettings.selector, "generators"));
        new RowChecks(rounds, registry, disputes, token, address(0x64));
        vm.expectRevert(abi.encodeWithSelector(IRowChecks.InvalidSettings.selector, "generators"));
        new RowChecks(rounds, registry, disputes, token, address(0));
    }

    function test_deploy__without_disputes__reverts() external {
        vm.expectRevert(abi.encodeWithSelector(IRounds.InvalidSettings.selector, "disputes"));
        new Rounds(token, registry, beacon, DATA, address(0), address(checks), roundSettings());
        vm.expectRevert(abi.encodeWithSelector(IRounds.InvalidSettings.selector, "checks"));
        new Rounds(token, registry, beacon, DATA, address(disputes), address(0), roundSettings());
    }

    function test_deploy__seed_block_of_the_request_itself__reverts() external {
        IRounds.Settings memory settings = roundSettings();
        settings.seedDelay = 0;
        refused(settings, "seedDelay");
        settings = roundSettings();
        settings.seedSpacing = 0;
        refused(settings, "seedSpacing");
    }

    function test_deploy__no_or_crossed_windows__reverts() external {
        IRounds.Settings memory settings = roundSettings();
        settings.minimumWindow = 0;
        refused(settings, "minimumWindow");
        settings.minimumWindow = settings.maximumWindow + 1;
        refused(settings, "minimumWindow");
        settings.minimumWindow = settings.maximumWindow;
        accepted(settings);
    }

    /// Unbonding outlasts collection, complaints and rows.
    function test_deploy__windows_that_outlast_unbonding__reverts() external {
        IRounds.Settings memory settings = roundSettings();
        settings.maximumWindow += 1;
        refused(settings, "maximumWindow");
    }

    function test_deploy__noDataBurn_beyond_the_bond__reverts() external {
        IRounds.Settings memory settings = roundSettings();
        (settings.noDataBurn, settings.abortBurn) = (BOND, 16 * BOND);
        accepted(settings);
        (settings.noDataBurn, settings.abortBurn) = (BOND + 1, 16 * BOND + 16);
        refused(settings, "noDataBurn");
    }

    /// The smallest deposit pays the developer's part of 64 seats without data.
    function test_deploy__deposit_that_cannot_pay_every_no_data__reverts() external {
        IRounds.Settings memory settings = roundSettings();
        settings.abortBurn = 16 * settings.noDataBurn;
        accepted(settings);
        settings.abortBurn -= 1;
        refused(settings, "abortBurn");
    }

    /// The last block for a draw is one whose seed can still be proven.
    function test_deploy__draw_window_beyond_the_beacons_memory__reverts() external {
        IClerkRegistry.Settings memory clerks = clerkSettings();
        clerks.drawWindow = 8191;
        registry = new ClerkRegistry(token, address(this), IEligibility(address(0)), clerks);
        accepted(roundSettings());
        clerks.drawWindow = 8192;
        registry = new ClerkRegistry(token, address(this), IEligibility(address(0)), clerks);
        refused(roundSettings(), "drawWindow");
    }

    function accepted(IRounds.Settings memory settings) private {
        Rounds made = new Rounds(token, registry, beacon, DATA, address(disputes), address(checks), settings);
        assertEq(
            keccak256(abi.encode(IRoundPolicy(made.policy()).settings())), keccak256(abi.encode(settings)), "settings"
        );
    }

    function refused(IRounds.Settings memory settings, string memory field) private {
        vm.expectRevert(abi.encodeWithSelector(IRounds.InvalidSettings.selector, field));
        new Rounds(token, registry, beacon, DATA, address(disputes), address(checks), settings);
    }
}
