// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {ICases} from "../../contracts/interfaces/ICases.sol";
import {IRounds, Terms} from "../../contracts/interfaces/IRounds.sol";
import {IRowChecks} from "../../contracts/interfaces/IRowChecks.sol";
import {G1} from "../../contracts/libraries/G1.sol";
import {Dealer} from "./Dealer.sol";
import {DisputesHandler} from "./DisputesHandler.sol";
import {Merkle} from "./Merkle.sol";

/// @dev The same with wide rounds among the others: rows posted as roots, right or wrong in one chunk, doubted by anyone,
/// opened or not.
contract WideHandler is DisputesHandler {
    struct Made {
        uint256 id;
        uint8 seat;
        uint256 chunk;
        address by;
        bool settled;
    }

    mapping(address account => uint256) public doubtsEarned;
    mapping(address account => uint256) public doubtsWithdrawn;
    uint256 public doubtsHeld; // bonds of doubts that nobody has
    uint256 public opened;
    uint256 public convicted;
    uint256 public reclaimed;

    Made[] private made;
    mapping(uint256 id => bytes) private dealt; // the sharing of each chunk
    mapping(uint256 id => uint256) private wrong; // bitmap of seats with an element changed in {badChunk}

    constructor() {
        require(token.transfer(FINDER, 1e24));
        for (uint256 who = 0; who < ACCOUNTS; ++who) {
            vm.prank(accountAt(who));
            token.approve(address(checks), type(uint256).max);
        }
    }

    // ------------------------------------------------------------------ rows

    /// @dev Of a run of seats, some of them wrong.
    function postRows(uint256 which, uint256 from, uint256 to) external step {
        (bool any, uint256 id) = pick(which, takesRoots);
        if (!any) return;
        wrong[id] |= (to >> 8) & (from >> 8) & (which >> 8) & 255 & ~posted[id];
        (from, to) = (bound(from, 0, 2), bound(to, 6, 8));
        bytes32 setHash = rounds.round(id).setHash;
        for (uint256 seat = from; seat < to; ++seat) {
            if ((owes[id] & ~posted[id]) >> seat & 1 == 0) continue;
            bytes32 root = Merkle.root(rowWords(id, seat));
            address holder = operator(id, seat);
            vm.prank(holder);
            checks.postRow(id, uint8(seat), setHash, root);
            posted[id] |= 1 << seat;
        }
    }

    /// @dev By a clerk, a stranger or the developer.
    function doubt(uint256 which, uint256 what, uint256 who) external step {
        (bool any, uint256 id) = pick(which, takesDoubts);
        if (!any) return;
        (uint8 seat, uint256 chunk) = (uint8(what % 8), what / 8 % CHUNKS);
        address by = accountAt(bound(who, 0, ACCOUNTS - 1));
        bool allowed = (posted[id] & owes[id]) >> seat & 1 == 1;
        allowed = allowed && checks.doubtOf(id, seat, chunk).challenger == address(0);
        vm.prank(by);
        try checks.doubt(id, seat, chunk, noPermit) {
            assertTrue(allowed, "doubted what cannot be");
            made.push(Made(id, seat, chunk, by, false));
            open[id][seat] += 1;
            doubtsHeld += CHALLENGE_BOND;
        } catch {
            assertTrue(!allowed, "not doubted");
        }
    }

    /// @dev By anyone, of any row, doubted or not.
    function openChunk(uint256 which, uint256 what) external step {
        (bool any, uint256 id) = pick(which, takesOpenings);
        if (!any) return;
        (uint8 seat, uint256 chunk) = (uint8(what % 8), what / 8 % CHUNKS);
        if ((posted[id] & owes[id]) >> seat & 1 == 0) return;
        bool lies = (wrong[id] >> seat) & 1 == 1 && chunk == badChunk(seat);
        IRowChecks.Doubt memory about = checks.doubtOf(id, seat, chunk);
        bool due = about.challenger != address(0) && !about.settled;
        IRowChecks.RowOpening memory opening = openingOf(id, seat, chunk);
        vm.prank(FINDER);
        try checks.openChunk(id, seat, opening) {
            assertTrue(lies || due, "opened for nothing");
            if (lies) {
                enterRow(id, seat, false);
                ++convicted;
            } else {
                enterOpened(id, seat, chunk);
            }
        } catch (bytes memory reason) {
            assertTrue(!lies && !due, "not opened");
            assertEq(bytes32(bytes4(reason)), ICases.NothingWrong.selector, "refused for this");
        }
    }

    function enterOpened(uint256 id, uint8 seat, uint256 chunk) private {
        for (uint256 i = 0; i < made.length; ++i) {
            if (made[i].id != id || made[i].seat != seat || made[i].chunk != chunk) continue;
            pay(made[i], operator(id, seat));
        }
        open[id][seat] -= 1;
        ++opened;
    }

    // ------------------------------------------------------------------ bonds

    /// @dev Any doubt: its bond returns if it waits for nothing any more.
    function reclaimDoubt(uint256 which) external step {
        if (made.length == 0) return;
        Made storage about = made[which % made.length];
        bool out = (owes[about.id] >> about.seat) & 1 == 0;
        bool due = !about.settled && (out || rounds.state(about.id) != IRounds.State.Answering);
        try checks.reclaim(about.id, about.seat, about.chunk) {
            assertTrue(due, "returned what is not due");
            pay(about, about.by);
            ++reclaimed;
        } catch {
            assertTrue(!due, "not returned");
        }
    }

    function withdrawDoubts(uint256 who) external step {
        address account = accountAt(bound(who, 0, ACCOUNTS - 1));
        if (checks.balanceOf(account) == 0) return;
        vm.prank(account);
        doubtsWithdrawn[account] += checks.withdraw(address(0xbeef));
    }

    function pay(Made storage about, address account) private {
        about.settled = true;
        doubtsEarned[account] += CHALLENGE_BOND;
        doubtsHeld -= CHALLENGE_BOND;
    }

    // ------------------------------------------------------------------ what is in the rounds

    function collect(uint256 id, uint256 how) internal override {
        if (!rounds.round(id).wide) return super.collect(id, how);
        Dealer.Sharing[] memory chunks = new Dealer.Sharing[](CHUNKS);
        Terms memory terms = rounds.terms(id);
        for (uint256 c = 0; c < CHUNKS; ++c) {
            chunks[c] = Dealer.deal(terms, bases, keccak256(abi.encode(id, c)));
        }
        dealt[id] = abi.encode(chunks);
    }

    function chunksOf(uint256 id) private view returns (Dealer.Sharing[] memory) {
        return abi.decode(dealt[id], (Dealer.Sharing[]));
    }

    function badChunk(uint256 seat) private pure returns (uint256) {
        return seat % CHUNKS;
    }

    function rowOf(uint256 id, uint256 seat, uint256 chunk) private view returns (uint256[] memory row) {
        row = chunksOf(id)[chunk].rows[seat];
        bool lies = (wrong[id] >> seat) & 1 == 1 && chunk == badChunk(seat);
        if (lies) row[1] = addmod(row[1], 1, G1.Q);
    }

    function rowWords(uint256 id, uint256 seat) private view returns (bytes32[] memory words) {
        words = new bytes32[](CHUNKS);
        for (uint256 c = 0; c < CHUNKS; ++c) {
            words[c] = keccak256(abi.encodePacked(rowOf(id, seat, c)));
        }
    }

    /// @dev Of the root: points' hashes, and what stands for the late seats' corrections.
    function wordsOf(uint256 id, uint256 chunk) private view returns (bytes32[] memory words) {
        words = Dealer.pointHashes(chunksOf(id)[chunk].points);
        for (uint256 seat = thresholdOf(id); seat < words.length; ++seat) {
            words[seat] = keccak256(abi.encode("correction", seat));
        }
    }

    function bodiesOf(uint256 id, uint32 count) private view returns (bytes32[] memory bodies) {
        bodies = new bytes32[](CHUNKS);
        for (uint256 c = 0; c < CHUNKS; ++c) {
            bodies[c] = keccak256(abi.encodePacked(uint256(count), wordsOf(id, c)));
        }
    }

    function thresholdOf(uint256 id) private view returns (uint256) {
        return uint256(rounds.terms(id).t) + rounds.terms(id).k;
    }

    function makeSnapshot(uint256 id, uint32 count) internal view override returns (IRounds.Snapshot memory snapshot) {
        snapshot = super.makeSnapshot(id, count);
        if (!rounds.round(id).wide) return snapshot;
        (snapshot.points, snapshot.corrections) = (new BLS.G1Point[](0), new bytes32[](0));
        snapshot.body = Merkle.root(bodiesOf(id, count));
    }

    function openingOf(uint256 id, uint256 seat, uint256 chunk)
        private
        view
        returns (IRowChecks.RowOpening memory opening)
    {
        uint32 count = rounds.round(id).count;
        opening.row = rowOf(id, seat, chunk);
        opening.rowPath = Merkle.chunk(rowWords(id, seat), chunk).path;
        opening.chunk = Merkle.chunk(bodiesOf(id, count), chunk);
        (opening.count, opening.words) = (count, wordsOf(id, chunk));
        opening.set = Dealer.setOf(makeSnapshot(id, count));
        uint256 threshold = thresholdOf(id);
        BLS.G1Point[] memory all = chunksOf(id)[chunk].points;
        opening.points = new BLS.G1Point[](seat < threshold ? 1 : threshold);
        for (uint256 i = 0; i < opening.points.length; ++i) {
            opening.points[i] = all[seat < threshold ? seat : i];
        }
    }

    // ------------------------------------------------------------------ which round an action is about

    function isAnswering(uint256 id) private view returns (bool) {
        return rounds.round(id).wide && rounds.state(id) == IRounds.State.Answering;
    }

    /// @dev Rows of a wide round are posted in the first of three windows,
    function takesRoots(uint256 id) private view returns (bool) {
        return isAnswering(id) && time < rowEnd(id) - 2 * uint256(rounds.terms(id).rowWindow);
    }

    /// @dev doubted until the end of the second,
    function takesDoubts(uint256 id) private view returns (bool) {
        return isAnswering(id) && time < rowEnd(id) - rounds.terms(id).rowWindow && posted[id] != 0;
    }

    /// @dev opened until that of the third.
    function takesOpenings(uint256 id) private view returns (bool) {
        return isAnswering(id) && posted[id] & owes[id] != 0;
    }

    function rowEnd(uint256 id) private view returns (uint256 end) {
        (,, end,) = rounds.deadlines(id);
    }

    function completedWide() external view returns (uint256 count) {
        for (uint256 id = 0; id < rounds.rounds(); ++id) {
            IRounds.Round memory r = rounds.round(id);
            if (r.wide && r.closed && rounds.state(id) == IRounds.State.Completed) ++count;
        }
    }
}
