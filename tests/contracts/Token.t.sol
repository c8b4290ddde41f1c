// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SDAToken} from "../../contracts/SDAToken.sol";
import {Payment, Permit} from "../../contracts/libraries/Payment.sol";
import {Test} from "./Test.sol";

/// @dev Takes tokens the way registry and rounds do.
contract Till {
    function take(SDAToken token, uint256 amount, Permit calldata permit) external {
        Payment.pull(token, amount, permit);
    }
}

contract TokenTest is Test {
    uint256 private constant SUPPLY = 1e27;
    uint256 private constant HOLDER_KEY = 77;

    SDAToken private token;
    Till private till;
    address private holder;

    function setUp() external {
        vm.warp(1_800_000_000);
        holder = vm.addr(HOLDER_KEY);
        token = new SDAToken(holder, SUPPLY);
        till = new Till();
    }

    function signed(uint256 key, uint256 value, uint256 deadline) private view returns (Permit memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                holder,
                address(till),
                value,
                token.nonces(holder),
                deadline
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash)));
        return Permit(value, deadline, v, r, s);
    }

    function refused(uint256 allowance, uint256 needed) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(till), allowance, needed);
    }

    function test_supply__is_fixed_and_the_holders() external view {
        assertEq(token.totalSupply(), SUPPLY, "supply");
        assertEq(token.balanceOf(holder), SUPPLY, "holder");
        assertEq(token.decimals(), 18, "decimals");
    }

    function test_burn__lowers_the_supply() external {
        vm.prank(holder);
        token.burn(7);
        assertEq(token.totalSupply(), SUPPLY - 7, "gone");
    }

    function test_pull__by_permit() external {
        Permit memory permit = signed(HOLDER_KEY, 5, block.timestamp);
        vm.prank(holder);
        till.take(token, 5, permit);
        assertEq(token.balanceOf(address(till)), 5, "taken");
    }

    function test_pull__permit_spent_by_somebody_else_first__still_works() external {
        Permit memory permit = signed(HOLDER_KEY, 5, block.timestamp);
        token.permit(holder, address(till), 5, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(holder);
        till.take(token, 5, permit);
        assertEq(token.balanceOf(address(till)), 5, "taken");
    }

    function test_pull__approved_before__needs_no_permit() external {
        Permit memory none;
        vm.prank(holder);
        token.approve(address(till), 5);
        vm.prank(holder);
        till.take(token, 5, none);
        assertEq(token.balanceOf(address(till)), 5, "taken");
    }

    function test_pull__no_permit_or_a_bad_one__reverts() external {
        Permit memory permit;
        vm.expectRevert(refused(0, 5));
        vm.prank(holder);
        till.take(token, 5, permit);

        permit = signed(HOLDER_KEY, 4, block.timestamp); // too little
        vm.expectRevert(refused(4, 5));
        vm.prank(holder);
        till.take(token, 5, permit);

        permit = signed(HOLDER_KEY, 5, block.timestamp - 1); // too late
        vm.expectRevert(refused(0, 5));
        vm.prank(holder);
        till.take(token, 5, permit);

        permit = signed(HOLDER_KEY + 1, 5, block.timestamp); // by somebody else
        vm.expectRevert(refused(0, 5));
        vm.prank(holder);
        till.take(token, 5, permit);
    }

    function test_pull__anothers_permit__takes_nothing_of_it() external {
        Permit memory permit = signed(HOLDER_KEY, 5, block.timestamp);
        address thief = vm.addr(5);
        vm.expectRevert(refused(0, 5));
        vm.prank(thief);
        till.take(token, 5, permit);
        assertEq(token.balanceOf(holder), SUPPLY, "untouched");
    }
}
