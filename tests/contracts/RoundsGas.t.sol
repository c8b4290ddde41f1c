// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IRewards} from "../../contracts/interfaces/IRewards.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {Proof} from "../../contracts/libraries/Schnorr.sol";
import {Dealer} from "./Dealer.sol";
import {GasRecord} from "./GasRecord.sol";
import {Leaves} from "./Leaves.sol";
import {Prover} from "./Prover.sol";

/// @dev What each step of a round costs among 1,000 clerks, for 250,000 contributors. Every call is a transaction of its
/// own (isolate): base, calldata with EIP-7623's floor, cold storage, refunds. Written to .build/gas.json, from which
/// tools/gas.py makes docs/gas.md.
/// forge-config: default.isolate = true
contract RoundsGasTest is GasRecord {
    uint256 private constant CLERKS = 1_000;
    uint32 private constant COUNT = 250_000;
    string private constant FILE = ".build/gas.json";

    function setUp() public override {
        deploy(clerkSettings(), roundSettings());
        registerMany(CLERKS);
    }

    function test_gas__of_each_step() external {
        registration();
        uint256 id = wholeRound();
        claims(id);
        largestCommittee();
        longestRow();
        vm.writeJson(json, FILE);
    }

    // ------------------------------------------------------------------ terms

    /// @dev n = 26, R = 18, m = 3: 200 one-bit events of 250,000 contributors.
    function largeTerms() private pure returns (Terms memory terms) {
        terms = defaultTerms();
        (terms.n, terms.t, terms.k, terms.m) = (26, 8, 10, 3);
        (terms.length, terms.slotBits) = (200, 18);
        (terms.minimum, terms.maximum) = (1_000, COUNT);
        (terms.flatFee, terms.rate, terms.reward) = (1e18 + 11, 1e11 + 13, 1e14 + 17);
    }

    function registration() private {
        uint256 i = CLERKS + 1;
        address account = clerkAccount(i);
        fund(account, 2 * uint256(MINIMUM));
        uint256 subject = uint256(uint160(account)) << 32;
        Proof memory proof = Prover.prove(ROUND_KEY, "SDA/1 clerk key", address(registry), subject);
        BLS.G1Point memory key = Prover.publicKey(ROUND_KEY);
        vm.prank(account);
        registry.register(key, proof, MINIMUM, noPermit);
        record("register", 280_000);
    }

    /// @return id Of a round with all its rows in. The dearest row counts: also the last seat's.
    function wholeRound() private returns (uint256 id) {
        id = request(largeTerms());
        record("request", 500_000);
        draw(id);
        record("draw", 600_000);
        IRounds.Snapshot memory snapshot = gasSnapshot(id);
        take(id, snapshot);
        record("snapshot", 500_000);

        toRows(id);
        IRounds.Set memory set = Dealer.setOf(snapshot);
        Dealer.Sharing memory shares = sharing(id);
        uint256 dearest;
        for (uint8 seat = 0; seat < 26; ++seat) {
            address holder = operator(id, seat);
            vm.prank(holder);
            rounds.submitRow(id, seat, set, shares.rows[seat]);
            uint256 gas_ = vm.lastCallGas().gasTotalUsed;
            if (gas_ > dearest) dearest = gas_;
        }
        record("row", dearest, 130_000);
        close(id);
        record("close", 1_500_000);
    }

    function claims(uint256 id) private {
        (uint256 index, IRewards.Step[] memory path) = gasPath(id);
        rewards.claim(id, index, Leaves.leafOf(0), path);
        record("claim", 120_000);
    }

    function largestCommittee() private {
        Terms memory terms = largeTerms();
        (terms.n, terms.t, terms.k, terms.m) = (64, 31, 15, 2);
        uint256 id = request(terms);
        draw(id);
        record("draw_64", 1_500_000);
        take(id, gasSnapshot(id));
        record("snapshot_64", 800_000);
    }

    function longestRow() private {
        Terms memory terms = largeTerms();
        (terms.m, terms.length) = (64, 14 * 10 * 63);
        uint256 id = request(terms);
        draw(id);
        IRounds.Snapshot memory snapshot = gasSnapshot(id);
        take(id, snapshot);
        toRows(id);
        submit(id, 25, Dealer.setOf(snapshot), sharing(id).rows[25]);
        record("row_m64", 650_000);
    }

    // ------------------------------------------------------------------ a tree of 250,000 leaves, as far as one path needs it

    function gasSnapshot(uint256 id) private view returns (IRounds.Snapshot memory snapshot) {
        snapshot = makeSnapshot(id, 3);
        snapshot.count = COUNT;
        bytes32 node = Leaves.hash(rounds.round(id).roundHash, Leaves.leafOf(0));
        uint256 n = rounds.terms(id).n;
        for (uint256 level = 0; level < 17; ++level) {
            bytes32 sibling = siblingAt(level);
            bytes memory pair = (n >> level) & 1 == 0 ? bytes.concat(node, sibling) : bytes.concat(sibling, node);
            node = keccak256(bytes.concat(pair, Leaves.bodyOf(level + 1, n >> (level + 1))));
        }
        (snapshot.left, snapshot.right) = (node, siblingAt(17));
    }

    /// @dev Of the first data leaf. 2^18 ≥ 250,026.
    function gasPath(uint256 id) private view returns (uint256 index, IRewards.Step[] memory path) {
        index = rounds.terms(id).n;
        path = new IRewards.Step[](18);
        for (uint256 level = 0; level < 18; ++level) {
            path[level] = IRewards.Step(siblingAt(level), Leaves.bodyOf(level + 1, index >> (level + 1)));
        }
        path[17].body = Dealer.rootBody(gasSnapshot(id));
    }

    function siblingAt(uint256 level) private pure returns (bytes32) {
        return keccak256(abi.encode("sibling", level));
    }
}
