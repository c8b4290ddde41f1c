// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Terms} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {WideFixture} from "./WideFixture.sol";

/// @dev What a wide round costs, and that only what is opened depends on how wide it is. Written to .build/gas-wide.json.
/// forge-config: default.isolate = true
contract WideGasTest is WideFixture {
    /// @dev Zero bytes of hashes and amounts are cheaper: what two rounds may differ by.
    uint256 private constant CHANCE = 500;

    struct Costs {
        uint256 snapshot;
        uint256 post;
        uint256 doubt;
        uint256 close;
    }

    function setUp() public override {
        deploy(clerkSettings(), roundSettings());
        registerMany(90);
        fundChecks(STRANGER);
    }

    function test_gas__of_each_step_of_a_wide_round() external {
        Costs memory small = costs(parameters(1_000, 8), 3);
        Costs memory medium = costs(parameters(10_000, 64), 3);
        Costs memory large = costs(parameters(100_000, 64), 23);
        assertSame(small, medium);
        assertSame(medium, large);
        record("snapshot_wide", large.snapshot, 200_000);
        record("row_wide", large.post, 150_000);
        record("doubt", large.doubt, 250_000);
        record("close_wide", large.close, 1_500_000);
        openings();
        vm.writeJson(json, ".build/gas-wide.json");
    }

    /// @dev n = 26, R = 18; that many parameters of 16 bits, of at most 250,000 contributors.
    function parameters(uint32 length, uint8 m) private pure returns (Terms memory terms) {
        terms = defaultTerms();
        (terms.n, terms.t, terms.k, terms.m) = (26, 8, 10, m);
        (terms.length, terms.bits, terms.slotBits) = (length, 16, 34);
        terms.maximum = 250_000;
        (terms.rate, terms.reward) = (1e9 + 13, 1e14 + 17);
    }

    function assertSame(Costs memory first, Costs memory second) private pure {
        assertClose(first.snapshot, second.snapshot, "snapshot");
        assertClose(first.post, second.post, "row");
        assertClose(first.doubt, second.doubt, "doubt");
        assertClose(first.close, second.close, "close");
    }

    function assertClose(uint256 first, uint256 second, string memory what) private pure {
        assertLe(first, second + CHANCE, what);
        assertLe(second, first + CHANCE, what);
    }

    /// @dev Of a round in which one row was doubted and opened. What is posted are hashes, whatever is behind them.
    function costs(Terms memory terms, uint256 chunks) private returns (Costs memory made) {
        uint256 state = vm.snapshotState();
        Wide memory w = begun(terms, chunks);
        filled(w);
        take(w.id, w.snapshot);
        made.snapshot = used();
        toRows(w.id);
        for (uint8 seat = 0; seat < 26; ++seat) {
            post(w, seat);
            if (used() > made.post) made.post = used();
        }
        doubtBy(STRANGER, w, 25, chunks - 1);
        made.doubt = used();
        open(w, 25, chunks - 1);
        pastRows(w.id);
        close(w.id);
        made.close = used();
        vm.revertToState(state); // the same committee, the same accounts
    }

    /// @dev Of the transaction just sent.
    function used() private view returns (uint256) {
        return vm.lastCallGas().gasTotalUsed;
    }

    function openings() private {
        Wide memory w = begun(parameters(100_000, 64), 23);
        filled(w);
        take(w.id, w.snapshot);
        toRows(w.id);
        openBoth(w, "open_chunk", "open_chunk_late");

        w = begun(parameters(10_000, 64), 3);
        w.lies = new Contribution[][](1);
        w.lies[0] = chunked(w.id, 0, 3, 1);
        filled(w);
        take(w.id, w.snapshot);
        complainAbout(w, 0, 1, 0);
        settleWide(w);
        openBoth(w, "open_chunk_excluded", "open_chunk_late_excluded");
    }

    /// @dev Of a seat below R, and of the last one.
    function openBoth(Wide memory w, string memory early, string memory late) private {
        postAll(w);
        doubtBy(STRANGER, w, 0, 1);
        doubtBy(STRANGER, w, 25, 1);
        IRowChecks.RowOpening memory opening = openingOf(w, 0, 1);
        checks.openChunk(w.id, 0, opening);
        record(early, 800_000);
        opening = openingOf(w, 25, 1);
        checks.openChunk(w.id, 25, opening);
        record(late, 1_000_000);
    }
}
