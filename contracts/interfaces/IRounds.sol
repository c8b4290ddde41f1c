// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {IClerkRegistry} from "./IClerkRegistry.sol";
import {Permit} from "../libraries/Payment.sol";
import {Proof} from "../libraries/Schnorr.sol";

/// @notice Everything a round is agreed on. All of it goes into the round hash that contributors sign.
struct Terms {
    uint8 n; // seats
    uint8 t; // privacy threshold: t seats learn nothing, t + 1 do
    uint8 k; // packing; R = t + k rows complete the round
    uint8 m; // elements in a chunk of a row: packed columns and one for blinding; a narrow round has one chunk
    uint32 length; // d, coordinates of a vector
    uint8 bits; // b, a coordinate is in [0, 2^b)
    uint8 slotBits; // w, width of a coordinate in the sum
    uint64 offset; // added to signed values by the contributor, count × offset subtracted from the sum
    uint32 minimum; // contributors, at least
    uint32 maximum; // contributors, at most
    uint8 silent; // s, noise dealers that may be missing
    uint64 noiseBound; // T, noise of one dealer is within ±T; 0: a round without noise
    uint64 sigma; // σ of the whole noise in units of 2^-16; 0: a round without noise
    bytes32 query; // hash of what is asked
    uint32 collectWindow; // seconds from the draw in which the snapshot must come
    uint32 complaintWindow; // seconds from the snapshot
    uint32 rowWindow; // seconds after it
    uint32 claimWindow; // seconds after it
    uint96 flatFee; // token units per right row
    uint96 rate; // token units per right row, contributor and element
    uint96 reward; // token units per contributor
}

/// @title Rounds: one aggregation each, from the request to the last claim.
/// @notice request → draw → collecting → snapshot → complaint window → rows → completed or failed → claims.
/// A round whose vectors fill more than one chunk of columns is wide: its snapshot has no points, rows are posted as roots
/// and checked where they are doubted ({IRowChecks}), for which the row window is there three times.
/// @dev The state is derived from facts and the clock. Anyone may push a transition that is due. No owner.
/// Money: `held` tokens per round plus the credits of `balanceOf` are all the contract owes; its token balance covers
/// them at every moment.
interface IRounds {
    enum State {
        None,
        Requested, // waiting for its seed block or its draw
        Missed, // nobody drew in time: the requester pays the abort fee, burned
        Undrawable, // the draw ended without a committee: refund
        Collecting, // contributors send
        Abandoned, // no snapshot in time, given up, or too many seats without data: the committee gets its flat fees
        Disputing, // complaint window
        Settling, // leaves were excluded: the closed set is to be replaced before the first row
        Answering, // clerks send rows
        Completed, // R rows are in
        Failed, // too few rows
        Fraud // the developer was convicted
    }

    /// @notice Fixed at deployment.
    struct Settings {
        uint32 seedDelay; // blocks from the request to the seed block, at least
        uint32 seedSpacing; // seed blocks are multiples of it: between them the clerks' weights can move
        uint32 minimumWindow; // seconds, for every window of a round
        uint32 maximumWindow; // seconds, for every window of a round
        uint96 drawBounty; // token units to whoever draws
        uint96 abortBurn; // token units burned when a developer gives up after the request
        uint96 noDataBurn; // token units burned from a seat, and as much from the deposit, when it declares "no data"
        uint96 complaintFee; // token units to whoever shows a bad share: pays its gas
        uint8 maximumExclusions; // that the escrow pays for; with more of them the round is given up
        uint96 minimumFlatFee; // token units per right row: clerks that are drawn must answer, so it covers the gas
    }

    /// @notice The facts of a round; everything else is derived.
    struct Round {
        address developer;
        uint64 seedBlock;
        uint32 epoch; // of the clerk keys
        uint40 drawnAt;
        uint40 snapshotAt;
        uint32 count; // N
        uint64 answered; // bitmap of seats with a right row
        uint64 resolved; // bitmap of seats that owe nothing more; those from n on never do
        bool undrawable;
        bool abandoned;
        bool closed; // money settled
        bool fraud; // the developer was convicted; settled when the round is closed
        uint8 excluded; // leaves that verdicts took out
        uint8 excludedData; // of them data leaves; counted once they are settled
        uint40 extendedTo; // unix seconds; complaints last until then if that is later than their window
        uint40 settledAt; // unix seconds; when the excluded leaves were taken out
        uint8 noData; // seats that declared "no data"
        bool wide; // more than one chunk
        uint128 held; // token units still held for the round
        uint128 deposit; // of which: what is left of the deposit
        uint128 slashed; // of which: taken from seats
        address finder; // who convicted it
        bytes32 developerKey; // point hash
        bytes32 termsHash;
        bytes32 roundHash;
        bytes32 root; // of the sum tree
        bytes32 setHash;
    }

