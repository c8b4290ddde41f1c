// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "../../contracts/interfaces/IClerkRegistry.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Prover} from "./Prover.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev Ten accounts and a rounds contract that do anything they may, in any order. It remembers what the registry must
/// agree with: who holds which seats, and what the tree looked like while a draw was pending.
contract RegistryHandler is RegistryFixture {
    uint256 private constant ACCOUNTS = 10;

    /// @dev Clock: kept here, so that it does not depend on what the fuzzer keeps.
    uint256 private time;
    uint256 private height;

    uint32 public clerks; // ids given out
    uint32[] public seats; // clerk ids, one entry for each seat held
    uint64[] public seedBlocks; // of every ticket
    uint256 public moved; // times the tree changed while a draw was pending: must stay 0
    uint256 public draws; // that ended in a committee
    mapping(uint32 id => uint256) public accountOf;

    constructor() {
        setUp();
        (time, height) = (block.timestamp, block.number);
        for (uint256 i = 1; i <= ACCOUNTS; ++i) {
            fund(i, 1e26);
        }
        for (uint256 i = 1; i <= 8; ++i) {
            join(i, MINIMUM * uint96(i));
        }
    }

    /// @dev Every action happens at the handler's time, and leaves a frozen tree as it was.
    modifier step() {
        setClock();
        bool pending = registry.drawPending();
        bytes32 before = tree();
        uint32 known = clerks;
        _;
        if (pending && registry.drawPending() && treeOf(known) != before) ++moved;
    }

    // ------------------------------------------------------------------ actions

    function wait(uint256 blocks, uint256 seconds_) external step {
        height += bound(blocks, 1, 2 * uint256(DRAW_WINDOW));
        time += bound(seconds_, 1, 4 days);
        setClock();
    }

    function registerClerk(uint256 i, uint96 stake) external step {
        i = bound(i, 1, ACCOUNTS);
        if (registry.clerkOf(account(i)) == 0) join(i, uint96(bound(stake, MINIMUM, 10 * uint256(MINIMUM))));
    }

    function registerKey(uint256 i, uint256 ahead) external step {
        i = bound(i, 1, ACCOUNTS);
        uint32 epoch = registry.epochNow() + uint32(ahead % 2);
        uint32 id = bonded(i);
        if (id == 0 || registry.keyHash(id, epoch) != 0) return;
        if (ahead % 2 == 0 && registry.drawPending()) return;
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(i, epoch);
        vm.prank(account(i));
        registry.registerKey(epoch, key, proof);
    }

    function addStake(uint256 i, uint96 amount) external step {
        i = bound(i, 1, ACCOUNTS);
        if (bonded(i) == 0) return;
        vm.prank(account(i));
        registry.addStake(uint96(bound(amount, 1, 10 * uint256(MINIMUM))), noPermit);
    }

    function unbond(uint256 i) external step {
        i = bound(i, 1, ACCOUNTS);
        if (bonded(i) == 0) return;
        vm.prank(account(i));
        registry.unbond();
    }

    function withdraw(uint256 i) external step {
        i = bound(i, 1, ACCOUNTS);
        uint32 id = registry.clerkOf(account(i));
        if (id == 0) return;
        IClerkRegistry.Clerk memory clerk = registry.clerk(id);
        if (clerk.withdrawableAt == 0 || clerk.withdrawableAt > time || clerk.seats != 0) return;
        vm.prank(account(i));
        registry.withdraw(account(i));
    }

    function reportLeak(uint256 id_, uint256 finder) external step {
        uint32 id = uint32(bound(id_, 1, clerks));
        finder = bound(finder, 1, ACCOUNTS);
        uint32 epoch = registry.epochNow();
        // Seldom, or soon nobody is left.
        if (id_ % 8 != 0 || registry.clerk(id).leaked || registry.keyHash(id, epoch) == 0) return;
        (BLS.G1Point memory key,) = keyAndProof(accountOf[id], epoch);
        uint256 subject = (uint256(uint160(account(finder))) << 32) | id;
        Proof memory proof =
            Prover.prove(secretOf(accountOf[id], epoch), "SDA/1 leaked key", address(registry), subject);
        vm.prank(account(finder));
        registry.reportLeak(id, epoch, key, proof);
    }

    function sync(uint256 id) external step {
        registry.sync(uint32(bound(id, 1, clerks)));
    }

    function applyQueue(uint256 limit) external step {
        registry.skipExpired(100);
        if (!registry.drawPending()) registry.applyQueue(bound(limit, 1, 5));
    }

    // ------------------------------------------------------------------ the rounds contract

    function schedule(uint256 delay) external step {
        plan(bound(delay, 1, 20));
    }

    function draw(uint256 n, bytes32 seed) external step {
        registry.skipExpired(100);
        uint256 ticket = registry.nextTicket();
        if (ticket == seedBlocks.length) plan(1);
        if (height <= seedBlocks[ticket]) {
            height = seedBlocks[ticket] + 1;
            setClock();
        }
        uint8 size = uint8(bound(n, 1, 7));
        (IClerkRegistry.Outcome outcome, uint32[] memory ids, bytes32[] memory keys) =
            registry.draw(ticket, seed, size, registry.epochNow());
        bool drawn = outcome == IClerkRegistry.Outcome.Drawn;
        assertEq(ids.length, drawn ? size : 0, "all or nobody");
        if (drawn) ++draws;
        for (uint256 i = 0; i < ids.length; ++i) {
            assertEq(keys[i], registry.keyHash(ids[i], registry.epochNow()), "key");
            assertTrue(registry.clerk(ids[i]).weight != 0, "weighs something");
            seats.push(ids[i]);
        }
    }

    function release(uint256 i, uint256 penalty) external step {
        if (seats.length == 0) return;
        i = bound(i, 0, seats.length - 1);
        penalty = penalty % 2 == 0 ? 0 : bound(penalty, 0, BOND);
        uint32 id = seats[i];
        seats[i] = seats[seats.length - 1];
        seats.pop();
        uint256 before = token.balanceOf(address(this));
        registry.release(id, uint96(penalty));
        assertEq(token.balanceOf(address(this)), before + penalty, "the penalty arrives");
    }

    // ------------------------------------------------------------------ the end

    /// @dev No draw is pending any more, every seat is given back and every weight is up to date.
    function settle() public {
        setClock();
        height += 1_000;
        setClock();
        registry.skipExpired(1_000);
        while (seats.length != 0) {
            registry.release(seats[seats.length - 1], 0);
            seats.pop();
        }
        registry.applyQueue(1_000);
        for (uint32 id = 1; id <= clerks; ++id) {
            registry.sync(id);
        }
    }

    function everybodyLeaves() external {
        settle();
        for (uint256 i = 1; i <= ACCOUNTS; ++i) {
            if (bonded(i) == 0) continue;
            vm.prank(account(i));
            registry.unbond();
        }
        time += UNBONDING + EPOCH;
        setClock();
        for (uint256 i = 1; i <= ACCOUNTS; ++i) {
            if (registry.clerkOf(account(i)) == 0) continue;
            vm.prank(account(i));
            registry.withdraw(account(i));
        }
    }

    // ------------------------------------------------------------------ views

    function theRegistry() external view returns (IClerkRegistry) {
        return registry;
    }

    function stakeHeld() external view returns (uint256) {
        return token.balanceOf(address(registry));
    }

    function seatsOf(uint32 id) external view returns (uint256 count) {
        for (uint256 i = 0; i < seats.length; ++i) {
            if (seats[i] == id) ++count;
        }
    }

    function setClock() public {
        vm.warp(time);
        vm.roll(height);
    }

    // ------------------------------------------------------------------ helpers

    /// @dev Tickets follow each other in the order of their seed blocks.
    function plan(uint256 delay) private {
        uint256 last = seedBlocks.length == 0 ? 0 : seedBlocks[seedBlocks.length - 1];
        uint256 seedBlock = height + delay < last ? last : height + delay;
        seedBlocks.push(uint64(seedBlock));
        assertEq(registry.scheduleDraw(uint64(seedBlock)), seedBlocks.length - 1, "ticket");
    }

    function join(uint256 i, uint96 stake) private {
        (BLS.G1Point memory key, Proof memory proof) = keyAndProof(i, registry.epochNow());
        vm.prank(account(i));
        uint32 id = registry.register(key, proof, stake, noPermit);
        assertEq(id, ++clerks, "ids count up and are never reused");
        accountOf[id] = i;
    }

    /// @dev The account's clerk if it has not unbonded, else 0.
    function bonded(uint256 i) private view returns (uint32 id) {
        id = registry.clerkOf(account(i));
        if (id != 0 && registry.clerk(id).withdrawableAt != 0) id = 0;
    }

    function tree() private view returns (bytes32) {
        return treeOf(clerks);
    }

    function treeOf(uint32 count) private view returns (bytes32 digest) {
        digest = bytes32(registry.totalWeight());
        for (uint32 id = 1; id <= count; ++id) {
            digest = keccak256(abi.encode(digest, registry.clerk(id).weight));
        }
    }
}
