// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BLS} from "solady/utils/ext/ithaca/BLS.sol";
import {Permit} from "../libraries/Payment.sol";
import {Proof} from "../libraries/Schnorr.sol";

/// @title The clerks: their stakes, their encryption keys, and the weighted draw among them.
/// @notice Anyone registers with a key and a stake, is drawn with weight log2(1 + counted stake / minimum), has a bond
/// locked for every seat held, and leaves by unbonding, waiting and withdrawing. There is no owner.
/// @dev Weights live in an 8-ary sum tree. From shortly before a draw's seed is known until that draw is done (or its
/// window has passed) the tree does not move: changes are recorded at once and their weights queued. Draws happen in the
/// order in which they were scheduled, so that no choice of order changes who has capacity left.
interface IClerkRegistry {
    /// @notice Fixed at deployment.
    struct Settings {
        uint96 minimumStake; // token units; a clerk below it has weight 0
        uint96 registrationFee; // token units, burned at registration: what a further identity costs
        uint8 capMultiple; // stake above capMultiple × minimumStake does not count
        uint8 maximumSeats; // seats a clerk may hold at once; the bond of a seat is minimumStake / maximumSeats
        uint32 unbondingPeriod; // seconds between unbond and withdraw
        uint32 epochLength; // seconds; keys are registered per epoch
        uint32 drawWindow; // blocks after its seed block in which a draw must happen
    }

    /// @notice One clerk. Ids are never reused.
    struct Clerk {
        address operator; // the only account that acts for the clerk
        uint96 stake; // token units, bonds included
        uint32 weight; // in the tree now
        uint32 keyEpoch; // last epoch for which a key is registered
        uint40 withdrawableAt; // unix seconds; 0 while bonded
        uint8 seats; // held now
        bool leaked; // somebody else was shown to know its key
    }

    /// @notice How a draw ended.
    enum Outcome {
        Drawn,
        PoolTooSmall, // 4n > 3·pool
        PoolBusy, // more than n/2 tries hit clerks without a free seat
        TriesExhausted // 16n tries were not enough
    }

    event Registered(uint32 indexed clerkId, address indexed operator, uint96 stake);
    event KeyRegistered(uint32 indexed clerkId, uint32 indexed epoch, BLS.G1Point key);
    event StakeAdded(uint32 indexed clerkId, uint96 amount, uint96 stake);
    event Unbonded(uint32 indexed clerkId, uint40 withdrawableAt);
    event Withdrawn(uint32 indexed clerkId, address indexed to, uint96 amount);
    event WeightQueued(uint32 indexed clerkId);
    event WeightChanged(uint32 indexed clerkId, uint32 weight);
    event DrawScheduled(uint256 indexed ticket, uint64 seedBlock);
    event SeatReleased(uint32 indexed clerkId, uint96 penalty);
    event LeakReported(uint32 indexed clerkId, address indexed finder, uint96 slashed, uint96 reward);

    error InvalidSettings(string field);
    error StakeTooSmall(uint256 stake, uint256 minimum);
    error StakeTooLarge(uint256 stake);
    error NotEligible(address account);
    error AlreadyRegistered(address account, uint32 clerkId);
    error NotRegistered(address account);
    error UnknownClerk(uint32 clerkId);
    error KeyNotInSubgroup();
    error KeyIsIdentity();
    error KeyProofInvalid();
    error KeyAlreadyRegistered(uint32 clerkId, uint32 epoch);
    error KeyEpochNotOpen(uint32 epoch, uint32 current);
    error KeyMismatch(bytes32 given, bytes32 registered);
    error IsUnbonding(uint32 clerkId);
    error NotUnbonding(uint32 clerkId);
    error StillLocked(uint32 clerkId, uint256 seats);
    error TooEarly(uint256 availableAt, uint256 current);
    error DrawPending(uint256 ticket);
    error NotNextDraw(uint256 ticket, uint256 next);
    error OnlyRounds(address caller);
    error NoSeat(uint32 clerkId);
    error PenaltyTooLarge(uint256 penalty, uint256 bond);
    error AlreadyLeaked(uint32 clerkId);
    error RegistryFull();
    error ZeroAmount();

    // ------------------------------------------------------------------ clerks