    /// @notice What a dispute is about.
    struct Case {
        bytes32 roundHash;
        bytes32 root;
        bytes32 setHash;
        uint32 count; // N of the tree
        uint32 epoch; // of the clerk keys
        uint8 n;
        uint8 threshold; // R
        uint8 m;
        uint32 chunks; // C; a round with one is narrow
    }

    /// @notice The preimage of the tree's root, its points, and what the roster commits to.
    struct Snapshot {
        bytes32 left; // root's left child
        bytes32 right;
        uint32 count; // N
        uint64 noise; // bitmap of seats whose noise leaf is present
        bytes32 rosterRoot;
        bytes32 enrolmentRoot;
        BLS.G1Point[] points; // D_0 … D_{n-1}; none in a wide round
        bytes32[] corrections; // g_R … g_{n-1} at the root; none in a wide round
        bytes32 body; // of the root in a wide round; 0 in a narrow one
    }

    /// @notice The preimage of the set hash: what a row answers.
    struct Set {
        uint32 count;
        uint64 noise;
        bytes32 rosterRoot;
        bytes32 enrolmentRoot;
        bytes32 exclusions;
        bytes32[] points; // h_0 … h_{n-1}; in a wide round the body of the tree's root alone
    }

    event Requested(
        uint256 indexed roundId, address indexed developer, uint64 seedBlock, Terms terms, BLS.G1Point developerKey
    );
    event Drawn(uint256 indexed roundId, bytes32 roundHash, uint32[] clerkIds);
    event Undrawable(uint256 indexed roundId, IClerkRegistry.Outcome outcome);
    event SnapshotTaken(
        uint256 indexed roundId,
        bytes32 root,
        bytes32 setHash,
        uint32 count,
        uint64 noise,
        bytes32 rosterRoot,
        bytes32 enrolmentRoot
    );
    /// @notice The seat's fee is credited when the round is closed.
    event RowAccepted(uint256 indexed roundId, uint8 indexed seat, uint32 indexed clerkId, uint256 fee, uint256[] row);
    event RowRejected(uint256 indexed roundId, uint8 indexed seat, uint32 indexed clerkId, uint256 slashed);
    /// @notice A seat dealt noise that was not what it committed to: it is slashed, and out.
    event NoiseRejected(uint256 indexed roundId, uint8 indexed seat, uint32 indexed clerkId, uint256 slashed);
    event NoData(uint256 indexed roundId, uint8 indexed seat, uint32 indexed clerkId);
    event Silent(uint256 indexed roundId, uint8 indexed seat, uint32 indexed clerkId, uint256 slashed);
    event Abandoned(uint256 indexed roundId, uint256 abortFee);
    event Closed(uint256 indexed roundId, State state, uint256 refund, uint256 burned);
    event Credited(address indexed account, uint256 indexed roundId, uint256 amount);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    error InvalidSettings(string field);
    error OnlyDisputes(address caller);
    error OnlyChecks(address caller);
    error EscrowTooSmall(uint256 offered, uint256 required);
    error DeveloperKeyInvalid();
    error WrongState(uint256 roundId, State state);
    error DrawTooEarly(uint64 seedBlock, uint256 current);
    error NotDeveloper(uint256 roundId, address caller);
    error NotSeatHolder(uint256 roundId, uint8 seat, address caller);
    error CountOutOfRange(uint256 count, uint256 minimum, uint256 maximum);
    error NoiseMissing(uint64 noise, uint256 required);
    error NoiseUnexpected(uint64 noise, uint64 allowed);
    error WrongNumber(string field, uint256 given, uint256 required);
    error PointsInvalid();
    error NotACodeword();
    error WrongSet(bytes32 given, bytes32 current);
    error SeatResolved(uint256 roundId, uint8 seat);
    error ElementTooLarge(uint256 index, uint256 element);
    error NotDue(uint256 roundId, State state, uint256 dueAt);
    error AlreadyClosed(uint256 roundId);
    error NothingToWithdraw(address account);

    // ------------------------------------------------------------------ developer

    /// @notice Ask for a round and pay for it.
    /// @param developerKey The round key under which contributors mask their vectors for the developer.
    /// @param proof Proof of possession, tag "SDA/1 developer key", bound to the caller.
    /// @param terms What {IRoundPolicy-admit} accepts.
    /// @param payment The most the caller pays; exactly the quoted escrow + deposit is taken.
    function request(
        Terms calldata terms,
        BLS.G1Point calldata developerKey,
        Proof calldata proof,
        uint256 payment,
        Permit calldata permit
    ) external returns (uint256 roundId);

    /// @notice Close the collection: commit to the set of contributions and their sums.
    function snapshot(uint256 roundId, Snapshot calldata snapshot_) external;

    /// @notice Give the round up before its snapshot, for the abort fee.
    function abandon(uint256 roundId) external;

    // ------------------------------------------------------------------ clerks

    /// @notice Send the row of a seat of a narrow round. A right one is paid when the round closes, a wrong one costs the bond at once.
    /// @param set What the row answers; anything but the current set reverts and costs nothing.
    function submitRow(uint256 roundId, uint8 seat, Set calldata set, uint256[] calldata row) external;

    /// @notice Say, before rows open, that the data of a seat could not be had or did not add up. In a wide round also while
    /// exclusions wait to be settled: that shows nothing of the excluded leaves, which whoever opens a row needs.
    function declareNoData(uint256 roundId, uint8 seat) external;

    // ------------------------------------------------------------------ anyone

    /// @notice Draw the committee, for the bounty.
    /// @param evidence See {IRandomness-valueAt}.
    function draw(uint256 roundId, bytes calldata evidence) external;

    /// @notice Settle a round that is over: pay right rows, slash silent seats, return what is left.
    function close(uint256 roundId) external;

    /// @notice Take everything credited to the caller.
    function withdraw(address to) external returns (uint256 amount);

    // ------------------------------------------------------------------ the disputes contract (and its frauds contract) only

    /// @notice A leaf leaves the closed set. The first one prolongs complaints by a window, so that every clerk checks every
    /// leaf of its seat; nothing else does (PROTOCOL §11.6).
    /// @param filer Gets the complaint fee.
    function exclude(uint256 roundId, uint256 index, address filer) external;

    /// @notice Complaints last until `end` at least: a challenge is open.
    function extend(uint256 roundId, uint256 end) external;

    /// @notice End the round as the developer's fraud. Closing it gives half of what is left of the deposit to the finder and
    /// the committee its flat fees; at least a quarter of the deposit burns.
    function convict(uint256 roundId, address finder) external;

    /// @notice Put the set without the excluded leaves in the place of the closed one.
    function replaceSet(uint256 roundId, bytes32 setHash, uint32 count, uint64 noise) external;

    // ------------------------------------------------------------------ the row checks contract only

    /// @notice The operator of a seat of a wide round has posted its row's root: it counts unless it is doubted.
    /// @param setHash What it answers.
    function post(uint256 roundId, uint8 seat, address operator, bytes32 setHash) external returns (uint32 clerkId);

    /// @notice Whether a posted row counts: not as long as a chunk of it is to be opened.
    function setCounting(uint256 roundId, uint8 seat, bool counts) external;

    /// @notice A chunk of a posted row was wrong: the seat is slashed, and out.
    function reject(uint256 roundId, uint8 seat) external;

    // ------------------------------------------------------------------ views

    /// @notice The case of a round whose complaints last; reverts otherwise.
    function disputed(uint256 roundId) external view returns (Case memory);
    /// @notice The case of a round whose exclusions wait to be settled; reverts otherwise. Those of a wide round wait for half
    /// a complaint window: so long its clerks can get the excluded leaves, or declare "no data".
    function settling(uint256 roundId) external view returns (Case memory);
    /// @notice The case of a round whose rows are awaited; reverts otherwise.
    /// @return case_ What rows are checked against.
    /// @return rowEnd Unix seconds.
    /// @return rowWindow Seconds.
    function answering(uint256 roundId) external view returns (Case memory case_, uint256 rowEnd, uint256 rowWindow);
    /// @return clerkId Of a seat; 0 if there is no such seat.
    function clerkAt(uint256 roundId, uint256 seat) external view returns (uint32 clerkId);
    /// @notice Which contract decides disputes; see {IDisputes}.
    function disputes() external view returns (address);
    /// @notice Which terms are admitted and what they cost, and what was fixed at deployment; see {IRoundPolicy}.
    function policy() external view returns (address);
    /// @notice Where contributors claim; see {IRewards}.
    function rewards() external view returns (address);
    /// @notice Where rows of wide rounds are posted; see {IRowChecks}.
    function checks() external view returns (address);
    function state(uint256 roundId) external view returns (State);
    function terms(uint256 roundId) external view returns (Terms memory);
    function round(uint256 roundId) external view returns (Round memory);
    function seats(uint256 roundId) external view returns (uint32[] memory clerkIds);
    /// @return collectEnd End of each window (exclusive), unix seconds; 0 while unknown.
    function deadlines(uint256 roundId)
        external
        view
        returns (uint256 collectEnd, uint256 complaintEnd, uint256 rowEnd, uint256 claimEnd);
    function balanceOf(address account) external view returns (uint256);
    /// @notice Draws that a developer requested and then gave up: it may be choosing committees.
    function abandonedDraws(address developer) external view returns (uint256);
    /// @notice Ids are 0 … rounds() - 1.
    function rounds() external view returns (uint256);
}