    /// @notice Register as a clerk: stake, key for the current epoch and proof that the caller knows its secret.
    /// @param key The encryption key, in the subgroup and not the identity.
    /// @param proof Proof of possession, tag "SDA/1 clerk key", bound to caller and current epoch (docs/FORMATS.md).
    /// @param amount Stake in token units, at least the minimum; the registration fee is taken on top and burned.
    /// @param permit ERC-2612 approval; deadline 0 means: approved already.
    /// @return clerkId The new clerk's id.
    function register(BLS.G1Point calldata key, Proof calldata proof, uint96 amount, Permit calldata permit)
        external
        returns (uint32 clerkId);

    /// @notice Register the caller's key for an epoch: the next one, or the current one if it was missed.
    /// @dev Immutable per (clerk, epoch): a replaced key would let a false "bad share" verify. The current epoch's key
    /// cannot be added while a draw is pending: whether to have one would be a choice over a known seed.
    function registerKey(uint32 epoch, BLS.G1Point calldata key, Proof calldata proof) external;

    /// @notice Add to the caller's stake.
    function addStake(uint96 amount, Permit calldata permit) external;

    /// @notice Stop being drawn and start the wait. Never refused to a bonded clerk.
    /// @dev The wait lasts at least until the end of the current epoch, so that stake outlasts every key in use.
    function unbond() external;

    /// @notice Take the whole stake after the wait, with no seat held. The id is closed for ever.
    /// @param to Receives the tokens.
    function withdraw(address to) external;

    // ------------------------------------------------------------------ anyone

    /// @notice Bring a clerk's weight in the tree up to date (a key that lapsed, a queued change).
    function sync(uint32 clerkId) external;

    /// @notice Apply up to `limit` queued weights.
    function applyQueue(uint256 limit) external;

    /// @notice Move past up to `limit` draws whose window has closed.
    function skipExpired(uint256 limit) external;

    /// @notice Show that you know a clerk's secret key: takes its unlocked stake at once and each bond as its round ends.
    /// @dev A proof of knowledge bound to the finder, so it cannot be stolen from the mempool and does not publish the key
    /// (publishing it would open that seat's past). A quarter to the finder, the rest burned.
    function reportLeak(uint32 clerkId, uint32 epoch, BLS.G1Point calldata key, Proof calldata proof) external;

    // ------------------------------------------------------------------ the rounds contract only

    /// @notice Reserve the next draw, with the value of `seedBlock` (a future block, not before any scheduled earlier).
    function scheduleDraw(uint64 seedBlock) external returns (uint256 ticket);

    /// @notice Draw `n` different clerks by weight and lock a seat of each.
    /// @param ticket The oldest draw that is neither done nor expired.
    /// @param epoch The epoch whose keys the round uses; clerks without one are passed over.
    /// @return outcome Drawn, or why not; anything but Drawn locks nobody. The ticket is used up either way.
    /// @return ids The drawn clerks in seat order.
    /// @return keys Their keys' point hashes.
    function draw(uint256 ticket, bytes32 seed, uint8 n, uint32 epoch)
        external
        returns (Outcome outcome, uint32[] memory ids, bytes32[] memory keys);

    /// @notice Free a seat and take a penalty from its bond, sent to the rounds contract.
    /// @param penalty Token units, at most the bond.
    /// @dev The bond of a leaked clerk is burned instead of freed; the penalty comes out of it first.
    function release(uint32 clerkId, uint96 penalty) external;

    // ------------------------------------------------------------------ views

    function settings() external view returns (Settings memory);
    function clerk(uint32 clerkId) external view returns (Clerk memory);
    /// @return clerkId The account's clerk, 0 if it has none (ids start at 1).
    function clerkOf(address account) external view returns (uint32 clerkId);
    function operatorOf(uint32 clerkId) external view returns (address);
    /// @return hash Point hash of the key, 0 if none was registered.
    function keyHash(uint32 clerkId, uint32 epoch) external view returns (bytes32 hash);
    function epochNow() external view returns (uint32);
    /// @return seconds_ Unix time at which an epoch ends (exclusive).
    function epochEnd(uint32 epoch) external view returns (uint256 seconds_);
    function seatBond() external view returns (uint96);
    /// @return clerks How many clerks have a positive weight.
    function poolSize() external view returns (uint256 clerks);
    function totalWeight() external view returns (uint256);
    /// @return pending Whether a seed is known, or about to be, and its draw not done: weights are queued.
    function drawPending() external view returns (bool pending);
    function queueLength() external view returns (uint256);
    function nextTicket() external view returns (uint256);
}
